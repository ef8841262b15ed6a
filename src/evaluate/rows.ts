import { type Column, type Rows, readColumn, readRows } from '../classic/input.ts'
import { expect } from '../errors.ts'
import { type HostArray, like, showShape } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import { Tensor, tensor } from '../tensor/index.ts'

/** Samples or labels on the host, from which some can be taken. */
export interface Taken {
  readonly n: number
  /** Those of these numbers, as a tensor. */
  take(indices: ArrayLike<number>): Tensor
}

/** Rows of x. A tensor keeps its type and its further axes. */
export async function rowsToTake(operation: string, x: Rows): Promise<Taken> {
  if (x instanceof Tensor && x.ndim > 0) return taken(operation, await x.read(), x.shape)
  const { data, n, d } = await readRows(operation, x)
  return taken(operation, data, [n, d])
}

/** Labels or targets. A tensor keeps its type and its further axes; plain integers become int32. */
export async function columnToTake(operation: string, y: Column, n: number): Promise<Taken> {
  if (y instanceof Tensor) {
    expect(y.shape[0] === n, operation, () => `y must have one row per sample, ${n}, got shape ${showShape(y.shape)}`)
    return taken(operation, await y.read(), y.shape)
  }
  const values = await readColumn(operation, y, 'y', n)
  const isIntegral = values.every((v) => v === (v | 0))
  return taken(operation, isIntegral ? Int32Array.from(values) : tensor(Array.from(values)).data, [n])
}

function taken(operation: string, data: HostArray, shape: readonly number[]): Taken {
  const n = shape[0]
  const width = data.length / n
  return {
    n,
    take(indices) {
      const rows = like(data, indices.length * width)
      for (let at = 0; at < indices.length; at++) rows.set(data.subarray(indices[at] * width, (indices[at] + 1) * width), at * width)
      return fromHost(operation, rows, shape.with(0, indices.length))
    },
  }
}
