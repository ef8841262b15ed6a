/**
 * One walk through every concept, by the public surface alone: the same on webgpu as on the reference. A browser runs it on the package, Node on the sources; the
 * laws themselves are in the specs of the concepts.
 */
import type { Tensor } from '../src/index.ts'

export type Library = typeof import('../src/index.ts')

interface Case {
  /** The shapes of the inputs, which are drawn at random. */
  readonly shapes: readonly (readonly number[])[]
  f(g: Library, ...x: Tensor[]): Tensor
}

const cases: Readonly<Record<string, Case>> = {
  arithmetic: {
    shapes: [
      [3, 1, 5],
      [4, 1],
    ],
    f: (_, a, b) => a.mul(b).add(a).sub(b).div(b.pow(2).add(1)),
  },
  elementwise: {
    shapes: [[7, 9]],
    f: (_, x) =>
      x
        .exp()
        .add(x.abs().add(1).log())
        .add(x.sin().mul(x.cos()))
        .add(x.clamp({ max: 1 })),
  },
  activations: { shapes: [[7, 9]], f: (_, x) => x.relu().add(x.tanh()).add(x.sigmoid()).add(x.gelu()).add(x.leakyRelu()) },
  'views and sums': { shapes: [[5, 6, 7]], f: (_, x) => x.transpose(0, 2).slice(1, 6).mean(1).cumsum(0) },
  'sort and gather': { shapes: [[6, 11]], f: (_, x) => x.sort().values.mul(x) },
  embedding: { shapes: [[8, 5]], f: ({ F, tensor }, w) => F.embedding(tensor([3, 0, 3, 7], { dtype: 'int32' }), w) },
  matmul: {
    shapes: [
      [33, 47],
      [47, 29],
    ],
    f: (_, a, b) => a.matmul(b),
  },
  'products of a batch': {
    shapes: [
      [2, 9, 5],
      [2, 7, 5],
    ],
    f: (_, a, b) => a.matmul(b.transpose(1, 2)),
  },
  linear: { shapes: [[10, 20], [30, 20], [30]], f: ({ F }, x, w, b) => F.linear(x, w, b) },
  softmax: { shapes: [[5, 70]], f: (_, x) => x.softmax(1).add(x.logSoftmax(1)) },
  'cross-entropy': { shapes: [[4, 10]], f: ({ F, tensor }, x) => F.crossEntropy(x, tensor([1, 0, 9, 3], { dtype: 'int32' })) },
  convolution: {
    shapes: [[2, 4, 9, 8], [6, 2, 3, 3], [6]],
    f: ({ F }, x, w, b) => F.conv2d(x, w, b, { padding: 1, stride: 2, groups: 2 }),
  },
  pooling: { shapes: [[2, 3, 9, 8]], f: ({ F }, x) => F.maxPool2d(x, { kernelSize: 2 }).add(F.avgPool2d(x, { kernelSize: 2 })) },
  'layer norm': { shapes: [[6, 20], [20], [20]], f: ({ F }, x, weight, bias) => F.layerNorm(x, { normalizedShape: [20], weight, bias }) },
  'batch norm': { shapes: [[6, 5, 3, 2]], f: ({ nn }, x) => new nn.BatchNorm2d(5).forward(x) },
  rnn: { shapes: [[4, 2, 3]], f: ({ nn }, x) => new nn.RNN(3, 5).forward(x)[0] },
  lstm: { shapes: [[4, 2, 3]], f: ({ nn }, x) => new nn.LSTM(3, 5).forward(x)[0] },
  gru: { shapes: [[4, 2, 3]], f: ({ nn }, x) => new nn.GRU(3, 5).forward(x)[0] },
  attention: {
    shapes: [
      [2, 9, 8],
      [2, 9, 8],
      [2, 9, 8],
    ],
    f: ({ F }, q, k, v) => F.scaledDotProductAttention(q, k, v, { isCausal: true }),
  },
}

/** How far two results may be apart, in parts of the greatest number. */
const TOLERANCE = 2e-5

/** The result and the gradients of all inputs, on one backend. */
async function numbers(g: Library, backend: 'reference' | 'webgpu', { shapes, f }: Case): Promise<(ArrayLike<number> | undefined)[]> {
  await g.setBackend(backend)
  g.manualSeed(7)
  const x = shapes.map((shape) => g.randn(shape, { requiresGrad: true }))
  const y = f(g, ...x)
  y.mul(g.randn(y.shape)).sum().backward()
  return Promise.all([y, ...x.map(({ grad }) => grad)].map((t) => t?.read()))
}

function difference(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length) return Number.POSITIVE_INFINITY
  const greatest = Array.from(a).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]) / greatest), 0)
}

/** The losses of a small classifier's steps with each optimiser. */
async function losses(g: Library, backend: 'reference' | 'webgpu'): Promise<number[]> {
  await g.setBackend(backend)
  const { nn, optim, F } = g
  const found: number[] = []
  for (const Optimizer of [optim.SGD, optim.Adagrad, optim.Adadelta, optim.RMSprop, optim.Adam, optim.AdamW, optim.NAdam]) {
    g.manualSeed(3)
    const model = new nn.Sequential(new nn.Linear(6, 16), new nn.ReLU(), new nn.Linear(16, 3))
    const optimizer = new Optimizer(model.parameters(), { lr: 0.01 })
    for (let step = 0; step < 5; step++) {
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(g.randn([12, 6])), g.randint(0, 3, [12]))
      loss.backward()
      optimizer.step()
      found.push((await loss.read())[0])
    }
  }
  return found
}

/** What differs between webgpu and the reference; nothing, if all is well. */
export async function smoke(g: Library): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, each] of Object.entries(cases)) {
    const expected = await numbers(g, 'reference', each)
    const found = await numbers(g, 'webgpu', each)
    expected.forEach((numbers, i) => {
      const distance = difference(numbers, found[i])
      const what = i === 0 ? 'the result' : `the gradient of input ${i - 1}`
      if (!(distance <= TOLERANCE)) wrong.push(`${name}: ${what} is off by ${distance}`)
    })
  }
  const distance = difference(await losses(g, 'reference'), await losses(g, 'webgpu'))
  if (!(distance <= 1e-4)) wrong.push(`the losses of training are off by ${distance}`)
  return wrong
}
