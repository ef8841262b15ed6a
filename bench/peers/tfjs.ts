/** TensorFlow.js: `tfjs.ts cpu` or `tfjs.ts wasm`, on one thread, or `tfjs.ts webgpu`. Images are NHWC, as it wants them; the weights are turned to match. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { samples } from '../operations/operation.ts'
import { type Prepared, serve, type Work } from '../serve.ts'
import { CNN, LSTM, labels, MLP, numbers, type ParameterShapes, parameters, TRANSFORMER } from '../work.ts'

const backend = process.argv[2]
if (backend === 'wasm')
  setWasmPaths(`${join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist')}/`)
if (backend === 'webgpu') {
  await import('./dawn.ts')
  await import('@tensorflow/tfjs-backend-webgpu')
}
if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`)

type Weights = Record<string, tf.Variable>

const MILLION = 1 << 20
const input = (shape: number[], seed: number) => tf.tensor(numbers(tf.util.sizeFromShape(shape), seed), shape)

/** An operation: computes, and throws its result away. */
function operation(compute: () => tf.Tensor): Prepared {
  return {
    run: () => compute().dispose(),
    result: async () => {
      const y = compute()
      const values = samples(await y.data())
      y.dispose()
      return values
    },
  }
}

function product(transA: boolean, transB: boolean, size = 512): () => Prepared {
  return () => {
    const [a, b] = [input([size, size], 1), input([size, size], 2)]
    return operation(() => tf.matMul(a, b, transA, transB))
  }
}

function unary(compute: (x: tf.Tensor) => tf.Tensor): () => Prepared {
  return () => {
    const x = input([MILLION], 1)
    return operation(() => compute(x))
  }
}

function weights(shapes: ParameterShapes, turn: Record<string, (w: tf.Tensor) => tf.Tensor> = {}): Weights {
  const values = Object.entries(parameters(shapes)).map(([name, value]) => {
    const w = tf.tensor(value, [...shapes[name]])
    return [name, tf.variable(turn[name]?.(w) ?? w)]
  })
  return Object.fromEntries(values)
}

/** A step of Adam. Three steps' losses are the result. */
function training(w: Weights, loss: () => tf.Scalar): Prepared {
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8)
  const variables = Object.values(w)
  const step = () => optimizer.minimize(loss, true, variables)
  const read = async (): Promise<number> => {
    const value = step()
    const [number = 0] = (await value?.data()) ?? []
    value?.dispose()
    return number
  }
  return { run: () => step()?.dispose(), result: async () => [await read(), await read(), await read()] }
}

/** x · wᵀ + b */
const linear = (w: Weights, name: string, x: tf.Tensor): tf.Tensor => tf.matMul(x, w[`${name}.weight`], false, true).add(w[`${name}.bias`])

function crossEntropy(logits: tf.Tensor, oneHot: tf.Tensor): tf.Scalar {
  return tf.losses.softmaxCrossEntropy(oneHot, logits) as tf.Scalar
}

const targets = () => tf.oneHot(tf.tensor1d(labels(128, 10, 2), 'int32'), 10).toFloat()

function mlpStep(): Prepared {
  const w = weights(MLP)
  const [x, y] = [input([128, 784], 1), targets()]
  return training(w, () => tf.tidy(() => crossEntropy(linear(w, '4', linear(w, '2', linear(w, '0', x).relu()).relu()), y)))
}

const cnnWeights = () =>
  weights(CNN, {
    '0.weight': (v) => v.transpose([2, 3, 1, 0]),
    '3.weight': (v) => v.transpose([2, 3, 1, 0]),
    '7.weight': (v) => v.reshape([10, 64, 7, 7]).transpose([0, 2, 3, 1]).reshape([10, 3136]),
  })

function cnn(w: Weights, x: tf.Tensor4D): tf.Tensor {
  const layer = (name: string, x: tf.Tensor4D) =>
    tf.maxPool(tf.relu(tf.conv2d(x, w[`${name}.weight`] as tf.Tensor4D, 1, 'same').add<tf.Tensor4D>(w[`${name}.bias`])), 2, 2, 'valid')
  return linear(w, '7', layer('3', layer('0', x)).reshape([128, 3136]))
}

/** One channel: NCHW and NHWC lie alike. */
const images = () => input([128, 28, 28, 1], 1) as tf.Tensor4D

function cnnStep(): Prepared {
  const w = cnnWeights()
  const [x, y] = [images(), targets()]
  return training(w, () => tf.tidy(() => crossEntropy(cnn(w, x), y)))
}

function cnnInference(): Prepared {
  const w = cnnWeights()
  const x = images()
  const forward = () => tf.tidy(() => cnn(w, x))
  return { run: () => forward().dispose(), result: async () => (await forward().data()).slice(0, 3) }
}

function lstmStep(): Prepared {
  const w = weights(LSTM)
  const [x, y] = [input([30 * 32, 4], 1), input([32, 1], 2)]
  const loss = () => {
    const bias = w['lstm.bias_ih_l0'].add(w['lstm.bias_hh_l0'])
    const inputs = tf.matMul(x, w['lstm.weight_ih_l0'], false, true).add(bias).reshape([30, 32, 256]).unstack() // all steps at once
    let [h, c]: tf.Tensor[] = [tf.zeros([32, 64]), tf.zeros([32, 64])]
    for (const a of inputs) {
      const [i, f, g, o] = a.add(tf.matMul(h, w['lstm.weight_hh_l0'], false, true)).split(4, 1)
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()))
      h = o.sigmoid().mul(c.tanh())
    }
    return linear(w, 'head', h).squaredDifference(y).mean<tf.Scalar>()
  }
  return training(w, () => tf.tidy(loss))
}

/** x · Φ(x) */
const gelu = (x: tf.Tensor) => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1))

function norm(w: Weights, name: string, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true)
  return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(w[`${name}.weight`]).add(w[`${name}.bias`])
}

function transformerStep(): Prepared {
  const w = weights(TRANSFORMER)
  const [x, y] = [input([1024, 128], 1), input([1024, 128], 2)]
  const heads = (x: tf.Tensor) => x.reshape([8, 128, 4, 32]).transpose([0, 2, 1, 3]) // [N, H, T, E]
  const loss = () => {
    const qkv = tf.matMul(norm(w, 'norm1', x), w['self_attn.in_proj_weight'], false, true).add(w['self_attn.in_proj_bias'])
    const [q, k, v] = qkv.split(3, 1).map(heads)
    const attended = tf.matMul(tf.softmax(tf.matMul(q, k, false, true).div(Math.sqrt(32))), v) // [N, H, T, E]
    const seen = x.add(linear(w, 'self_attn.out_proj', attended.transpose([0, 2, 1, 3]).reshape([1024, 128])))
    const out = seen.add(linear(w, 'linear2', gelu(linear(w, 'linear1', norm(w, 'norm2', seen)))))
    return out.squaredDifference(y).mean<tf.Scalar>()
  }
  return training(w, () => tf.tidy(loss))
}

const work: Work = {
  'matmul NN 512³': product(false, false),
  'matmul NT 512³': product(false, true),
  'matmul TN 512³': product(true, false),
  ...(backend === 'webgpu' ? { 'matmul NN 4096³': product(false, false, 4096) } : {}),
  'exp 1M': unary((x) => x.exp()),
  'tanh 1M': unary((x) => x.tanh()),
  'gelu 1M': unary((x) => tf.tidy(() => gelu(x))),
  'add 1M': () => {
    const [a, b] = [input([MILLION], 1), input([MILLION], 2)]
    return operation(() => a.add(b))
  },
  'sum 1M': unary((x) => x.sum()),
  'softmax [128, 1000]': () => {
    const x = input([128, 1000], 1)
    return operation(() => tf.softmax(x))
  },
  'MLP step': mlpStep,
  'CNN step': cnnStep,
  'CNN inference': cnnInference,
  'LSTM step': lstmStep,
  'Transformer block step': transformerStep,
}

/** A GPU computes in order: what is asked last is there last. Fewer numbers would never see the GPU. */
const some = input([4096], 1)
async function settle(): Promise<void> {
  const last = some.add(1)
  await last.data()
  last.dispose()
}

await serve(work, { version: tf.version.tfjs, settle: backend === 'webgpu' ? settle : undefined })
