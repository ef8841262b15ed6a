import { type HostArray, like } from './array.ts'

export interface MatmulOptions {
  /** Rows of y, the inner length that is summed over, columns of y. */
  m: number
  k: number
  n: number
  /** How many independent products lie one after the other. Default 1. */
  batch?: number
  /** a is stored [k, m] instead of [m, k]. */
  transA?: boolean
  /** b is stored [n, k] instead of [k, n]. */
  transB?: boolean
}

export interface MatmulKernels<A> {
  matmul(a: A, b: A, options: MatmulOptions): A
}

/** y_ij = Σ_p a_ip · b_pj        a: [B, M, K], b: [B, K, N] -> y: [B, M, N] */
export function matmul(a: HostArray, b: HostArray, { m, k, n, batch = 1, transA = false, transB = false }: MatmulOptions): HostArray {
  const y = like(a, batch * m * n)
  for (let s = 0; s < batch; s++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let p = 0; p < k; p++) {
          const aip = a[s * m * k + (transA ? p * m + i : i * k + p)]
          const bpj = b[s * k * n + (transB ? j * k + p : p * n + j)]
          sum += aip * bpj
        }
        y[s * m * n + i * n + j] = sum // [B, M, N]
      }
    }
  }
  return y
}

/**
 * The two gradients are products of the same kind, each with one factor read as its transpose:
 *
 *     da = dy · bᵀ        [M, N] · [N, K] -> [M, K]
 *     db = aᵀ · dy        [K, M] · [M, N] -> [K, N]
 */
export function matmulBackward<A>(
  kernels: MatmulKernels<A>,
  dy: A,
  a: A,
  b: A,
  { m, k, n, batch, transA = false, transB = false }: MatmulOptions,
  needs: readonly boolean[],
): [A | null, A | null] {
  const da = () =>
    transA
      ? kernels.matmul(b, dy, { m: k, k: n, n: m, batch, transA: transB, transB: true }) // stored [K, M]
      : kernels.matmul(dy, b, { m, k: n, n: k, batch, transB: !transB }) // [M, K]
  const db = () =>
    transB
      ? kernels.matmul(dy, a, { m: n, k: m, n: k, batch, transA: true, transB: transA }) // stored [N, K]
      : kernels.matmul(a, dy, { m: k, k: m, n, batch, transA: !transA }) // [K, N]
  return [needs[0] ? da() : null, needs[1] ? db() : null]
}
