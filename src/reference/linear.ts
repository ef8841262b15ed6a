import { type Activated, activated } from './activation.ts'
import { type HostArray, like } from './array.ts'

export interface LinearOptions {
  /** Rows of x (the batch), inputs, outputs. */
  m: number
  k: number
  n: number
}

/** A layer's weighted sums: a product, a bias and an activation in one kernel, and the three gradients of the sums in another. */
export interface LinearKernels<A> {
  linear(x: A, w: A, b: A, options: LinearOptions & Activated): A
  /** A gradient that is not needed is null. */
  linearBackward(dy: A, x: A, w: A, options: LinearOptions, needs: readonly boolean[]): (A | null)[]
}

/** y_ij = f(b_j + Σ_p x_ip · w_jp), f the activation        x: [M, K], w: [N, K], b: [N] -> y: [M, N] */
export function linear(x: HostArray, w: HostArray, b: HostArray, options: LinearOptions & Activated): HostArray {
  const { m, k, n } = options
  const y = like(x, m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = b[j]
      for (let p = 0; p < k; p++) sum += x[i * k + p] * w[j * k + p]
      y[i * n + j] = sum // [M, N]
    }
  }
  return activated(y, options)
}

/** Without an activation, dx_ip = Σ_j dy_ij · w_jp,  dw_jp = Σ_i dy_ij · x_ip,  db_j = Σ_i dy_ij        dy: [M, N] -> dx: [M, K], dw: [N, K], db: [N] */
export function linearBackward(
  dy: HostArray,
  x: HostArray,
  w: HostArray,
  { m, k, n }: LinearOptions,
  needs: readonly boolean[],
): (HostArray | null)[] {
  const dx = needs[0] ? like(dy, m * k) : null
  const dw = needs[1] ? like(dy, n * k) : null
  const db = needs[2] ? like(dy, n) : null
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const dyij = dy[i * n + j]
      for (let p = 0; p < k && dx; p++) dx[i * k + p] += dyij * w[j * k + p] // [M, K]
      for (let p = 0; p < k && dw; p++) dw[j * k + p] += dyij * x[i * k + p] // [N, K]
      if (db) db[j] += dyij // [N]
    }
  }
  return [dx, dw, db]
}
