/** The lesson's own functions do what the library's do. */
import { beforeAll, describe, expect, it } from 'vitest'
import {
  batchNorm,
  crossEntropy,
  dropout,
  l2Penalty,
  Network,
  rolled,
  shifted,
  smoothTargets,
} from '../exercises/solutions/regularization.ts'
import { arange, type BackendName, F, manualSeed, noGrad, optim, rand, randn, setBackend, type Tensor, tensor } from '../src/index.ts'

function expectClose(came: Tensor, expected: Tensor): void {
  expect(came.shape).toEqual(expected.shape)
  for (const [i, value] of expected.data.entries()) expect(came.data[i]).toBeCloseTo(value, 5)
}

describe.each<BackendName>(['reference', 'wasm'])('on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('dropout drops what F.dropout drops, by the same draws', () => {
    manualSeed(3)
    const x = randn([4, 5])
    manualSeed(7)
    const u = rand([4, 5], { dtype: 'float64' }).to('float32')
    manualSeed(7)
    expectClose(dropout(x, u, 0.25), F.dropout(x, { p: 0.25 }))
  })

  it('batchNorm is F.batchNorm: by its own batch, and by that of another', () => {
    manualSeed(3)
    const [x, known] = [randn([3, 4]), randn([6, 4])]
    expectClose(batchNorm(x, x, 1e-5), F.batchNorm(x, { training: true, eps: 1e-5 }))
    const statistics = { runningMean: known.mean(0), runningVar: known.variance(0, { correction: 0 }) }
    expectClose(batchNorm(x, known, 1e-5), F.batchNorm(x, { ...statistics, training: false, eps: 1e-5 }))
  })

  it('smooth targets give the loss that F.crossEntropy smooths by itself', () => {
    manualSeed(3)
    const z = randn([4, 5])
    const classes = [0, 4, 2, 2]
    for (const labelSmoothing of [0, 0.2])
      expectClose(crossEntropy(z, smoothTargets(classes, 5, labelSmoothing)), F.crossEntropy(z, tensor(classes), { labelSmoothing }))
  })

  it("the penalty's gradient is the weight decay of SGD", () => {
    const [ours, theirs] = [1, 2].map(() => tensor([1, -2, 0.5], { requiresGrad: true }))
    l2Penalty([ours], 0.3).backward()
    new optim.SGD([ours], { lr: 0.1 }).step()
    theirs.mul(0).sum().backward()
    new optim.SGD([theirs], { lr: 0.1, weightDecay: 0.3 }).step()
    expectClose(ours, theirs)
  })

  it('images move right and down by a pixel, and 0 comes in', () => {
    const x = arange(1, 65).reshape(1, 64)
    const moved = shifted(x, 1, 0).reshape(8, 8).toArray() as number[][]
    expect(moved[0]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const down = shifted(x, 0, 1).reshape(8, 8).toArray() as number[][]
    expect(down.slice(0, 2)).toEqual([
      [0, 0, 0, 0, 0, 0, 0, 0],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ])
    expectClose(shifted(x, 0, 0), x)
    expect(rolled(tensor([[1], [2], [3]])).data).toEqual(Float32Array.of(2, 3, 1))
  })

  it('a network in training takes the statistics of its batch, at the test those of the digits that it knows', () => {
    manualSeed(1)
    const model = new Network({ batchNorm: true })
    const [x, known] = [rand([3, 64]), rand([5, 64])]
    const together = model.forward(known).slice(0, 3)
    expectClose(
      noGrad(() => model.forward(known.slice(0, 3), known)),
      together,
    )
    expect(model.forward(x, known).data).not.toEqual(model.forward(x).data)
  })
})
