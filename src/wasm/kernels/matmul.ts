import type { MatmulKernels } from '../../reference/matmul.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'

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

/** Bytes of a float32. */
const F = 4
/** Cuts between rows and columns of C fall where tiles end. */
const TILE = 8

export function matmul({ exports, memory, threads }: Core<MatmulExports>): MatmulKernels<WasmArray> {
  return {
    matmul(a, b, { m, k, n, batch = 1, transA = false, transB = false }) {
      memory.begin('matmul', a, b)
      const y = memory.allocate(a.dtype, batch * m * n)
      const cost = batch * m * n * k * COST.product
      const work = { cost, scratch: { argument: 16, bytes: exports.matmulScratch(m, n, k) } }
      const scratch = memory.scratch(threads.scratchOf({ ...work, n: 2 }))
      const [pa, pb, py] = [memory.address(a), memory.address(b), memory.address(y)]
      const [lda, ldb] = [transA ? m : k, transB ? k : n]
      /** The product of some matrices, rows and columns: pointers move, leading dimensions stay. */
      const product = (ofA: number, ofB: number, ofC: number, rows: number, columns: number, matrices: number) => [
        ...[pa + F * ofA, lda, Number(transA), m * k, pb + F * ofB, ldb, Number(transB), k * n],
        ...[py + F * ofC, n, 0, m * n, rows, columns, k, matrices, scratch],
      ]
      if (batch >= threads.size) {
        threads.run(exports.matmul, { ...work, n: batch }, (from, to) => product(from * m * k, from * k * n, from * m * n, m, n, to - from))
      } else if (m > n) {
        const rows = { ...work, n: m, step: TILE, shares: 1 } // every part packs B anew
        threads.run(exports.matmul, rows, (from, to) => product(transA ? from : from * k, 0, from * n, to - from, n, batch))
      } else {
        const columns = { ...work, n, step: TILE, shares: 1 } // every part packs A anew
        threads.run(exports.matmul, columns, (from, to) => product(0, transB ? from * k : from, from, m, to - from, batch))
      }
      return y
    },
  }
}
