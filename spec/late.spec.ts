/** The library on a backend whose numbers arrive later: nothing waits, nothing looks, and what comes out is what the reference computes, bit by bit. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { data, F, fit, grad, gradcheck, io, manualSeed, nn, noGrad, optim, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { type Backend, useKernels } from '../src/tensor/backend.ts'
import { createLate, type LateBackend } from './late.ts'

let late: LateBackend

beforeEach(() => {
  late = createLate()
  manualSeed(1)
  useKernels(late.kernels as Backend)
})

afterEach(() => setBackend('wasm'))

/** What a program prints on both backends. */
async function onBoth(program: () => Promise<unknown>): Promise<[late: unknown, expected: unknown]> {
  const onLate = await program()
  useKernels(reference as Backend)
  manualSeed(1)
  return [onLate, await program()]
}

const numbersOf = async (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (t) => [...(await t.read())]))

const model = () =>
  new nn.Sequential(new nn.Linear(4, 16), new nn.BatchNorm1d(16), new nn.Tanh(), new nn.Dropout(0.2), new nn.Linear(16, 3))

/** 60 points in three classes, as a program gets them: from its own numbers. */
function points(): [x: Tensor, y: Tensor] {
  const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3)
  const x = Float32Array.from({ length: 240 }, (_, i) => Math.sin(7 * i) + labels[Math.floor(i / 4)] * ((i % 4) - 1.5))
  return [tensor(x).reshape(60, 4), tensor(labels)]
}

type MakeOptimizer = (params: Tensor[]) => { step(): void; zeroGrad(): void }
const optimizers: [string, MakeOptimizer][] = [
  ['SGD', (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 })],
  ['Adagrad', (params) => new optim.Adagrad(params, { lr: 0.1 })],
  ['Adadelta', (params) => new optim.Adadelta(params)],
  ['RMSprop', (params) => new optim.RMSprop(params, { lr: 0.01, centered: true, momentum: 0.5 })],
  ['Adam', (params) => new optim.Adam(params, { lr: 0.01, amsgrad: true })],
  ['AdamW', (params) => new optim.AdamW(params, { lr: 0.01 })],
  ['NAdam', (params) => new optim.NAdam(params, { lr: 0.01 })],
]

describe('a training loop', () => {
  it.each(optimizers)('with %s waits for nothing but what it reads', async (_, make) => {
    const [actual, expected] = await onBoth(async () => {
      const [x, y] = points()
      const net = model()
      const optimizer = make(net.parameters())
      const losses: Tensor[] = []
      const norms: Tensor[] = []
      for (let step = 0; step < 10; step++) {
        optimizer.zeroGrad()
        const loss = F.crossEntropy(net.forward(x), y, { labelSmoothing: 0.1 })
        loss.backward()
        norms.push(optim.clipGradNorm(net.parameters(), 1))
        optimizer.step()
        losses.push(loss)
      }
      return numbersOf([...losses, ...norms, ...Object.values(net.stateDict())])
    })
    expect(actual).toEqual(expected)
    expect(late.counts.reads).toBeGreaterThan(0)
  })

  it('evaluates: accuracy from labels and logits, without a read between', async () => {
    const [actual, expected] = await onBoth(async () => {
      const [x, y] = points()
      const net = model().eval()
      const accuracy = noGrad(() => net.forward(x).argmax(1).eq(y).to('float32').mean())
      const { values, indices } = net.forward(x).topk(2)
      return numbersOf([accuracy, values, indices, indices.to('float32').sum()])
    })
    expect(actual).toEqual(expected)
  })

  it('averages all batches in batch norm without momentum, also after a state dict has come in', async () => {
    const [actual, expected] = await onBoth(async () => {
      const make = () => new nn.BatchNorm1d(4, { momentum: null })
      const [layer, other] = [make(), make()]
      for (let i = 0; i < 3; i++) layer.forward(randn([8, 4]))
      other.loadStateDict(layer.stateDict())
      other.forward(randn([8, 4]))
      return numbersOf(Object.values(other.stateDict()))
    })
    expect(actual).toEqual(expected)
  })

  it('learns from labels that were computed, with every loss', async () => {
    const [actual, expected] = await onBoth(async () => {
      const [x] = points()
      const w = randn([4, 3], { requiresGrad: true })
      const labels = noGrad(() => x.matmul(randn([4, 3])).argmax(1))
      const targets = noGrad(() => x.matmul(randn([4, 3])).sigmoid())
      const scores = x.matmul(w)
      const losses = [
        F.crossEntropy(scores, labels),
        F.nllLoss(scores.logSoftmax(1), labels),
        F.multiMarginLoss(scores, labels),
        F.mseLoss(scores, targets),
        F.l1Loss(scores, targets),
        F.huberLoss(scores, targets),
        F.binaryCrossEntropy(scores.sigmoid(), targets),
        F.binaryCrossEntropyWithLogits(scores, targets),
        F.mseLoss(scores, F.oneHot(labels, 3).to('float32')),
      ]
      return numbersOf([
        ...losses,
        ...grad(
          losses.reduce((sum, loss) => sum.add(loss)),
          [w],
        ),
      ])
    })
    expect(actual).toEqual(expected)
  })

  it('carries on gradients of gradients, seeds, and graphs that are kept', async () => {
    const [actual, expected] = await onBoth(async () => {
      const x = randn([3, 4], { requiresGrad: true })
      const y = x.tanh().mul(x)
      const [first] = grad(y, [x], { createGraph: true, gradient: randn([4, 3]).t() })
      const [second] = grad(first.sum(), [x])
      const sum = x.sigmoid().mul(x).sum()
      sum.backward({ retainGraph: true })
      sum.backward()
      return numbersOf([first, second, ...(x.grad ? [x.grad] : [])])
    })
    expect(actual).toEqual(expected)
  })

  it('attends with masks of every kind, also with computed ones', async () => {
    const [actual, expected] = await onBoth(async () => {
      const [q, k, v] = [randn([2, 5, 8]), randn([2, 5, 8]), randn([2, 5, 8])]
      const seen = randn([5, 5]).gt(0) // a float mask of 0 and 1
      const added = randn([5, 5])
      const integers = seen.to('int32')
      const masked = [seen, added, integers].map((attnMask) => F.scaledDotProductAttention(q, k, v, { attnMask }))
      const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true })
      const encoded = layer.forward(q, { srcKeyPaddingMask: randn([2, 5]).gt(1), isCausal: true })
      encoded.sum().backward()
      return numbersOf([...masked, encoded, ...layer.parameters().flatMap(({ grad }) => (grad ? [grad] : []))])
    })
    expect(actual).toEqual(expected)
  })

  it('runs recurrent and convolutional layers', async () => {
    const [actual, expected] = await onBoth(async () => {
      const lstm = new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true })
      const gru = new nn.GRU(8, 4, { batchFirst: true })
      const net = new nn.Sequential(
        new nn.Conv2d(1, 2, { kernelSize: 3 }),
        new nn.ReLU(),
        new nn.MaxPool2d({ kernelSize: 2 }),
        new nn.Flatten(),
        new nn.Linear(8, 2),
      )
      const [sequence] = lstm.forward(randn([5, 2, 3]))
      const [output, state] = gru.forward(sequence)
      const image = net.forward(randn([2, 1, 6, 6]))
      output.mean().add(image.mean()).backward()
      const parameters = [lstm, gru, net].flatMap((module) => module.parameters())
      return numbersOf([output, state, image, ...parameters.flatMap(({ grad }) => (grad ? [grad] : []))])
    })
    expect(actual).toEqual(expected)
  })

  it('writes in place, also into views', async () => {
    const [actual, expected] = await onBoth(async () => {
      const x = randn([3, 4])
      x.select(1, 2).zero_()
      x.slice(0, 2)
        .add_(randn([4]))
        .mul_(2)
      x.t().copy_(x.t().clone())
      return numbersOf([x, nn.init.xavierUniform(tensor([[1, 2]])) ?? x])
    })
    expect(actual).toEqual(expected)
  })
})

describe('data and fit', () => {
  it('fits with metrics, clipping, a schedule, and early stopping that brings back the best epoch', async () => {
    const [actual, expected] = await onBoth(async () => {
      const [x, y] = points()
      const net = model()
      const optimizer = new optim.Adam(net.parameters(), { lr: 0.05 })
      const set = new data.TensorDataset(x, y)
      const history = await fit(net, {
        train: new data.DataLoader(set, { batchSize: 16, shuffle: true }),
        validation: new data.DataLoader(set, { batchSize: 30 }),
        epochs: 6,
        optimizer,
        loss: F.crossEntropy,
        metrics: { accuracy: (output, target) => output.argmax(1).eq(target).mean() },
        lrScheduler: new optim.lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 }),
        clipGradNorm: 1,
        earlyStopping: { patience: 2 },
        quiet: true,
      })
      return [history, await numbersOf(Object.values(net.stateDict()))]
    })
    expect(actual).toEqual(expected)
  })

  it('batches data that was computed', async () => {
    const [actual, expected] = await onBoth(async () => {
      const [x, y] = points()
      const scaled = x.sub(x.mean(0)).div(x.std(0))
      const loader = new data.DataLoader(new data.TensorDataset(scaled, y, y.mul(2)), { batchSize: 25, shuffle: true })
      return numbersOf([...loader].flat())
    })
    expect(actual).toEqual(expected)
  })

  it('saves and loads, parameters and what an optimiser keeps', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradus-late-'))
    const [actual, expected] = await onBoth(async () => {
      const [x, y] = points()
      const [net, other] = [model(), model()]
      const optimizers = [net, other].map((module) => new optim.Adam(module.parameters()))
      const step = (module: nn.Module, optimizer: optim.Adam) => {
        optimizer.zeroGrad()
        F.crossEntropy(module.forward(x), y).backward()
        optimizer.step()
      }
      step(net, optimizers[0])
      await io.save(join(folder, 'net.safetensors'), net.stateDict())
      other.loadStateDict(await io.load(join(folder, 'net.safetensors')))
      optimizers[1].loadStateDict(optimizers[0].stateDict())
      step(other.eval(), optimizers[1])
      return numbersOf(Object.values(other.stateDict()))
    })
    expect(actual).toEqual(expected)
    await rm(folder, { recursive: true })
  })
})

describe('what needs the numbers', () => {
  const [notYet, later] = [/use await t\.read\(\)/, 'relu [2]']
  const made = () => tensor([1, -2]).relu()

  it('says to await t.read(), naming what made the tensor', () => {
    for (const look of [() => made().data, () => made().toArray(), () => made().sum().item()]) expect(look).toThrow(notYet)
    expect(() => made().data).toThrow(later)
    expect(() => tensor([1]).data).toThrow(notYet)
  })

  it('can always be printed', () => {
    expect(String(made())).toBe('[numbers that are not at hand: await t.read()]  [2] float32')
    expect(String(tensor([1, 2]))).toBe('[1, 2]  [2] float32')
  })

  it('is checked at once where the numbers are at hand', () => {
    expect(() => F.crossEntropy(made().reshape(1, 2), tensor([7]))).toThrow(
      'crossEntropy: labels and indices must be integers from 0 to 1, got 7 at place 0',
    )
    expect(() => F.mseLoss(made(), tensor([0, Number.NaN]))).toThrow('mseLoss: target must hold numbers, got NaN at place 1')
  })

  it.each([
    [
      'labels',
      () => F.crossEntropy(tensor([[1, 2]]), tensor([2]).add(1)),
      'crossEntropy: labels and indices must be integers from 0 to 1, got 3 at place 0',
    ],
    ['targets', () => F.mseLoss(made(), tensor([1, -1]).log()), 'mseLoss: target must hold numbers, got NaN at place 1'],
    [
      'probabilities',
      () => F.binaryCrossEntropy(tensor([0.5, 2]).mul(1), tensor([0, 1])),
      'x must be probabilities between 0 and 1, got 2 at place 1',
    ],
    [
      'indices',
      () => tensor([1, 2]).gather(0, tensor([0, 5]).mul(1)),
      'gather: labels and indices must be integers from 0 to 1, got 5 at place 1',
    ],
    ['integers', () => tensor([1, 0.5]).mul(1).to('int32'), 'to: int32 takes integers between -2^31 and 2^31 - 1, got 0.5 at place 1'],
  ])('is checked later where they are not (%s): the next read says what is wrong, and all goes on', async (_, mistake, message) => {
    const wrong = mistake()
    await expect(wrong.read()).rejects.toThrow(message)
    expect([...(await made().read())]).toEqual([1, 0])
  })

  it('computes in float64 where it can, and says what to do where it cannot', async () => {
    expect(gradcheck((x) => x.tanh().mul(x), [randn([3], { dtype: 'float64', requiresGrad: true })])).toBe(true)
    expect([...(await tensor([1, 2]).to('float64').read())]).toEqual([1, 2])
    expect(() => made().to('float64')).toThrow(notYet)
    expect(() => F.oneHot(made())).toThrow(notYet)
    expect([...(await F.oneHot(tensor([1, 0])).read())]).toEqual([0, 1, 1, 0])
  })
})

describe('another backend', () => {
  it('takes over what was computed, as it was', async () => {
    const [a, b] = [randn([3, 3]), randn([3, 3], { requiresGrad: true })]
    const kept = a.matmul(b)
    const labels = kept.argmax(1)
    await setBackend('reference')
    const expected = a.matmul(b)
    expect([...kept.data]).toEqual([...expected.data])
    expect([...labels.data]).toEqual([...expected.argmax(1).data])
    kept.sum().backward()
    expect(b.grad?.data.every(Number.isFinite)).toBe(true)
  })
})
