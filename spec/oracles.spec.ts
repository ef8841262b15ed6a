import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, F, optim, setBackend, type Tensor, tensor } from '../src/index.ts'
import { expectClose, type OracleCase, oracle, thaw } from './support.ts'

/** How each operation of the oracles is said in Gradus. What is not here belongs to later floors. */
const operations: Record<string, (inputs: Record<string, Tensor>, params: Record<string, never>) => Tensor> = {
  linear: ({ x, w, b }) => F.linear(x, w, b),
  conv1d: ({ x, w, b }, params) => F.conv1d(x, w, b, params),
  conv2d: ({ x, w, b }, params) => F.conv2d(x, w, b, params),
  convTranspose2d: ({ x, w, b }, params) => F.convTranspose2d(x, w, b, params),
  maxPool2d: ({ x }, { kernelSize, stride, padding }) => F.maxPool2d(x, { kernelSize, stride, padding }),
  avgPool2d: ({ x }, { kernelSize, stride, padding }) => F.avgPool2d(x, { kernelSize, stride, padding }),
  relu: ({ x }) => x.relu(),
  sigmoid: ({ x }) => x.sigmoid(),
  tanh: ({ x }) => x.tanh(),
  gelu: ({ x }) => x.gelu(),
  exp: ({ x }) => x.exp(),
  leakyRelu: ({ x }, { negativeSlope }) => x.leakyRelu({ negativeSlope }),
  softmax: ({ x }, { dim }) => x.softmax(dim),
  logSoftmax: ({ x }, { dim }) => x.logSoftmax(dim),
  layerNorm: ({ x, w, b }, params) => F.layerNorm(x, { normalizedShape: params.normalizedShape, eps: params.eps, weight: w, bias: b }),
  batchNorm: ({ x, w, b }, params) => F.batchNorm(x, { ...params, weight: w, bias: b }),
  embedding: ({ index, w }) => F.embedding(index, w),
  mseLoss: ({ x, t }) => F.mseLoss(x, t),
  l1Loss: ({ x, t }) => F.l1Loss(x, t),
  huberLoss: ({ x, t }) => F.huberLoss(x, t),
  crossEntropy: ({ x, target }, params) => F.crossEntropy(x, target, params),
  nllLoss: ({ x, target }) => F.nllLoss(x.logSoftmax(1), target),
  binaryCrossEntropy: ({ x, t }) => F.binaryCrossEntropy(x.sigmoid(), t),
  binaryCrossEntropyWithLogits: ({ x, t }) => F.binaryCrossEntropyWithLogits(x, t),
  multiMarginLoss: ({ x, target }) => F.multiMarginLoss(x, target),
}

interface OptimizerCase {
  op: keyof typeof optimizers
  params: Record<string, never>
  w0: number[]
  a: number[]
  b: number[]
  path: number[][]
}

const optimizers = {
  SGD: optim.SGD,
  Adagrad: optim.Adagrad,
  Adadelta: optim.Adadelta,
  RMSprop: optim.RMSprop,
  Adam: optim.Adam,
  AdamW: optim.AdamW,
  NAdam: optim.NAdam,
}

describe.each<BackendName>(['reference', 'wasm'])('PyTorch, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  const cases = [...oracle('layers'), ...oracle('losses')].filter(({ op }) => op in operations)
  it.each(cases.map((c, i): [string, number, OracleCase] => [c.op, i, c]))('%s (%i): values and gradients', (op, _, frozen) => {
    const leaves: Record<string, Tensor> = {}
    const inputs: Record<string, Tensor> = {}
    for (const [name, { shape, data }] of Object.entries(frozen.inputs)) {
      leaves[name] = tensor(data, { requiresGrad: name in frozen.grads })
      inputs[name] = leaves[name].reshape(shape)
    }
    const y = operations[op](inputs, frozen.params)
    expect(y.shape).toEqual(frozen.outputs.y.shape)
    expectClose(y.data, frozen.outputs.y.data)
    y.backward({ gradient: thaw(frozen.upstream.y) })
    for (const [name, gradient] of Object.entries(frozen.grads)) expectClose(leaves[name].grad!.data, gradient.data)
  })

  const paths = oracle<OptimizerCase>('optimizers')
  it.each(paths.map((c, i): [OptimizerCase['op'], number, OptimizerCase] => [c.op, i, c]))(
    '%s (%i): the path of w',
    (op, _, { params, w0, a, b, path }) => {
      const w = tensor(w0, { requiresGrad: true })
      const optimizer = new optimizers[op]([w], params as { lr: never })
      for (const expected of path) {
        optimizer.zeroGrad()
        w.pow(2)
          .mul(tensor(a))
          .mul(0.5)
          .add(w.sin().mul(tensor(b)))
          .sum()
          .backward() // Σ ½ a w² + b sin w
        optimizer.step()
        expectClose(w.data, expected)
      }
    },
  )
})
