/** Small programs that use the library as learners do, and read by `await t.read()` alone: they run on every backend. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { data, F, fit, grad, io, nn, noGrad, optim, randn, type Tensor, tensor } from '../src/index.ts'

/** Gives numbers, in whatever they are nested. */
export type Program = () => Promise<unknown>

const numbersOf = async (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (t) => [...(await t.read())]))

const model = () =>
  new nn.Sequential(new nn.Linear(4, 16), new nn.Tanh(), new nn.BatchNorm1d(16), new nn.Dropout(0.2), new nn.Linear(16, 3))

/** 60 points in three classes, as a program gets them: from its own numbers. */
function points(): [x: Tensor, y: Tensor] {
  const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3)
  const x = Float32Array.from({ length: 240 }, (_, i) => Math.sin(7 * i) + labels[Math.floor(i / 4)] * ((i % 4) - 1.5))
  return [tensor(x).reshape(60, 4), tensor(labels)]
}

type MakeOptimizer = (params: Tensor[]) => { step(): void; zeroGrad(): void }
const optimizers: Readonly<Record<string, MakeOptimizer>> = {
  SGD: (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  Adagrad: (params) => new optim.Adagrad(params, { lr: 0.1 }),
  Adadelta: (params) => new optim.Adadelta(params),
  RMSprop: (params) => new optim.RMSprop(params, { lr: 0.01, centered: true, momentum: 0.5 }),
  Adam: (params) => new optim.Adam(params, { lr: 0.01, amsgrad: true }),
  AdamW: (params) => new optim.AdamW(params, { lr: 0.01 }),
  NAdam: (params) => new optim.NAdam(params, { lr: 0.01 }),
}

/** Ten steps with an optimiser: losses, the norms of the gradients before clipping, and what the model is then. */
const training =
  (make: MakeOptimizer): Program =>
  async () => {
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
  }

export const programs: Readonly<Record<string, Program>> = {
  ...Object.fromEntries(Object.entries(optimizers).map(([name, make]) => [`training with ${name}`, training(make)])),
  'evaluates: accuracy from labels and logits, without a read between': async () => {
    const [x, y] = points()
    const net = model().eval()
    const accuracy = noGrad(() => net.forward(x).argmax(1).eq(y).to('float32').mean())
    const { values, indices } = net.forward(x).topk(2)
    return numbersOf([accuracy, values, indices, indices.to('float32').sum()])
  },
  'averages all batches in batch norm without momentum, also after a state dict has come in': async () => {
    const make = () => new nn.BatchNorm1d(4, { momentum: null })
    const [layer, other] = [make(), make()]
    for (let i = 0; i < 3; i++) layer.forward(randn([8, 4]))
    other.loadStateDict(layer.stateDict())
    other.forward(randn([8, 4]))
    return numbersOf(Object.values(other.stateDict()))
  },
  'learns from labels that were computed, with every loss': async () => {
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
  },
  'carries on gradients of gradients, seeds, and graphs that are kept': async () => {
    const x = randn([3, 4], { requiresGrad: true })
    const y = x.tanh().mul(x)
    const [first] = grad(y, [x], { createGraph: true, gradient: randn([4, 3]).t() })
    const [second] = grad(first.sum(), [x])
    const sum = x.sigmoid().mul(x).sum()
    sum.backward({ retainGraph: true })
    sum.backward()
    return numbersOf([first, second, ...(x.grad ? [x.grad] : [])])
  },
  'attends with masks of every kind, also with computed ones': async () => {
    const [q, k, v] = [randn([2, 5, 8]), randn([2, 5, 8]), randn([2, 5, 8])]
    const seen = randn([5, 5]).gt(0) // a float mask of 0 and 1
    const added = randn([5, 5])
    const integers = seen.to('int32')
    const masked = [seen, added, integers].map((attnMask) => F.scaledDotProductAttention(q, k, v, { attnMask }))
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true })
    const encoded = layer.forward(q, { srcKeyPaddingMask: randn([2, 5]).gt(1), isCausal: true })
    encoded.sum().backward()
    return numbersOf([...masked, encoded, ...layer.parameters().flatMap(({ grad }) => (grad ? [grad] : []))])
  },
  'runs recurrent and convolutional layers': async () => {
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
  },
  'writes in place, also into views': async () => {
    const x = randn([3, 4])
    x.select(1, 2).zero_()
    x.slice(0, 2)
      .add_(randn([4]))
      .mul_(2)
    x.t().copy_(x.t().clone())
    return numbersOf([x, nn.init.xavierUniform(tensor([[1, 2]])) ?? x])
  },
  'fits with metrics, clipping, a schedule, and early stopping that brings back the best epoch': async () => {
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
  },
  'batches data that was computed': async () => {
    const [x, y] = points()
    const scaled = x.sub(x.mean(0)).div(x.std(0))
    const loader = new data.DataLoader(new data.TensorDataset(scaled, y, y.mul(2)), { batchSize: 25, shuffle: true })
    return numbersOf([...loader].flat())
  },
  'saves and loads, parameters and what an optimiser keeps': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradus-programs-'))
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
    await rm(folder, { recursive: true })
    return numbersOf(Object.values(other.stateDict()))
  },
}
