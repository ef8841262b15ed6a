/** PyTorch's loss tables, digit for digit: the same numbers drawn, the same steps taken, the same sums in the same order. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, data, F, manualSeed, nn, optim, setBackend, type Tensor, tensor } from '../src/index.ts'
import { oracle } from './support.ts'

interface Training {
  readonly op: string
  readonly seed: number
  readonly lr: number
  /** [epoch, loss before the step of this epoch] */
  readonly table: readonly (readonly [epoch: number, loss: string])[]
  /** linearRegression: layers that are made first and not used. */
  readonly skippedLayers: number
  /** linearRegression: what is said for x = 4 in the end, and the parameters. */
  readonly prediction4: string
  readonly w: string
  readonly b: string
}

const trainings = oracle<Training>('training')
const named = (op: string) => trainings.filter((training) => training.op === op).map((training) => [training.seed, training] as const)

/** Trains by plain SGD, and gives the losses of the epochs in the table, with as many digits as it has. */
function tableOf({ table, lr }: Training, model: nn.Module, loss: () => Tensor): [number, string][] {
  const optimizer = new optim.SGD(model.parameters(), { lr })
  const digits = table[0][1].split('.')[1].length
  const wanted = new Set(table.map(([epoch]) => epoch))
  const rows: [number, string][] = []
  for (let epoch = 0; epoch <= table[table.length - 1][0]; epoch++) {
    const current = loss()
    optimizer.zeroGrad()
    current.backward()
    optimizer.step()
    if (wanted.has(epoch)) rows.push([epoch, current.item().toFixed(digits)])
  }
  return rows
}

describe.each<BackendName>(['reference', 'wasm'])("PyTorch's trainings, on %s", (backend) => {
  beforeAll(() => setBackend(backend))

  it.each(named('linearRegression'))('a line through (1, 2), (2, 4), (3, 6), seed %i', (seed, training) => {
    manualSeed(seed)
    for (let i = 0; i < training.skippedLayers; i++) new nn.Linear(1, 1)
    const model = new nn.Linear(1, 1)
    const [x, t] = [tensor([[1], [2], [3]]), tensor([[2], [4], [6]])]
    expect(tableOf(training, model, () => F.mseLoss(model.forward(x), t))).toEqual(training.table)
    const [w, b] = model.parameters().map((parameter) => parameter.item().toFixed(4))
    const prediction4 = model
      .forward(tensor([[4]]))
      .item()
      .toFixed(4)
    expect({ w, b, prediction4 }).toEqual({ w: training.w, b: training.b, prediction4: training.prediction4 })
  })

  it.each(named('xor'))('XOR by 2-8-1 with tanh, seed %i', (seed, training) => {
    manualSeed(seed)
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
    const [x, t] = [tensor([0, 0, 0, 1, 1, 0, 1, 1]).reshape(4, 2), tensor([0, 1, 1, 0]).reshape(4, 1)]
    expect(tableOf(training, model, () => F.binaryCrossEntropyWithLogits(model.forward(x), t))).toEqual(training.table)
  })

  it('three marks of five students, in the mini-batches that PyTorch draws', () => {
    manualSeed(1)
    const x = tensor([73, 80, 75, 93, 88, 93, 89, 91, 90, 96, 98, 100, 73, 66, 70]).reshape(5, 3)
    const t = tensor([152, 185, 180, 196, 142]).reshape(5, 1)
    const loader = new data.DataLoader(new data.TensorDataset(x, t), { batchSize: 2, shuffle: true })
    const model = new nn.Linear(3, 1)
    const optimizer = new optim.SGD(model.parameters(), { lr: 1e-5 })
    const costs: number[] = []
    for (let epoch = 0; epoch < 20; epoch++) {
      for (const [marks, exam] of loader) {
        const cost = F.mseLoss(model.forward(marks), exam)
        optimizer.zeroGrad()
        cost.backward()
        optimizer.step()
        costs.push(cost.item())
      }
    }
    // PyTorch 1.13: the same by DataLoader(TensorDataset(x, t), batch_size=2, shuffle=True) after torch.manual_seed(1)
    const first = [23071.78125, 17581.359375, 3703.552490234375, 857.1318359375]
    first.forEach((cost, i) => {
      expect(costs[i] / cost).toBeCloseTo(1, 5)
    })
    expect(costs).toHaveLength(60)
    expect(model.forward(tensor([[73, 80, 75]])).item()).toBeCloseTo(151.17607, 3)
  })
})
