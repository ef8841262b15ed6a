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
 *    ├────┤  │  │▒▒│  │  ▒ one tile of C, mr × nr   A tile of C stays in registers while k runs. The B panel stays in L1,
 * mc └────┘  └──┴──┴──┘                              the blocks in L2.
 *   A: panels of mr rows
 *
 * Every element of C is summed over k in ascending order, one product after the other, whatever the blocks and whatever the tile it falls into. So a thread may
 * compute any block of rows and columns (move the pointers, keep the leading dimensions), and the bits stay the same. In the plain build they are those
 * of the naive loop in float32.
 */

import { madd } from "./simd";

/** Height of a register tile. 12 accumulators + 2 of B + 1 of A fill the 15 vector registers that V8 hands out; without FMA a product needs one more. */
const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
/** Height of the tiles that end a block, where MR would waste rows. */
const MR_LAST: i32 = 4;
/** Width of a register tile: two vectors. */
const NR: i32 = 8;
/** Block sizes: a panel of B, KC × NR, takes 12 KiB of L1 (32 KiB); the blocks of A and B take 774 and 96 KiB of L2 (1 MiB). */
const KC: i32 = 384;
const MC: i32 = 516;
const NC: i32 = 64;

/** Bytes of a float32. */
const F: usize = 4;
/** The spare tile in which the edges of C are computed. */
const SPARE: usize = <usize>(MR * NR) * F;

/** Bytes of scratch that {@link matmul} needs for any m, n, k; 16-byte aligned. One per thread. */
export function matmulScratch(): usize {
  return (<usize>(MC * KC) + <usize>(KC * NC)) * F + SPARE;
}

/**
 * C = op(A) · op(B), or C += op(A) · op(B), for `batch` matrices.
 *
 *   a   op(A): [m, k]; stored [m, lda], or [k, lda] if transA
 *   b   op(B): [k, n]; stored [k, ldb], or [n, ldb] if transB
 *   c   [m, ldc]
 *
 * The leading dimension ld is the distance of two stored rows, stride the distance of two matrices of the batch; both count elements. Stride 0 shares
 * a matrix. `scratch` points to matmulScratch() bytes, 16-byte aligned. With k = 0, C becomes 0 (or stays, if accumulating).
 */
export function matmul(
  a: usize, lda: i32, transA: bool, strideA: i32,
  b: usize, ldb: i32, transB: bool, strideB: i32,
  c: usize, ldc: i32, accumulate: bool, strideC: i32,
  m: i32, n: i32, k: i32, batch: i32, scratch: usize,
): void {
  for (let i = 0; i < batch; i++) {
    matmulOne(a, lda, transA, b, ldb, transB, c, ldc, accumulate, m, n, k, scratch);
    a += <usize>strideA * F;
    b += <usize>strideB * F;
    c += <usize>strideC * F;
  }
}

function matmulOne(
  a: usize, lda: i32, transA: bool,
  b: usize, ldb: i32, transB: bool,
  c: usize, ldc: i32, accumulate: bool,
  m: i32, n: i32, k: i32, scratch: usize,
): void {
  if (k == 0 && !accumulate) for (let i = 0; i < m; i++) memory.fill(c + <usize>(i * ldc) * F, 0, <usize>n * F);
  // Distance in bytes from one row of op(A), one k, one column of op(B) to the next.
  const rowA = transA ? F : <usize>lda * F;
  const kA = transA ? <usize>lda * F : F;
  const kB = transB ? F : <usize>ldb * F;
  const columnB = transB ? <usize>ldb * F : F;
  const rowC = <usize>ldc * F;

  const spare = scratch;
  const packedA = spare + SPARE;
  const packedB = packedA + <usize>(MC * KC) * F;

  const depth = blockDepth(k);
  for (let p = 0; p < k; p += depth) {
    const kc = min(depth, k - p);
    const add = accumulate || p > 0;
    for (let i = 0; i < m; i += MC) {
      const mc = min(MC, m - i);
      packA(packedA, a + <usize>i * rowA + <usize>p * kA, <usize>lda * F, transA, mc, kc);
      for (let j = 0; j < n; j += NC) {
        const nc = min(NC, n - j);
        packB(packedB, b + <usize>p * kB + <usize>j * columnB, <usize>ldb * F, transB, nc, kc);
        multiplyBlocks(packedA, packedB, c + <usize>i * rowC + <usize>j * F, rowC, add, mc, nc, kc, spare);
      }
    }
  }
}

/** kc: k cut into as few blocks as KC allows, of equal depth (a multiple of 4), since a short last block would keep a tile of C for too few steps. */
function blockDepth(k: i32): i32 {
  const blocks = max(1, (k + KC - 1) / KC);
  return ((k + blocks - 1) / blocks + 3) & ~3;
}

/** C[mc, nc] (+)= packed A · packed B, tile by tile: a panel of B stays in L1 while all panels of A pass by. */
function multiplyBlocks(packedA: usize, packedB: usize, c: usize, rowC: usize, add: bool, mc: i32, nc: i32, kc: i32, spare: usize): void {
  for (let j = 0; j < nc; j += NR) {
    const columns = min(NR, nc - j);
    const panelB = packedB + <usize>(j * kc) * F;
    let panelA = packedA;
    for (let i = 0, height = 0; i < mc; i += height) {
      height = tileHeight(mc - i);
      const rows = min(height, mc - i);
      const tileC = c + <usize>i * rowC + <usize>j * F;
      if (rows == height && columns == NR) {
        if (height == MR) tileMr(panelA, panelB, tileC, rowC, add, kc);
        else tile4(panelA, panelB, tileC, rowC, add, kc);
      } else {
        if (add) copyTile(spare, <usize>NR * F, tileC, rowC, rows, columns);
        if (height == MR) tileMr(panelA, panelB, spare, <usize>NR * F, add, kc);
        else tile4(panelA, panelB, spare, <usize>NR * F, add, kc);
        copyTile(tileC, rowC, spare, <usize>NR * F, rows, columns);
      }
      panelA += <usize>(height * kc) * F;
    }
  }
}

/** The height of the next tile where `rows` are left: MR, or 4 where that wastes less. At most one row of a block is wasted with MR = 6. */
// @ts-ignore: decorator
@inline
function tileHeight(rows: i32): i32 {
  return rows > 8 || (rows > MR_LAST && rows <= MR) ? MR : MR_LAST;
}

function copyTile(to: usize, rowTo: usize, from: usize, rowFrom: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) store<f32>(to + <usize>j * F, load<f32>(from + <usize>j * F));
    to += rowTo;
    from += rowFrom;
  }
}

// ---- Packing ------------------------------------------------------------------------------------------------------------------------------------

/** A block of op(A), [mc, kc], as panels [kc, height], one after the other. */
function packA(to: usize, a: usize, ld: usize, transA: bool, mc: i32, kc: i32): void {
  for (let i = 0, height = 0; i < mc; i += height) {
    height = tileHeight(mc - i);
    const rows = min(height, mc - i);
    if (transA) packAlong(to, a + <usize>i * F, ld, rows, height, kc);
    else packAcross(to, a + <usize>i * ld, ld, rows, height, kc);
    to += <usize>(height * kc) * F;
  }
}

/** A block of op(B), [kc, nc], as panels [kc, NR], one after the other. */
function packB(to: usize, b: usize, ld: usize, transB: bool, nc: i32, kc: i32): void {
  for (let j = 0; j < nc; j += NR) {
    const columns = min(NR, nc - j);
    if (transB) packAcross(to, b + <usize>j * ld, ld, columns, NR, kc);
    else packAlong(to, b + <usize>j * F, ld, columns, NR, kc);
    to += <usize>(NR * kc) * F;
  }
}

/** A panel [kc, width] out of kc stored rows: `used` elements of each are copied, the rest is 0. */
function packAlong(to: usize, from: usize, ld: usize, used: i32, width: i32, kc: i32): void {
  const line = <usize>width * F;
  const end = to + line * <usize>kc;
  if (used == width) {
    const last = line - 16; // two vectors, which overlap where the panel is narrower than 8
    for (; to < end; to += line, from += ld) {
      v128.store(to, v128.load(from));
      v128.store(to + last, v128.load(from + last));
    }
    return;
  }
  for (; to < end; to += line, from += ld) {
    for (let i = 0; i < used; i++) store<f32>(to + <usize>i * F, load<f32>(from + <usize>i * F));
    for (let i = used; i < width; i++) store<f32>(to + <usize>i * F, 0);
  }
}

/**
 * A panel [kc, width] out of `used` stored rows, transposed four rows at a time; the second four overlap the first where the panel is narrower than 8. Rows
 * that are missing repeat the last one: their products fall away with the tile's edge.
 */
function packAcross(to: usize, from: usize, ld: usize, used: i32, width: i32, kc: i32): void {
  const line = <usize>width * F;
  touch(to, from, ld, used, <usize>kc * F);
  for (let i = 0; ; i = width - 4) {
    const rest = used - 1 - i;
    let r0 = from + ld * <usize>(i + min(0, rest));
    let r1 = from + ld * <usize>(i + min(1, rest));
    let r2 = from + ld * <usize>(i + min(2, rest));
    let r3 = from + ld * <usize>(i + min(3, rest));
    let t = to + <usize>i * F;
    const end = t + line * <usize>kc;
    for (const vectors = t + line * <usize>(kc & ~3); t < vectors; t += 4 * line, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      const x0 = v128.load(r0), x1 = v128.load(r1), x2 = v128.load(r2), x3 = v128.load(r3);
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(t, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(t + line, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(t + 2 * line, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(t + 3 * line, v128.shuffle<f64>(high01, high23, 1, 3));
    }
    for (; t < end; t += line, r0 += F, r1 += F, r2 += F, r3 += F) {
      v128.store(t, f32x4(load<f32>(r0), load<f32>(r1), load<f32>(r2), load<f32>(r3)));
    }
    if (i + 4 >= width) return;
  }
}

/**
 * Reads one word of every cache line of `rows` stored rows, so that the core has many lines under way at once where a transposition alone asks for four. The words
 * are summed into `to`, which is overwritten later, because a load without use would be optimised away.
 */
function touch(to: usize, from: usize, ld: usize, rows: i32, bytes: usize): void {
  let sum = 0;
  for (let i = 0; i < rows; i++, from += ld) {
    for (let at: usize = 0; at < bytes; at += 64) sum += load<i32>(from + at);
  }
  store<i32>(to, sum);
}

// ---- Tiles --------------------------------------------------------------------------------------------------------------------------------------

/** A tile of MR × 8. */
function tileMr(a: usize, b: usize, c: usize, rowC: usize, add: bool, kc: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6(a, b, c, rowC, add, kc);
  else tile5(a, b, c, rowC, add, kc);
}

/** C[6, 8] (+)= a[kc, 6]ᵀ · b[kc, 8], rows of C rowC bytes apart. */
function tile6(a: usize, b: usize, c: usize, rowC: usize, add: bool, kc: i32): void {
  const c1 = c + rowC;
  const c2 = c1 + rowC;
  const c3 = c2 + rowC;
  const c4 = c3 + rowC;
  const c5 = c4 + rowC;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0);
  let s50 = f32x4.splat(0), s51 = f32x4.splat(0);
  if (add) {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
    s40 = v128.load(c4);
    s41 = v128.load(c4, 16);
    s50 = v128.load(c5);
    s51 = v128.load(c5, 16);
  }
  const end = a + <usize>(6 * kc) * F;
  while (a < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(a, 4);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(a, 8);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(a, 12);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    const a4 = v128.load32_splat(a, 16);
    s40 = madd(a4, b0, s40);
    s41 = madd(a4, b1, s41);
    const a5 = v128.load32_splat(a, 20);
    s50 = madd(a5, b0, s50);
    s51 = madd(a5, b1, s51);
    a += 24;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
  v128.store(c4, s40);
  v128.store(c4, s41, 16);
  v128.store(c5, s50);
  v128.store(c5, s51, 16);
}

/** C[5, 8] (+)= a[kc, 5]ᵀ · b[kc, 8], rows of C rowC bytes apart. */
function tile5(a: usize, b: usize, c: usize, rowC: usize, add: bool, kc: i32): void {
  const c1 = c + rowC;
  const c2 = c1 + rowC;
  const c3 = c2 + rowC;
  const c4 = c3 + rowC;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0);
  if (add) {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
    s40 = v128.load(c4);
    s41 = v128.load(c4, 16);
  }
  const end = a + <usize>(5 * kc) * F;
  // The first step stands before the loop, so that V8 (Node 20) keeps the addresses a + 4, a + 8, ... in registers and does not compute them in every step.
  {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(a, 4);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(a, 8);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(a, 12);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    const a4 = v128.load32_splat(a, 16);
    s40 = madd(a4, b0, s40);
    s41 = madd(a4, b1, s41);
    a += 20;
    b += 32;
  }
  while (a < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(a, 4);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(a, 8);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(a, 12);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    const a4 = v128.load32_splat(a, 16);
    s40 = madd(a4, b0, s40);
    s41 = madd(a4, b1, s41);
    a += 20;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
  v128.store(c4, s40);
  v128.store(c4, s41, 16);
}

/** C[4, 8] (+)= a[kc, 4]ᵀ · b[kc, 8], rows of C rowC bytes apart. */
function tile4(a: usize, b: usize, c: usize, rowC: usize, add: bool, kc: i32): void {
  const c1 = c + rowC;
  const c2 = c1 + rowC;
  const c3 = c2 + rowC;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  if (add) {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
  }
  const end = a + <usize>(4 * kc) * F;
  while (a < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(a, 4);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(a, 8);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(a, 12);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    a += 16;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

