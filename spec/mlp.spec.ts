/** The lesson's own functions learn to read digits, and a random split flatters them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { accuracy, batchLoss, network, predict, type Split, stratifiedSplit, trainStep } from '../exercises/solutions/mlp.ts'
import { type BackendName, data, F, grad, manualSeed, nn, optim, randn, setBackend, tensor } from '../src/index.ts'
import { Generator } from '../src/random.ts'

const SEEDS = [1, 2, 3, 4, 5]
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

describe.each<BackendName>(['reference', 'wasm'])('the loss of a batch, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('has the value and the gradient of F.crossEntropy', async () => {
    manualSeed(1)
    const z = randn([5, 4], { requiresGrad: true })
    const t = tensor([0, 3, 1, 1, 2])
    const [ours, theirs] = [await batchLoss(z, t), F.crossEntropy(z, t)]
    expect(ours.item()).toBeCloseTo(theirs.item(), 6)
    const [dz] = grad(ours, [z])
    const [expected] = grad(theirs, [z])
    for (const [i, d] of dz.data.entries()) expect(d).toBeCloseTo(expected.data[i], 6)
  })

  it('moves a model as F.crossEntropy moves it', async () => {
    const stepped = async (step: (model: nn.Module, optimizer: optim.SGD) => Promise<number>) => {
      manualSeed(1)
      const model = new nn.Linear(3, 4)
      const loss = await step(model, new optim.SGD(model.parameters(), { lr: 0.5 }))
      return [loss, ...model.weight.data, ...(model.bias?.data ?? [])]
    }
    manualSeed(2)
    const [x, t] = [randn([5, 3]), tensor([0, 3, 1, 1, 2])]
    const ours = await stepped((model, optimizer) => trainStep(model, optimizer, x, t))
    const theirs = await stepped(async (model, optimizer) => {
      const loss = F.crossEntropy(model.forward(x), t)
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    for (const [i, value] of ours.entries()) expect(value).toBeCloseTo(theirs[i], 6)
  })
})

describe('the digits', () => {
  beforeAll(() => setBackend('wasm'))

  const digits = data.digits()
  const classes = Int32Array.from(digits.y.data)
  const all = new data.TensorDataset(digits.x.div(16), digits.y)
  const rowsFrom = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i)

  /** The accuracy on the test rows after the lesson's twenty epochs on the others. */
  async function accuracyOf(seed: number, { train, test }: Split): Promise<number> {
    const part = (rows: number[]) => all.batch(rows) // [n, 64], [n]
    manualSeed(seed)
    const model = network()
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 })
    const loader = new data.DataLoader(new data.TensorDataset(...part(train)), { batchSize: 32, shuffle: true })
    for (let epoch = 0; epoch < 20; epoch++) {
      for (const [images, labels] of loader) await trainStep(model, optimizer, images, labels)
    }
    const [x, t] = part(test)
    return accuracy(await predict(model, x), Int32Array.from(t.data))
  }

  it('are held out by class: a fifth of each, and no row twice', () => {
    const { train, test } = stratifiedSplit(classes, new Generator(1).randperm(1797), 5)
    expect([train.length, test.length]).toEqual([1433, 364])
    expect(new Set([...train, ...test]).size).toBe(1797)
    for (let digit = 0; digit < 10; digit++) {
      const [held, all] = [test, rowsFrom(0, 1797)].map((rows) => rows.filter((row) => classes[row] === digit).length)
      expect(held).toBe(Math.ceil(all / 5))
    }
  })

  it('are read well if their hands are known: a random split, the mean of five seeds', async () => {
    const scores = []
    for (const seed of SEEDS) {
      const outer = stratifiedSplit(classes, new Generator(seed).randperm(1797), 5)
      const inner = stratifiedSplit(classes, Int32Array.from(outer.train), 8) // without those for validation
      scores.push(await accuracyOf(seed, { train: inner.train, test: outer.test }))
    }
    expect(mean(scores)).toBeGreaterThan(0.965)
    expect(mean(scores)).toBeCloseTo(0.973, 2) // what docs/mlp.md says
  })

  it('are read worse if they are by other hands, though there are more to learn from', async () => {
    const byWriter = { train: rowsFrom(0, 1437), test: rowsFrom(1437, 1797) }
    const scores = []
    for (const seed of SEEDS) scores.push(await accuracyOf(seed, byWriter))
    expect(mean(scores)).toBeCloseTo(0.909, 2) // what docs/mlp.md says
  })
})
