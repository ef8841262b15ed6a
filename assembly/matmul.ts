/**
 * The matrix product C = op(A) · op(B), packed and blocked.
 *
 * Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008:
 *
 *               nc                                 k is cut into blocks of kc, m into blocks of mc, n into blocks of nc.
 *            ┌──┬──┬──┐                            A block of A (mc × kc) and a block of B (kc × nc) are copied, "packed",
 *         kc │  │  │  │  B: panels of nr columns   into panels that the inner loop reads from front to back:
 *            └──┴──┴──┘
 *      kc                                            A panel: mr rows,    [kc, mr]
 *    ┌────┐  ┌──┬──┬──┐                              B panel: nr columns, [kc, nr]
 * mr ├────┤  ├──┼──┼──┤
 *    ├────┤  │  │▒▒│  │  ▒ one tile of C, mr × nr   A tile of C stays in registers while k runs. The A panel stays in L1,
 * mc └────┘  └──┴──┴──┘                              the blocks in L2.
 *   A: panels of mr rows
 *
 * Every element of C is summed over k in ascending order, one product after the other, whatever the blocks and whatever the tile it falls into. So a thread may
 * compute any block of rows and columns (move the pointers, keep the leading dimensions), and the bits stay the same. In the plain build they are those
 * of the naive loop in float32.
 */

import { beat } from "./heartbeat";
import { packA, packB } from "./matmul-pack";
import { multiplyColumns, multiplyDots, multiplyRows } from "./matmul-row";
import { MR, NR, READS_ROWS, tile, tileHeight } from "./matmul-tile";
import { storeTransposed } from "./simd";

/** Block sizes: a panel of A and one of B take 12 and 16 KiB of L1 (32 KiB); the blocks of A and B take 780 and 128 KiB of L2 (1 MiB). */
const KC: i32 = 512;
export const MC: i32 = 390;
export const NC: i32 = 64;
/** The rows of a block of A that is read as it lies: B is packed anew for each. */
const MANY_ROWS: i32 = 4 * MC;
/** Up to so many rows, a B that is not transposed is multiplied as it lies, and up to so many columns a transposed A: measured, packing pays from here on. */
const FEW_ROWS: i32 = 4;
/** The same for a transposed B, and for so few columns of an A that is not transposed. */
const FEW_DOTS: i32 = 3;
/** Up to so many columns, a transposed A is read as it lies where it can be: each of its panels meets too few of B to be worth packing. */
const FEW_COLUMNS: i32 = 32;

/** Bytes of a float32. */
const F: usize = 4;
/** A block of so many multiply-adds takes some microseconds: long enough to give a sign of life. */
export const LONG: i32 = 1 << 18;
/** The spare tile in which the edges of C are computed, and its rows. */
export const SPARE: usize = <usize>(MR * NR) * F;
const LINE: usize = <usize>NR * F;

/** Bytes of scratch that {@link matmul} needs for these sizes, at most 941 KiB; 16-byte aligned. One per thread. */
export function matmulScratch(m: i32, n: i32, k: i32): usize {
  if (n == 1 && m > 1) return matmulScratch(1, m, k); // a column is multiplied as a row
  return SPARE + packedBytes(m, k, MC) + packedBytes(n, k, NC); // Cᵀ = BᵀAᵀ takes less
}

/** Bytes of a packed block of `length` rows or columns, at most `block`, and of the panel that may stand over its end. */
export function packedBytes(length: i32, k: i32, block: i32): usize {
  return <usize>((min(block, length) + NR) * blockDepth(k)) * F;
}

/**
 * C = op(A) · op(B), or C += op(A) · op(B), for `batch` matrices.
 *
 *   a   op(A): [m, k]; stored [m, lda], or [k, lda] if transA
 *   b   op(B): [k, n]; stored [k, ldb], or [n, ldb] if transB
 *   c   [m, ldc]
 *
 * The leading dimension ld is the distance of two stored rows, stride the distance of two matrices of the batch; both count elements. Stride 0 shares
 * a matrix. `scratch` points to matmulScratch(m, n, k) bytes, 16-byte aligned. With k = 0, C becomes 0 (or stays, if accumulating).
 */
export function matmul(
  a: usize, lda: i32, transA: bool, strideA: i32,
  b: usize, ldb: i32, transB: bool, strideB: i32,
  c: usize, ldc: i32, accumulate: bool, strideC: i32,
  m: i32, n: i32, k: i32, batch: i32, scratch: usize,
): void {
  for (let i = 0; i < batch; i++) {
    product(a, lda, transA, b, ldb, transB, accumulate ? c : 0, ldc, c, ldc, m, n, k, scratch);
    a += <usize>strideA * F;
    b += <usize>strideB * F;
    c += <usize>strideC * F;
  }
}

/** C = S + op(A) · op(B), where S starts at `start`, lds numbers from row to row: C itself, or with lds = 0 one row for all. 0: S is 0. */
export function product(
  a: usize, lda: i32, transA: bool,
  b: usize, ldb: i32, transB: bool,
  start: usize, lds: i32, c: usize, ldc: i32,
  m: i32, n: i32, k: i32, scratch: usize,
): void {
  if (start && start != c && (k == 0 || min(m, n) <= FEW_ROWS)) {
    for (let i = 0; i < m; i++) memory.copy(c + <usize>(i * ldc) * F, start + <usize>(i * lds) * F, <usize>n * F);
    start = c;
    lds = ldc;
  }
  if (k == 0) {
    if (!start) for (let i = 0; i < m; i++) memory.fill(c + <usize>(i * ldc) * F, 0, <usize>n * F);
    return;
  }
  const accumulate = start != 0;
  if (n == 1 && m > 1 && ldc == 1) return product(b, ldb, !transB, a, lda, !transA, start, m, c, m, 1, m, k, scratch); // a column: (AB)ᵀ = BᵀAᵀ
  // Distance in bytes from one row of op(A), one k, one column of op(B) to the next.
  const rowA = transA ? F : <usize>lda * F;
  const kA = transA ? <usize>lda * F : F;
  const kB = transB ? F : <usize>ldb * F;
  const columnB = transB ? <usize>ldb * F : F;
  const rowC = <usize>ldc * F;
  const rowS = <usize>lds * F;
  if (transB && m <= FEW_DOTS) return multiplyDots(a, rowA, kA, b, columnB, c, rowC, F, accumulate, m, n, k);
  if (!transA && n <= FEW_DOTS) return multiplyDots(b, columnB, kB, a, rowA, c, F, rowC, accumulate, n, m, k); // (AB)ᵀ = BᵀAᵀ
  if (!transB && m <= FEW_ROWS) return multiplyRows(a, rowA, kA, b, kB, c, rowC, accumulate, m, n, k);
  if (transA && n <= FEW_ROWS) return multiplyColumns(a, kA, b, columnB, kB, c, rowC, accumulate, m, n, k, scratch);

  if (READS_ROWS && !transA && turningPays(m, n, k, transB, ldb)) {
    return multiplyBlocked(b, ldb, !transB, a, lda, true, start, F, rowS, c, F, rowC, n, m, k, scratch); // Cᵀ = BᵀAᵀ
  }
  multiplyBlocked(a, lda, transA, b, ldb, transB, start, rowS, F, c, rowC, F, m, n, k, scratch);
}

/**
 * Whether Cᵀ = BᵀAᵀ is faster: there B is read as it lies and the smaller A is packed, (n - m)·k numbers less, and C's m·n numbers have to be turned. A straight B is packed
 * in less time than one that is turned, and as it lies it suits only few columns of Cᵀ.
 */
function turningPays(m: i32, n: i32, k: i32, transB: bool, ldb: i32): bool {
  if (!transB && (m > 16 || (ldb & 1023) == 0)) return false;
  return <f64>(n - m) * <f64>k > (transB ? 4 : 8) * <f64>m * <f64>n;
}

/** The same, block by block. Distances in bytes from row to row and from column to column of S and C: C may lie transposed. */
function multiplyBlocked(
  a: usize, lda: i32, transA: bool,
  b: usize, ldb: i32, transB: bool,
  start: usize, rowS: usize, columnS: usize, c: usize, rowC: usize, columnC: usize,
  m: i32, n: i32, k: i32, scratch: usize,
): void {
  const rowA = transA ? F : <usize>lda * F;
  const kA = transA ? <usize>lda * F : F;
  const kB = transB ? F : <usize>ldb * F;
  const columnB = transB ? <usize>ldb * F : F;
  const spare = scratch;
  const packedA = spare + SPARE;
  const depth = blockDepth(k);
  const lies = READS_ROWS && (!transA || (n <= FEW_COLUMNS && (lda & 1023) != 0)); // 4 KiB apart, all rows fall on one place of the cache
  const rows = lies ? MANY_ROWS : MC;
  const packedB = packedA + (lies ? <usize>(MR * depth) * F : packedBytes(m, k, MC));
  for (let p = 0; p < k; p += depth) {
    const kc = min(depth, k - p);
    for (let i = 0; i < m; i += rows) {
      const mc = min(rows, m - i);
      const blockA = a + <usize>i * rowA + <usize>p * kA;
      packA(packedA, blockA, <usize>lda * F, transA, mc, kc, lies);
      for (let j = 0; j < n; j += NC) {
        const nc = min(NC, n - j);
        packB(packedB, b + <usize>p * kB + <usize>j * columnB, <usize>ldb * F, transB, nc, kc);
        const at = c + <usize>i * rowC + <usize>j * columnC;
        if (p > 0) {
          multiplyBlocks(packedA, blockA, lies ? rowA : 0, kA, packedB, <usize>(NR * kc) * F, at, rowC, columnC, at, rowC, columnC, mc, nc, kc, spare);
        } else {
          const startAt = start ? start + <usize>i * rowS + <usize>j * columnS : 0;
          multiplyBlocks(packedA, blockA, lies ? rowA : 0, kA, packedB, <usize>(NR * kc) * F, startAt, rowS, columnS, at, rowC, columnC, mc, nc, kc, spare);
        }
      }
    }
  }
}

/** kc: k cut into as few blocks as KC allows, of equal depth (a multiple of 4), since a short last block would keep a tile of C for too few steps. */
export function blockDepth(k: i32): i32 {
  const blocks = max(1, (k + KC - 1) / KC);
  return ((k + blocks - 1) / blocks + 3) & ~3;
}

/**
 * C[mc, nc] = S + packed A · packed B, tile by tile: a panel of A stays in L1 while all panels of B pass by. So C is walked row by row. Down its
 * columns, two tiles that share a cache line would lie mc rows apart, and with rows of 4 KiB all those lines fall on one place of the cache.
 * Panels of B are stepB bytes apart. With rowA and kA, from one row and one k to the next, A is read as it lies from `a` on, but for a last panel in which rows are missing.
 */
export function multiplyBlocks(
  packedA: usize, a: usize, rowA: usize, kA: usize, packedB: usize, stepB: usize,
  start: usize, rowS: usize, columnS: usize, c: usize, rowC: usize, columnC: usize, mc: i32, nc: i32, kc: i32, spare: usize,
): void {
  for (let i = 0, height = 0; i < mc; i += height) {
    height = tileHeight(mc - i);
    const rows = min(height, mc - i);
    const lies = rowA > 0 && rows == height;
    const panelA = lies ? a + <usize>i * rowA : packedA;
    const row = lies ? rowA : F;
    const step = lies ? kA : <usize>height * F;
    let panelB = packedB;
    for (let j = 0; j < nc; j += NR, panelB += stepB) {
      const columns = min(NR, nc - j);
      const tileC = c + <usize>i * rowC + <usize>j * columnC;
      const startC = start ? start + <usize>i * rowS + <usize>j * columnS : 0;
      if (rows == height && columns == NR && columnC == F) {
        tile(height, panelA, row, step, panelB, startC, rowS, tileC, rowC, kc);
      } else {
        if (start) copyTile(spare, LINE, F, startC, rowS, columnS, rows, columns);
        tile(height, panelA, row, step, panelB, start ? spare : 0, LINE, spare, LINE, kc);
        copyTile(tileC, rowC, columnC, spare, LINE, F, rows, columns);
      }
    }
    if (rowA == 0) packedA += <usize>(height * kc) * F;
  }
  if (mc * nc * kc > LONG) beat();
}

/** Rows and columns of a tile, each with its own distances in bytes. */
export function copyTile(
  to: usize, rowTo: usize, columnTo: usize, from: usize, rowFrom: usize, columnFrom: usize, rows: i32, columns: i32,
): void {
  if (columns == NR && rows >= 4) { // squares of 4 × 4; the lower ones overlap the upper ones
    const lower = <usize>(rows - 4);
    if (rowTo == F && columnFrom == F) {
      turnTwoSquares(to, columnTo, 4 * columnTo, from, rowFrom, 4 * F);
      return turnTwoSquares(to + lower * F, columnTo, 4 * columnTo, from + lower * rowFrom, rowFrom, 4 * F);
    }
    if (columnTo == F && rowFrom == F) {
      turnTwoSquares(to, rowTo, 4 * F, from, columnFrom, 4 * columnFrom);
      return turnTwoSquares(to + lower * rowTo, rowTo, 4 * F, from + lower * F, columnFrom, 4 * columnFrom);
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) store<f32>(to + <usize>j * columnTo, load<f32>(from + <usize>j * columnFrom));
    to += rowTo;
    from += rowFrom;
  }
}

/** Two transposed squares of 4 × 4 numbers: `row` bytes from row to row of each, `next` from square to square. */
function turnTwoSquares(to: usize, rowTo: usize, nextTo: usize, from: usize, rowFrom: usize, nextFrom: usize): void {
  turnSquare(to, rowTo, from, rowFrom);
  turnSquare(to + nextTo, rowTo, from + nextFrom, rowFrom);
}

// @ts-ignore: decorator
@inline
function turnSquare(to: usize, rowTo: usize, from: usize, rowFrom: usize): void {
  storeTransposed(to, rowTo, v128.load(from), v128.load(from + rowFrom), v128.load(from + 2 * rowFrom), v128.load(from + 3 * rowFrom));
}
