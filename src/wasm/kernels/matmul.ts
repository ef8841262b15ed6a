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
  /** Packs op(B)ᵀ, [n, k], n a multiple of 8, where it lies. */
  packInPlace(b: number, n: number, k: number, scratch: number): void
  multiplyPacked(
    a: number,
    packed: number,
    c: number,
    ldc: number,
    accumulate: number,
    m: number,
    n: number,
    k: number,
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

/** A layer of fewer outputs, some of which fill no panel, stays as it is: what is left over would cost too much. */
const WIDE = 64

/**
 * C (+)= A · op(B) by weights, which is to say that B is stored [n, k] and that other products by it may follow: once that pays it is packed where it
 * lies. Everything else has been addressed before.
 */
export function runWeights(core: Core<MatmulExports>, product: Omit<Product, 'b'>, w: WasmArray, scratch: number): void {
  const { a, c, m, k, n, accumulate } = product
  const { memory, exports } = core
  const fits = n % TILE === 0 || n >= WIDE
  const b = fits ? memory.addressOfWeights(w, k) : memory.address(w)
  if (fits && memory.packs(w)) {
    exports.packInPlace(b, n & -TILE, k, memory.scratch(F * TILE * k))
    w.packed = k
  }
  if (w.packed > 0) runPacked(core, { a, b, c, accumulate, m, k, n }, scratch)
  else runProduct(core, { a, b, transB: true, c, accumulate, m, k, n }, scratch)
}

/** C (+)= A · op(B) where B, stored [n, k], is packed, but for the last columns if they fill no panel. */
function runPacked(core: Core<MatmulExports>, product: Product, scratch: number): void {
  const { exports, threads } = core
  const { a, b, c, m, k, n, accumulate = false } = product
  const left = n % TILE
  const whole = n - left
  const cost = costOf({ m, k, n: whole })
  const add = Number(accumulate)
  if (threads.isSmall(cost)) {
    exports.multiplyPacked(a, b, c, n, add, m, whole, k, scratch)
  } else {
    const part = (row: number, column: number, rows: number, columns: number) => [
      ...[a + F * row * k, b + F * column * k, c + F * (row * n + column), n, add, rows, columns, k, scratch],
    ]
    const work = { cost, step: TILE, shares: 1, scratch: { argument: 8, bytes: exports.matmulScratch(m, n, k) } } // every part packs its rows of A
    if (m > n) threads.run(exports.multiplyPacked, { ...work, n: m }, (from, to) => part(from, 0, to - from, whole))
    else threads.run(exports.multiplyPacked, { ...work, n: whole }, (from, to) => part(0, from, m, to - from))
  }
  if (left > 0) runProduct(core, { a, b: b + F * whole * k, transB: true, c: c + F * whole, ldc: n, accumulate, m, k, n: left }, scratch)
}

export function matmul(core: Core<MatmulExports>): MatmulKernels<WasmArray> {
  const { memory } = core
  return {
    matmul(a, b, options) {
      const { m, n, batch = 1, transA, transB } = options
      memory.begin('matmul', a, b)
      const y = memory.allocate(a.dtype, batch * m * n)
      const scratch = memory.scratch(productScratch(core, options))
      const [pa, py] = [memory.address(a), memory.address(y)]
      if (transB && !transA && batch === 1) runWeights(core, { ...options, a: pa, c: py }, b, scratch)
      else runProduct(core, { ...options, a: pa, b: memory.address(b), c: py }, scratch)
      return y
    },
  }
}
