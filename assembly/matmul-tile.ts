/**
 * The register tiles of the matrix product: C[mr, nr] (+)= A panel · B panel, the loop in which all its time should go.
 *
 * Each tile is a function of its own, and stays one because it has two callers: within the loops over the blocks V8 would unroll its loop and run out of
 * registers. What was tried, and how fast it ran, stands in docs/design/gemm.md.
 */

import { madd } from "./simd";

/**
 * Height of a register tile. With FMA 12 sums + 2 vectors of B + 1 of A fill the 15 registers that V8 hands out on x86-64. Without it the product needs
 * one more until it is added.
 */
export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
/** Height of the tiles that end a block, where MR would waste rows. */
export const MR_LAST: i32 = 4;
/** Width of a register tile: two vectors. */
export const NR: i32 = 8;
/** Bytes of a float32. */
const F: usize = 4;

/** The height of the next tile where `rows` are left: MR, or 4 where that wastes less. At most one row of a block is wasted with MR = 6. */
// @ts-ignore: decorator
@inline
export function tileHeight(rows: i32): i32 {
  return rows > 8 || (rows > MR_LAST && rows <= MR) ? MR : MR_LAST;
}

/** Whether the tile can read rows of A as they lie, without packing. */
export const READS_ROWS: bool = ASC_FEATURE_RELAXED_SIMD;

/**
 * A tile of MR × 8. Rows of op(A) are rowA bytes apart, and stepA from one k to the next (packed: 4 and 4·MR, and nothing else unless READS_ROWS); rows of C are
 * rowC bytes apart, b is a panel [kc, 8].
 */
function tileMr(a: usize, rowA: usize, stepA: usize, b: usize, start: usize, rowStart: usize, c: usize, rowC: usize, kc: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6(a, rowA, stepA, b, start, rowStart, c, rowC, kc);
  else tile5(a, b, start, rowStart, c, rowC, kc);
}

/** A tile of `height` × 8, MR or 4: C = S + op(A) · b. The rows of S lie rowStart bytes apart from `start` on; where that is 0, so is S. */
// @ts-ignore: decorator
@inline
export function tile(height: i32, a: usize, rowA: usize, stepA: usize, b: usize, start: usize, rowStart: usize, c: usize, rowC: usize, kc: i32): void {
  if (height == MR) tileMr(a, rowA, stepA, b, start, rowStart, c, rowC, kc);
  else tile4(a, rowA, stepA, b, start, rowStart, c, rowC, kc);
}

/** C[6, 8] = S + op(A)[6, kc] · b[kc, 8], a pointer for each row of A: so it reads A as it lies as fast as packed. */
function tile6(a: usize, rowA: usize, stepA: usize, b: usize, start: usize, rowStart: usize, c: usize, rowC: usize, kc: i32): void {
  let p1 = a + rowA, p2 = p1 + rowA, p3 = p2 + rowA, p4 = p3 + rowA, p5 = p4 + rowA;
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
  if (start) {
    s00 = v128.load(start);
    s01 = v128.load(start, 16);
    start += rowStart;
    s10 = v128.load(start);
    s11 = v128.load(start, 16);
    start += rowStart;
    s20 = v128.load(start);
    s21 = v128.load(start, 16);
    start += rowStart;
    s30 = v128.load(start);
    s31 = v128.load(start, 16);
    start += rowStart;
    s40 = v128.load(start);
    s41 = v128.load(start, 16);
    start += rowStart;
    s50 = v128.load(start);
    s51 = v128.load(start, 16);
  }
  const end = b + <usize>(NR * kc) * F;
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(p1);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(p2);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(p3);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    const a4 = v128.load32_splat(p4);
    s40 = madd(a4, b0, s40);
    s41 = madd(a4, b1, s41);
    const a5 = v128.load32_splat(p5);
    s50 = madd(a5, b0, s50);
    s51 = madd(a5, b1, s51);
    a += stepA;
    p1 += stepA;
    p2 += stepA;
    p3 += stepA;
    p4 += stepA;
    p5 += stepA;
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

/** C[5, 8] = S + a[kc, 5]ᵀ · b[kc, 8]. It leaves the processor no room for five pointers. */
function tile5(a: usize, b: usize, start: usize, rowStart: usize, c: usize, rowC: usize, kc: i32): void {
  const c1 = c + rowC;
  const c2 = c1 + rowC;
  const c3 = c2 + rowC;
  const c4 = c3 + rowC;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0);
  if (start) {
    s00 = v128.load(start);
    s01 = v128.load(start, 16);
    start += rowStart;
    s10 = v128.load(start);
    s11 = v128.load(start, 16);
    start += rowStart;
    s20 = v128.load(start);
    s21 = v128.load(start, 16);
    start += rowStart;
    s30 = v128.load(start);
    s31 = v128.load(start, 16);
    start += rowStart;
    s40 = v128.load(start);
    s41 = v128.load(start, 16);
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

/** C[4, 8] = S + op(A)[4, kc] · b[kc, 8]: rows of A rowA bytes apart, stepA from one k to the next; rows of C rowC bytes apart. */
export function tile4(a: usize, rowA: usize, stepA: usize, b: usize, start: usize, rowStart: usize, c: usize, rowC: usize, kc: i32): void {
  let p1 = a + rowA, p2 = p1 + rowA, p3 = p2 + rowA;
  const c1 = c + rowC;
  const c2 = c1 + rowC;
  const c3 = c2 + rowC;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  if (start) {
    s00 = v128.load(start);
    s01 = v128.load(start, 16);
    start += rowStart;
    s10 = v128.load(start);
    s11 = v128.load(start, 16);
    start += rowStart;
    s20 = v128.load(start);
    s21 = v128.load(start, 16);
    start += rowStart;
    s30 = v128.load(start);
    s31 = v128.load(start, 16);
  }
  const end = b + <usize>(NR * kc) * F;
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.load32_splat(p1);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.load32_splat(p2);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.load32_splat(p3);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    a += stepA;
    p1 += stepA;
    p2 += stepA;
    p3 += stepA;
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

