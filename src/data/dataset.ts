import { expect } from '../errors.ts'
import { type HostArray, showShape, zerosOf } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import { F, stack, type Tensor } from '../tensor/index.ts'

/** Samples by number. A sample is a list of tensors: what the model takes, what it should give. */
export abstract class Dataset {
  abstract readonly length: number
  abstract get(index: number): Tensor[]

  /** The samples of these numbers, each of their tensors stacked to a batch: [k, ...]. */
  batch(indices: ArrayLike<number>): Tensor[] {
    const samples = Array.from(indices, (i) => this.get(i))
    return samples[0].map((_, part) => stack(samples.map((sample) => sample[part])))
  }
}

/** Tensors with one sample per row. */
export class TensorDataset extends Dataset {
  readonly tensors: readonly Tensor[]
  readonly length: number
  #rows: (HostArray | null)[] | null = null

  constructor(...tensors: Tensor[]) {
    super()
    expect(tensors.length > 0, 'TensorDataset', () => 'expected at least one tensor')
    for (const [i, t] of tensors.entries()) {
      expect(t.ndim > 0, 'TensorDataset', () => `tensor ${i} has shape [], expected one sample per row`)
      expect(
        t.shape[0] === tensors[0].shape[0],
        'TensorDataset',
        () => `tensor ${i} has ${t.shape[0]} rows (shape ${showShape(t.shape)}), tensor 0 has ${tensors[0].shape[0]}`,
      )
    }
    this.tensors = tensors
    this.length = tensors[0].shape[0]
  }

  get(index: number): Tensor[] {
    return this.tensors.map((t) => t.select(0, index))
  }

  /** Rows are copied out of the host's copy, which is read once; out of what webgpu has computed, there. */
  override batch(indices: ArrayLike<number>): Tensor[] {
    this.#rows ??= this.tensors.map((t) => t.peek())
    return this.#rows.map((rows, part) => {
      const { shape, dtype, size } = this.tensors[part]
      const width = size / this.length
      if (rows === null) return rowsOf(this.tensors[part], indices, width)
      const picked = zerosOf(dtype, indices.length * width)
      for (let i = 0; i < indices.length; i++) picked.set(rows.subarray(indices[i] * width, (indices[i] + 1) * width), i * width)
      return fromHost('DataLoader', picked, shape.with(0, indices.length))
    })
  }
}

/** The rows of these numbers, chosen where the tensor lies        x: [N, ...] -> [k, ...] */
function rowsOf(x: Tensor, indices: ArrayLike<number>, width: number): Tensor {
  const places = fromHost('DataLoader', Int32Array.from(indices), [indices.length])
  return F.embedding(places, x.detach().reshape(x.shape[0], width)).reshape(x.shape.with(0, indices.length))
}
