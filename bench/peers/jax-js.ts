/** jax-js: functions of arrays, differentiated and compiled: `jax-js.ts wasm`, in Node on one thread, or `jax-js.ts webgpu`. */
import { readFileSync } from 'node:fs'
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { samples } from '../operations/operation.ts'
import { type Prepared, serve, type Work } from '../serve.ts'
import { CNN, LSTM, labels, MLP, numbers, type ParameterShapes, parameters, TRANSFORMER } from '../work.ts'

const device = process.argv[2] === 'webgpu' ? 'webgpu' : 'wasm'
if (device === 'webgpu') await import('./dawn.ts')
if (!(await init(device)).includes(device)) throw new Error(`the backend ${device} does not start`)
defaultDevice(device)

type Weights = Record<string, np.Array>

const MILLION = 1 << 20
const given = (values: Float32Array<ArrayBuffer>, shape: readonly number[]) => np.array(values).reshape([...shape])
const input = (shape: number[], seed: number) =>
  given(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  )

/** On a GPU, calls follow one another without waiting, and `settle` waits for all. */
const waiting: Promise<unknown>[] = []
const settle = async () => {
  await Promise.all(waiting.splice(0))
}
const started = (call: Promise<unknown>): unknown => (device === 'webgpu' ? waiting.push(call) : call)

/** Each use of an array passes its ownership on; `.ref` keeps one. */
function operation(compute: () => np.Array): Prepared {
  return {
    run: () =>
      started(
        compute()
          .blockUntilReady()
          .then((y) => y.dispose()),
      ),
    result: async () => samples((await compute().data()) as Float32Array),
  }
}

function product(transA: boolean, transB: boolean, size = 512): Prepared {
  const [a, b] = [input([size, size], 1), input([size, size], 2)]
  const compute = jit((a: np.Array, b: np.Array) => np.matmul(transA ? a.transpose() : a, transB ? b.transpose() : b))
  return operation(() => compute(a.ref, b.ref))
}

function unary(f: (x: np.Array) => np.Array, shape = [MILLION]): () => Prepared {
  return () => {
    const x = input(shape, 1)
    const compute = jit(f)
    return operation(() => compute(x.ref))
  }
}

function weights(shapes: ParameterShapes): Weights {
  return Object.fromEntries(Object.entries(parameters(shapes)).map(([name, values]) => [name, given(values, shapes[name])]))
}

/** A step of Adam, compiled as a whole: weights and moments in, weights and moments out. */
function training(shapes: ParameterShapes, loss: (w: Weights, x: np.Array, y: np.Array) => np.Array, x: np.Array, y: np.Array): Prepared {
  const step = jit((w: Weights, m: Weights, v: Weights, rates: np.Array, x: np.Array, y: np.Array) => {
    const [value, dw] = valueAndGrad(loss)(tree.ref(w), x, y)
    const [stepSize, rootCorrection] = [rates.ref.slice(0), rates.slice(1)]
    const moments: [Weights, Weights, Weights] = [{}, {}, {}]
    for (const name of Object.keys(w)) {
      const g = dw[name]
      const mean = m[name].mul(0.9).add(g.ref.mul(0.1))
      const square = v[name].mul(0.999).add(g.ref.mul(g).mul(0.001))
      moments[0][name] = w[name].sub(mean.ref.mul(stepSize.ref).div(np.sqrt(square.ref).div(rootCorrection.ref).add(1e-8)))
      moments[1][name] = mean
      moments[2][name] = square
    }
    stepSize.dispose()
    rootCorrection.dispose()
    return [value, ...moments] as [np.Array, Weights, Weights, Weights]
  })
  const zeros = (): Weights => Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, np.zeros([...shape])]))
  let [w, m, v] = [weights(shapes), zeros(), zeros()]
  let count = 0
  const run = async (): Promise<number> => {
    count++
    const rates = np.array([1e-3 / (1 - 0.9 ** count), Math.sqrt(1 - 0.999 ** count)])
    const [value, ...next] = step(w, m, v, rates, x.ref, y.ref)
    ;[w, m, v] = next
    return (await value.data())[0]
  }
  return { run: () => started(run()), result: async () => [await run(), await run(), await run()] }
}

/** x · wᵀ + b */
const linear = (w: Weights, name: string, x: np.Array) => np.matmul(x, w[`${name}.weight`].transpose()).add(w[`${name}.bias`])

const crossEntropy = (logits: np.Array, oneHot: np.Array) =>
  nn
    .logSoftmax(logits)
    .mul(oneHot)
    .sum()
    .mul(-1 / 128)
const targets = () => nn.oneHot(np.array(labels(128, 10, 2)), 10)
const squaredError = (a: np.Array, b: np.Array) => np.square(a.sub(b)).mean()

const mlp = (w: Weights, x: np.Array, y: np.Array) => crossEntropy(linear(w, '4', nn.relu(linear(w, '2', nn.relu(linear(w, '0', x))))), y)

function cnn(w: Weights, x: np.Array): np.Array {
  const layer = (name: string, x: np.Array) => {
    const y = nn.relu(lax.conv(x, w[`${name}.weight`], [1, 1], 'SAME').add(w[`${name}.bias`].reshape([-1, 1, 1])))
    const [n, c, h, width] = y.shape
    return y.reshape([n, c, h / 2, 2, width / 2, 2]).max([3, 5]) // windows that do not overlap
  }
  return linear(w, '7', layer('3', layer('0', x)).reshape([128, 3136]))
}

function cnnInference(): Prepared {
  const [w, x] = [weights(CNN), input([128, 1, 28, 28], 1)]
  const forward = jit(cnn)
  const compute = () => forward(tree.ref(w), x.ref)
  return { ...operation(compute), result: async () => ((await compute().data()) as Float32Array).slice(0, 3) }
}

function lstm(w: Weights, x: np.Array, y: np.Array): np.Array {
  const bias = w['lstm.bias_ih_l0'].add(w['lstm.bias_hh_l0'])
  const inputs = np.matmul(x, w['lstm.weight_ih_l0'].transpose()).add(bias).reshape([30, 32, 256]) // all steps at once
  const recurrent = w['lstm.weight_hh_l0'].transpose()
  let [h, c] = [np.zeros([32, 64]), np.zeros([32, 64])]
  for (let t = 0; t < 30; t++) {
    const [i, f, g, o] = np.split(inputs.ref.slice(t).add(np.matmul(h, recurrent.ref)), 4, 1)
    c = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)))
    h = nn.sigmoid(o).mul(np.tanh(c.ref))
  }
  for (const rest of [inputs, recurrent, c]) rest.dispose()
  return squaredError(np.matmul(h, w['head.weight'].transpose()).add(w['head.bias']), y)
}

const norm = (w: Weights, name: string, x: np.Array) => nn.standardize(x).mul(w[`${name}.weight`]).add(w[`${name}.bias`])

function transformer(w: Weights, x: np.Array, y: np.Array): np.Array {
  const qkv = np.matmul(norm(w, 'norm1', x.ref), w['self_attn.in_proj_weight'].transpose()).add(w['self_attn.in_proj_bias'])
  const [q, k, v] = np.split(qkv, 3, 1).map((part) => part.reshape([8, 128, 4, 32]).transpose([0, 2, 1, 3])) // [N, H, T, E]
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(32)) // by hand: its dotProductAttention needs Node 22
  const attended = np.matmul(nn.softmax(scores), v).transpose([0, 2, 1, 3]) // [N, T, H, E]
  const seen = x.add(linear(w, 'self_attn.out_proj', attended.reshape([1024, 128])))
  const hidden = nn.gelu(linear(w, 'linear1', norm(w, 'norm2', seen.ref)), { approximate: false })
  return squaredError(seen.add(linear(w, 'linear2', hidden)), y)
}

const work: Work = {
  'matmul NN 512³': () => product(false, false),
  'matmul NT 512³': () => product(false, true),
  'matmul TN 512³': () => product(true, false),
  ...(device === 'webgpu' ? { 'matmul NN 4096³': () => product(false, false, 4096) } : {}),
  'exp 1M': unary(np.exp),
  'tanh 1M': unary(np.tanh),
  'gelu 1M': unary((x) => nn.gelu(x, { approximate: false })),
  'add 1M': () => {
    const [a, b] = [input([MILLION], 1), input([MILLION], 2)]
    const compute = jit((a: np.Array, b: np.Array) => a.add(b))
    return operation(() => compute(a.ref, b.ref))
  },
  'sum 1M': unary((x) => x.sum()),
  'softmax [128, 1000]': unary((x) => nn.softmax(x), [128, 1000]),
  'MLP step': () => training(MLP, mlp, input([128, 784], 1), targets()),
  'CNN step': () => training(CNN, (w, x, y) => crossEntropy(cnn(w, x), y), input([128, 1, 28, 28], 1), targets()),
  'CNN inference': cnnInference,
  'LSTM step': () => training(LSTM, lstm, input([960, 4], 1), input([32, 1], 2)),
  'Transformer block step': () => training(TRANSFORMER, transformer, input([1024, 128], 1), input([1024, 128], 2)),
}

const { version } = JSON.parse(readFileSync(new URL('./node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'))
await serve(work, { version, settle })
