/** `fit` is the loop that everybody writes: the same bits, and what goes wrong is said with its place. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, data, F, fit, manualSeed, nn, noGrad, optim, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { EarlyStopping } from '../src/train/early-stopping.ts'

const quiet = true
const folder = mkdtempSync(join(tmpdir(), 'gradus-fit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const accuracy = (output: Tensor, target: Tensor) => output.argmax(1).eq(target).mean()
const network = () => new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Dropout(0.2), new nn.Linear(8, 3))
const irises = () => {
  const { x, y } = data.iris()
  return new data.TensorDataset(x, y)
}
const parametersOf = (model: nn.Module) => model.parameters().map((p) => [...p.data])

/** y = w·x, with one weight. */
class Slope extends nn.Module {
  readonly w = new nn.Parameter(tensor([[0]]))
  forward(x: Tensor): Tensor {
    return x.mul(this.w)
  }
}
const pair = (x: number[][], y: number[][]) => new data.TensorDataset(tensor(x), tensor(y))

describe.each<BackendName>(['reference', 'wasm'])('fit, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('computes what the loop written out computes, bit by bit', async () => {
    manualSeed(5)
    const byHand = network()
    const adam = new optim.Adam(byHand.parameters(), { lr: 0.01 })
    const losses: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      let sum = 0
      byHand.train()
      for (const [x, y] of new data.DataLoader(irises(), { batchSize: 32, shuffle: true })) {
        adam.zeroGrad()
        const loss = F.crossEntropy(byHand.forward(x), y)
        loss.backward()
        adam.step()
        sum += loss.item() * x.shape[0]
      }
      losses.push(sum / 150)
      new data.DataLoader(irises(), { batchSize: 32 })[Symbol.iterator]().next() // a validation: its loader draws, too, as PyTorch's does
    }

    manualSeed(5)
    const model = network()
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
    const train = new data.DataLoader(irises(), { batchSize: 32, shuffle: true })
    const history = await fit(model, {
      train,
      validation: irises(),
      epochs: 3,
      optimizer,
      loss: F.crossEntropy,
      metrics: { accuracy },
      quiet,
    })
    expect(parametersOf(model)).toEqual(parametersOf(byHand))
    expect(history.loss).toEqual(losses)
    const output = noGrad(() => model.eval().forward(data.iris().x))
    expect(history.validationLoss[2]).toBeCloseTo(F.crossEntropy(output, data.iris().y).item(), 5)
    expect(history.validationMetrics.accuracy[2]).toBeCloseTo(accuracy(output, data.iris().y).item(), 5)
    expect([history.metrics.accuracy.length, history.stoppedEarly]).toEqual([3, false])
  })
})

describe('fit', () => {
  beforeAll(() => setBackend('reference'))

  it('weighs batches by their samples', async () => {
    const model = new Slope()
    const train = new data.DataLoader(pair([[1], [1], [1]], [[0], [0], [3]]), { batchSize: 2 })
    const options = { train, validation: train, epochs: 1, optimizer: new optim.SGD([model.w], { lr: 0 }), quiet }
    const history = await fit(model, { ...options, loss: F.mseLoss, metrics: { constant: () => 7, late: async () => 8 } })
    expect([history.loss, history.validationLoss]).toEqual([[3], [3]])
    expect([history.metrics, history.validationMetrics]).toEqual([
      { constant: [7], late: [8] },
      { constant: [7], late: [8] },
    ])
  })

  it('trains in training mode, validates in evaluation mode, and gives every module its mode back, also by an error', async () => {
    const seen: string[] = []
    class Spy extends Slope {
      override forward(x: Tensor): Tensor {
        seen.push(this.training ? 'train' : 'eval')
        return super.forward(x)
      }
    }
    const [one, other] = [new Spy(), new Spy().eval()]
    const model = new nn.Sequential(one, other)
    const options = { train: pair([[1]], [[1]]), epochs: 2, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }), quiet }
    await fit(model, { ...options, validation: options.train, loss: F.mseLoss })
    expect(seen).toEqual([...'tteettee'].map((m) => (m === 't' ? 'train' : 'eval')))
    expect([model.training, one.training, other.training]).toEqual([true, true, false])
    const failing = fit(model, {
      ...options,
      loss: () => {
        throw new Error('mine')
      },
    })
    await expect(failing).rejects.toThrow('mine')
    expect([model.training, one.training, other.training]).toEqual([true, true, false])
  })

  it('takes more than one input, and outputs that are no single tensor', async () => {
    const model = new nn.LSTM(2, 3, { batchFirst: true })
    const [x, h, t] = [randn([6, 4, 2]), randn([6, 1]), randn([6, 4, 3])]
    const loss = ([output]: [Tensor, [Tensor, Tensor]], target: Tensor) => F.mseLoss(output, target)
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
    const { loss: losses } = await fit(model, { train: new data.TensorDataset(x, t), epochs: 3, optimizer, loss, quiet })
    expect(losses[2]).toBeLessThan(losses[0])
    class Sum extends nn.Module<[Tensor, Tensor]> {
      readonly inner = new nn.Linear(1, 1)
      forward(a: Tensor, b: Tensor): Tensor {
        return this.inner.forward(a.add(b))
      }
    }
    const sum = new Sum()
    const train = new data.TensorDataset(h, h, h)
    const history = await fit(sum, { train, epochs: 1, optimizer: new optim.SGD(sum.parameters(), { lr: 0.1 }), loss: F.mseLoss, quiet })
    expect(history.loss).toHaveLength(1)
  })

  it('stops early, and gives the best parameters back', async () => {
    const model = new Slope() // learns 10, while 3 would be best for the validation
    const options = { train: pair([[1]], [[10]]), validation: pair([[1]], [[3]]), epochs: 100, loss: F.mseLoss, quiet }
    const optimizer = new optim.SGD([model.w], { lr: 0.05 })
    const history = await fit(model, { ...options, optimizer, earlyStopping: { patience: 2 } })
    expect(history.stoppedEarly).toBe(true)
    expect(history.bestEpoch).toBe(history.validationLoss.indexOf(Math.min(...history.validationLoss)) + 1)
    expect(history.validationLoss).toHaveLength(history.bestEpoch + 2)
    expect((model.w.item() - 3) ** 2).toBeCloseTo(Math.min(...history.validationLoss), 5)

    const last = new Slope()
    const without = new optim.SGD([last.w], { lr: 0.05 })
    const { stoppedEarly } = await fit(last, { ...options, optimizer: without, earlyStopping: { patience: 2, restoreBest: false } })
    expect(stoppedEarly).toBe(true)
    expect((last.w.item() - 3) ** 2).toBeCloseTo(history.validationLoss.at(-1)!, 5)
  })

  it('early stopping counts what is better by more than the tolerance, and keeps the least of all', () => {
    const epochsOf = (losses: number[], options: { patience: number; tolerance?: number }) => {
      const stopping = new EarlyStopping(new Slope(), options)
      const end = losses.findIndex((loss, i) => stopping.epoch(i + 1, loss))
      return [end + 1, stopping.bestEpoch]
    }
    expect(epochsOf([5, 4, 4, 4, 1], { patience: 2 })).toEqual([4, 2])
    expect(epochsOf([5, 4, 4, 3, 3, 3], { patience: 2 })).toEqual([6, 4])
    expect(epochsOf([5, 4.9, 4.8, 4.7], { patience: 2, tolerance: 0.5 })).toEqual([3, 3])
    expect(epochsOf([5, 4.7, 4.4, 4.1, 3.8], { patience: 2, tolerance: 0.5 })).toEqual([0, 5]) // slowly, but on and on
  })

  it('steps the schedule after epochs, one-cycle after batches, and tells the plateau the validation loss', async () => {
    const train = new data.DataLoader(pair([[1], [2], [3]], [[1], [2], [3]]), { batchSize: 1 })
    const rates = async (schedule: (optimizer: optim.SGD) => { optimizer: unknown; step(loss: number): void }) => {
      const model = new Slope()
      const optimizer = new optim.SGD([model.w], { lr: 0.1, momentum: 0.5 })
      const lrs: number[] = []
      const onEpoch = ({ lr }: { lr: number }) => void lrs.push(Number(lr.toPrecision(6)))
      await fit(model, {
        train,
        validation: train,
        epochs: 3,
        optimizer,
        loss: F.mseLoss,
        lrScheduler: schedule(optimizer),
        onEpoch,
        quiet,
      })
      return lrs
    }
    expect(await rates((optimizer) => new optim.lrScheduler.StepLR(optimizer, { stepSize: 1 }))).toEqual([0.1, 0.01, 0.001])
    const cycle = await rates((optimizer) => new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 9 }))
    expect(cycle.at(-1)).toBeLessThan(1e-3)
    const told: number[] = []
    await rates((optimizer) => ({ optimizer, step: (loss) => void told.push(loss) }))
    expect(told).toHaveLength(3)
    expect(told[2]).toBeLessThan(told[0])
  })

  it('clips gradients, and refuses what is no norm', async () => {
    const model = new Slope()
    const options = { train: pair([[1]], [[1000]]), epochs: 1, optimizer: new optim.SGD([model.w], { lr: 1 }), loss: F.mseLoss, quiet }
    await fit(model, { ...options, clipGradNorm: 0.5 })
    expect(model.w.item()).toBeCloseTo(0.5, 4)
    await expect(fit(model, { ...options, clipGradNorm: 0 })).rejects.toThrow('fit: clipGradNorm must be a number above 0, got 0')
  })

  it('draws its losses into a file', async () => {
    const model = new Slope()
    const options = { train: pair([[1]], [[1]]), epochs: 3, optimizer: new optim.SGD([model.w], { lr: 0.1 }), loss: F.mseLoss, quiet }
    const svg = join(folder, 'loss.svg')
    await fit(model, { ...options, validation: options.train, svg })
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*validation loss[\s\S]*<\/svg>\s*$/)
    const nowhere = join(folder, 'nowhere/loss.svg')
    const [w] = model.w.data
    await expect(fit(model, { ...options, svg: nowhere })).rejects.toThrow(
      `fit: ${nowhere} cannot be written: there is no such file or folder`,
    )
    expect(model.w.item()).toBe(w) // said before anything was trained
    expect(existsSync(nowhere)).toBe(false)
  })
})

describe('a loss that is not finite', () => {
  beforeAll(() => setBackend('wasm'))

  class Explode extends nn.Module {
    forward(x: Tensor): Tensor {
      return x.mul(1e30).mul(1e30)
    }
  }
  const run = async (
    model: nn.Module,
    x: number[][],
    loss: (output: Tensor, target: Tensor) => Tensor = F.mseLoss,
    validation?: number[][],
  ) => {
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
    const batches = (rows: number[][]) => rows.map((row) => [tensor([row]), tensor([[0]])])
    const before = parametersOf(model)
    const error = await fit(model, {
      train: batches(x),
      validation: validation && batches(validation),
      epochs: 2,
      optimizer,
      loss,
      quiet,
    }).then(
      () => new Error('it went well'),
      (e: Error) => e,
    )
    return { message: error.message, name: error.name, unchanged: JSON.stringify(parametersOf(model)) === JSON.stringify(before) }
  }

  it('stops with epoch, step and the first layer whose output is not finite; the parameters are untouched', async () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.ReLU(), new Explode()), new nn.Linear(2, 1))
    noGrad(() => model.parameters()[0].copy_(1))
    const { message, name, unchanged } = await run(model, [[1, 1]])
    expect(message).toMatch(
      /^fit: the loss is (NaN|Infinity) in epoch 1, step 1\. The first layer whose output is not finite is '1\.1' \(Explode\): it gives Infinity at \[0, 0\]\.$/,
    )
    expect([name, unchanged]).toEqual(['GradusError', true])
  })

  it('names the layer, not the activation behind it, though the two are one kernel', async () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU(), new nn.Linear(2, 1))
    const rows = [
      [-3e38, -3e38],
      [3e38, 3e38],
    ]
    noGrad(() => model.parameters()[0].copy_(tensor(rows)))
    const { message } = await run(model, [[1, 1]])
    expect(message).toContain("The first layer whose output is not finite is '0' (Linear): it gives -Infinity at [0, 0].")
  })

  it('names the input that brought it, and the step', async () => {
    const { message, unchanged } = await run(new nn.Linear(2, 1), [
      [0, 0],
      [0, Number.NaN],
    ])
    expect(message).toMatch(
      /^fit: the loss is NaN in epoch 1, step 2\. Input 0 of the batch holds NaN at \[0, 1\]\. The first layer .* is the model itself \(Linear\)/,
    )
    expect(unchanged).toBe(false)
  })

  it('names the parameter that is not finite already', async () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1))
    noGrad(() => model.parameters()[2].mul_(Infinity))
    const { message } = await run(model, [[1, 1]])
    expect(message).toMatch(/'1\.weight' holds -?Infinity at \[0, 0\] already: the steps before went too far.* is '1' \(Linear\)/)
  })

  it('names the loss function, the target, or the validation', async () => {
    const linear = new nn.Linear(2, 1)
    const badLoss = (output: Tensor) => output.mul(0).sum().log()
    expect((await run(linear, [[1, 1]], badLoss)).message).toMatch(/the loss is -Infinity .* it is the loss function that makes it so/)
    expect(
      (
        await run(linear, [[1, 1]], F.mseLoss, [
          [1, 1],
          [1, Infinity],
        ])
      ).message,
    ).toMatch(/in the validation after epoch 1, batch 2\. Input 0 of the batch holds Infinity at \[0, 1\]/)
  })
})

describe('bad arguments of fit', () => {
  const model = new Slope()
  const train = pair([[1]], [[1]])
  const optimizer = new optim.SGD([model.w], { lr: 0.1 })
  const good = { train, epochs: 1, optimizer, loss: F.mseLoss, quiet }
  const cases: [string, object, RegExp][] = [
    ['no epochs', { epochs: 0 }, /^fit: epochs must be an integer above 0, got 0$/],
    ['half an epoch', { epochs: 1.5 }, /epochs must be an integer above 0, got 1.5/],
    ['epochs left out', { epochs: undefined }, /epochs must be an integer above 0, got undefined/],
    ['no optimizer', { optimizer: undefined }, /optimizer must be an Optimizer such as optim\.Adam, got undefined/],
    [
      'another optimizer',
      { optimizer: new optim.SGD([new Slope().w], { lr: 1 }) },
      /updates no parameter of this model; make it with model\.parameters\(\)/,
    ],
    ['no loss', { loss: undefined }, /loss must be a function of output and target, got undefined/],
    [
      'a loss of many',
      { loss: (output: Tensor) => output.mul(tensor([1, 2])) },
      /loss must return a tensor of one element, got shape \[1, 2\]; reduce it with mean\(\)/,
    ],
    ['a loss that is a number', { loss: () => 1 }, /loss must return a tensor of one element, got number/],
    ['a loss without a graph', { loss: (output: Tensor) => output.detach().mean() }, /the loss depends on no parameter that requires grad/],
    [
      'a metric of many',
      { metrics: { spread: () => tensor([1, 2]) } },
      /metrics\.spread must return a number or a tensor of one element, got shape \[2\]/,
    ],
    ['a metric that is no function', { metrics: { spread: 1 } }, /metrics\.spread must be a function of output and target, got 1/],
    ['no data', { train: undefined }, /train must be a DataLoader or a Dataset, got undefined/],
    ['a tensor for data', { train: tensor([1]) }, /train must be a DataLoader or a Dataset, got Tensor/],
    ['no batches', { train: new data.DataLoader(train, { batchSize: 2, dropLast: true }) }, /train has no batches/],
    ['no validation batches', { validation: [] }, /validation has no batches/],
    [
      'a batch of one',
      { train: new data.TensorDataset(tensor([[1]])) },
      /a batch of train must be the tensors \[input, target\], got a list of 1: \[Tensor\]/,
    ],
    ['no patience', { earlyStopping: { patience: 0 } }, /earlyStopping\.patience must be an integer above 0, got 0/],
    [
      'negative tolerance',
      { earlyStopping: { patience: 1, tolerance: -1 } },
      /earlyStopping\.tolerance must be a finite number of 0 or more, got -1/,
    ],
    [
      'the schedule of another',
      { lrScheduler: new optim.lrScheduler.ExponentialLR(new optim.SGD([model.w], { lr: 1 }), { gamma: 0.5 }) },
      /lrScheduler changes another optimizer/,
    ],
  ]
  it.each(cases)('%s', async (_, options, message) => {
    const promise = fit(model, { ...good, ...options } as never)
    await expect(promise).rejects.toThrow(message)
    await expect(promise).rejects.toThrow(/^fit: /)
  })

  it('no model', async () => {
    await expect(fit({} as never, good as never)).rejects.toThrow('fit: model must be a Module, got Object')
  })
})
