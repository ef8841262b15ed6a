import { beforeAll, describe, expect, it } from 'vitest'
import { data, manualSeed, setBackend, type Tensor, tensor } from '../src/index.ts'
import { oracle } from './support.ts'

beforeAll(() => setBackend('reference'))

interface ShuffleCase {
  seed: number
  n: number
  /** Three epochs in a row. */
  shuffled: number[][]
  /** One more, after an epoch without shuffling. */
  afterPlainEpoch: number[]
}

class Squares extends data.Dataset {
  readonly length = 5
  get(i: number): Tensor[] {
    return [tensor([i, i]), tensor(i * i)]
  }
}

describe('data sets and loaders', () => {
  it('iris, digits and diabetes come as tensors', () => {
    const { iris, digits, diabetes } = data
    expect([iris().x.shape, iris().y.shape, iris().y.dtype, iris().targetNames]).toEqual([
      [150, 4],
      [150],
      'int32',
      ['setosa', 'versicolor', 'virginica'],
    ])
    expect([digits().x.shape, digits().x.max().item(), digits().y.max().item()]).toEqual([[1797, 64], 16, 9])
    expect([diabetes().x.shape, diabetes().y.dtype]).toEqual([[442, 10], 'float32'])
  })

  it('changing a tensor leaves the data set as it is', () => {
    data.iris().x.zero_()
    expect(data.iris().x.sum().item()).toBeGreaterThan(0)
  })

  it('a loader gives batches, the last one smaller unless dropLast', () => {
    const dataset = new data.TensorDataset(tensor([[1], [2], [3], [4], [5]]), tensor([1, 2, 3, 4, 5], { dtype: 'int32' }))
    const batches = (options: data.DataLoaderOptions) => [...new data.DataLoader(dataset, options)].map(([x]) => x.flatten().toArray())
    expect(batches({ batchSize: 2 })).toEqual([[1, 2], [3, 4], [5]])
    expect(batches({ batchSize: 2, dropLast: true })).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect([...new data.DataLoader(dataset, { batchSize: 5 })][0][1].dtype).toBe('int32')
    expect(new data.DataLoader(dataset, { batchSize: 2 }).length).toBe(3)
  })

  it('a data set of one’s own is stacked sample by sample', () => {
    const [[x, y]] = [...new data.DataLoader(new Squares(), { batchSize: 3 })]
    expect([x.toArray(), y.toArray()]).toEqual([
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      [0, 1, 4],
    ])
  })

  it('shuffles as PyTorch shuffles, epoch after epoch', () => {
    for (const { seed, n, shuffled, afterPlainEpoch } of oracle<ShuffleCase>('dataloader')) {
      manualSeed(seed)
      const dataset = new data.TensorDataset(tensor(Float32Array.from({ length: n }, (_, i) => i)))
      const epoch = (shuffle: boolean) => [...new data.DataLoader(dataset, { batchSize: 7, shuffle })].flatMap(([x]) => [...x.data])
      for (const order of shuffled) expect(epoch(true)).toEqual(order)
      epoch(false)
      expect(epoch(true)).toEqual(afterPlainEpoch)
    }
  })

  it('refuses by name', () => {
    expect(() => new data.DataLoader(new Squares(), { batchSize: 0 })).toThrow('DataLoader: batchSize must be an integer above 0, got 0')
    expect(() => new data.TensorDataset(tensor([1, 2]), tensor([1]))).toThrow(
      'TensorDataset: tensor 1 has 1 rows (shape [1]), tensor 0 has 2',
    )
    expect(() => new data.TensorDataset(tensor(1))).toThrow('TensorDataset: tensor 0 has shape [], expected one sample per row')
  })
})
