import { type HostArray, like } from './array.ts'

export interface SoftmaxKernels<A> {
  softmax(x: A, options: RowsOptions): A
  softmaxBackward(dy: A, y: A, options: RowsOptions): A
  logSoftmax(x: A, options: RowsOptions): A
  logSoftmaxBackward(dy: A, y: A, options: RowsOptions): A
}

/** An array seen as N rows of C numbers. */
export interface RowsOptions {
  n: number
  c: number
}

/** y_i = exp(x_i - max x) / Σ_j exp(x_j - max x)        x: [N, C] -> y: [N, C]        Bridle 1990. Without the maximum, e^x overflows from 89 on. */
export function softmax(x: HostArray, { n, c }: RowsOptions): HostArray {
  const y = like(x)
  for (let row = 0; row < n; row++) {
    const max = rowMax(x, row, c)
    let sum = 0
    for (let i = 0; i < c; i++) sum += Math.exp(x[row * c + i] - max)
    for (let i = 0; i < c; i++) y[row * c + i] = Math.exp(x[row * c + i] - max) / sum // [N, C]
  }
  return y
}

/** dx_i = y_i · (dy_i - Σ_j dy_j · y_j)        dy, y: [N, C] -> dx: [N, C] */
export function softmaxBackward(dy: HostArray, y: HostArray, { n, c }: RowsOptions): HostArray {
  const dx = like(y)
  for (let row = 0; row < n; row++) {
    let dot = 0
    for (let j = 0; j < c; j++) dot += dy[row * c + j] * y[row * c + j]
    for (let i = 0; i < c; i++) dx[row * c + i] = y[row * c + i] * (dy[row * c + i] - dot) // [N, C]
  }
  return dx
}

/** y_i = x_i - max x - ln Σ_j exp(x_j - max x)        x: [N, C] -> y: [N, C] */
export function logSoftmax(x: HostArray, { n, c }: RowsOptions): HostArray {
  const y = like(x)
  for (let row = 0; row < n; row++) {
    const max = rowMax(x, row, c)
    let sum = 0
    for (let i = 0; i < c; i++) sum += Math.exp(x[row * c + i] - max)
    const logSum = Math.log(sum)
    for (let i = 0; i < c; i++) y[row * c + i] = x[row * c + i] - max - logSum // [N, C]
  }
  return y
}

/** dx_i = dy_i - exp(y_i) · Σ_j dy_j        dy, y: [N, C] -> dx: [N, C] */
export function logSoftmaxBackward(dy: HostArray, y: HostArray, { n, c }: RowsOptions): HostArray {
  const dx = like(y)
  for (let row = 0; row < n; row++) {
    let sum = 0
    for (let j = 0; j < c; j++) sum += dy[row * c + j]
    for (let i = 0; i < c; i++) dx[row * c + i] = dy[row * c + i] - Math.exp(y[row * c + i]) * sum // [N, C]
  }
  return dx
}

/** The greatest of a row's C numbers. */
export function rowMax(x: HostArray, row: number, c: number): number {
  let max = -Infinity
  for (let i = 0; i < c; i++) max = Math.max(max, x[row * c + i])
  return max
}
