import type { MatmulKernels } from '../../reference/matmul.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface MatmulExports {
  /** Bytes of scratch that matmul needs. */
  matmulScratch(m: number, n: number, k: number): number
  matmul(
    a: number,
    lda: number,
    transA: number,
    strideA: number,
    b: number,
    ldb: number,
    transB: number,
    strideB: number,
    c: number,
    ldc: number,
    accumulate: number,
    strideC: number,
    m: number,
    n: number,
    k: number,
    batch: number,
    scratch: number,
  ): void
}

export function matmul({ exports, memory }: Core<MatmulExports>): MatmulKernels<WasmArray> {
  return {
    matmul(a, b, { m, k, n, batch = 1, transA = false, transB = false }) {
      memory.begin('matmul', a, b)
      const y = memory.allocate(a.dtype, batch * m * n)
      const scratch = memory.scratch(exports.matmulScratch(m, n, k))
      const pa = memory.address(a)
      const pb = memory.address(b)
      const py = memory.address(y)
      const lda = transA ? m : k
      const ldb = transB ? k : n
      exports.matmul(pa, lda, Number(transA), m * k, pb, ldb, Number(transB), k * n, py, n, 0, m * n, m, n, k, batch, scratch)
      return y
    },
  }
}
