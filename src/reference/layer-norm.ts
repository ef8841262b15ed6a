import { type HostArray, like } from './array.ts'

export interface LayerNormKernels<A> {
  layerNorm(x: A, w: A | null, b: A | null, options: LayerNormOptions): A
  layerNormBackward(dy: A, x: A, w: A | null, options: LayerNormOptions): [dx: A, dw: A | null, db: A | null]
}

export interface LayerNormOptions {
  /** x is N rows of C numbers; each row is normalised by itself. */
  n: number
  c: number
  /** ε: keeps the division from 0 where a row is constant. */
  eps: number
}

/**
 * y_i = w_i · x̂_i + b_i,  x̂_i = (x_i - μ) / σ,  μ = Σ x / C,  σ² = Σ (x - μ)² / C + ε        Ba, Kiros & Hinton 2016, eq. 4
 *
 * x: [N, C], w, b: [C], null for 1 and 0 -> y: [N, C]
 */
export function layerNorm(x: HostArray, w: HostArray | null, b: HostArray | null, { n, c, eps }: LayerNormOptions): HostArray {
  const y = like(x)
  for (let row = 0; row < n; row++) {
    const { mean, rstd } = rowMoments(x, row, c, eps)
    for (let i = 0; i < c; i++) {
      const xHat = (x[row * c + i] - mean) * rstd
      y[row * c + i] = xHat * (w ? w[i] : 1) + (b ? b[i] : 0) // [N, C]
    }
  }
  return y
}

/**
 * With g = dy · w:  dx_i = (g_i - Σ_j g_j / C - x̂_i · Σ_j g_j·x̂_j / C) / σ,  dw_i = Σ_rows dy_i · x̂_i,  db_i = Σ_rows dy_i
 *
 * μ and σ depend on every x_j of the row: their part is what g loses, its mean and its component along x̂.
 *
 * dy, x: [N, C], w: [C] or null -> dx: [N, C], dw, db: [C], null where w is
 */
export function layerNormBackward(
  dy: HostArray,
  x: HostArray,
  w: HostArray | null,
  { n, c, eps }: LayerNormOptions,
): [dx: HostArray, dw: HostArray | null, db: HostArray | null] {
  const dx = like(x)
  const dw = like(x, c)
  const db = like(x, c)
  for (let row = 0; row < n; row++) {
    const { mean, rstd } = rowMoments(x, row, c, eps)
    let sumG = 0
    let sumGX = 0
    for (let i = 0; i < c; i++) {
      const xHat = (x[row * c + i] - mean) * rstd
      const g = dy[row * c + i] * (w ? w[i] : 1)
      sumG += g
      sumGX += g * xHat
      dw[i] += dy[row * c + i] * xHat // [C]
      db[i] += dy[row * c + i] // [C]
    }
    for (let i = 0; i < c; i++) {
      const xHat = (x[row * c + i] - mean) * rstd
      const g = dy[row * c + i] * (w ? w[i] : 1)
      dx[row * c + i] = rstd * (g - sumG / c - (xHat * sumGX) / c) // [N, C]
    }
  }
  return w ? [dx, dw, db] : [dx, null, null]
}

/** The mean of a row and 1 / √(its variance + ε). */
function rowMoments(x: HostArray, row: number, c: number, eps: number): { mean: number; rstd: number } {
  let sum = 0
  for (let i = 0; i < c; i++) sum += x[row * c + i]
  const mean = sum / c
  let squares = 0
  for (let i = 0; i < c; i++) squares += (x[row * c + i] - mean) ** 2
  return { mean, rstd: 1 / Math.sqrt(squares / c + eps) }
}
