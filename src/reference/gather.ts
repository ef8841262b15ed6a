import { type HostArray, like } from './array.ts'
import type { AxisOptions } from './reduction.ts'

/** Reading at places that are themselves data, and its adjoint, adding at those places. Indices are int32 and within range. */
export interface GatherKernels<A> {
  gather(x: A, index: A, options: GatherOptions): A
  scatterAdd(dy: A, index: A, options: GatherOptions): A
  indexSelect(x: A, index: A, options: IndexSelectOptions): A
  indexAdd(dy: A, index: A, options: IndexSelectOptions): A
  argsort(x: A, options: ArgsortOptions): A
}

export interface GatherOptions extends AxisOptions {
  /** How many are read along the axis: index is [outer, k, inner]. */
  k: number
}

export interface IndexSelectOptions {
  /** x is n rows of `width` numbers; k rows are chosen. */
  n: number
  width: number
  k: number
}

export interface ArgsortOptions {
  n: number
  c: number
  descending?: boolean
}

/** y_oji = x_o,index(o,j,i),i        x: [O, N, I], index: [O, K, I] -> y: [O, K, I] */
export function gather(x: HostArray, index: HostArray, { outer, n, inner, k }: GatherOptions): HostArray {
  const y = like(x, outer * k * inner)
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * k + j) * inner + i
        y[at] = x[(o * n + index[at]) * inner + i] // [O, K, I]
      }
    }
  }
  return y
}

/** dx_o,index(o,j,i),i += dy_oji, in the order of j        dy, index: [O, K, I] -> dx: [O, N, I] */
export function scatterAdd(dy: HostArray, index: HostArray, { outer, n, inner, k }: GatherOptions): HostArray {
  const dx = like(dy, outer * n * inner)
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * k + j) * inner + i
        dx[(o * n + index[at]) * inner + i] += dy[at] // [O, N, I]
      }
    }
  }
  return dx
}

/** y_j = x_index(j), whole rows: the embedding of word j        x: [N, W], index: [K] -> y: [K, W] */
export function indexSelect(x: HostArray, index: HostArray, { width, k }: IndexSelectOptions): HostArray {
  const y = like(x, k * width)
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < width; i++) y[j * width + i] = x[index[j] * width + i] // [K, W]
  }
  return y
}

/** dx_index(j) += dy_j        dy: [K, W], index: [K] -> dx: [N, W] */
export function indexAdd(dy: HostArray, index: HostArray, { n, width, k }: IndexSelectOptions): HostArray {
  const dx = like(dy, n * width)
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < width; i++) dx[index[j] * width + i] += dy[j * width + i] // [N, W]
  }
  return dx
}

/** The places of a row's elements in sorted order, equal ones as they came, NaN as the greatest        x: [N, C] -> [N, C], int32 */
export function argsort(x: HostArray, { n, c, descending = false }: ArgsortOptions): HostArray {
  const places = new Int32Array(n * c)
  for (let row = 0; row < n; row++) {
    const value = (place: number) => x[row * c + place]
    const order = Array.from({ length: c }, (_, i) => i).sort((i, j) =>
      descending ? compare(value(j), value(i)) : compare(value(i), value(j)),
    )
    places.set(order, row * c) // [N, C]
  }
  return places
}

function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : a > b ? 1 : 0
}
