import type { MatmulKernels } from '../../reference/matmul.ts'
import type { WasmArray } from '../memory.ts'
import type { Kernel } from '../worker.ts'
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
  /** y = f(x · wᵀ + b), or some of its columns, of weights as they are or packed; b and the activation are 0 where there is none. */
  linear(
    x: number,
    w: number,
    isPacked: number,
    b: number,
    activation: number,
    y: number,
    rowY: number,
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
export function runProduct(core: Core<MatmulExports>, product: Product, scratch: number): void {
  const { exports, threads } = core
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
  if (batch >= threads.size) {
    const work = { n: batch, cost, scratch: { argument: SCRATCH, bytes: exports.matmulScratch(m, n, k) } }
    threads.run(exports.matmul, work, (from, to) => part(from * m * k, from * k * n, from * m * ldc, m, n, to - from))
  } else {
    runCut(core, exports.matmul, product, SCRATCH, (i, rows, j, columns) =>
      part(transA ? i : i * k, transB ? j * k : j, i * ldc + j, rows, columns, batch),
    )
  }
}

/** Which argument of `matmul` is the scratch. */
const SCRATCH = 16

/** Runs a kernel that multiplies rows or columns of C: `argumentsOf` gives its arguments for `rows` from row i on and `columns` from column j on. */
function runCut(
  { exports, threads }: Core<MatmulExports>,
  kernel: Kernel,
  sizes: Pick<Product, 'm' | 'k' | 'n' | 'batch' | 'transA' | 'transB'>,
  scratchArgument: number,
  argumentsOf: (i: number, rows: number, j: number, columns: number) => number[],
): void {
  const { m, k, n, transB = false } = sizes
  const scratch = { argument: scratchArgument, bytes: exports.matmulScratch(m, n, k) }
  const work = { cost: costOf(sizes), step: TILE, shares: 1, scratch } // every part packs the other factor anew
  // Of squares, a B that lies straight is packed line by line: doing so twice costs less than packing A twice.
  if (m > n || (m === n && !transB)) {
    threads.run(kernel, { ...work, n: m }, (from, to) => argumentsOf(from, to - from, 0, n))
  } else {
    threads.run(kernel, { ...work, n }, (from, to) => argumentsOf(0, m, from, to - from))
  }
}

/** A layer of fewer outputs, some of which fill no panel, stays as it is: what is left over would cost too much. */
const WIDE = 64

/** The inputs and outputs of a layer, but for the weights: y = f(x · wᵀ + b). 0 where there is no bias, and where there is no activation. */
export interface Layer {
  x: number
  b: number
  activation: number
  y: number
  m: number
  k: number
  n: number
}

/**
 * A layer, or a plain product A · op(B) whose B is stored [n, k]. Others by the same weights may follow: once that pays they are packed where they lie, but for the
 * last rows if they fill no panel. Everything else has been addressed before.
 */
export function runWeights(core: Core<MatmulExports>, { x, b, activation, y, m, k, n }: Layer, weights: WasmArray, scratch: number): void {
  const { memory, exports } = core
  const fits = n % TILE === 0 || n >= WIDE
  const w = fits ? memory.addressOfWeights(weights, k) : memory.address(weights)
  if (fits && memory.packs(weights)) {
    exports.packInPlace(w, n & -TILE, k, memory.scratch(F * TILE * k))
    weights.packed = k
  }
  const whole = weights.packed > 0 ? n & -TILE : 0
  for (const [isPacked, first, end] of [
    [1, 0, whole],
    [0, whole, n],
  ]) {
    if (first === end) continue
    runCut(core, exports.linear, { m, k, n: end - first, transB: true }, 10, (i, rows, column, columns) => {
      const j = first + column
      const bias = b === 0 ? 0 : b + F * j
      return [x + F * i * k, w + F * j * k, isPacked, bias, activation, y + F * (i * n + j), n, rows, columns, k, scratch]
    })
  }
}

export function matmul(core: Core<MatmulExports>): MatmulKernels<WasmArray> {
  const { memory } = core
  return {
    matmul(a, b, options) {
      const { m, k, n, batch = 1, transA, transB } = options
      memory.begin('matmul', a, b)
      const y = memory.allocate(a.dtype, batch * m * n)
      const scratch = memory.scratch(productScratch(core, options))
      const [pa, py] = [memory.address(a), memory.address(y)]
      if (transB && !transA && batch === 1) runWeights(core, { x: pa, b: 0, activation: 0, y: py, m, k, n }, b, scratch)
      else runProduct(core, { ...options, a: pa, b: memory.address(b), c: py }, scratch)
      return y
    },
  }
}
