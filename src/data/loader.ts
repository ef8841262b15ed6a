import { expect } from '../errors.ts'
import { epochOrder } from '../random.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Dataset } from './dataset.ts'

export interface DataLoaderOptions {
  /** Samples in a batch. Default 1. */
  batchSize?: number
  /** A new order in every epoch, drawn as PyTorch's DataLoader draws. Default false. */
  shuffle?: boolean
  /** Leave out the last batch if it is smaller. Default false. */
  dropLast?: boolean
}

/** Batches of a data set: each `for (const [x, y] of loader)` is one epoch. */
export class DataLoader {
  readonly dataset: Dataset
  readonly batchSize: number
  readonly shuffle: boolean
  readonly dropLast: boolean

  constructor(dataset: Dataset, { batchSize = 1, shuffle = false, dropLast = false }: DataLoaderOptions = {}) {
    expect(Number.isInteger(batchSize) && batchSize > 0, 'DataLoader', () => `batchSize must be an integer above 0, got ${batchSize}`)
    expect(Number.isInteger(dataset?.length), 'DataLoader', () => 'dataset must be a Dataset, with length and get(index)')
    this.dataset = dataset
    this.batchSize = batchSize
    this.shuffle = shuffle
    this.dropLast = dropLast
  }

  /** How many batches an epoch has. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  *[Symbol.iterator](): Generator<Tensor[]> {
    const order = epochOrder(this.dataset.length, this.shuffle)
    for (let batch = 0; batch < this.length; batch++) {
      yield this.dataset.batch(order.subarray(batch * this.batchSize, (batch + 1) * this.batchSize))
    }
  }
}
