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
export const TILE = 8

/** C = op(A) · op(B), or C += op(A) · op(B), of matrices that lie at these addresses, A and B without gaps. */
export interface Product {
  a: number
  transA?: boolean
  b: number
  transB?: boolean
  c: number
  /** Numbers from one row of C to the next. Default n. */
  ldc?: number
  accumulate?: boolean
  m: number
  k: number
  n: number
  batch?: number
}

function costOf({ m, k, n, batch = 1 }: Pick<Product, 'm' | 'k' | 'n' | 'batch'>): number {
  return batch * m * n * k * COST.product
}

/** Bytes of scratch that `runProduct` needs. */
export function productScratch({ exports, threads }: Core<MatmulExports>, sizes: Pick<Product, 'm' | 'k' | 'n' | 'batch'>): number {
  const bytes = exports.matmulScratch(sizes.m, sizes.n, sizes.k)
  return threads.isSmall(costOf(sizes)) ? bytes : bytes * threads.size
}

/** Matrices of a batch are cut among the threads, or rows or columns of C: pointers move, leading dimensions stay. */
export function runProduct({ exports, threads }: Core<MatmulExports>, product: Product, scratch: number): void {
  const { a, b, c, m, k, n, ldc = n, batch = 1, transA = false, transB = false, accumulate = false } = product
  const [lda, ldb] = [transA ? m : k, transB ? k : n]
  const cost = costOf(product)
  if (threads.isSmall(cost)) {
    const [ta, tb, add] = [Number(transA), Number(transB), Number(accumulate)]
    exports.matmul(a, lda, ta, m * k, b, ldb, tb, k * n, c, ldc, add, m * ldc, m, n, k, batch, scratch)
    return
  }
  const part = (ofA: number, ofB: number, ofC: number, rows: number, columns: number, matrices: number) => [
    ...[a + F * ofA, lda, Number(transA), m * k, b + F * ofB, ldb, Number(transB), k * n],
    ...[c + F * ofC, ldc, Number(accumulate), m * ldc, rows, columns, k, matrices, scratch],
  ]
  const work = { cost, scratch: { argument: 16, bytes: exports.matmulScratch(m, n, k) } }
  if (batch >= threads.size) {
    threads.run(exports.matmul, { ...work, n: batch }, (from, to) => part(from * m * k, from * k * n, from * m * ldc, m, n, to - from))
  } else if (m > n || (m === n && !transA && !transB)) {
    // Of two squares that lie straight, B is packed line by line, A has to be turned: packing B twice costs less.
    const rows = { ...work, n: m, step: TILE, shares: 1 } // every part packs B anew
    threads.run(exports.matmul, rows, (from, to) => part(transA ? from : from * k, 0, from * ldc, to - from, n, batch))
  } else {
    const columns = { ...work, n, step: TILE, shares: 1 } // every part packs A anew
    threads.run(exports.matmul, columns, (from, to) => part(0, transB ? from * k : from, from, m, to - from, batch))
  }
}

export function matmul(core: Core<MatmulExports>): MatmulKernels<WasmArray> {
  const { memory } = core
  return {
    matmul(a, b, options) {
      const { m, n, batch = 1 } = options
      memory.begin('matmul', a, b)
      const y = memory.allocate(a.dtype, batch * m * n)
      const scratch = memory.scratch(productScratch(core, options))
      runProduct(core, { ...options, a: memory.address(a), b: memory.address(b), c: memory.address(y) }, scratch)
      return y
    },
  }
}
