/** The matrix product for a few rows, without packing: B is read once as it lies in memory, so a copy of it would cost more than the product. */

import { loadFirst, storeFirst } from "./rows";
import { madd } from "./simd";

/** Bytes of a float32. */
const F: usize = 4;

/**
 * C[m, n] (+)= op(A)[m, k] · B[k, n], B not transposed: C's rows as sums of B's rows, four of them at a time, in ascending order like the packed product.
 * Distances in bytes: rowA and kA from one row and one k of op(A) to the next, rowB and rowC from row to row.
 */
export function multiplyRows(a: usize, rowA: usize, kA: usize, b: usize, rowB: usize, c: usize, rowC: usize, add: bool, m: i32, n: i32, k: i32): void {
  for (let p = 0; p < k; p += 4) {
    for (let i = 0; i < m; i++) {
      const x = a + <usize>i * rowA + <usize>p * kA;
      const y = c + <usize>i * rowC;
      if (!add && p == 0) memory.fill(y, 0, <usize>n * F);
      if (p + 4 <= k) addFourRows(x, kA, b, rowB, y, n);
      else for (let q = 0; q < k - p; q++) addRow(v128.load32_splat(x + <usize>q * kA), b + <usize>q * rowB, y, n);
    }
    b += 4 * rowB;
  }
}

/** Rows that {@link multiplyColumns} computes at a time: its scratch, n · SPAN numbers, stays in L1. */
const SPAN: i32 = 512;

/**
 * C[m, n] (+)= Aᵀ · B for a few columns, A stored [k, m]: the rows of Cᵀ = Bᵀ · A as above, in scratch, of n · min(m, 512) numbers.
 * Distances in bytes: columnB and kB from one column and one k of op(B) to the next, rowA and rowC from row to row.
 */
export function multiplyColumns(
  a: usize, rowA: usize, b: usize, columnB: usize, kB: usize, c: usize, rowC: usize, add: bool, m: i32, n: i32, k: i32, scratch: usize,
): void {
  for (let i = 0; i < m; i += SPAN) {
    const span = min(SPAN, m - i);
    if (add) turn(scratch, <usize>span * F, F, c, F, rowC, n, span);
    multiplyRows(b, columnB, kB, a, rowA, scratch, <usize>span * F, add, n, span, k);
    turn(c, F, rowC, scratch, <usize>span * F, F, n, span);
    a += <usize>span * F;
    c += <usize>span * rowC;
  }
}

/** to[j, i] = from[j, i], j = 0 ... n - 1, i = 0 ... m - 1, each with its own distances. */
function turn(to: usize, jTo: usize, iTo: usize, from: usize, jFrom: usize, iFrom: usize, n: i32, m: i32): void {
  for (let j = 0; j < n; j++, to += jTo, from += jFrom) {
    for (let i = 0; i < m; i++) store<f32>(to + <usize>i * iTo, load<f32>(from + <usize>i * iFrom));
  }
}

/** y[n] += Σ_q x[q] · b[q, n], q = 0 ... 3. */
function addFourRows(x: usize, kA: usize, b: usize, rowB: usize, y: usize, n: i32): void {
  const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x + kA), x2 = v128.load32_splat(x + 2 * kA), x3 = v128.load32_splat(x + 3 * kA);
  let b0 = b, b1 = b0 + rowB, b2 = b1 + rowB, b3 = b2 + rowB;
  const end = y + <usize>n * F;
  for (const vectors = y + <usize>(n & ~3) * F; y < vectors; y += 16, b0 += 16, b1 += 16, b2 += 16, b3 += 16) {
    let s = madd(x0, v128.load(b0), v128.load(y));
    s = madd(x1, v128.load(b1), s);
    s = madd(x2, v128.load(b2), s);
    v128.store(y, madd(x3, v128.load(b3), s));
  }
  for (; y < end; y += F, b0 += F, b1 += F, b2 += F, b3 += F) {
    let s = madd(x0, v128.load32_splat(b0), v128.load32_splat(y));
    s = madd(x1, v128.load32_splat(b1), s);
    s = madd(x2, v128.load32_splat(b2), s);
    v128.store_lane<f32>(y, madd(x3, v128.load32_splat(b3), s), 0);
  }
}

/** y[n] += x · b[n]. */
function addRow(x: v128, b: usize, y: usize, n: i32): void {
  const end = y + <usize>n * F;
  for (const vectors = y + <usize>(n & ~3) * F; y < vectors; y += 16, b += 16) v128.store(y, madd(x, v128.load(b), v128.load(y)));
  for (; y < end; y += F, b += F) v128.store_lane<f32>(y, madd(x, v128.load32_splat(b), v128.load32_splat(y)), 0);
}

/**
 * C[m, n] (+)= op(A)[m, k] · Bᵀ, B stored [n, k]: each number of C is the dot product of two rows. Sixteen rows of B are taken at a time, four of them in the lanes of a
 * vector; their numbers come in squares of 4 × 4 that are turned in registers. So every sum runs over k in ascending order here too.
 * Distances in bytes: columnC from one column of C to the next.
 */
export function multiplyDots(
  a: usize, rowA: usize, kA: usize, b: usize, rowB: usize, c: usize, rowC: usize, columnC: usize, add: bool, m: i32, n: i32, k: i32,
): void {
  for (let j = 0; j < n; j += 16) {
    for (let i = 0; i < m; i++) {
      const x = a + <usize>i * rowA;
      const y = c + <usize>i * rowC;
      if (j + 16 <= n) dots16(x, kA, b, rowB, y, columnC, add, k);
      else for (let q = 0; q < n - j; q += 4) dots4(x, kA, b + <usize>q * rowB, rowB, y + <usize>q * columnC, columnC, add, min(4, n - j - q), k);
    }
    b += 16 * rowB;
    c += 16 * columnC;
  }
}

/** Four sums go on by x[q] · r_j[q], q = 0 ... 3, of the four rows from r0 on. */
// @ts-ignore: decorator
@inline
function addSquare(s: v128, r0: usize, r1: usize, r2: usize, r3: usize, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const b0 = v128.load(r0), b1 = v128.load(r1), b2 = v128.load(r2), b3 = v128.load(r3);
  const low01 = v128.shuffle<f32>(b0, b1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(b0, b1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(b2, b3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(b2, b3, 2, 6, 3, 7);
  s = madd(x0, v128.shuffle<f64>(low01, low23, 0, 2), s);
  s = madd(x1, v128.shuffle<f64>(low01, low23, 1, 3), s);
  s = madd(x2, v128.shuffle<f64>(high01, high23, 0, 2), s);
  return madd(x3, v128.shuffle<f64>(high01, high23, 1, 3), s);
}

/** Four sums go on by x · r_j[0]. */
// @ts-ignore: decorator
@inline
function addFour(s: v128, r0: usize, r1: usize, r2: usize, r3: usize, x: v128): v128 {
  return madd(x, f32x4(load<f32>(r0), load<f32>(r1), load<f32>(r2), load<f32>(r3)), s);
}

/** y_j (+)= x · b_j for 16 rows of B: four chains of sums hide the latency of one. */
function dots16(x: usize, kA: usize, b: usize, rowB: usize, y: usize, columnC: usize, add: bool, k: i32): void {
  const row2 = 2 * rowB, row3 = 3 * rowB;
  let g0 = b, g1 = b + 4 * rowB, g2 = b + 8 * rowB, g3 = b + 12 * rowB;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  if (add) {
    s0 = loadColumns(y, columnC, 4);
    s1 = loadColumns(y + 4 * columnC, columnC, 4);
    s2 = loadColumns(y + 8 * columnC, columnC, 4);
    s3 = loadColumns(y + 12 * columnC, columnC, 4);
  }
  const end = b + <usize>k * F;
  const squares = b + <usize>(k & ~3) * F;
  for (; g0 < squares; g0 += 16, g1 += 16, g2 += 16, g3 += 16) {
    const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x + kA), x2 = v128.load32_splat(x + 2 * kA), x3 = v128.load32_splat(x + 3 * kA);
    s0 = addSquare(s0, g0, g0 + rowB, g0 + row2, g0 + row3, x0, x1, x2, x3);
    s1 = addSquare(s1, g1, g1 + rowB, g1 + row2, g1 + row3, x0, x1, x2, x3);
    s2 = addSquare(s2, g2, g2 + rowB, g2 + row2, g2 + row3, x0, x1, x2, x3);
    s3 = addSquare(s3, g3, g3 + rowB, g3 + row2, g3 + row3, x0, x1, x2, x3);
    x += 4 * kA;
  }
  for (; g0 < end; g0 += F, g1 += F, g2 += F, g3 += F, x += kA) {
    const x0 = v128.load32_splat(x);
    s0 = addFour(s0, g0, g0 + rowB, g0 + row2, g0 + row3, x0);
    s1 = addFour(s1, g1, g1 + rowB, g1 + row2, g1 + row3, x0);
    s2 = addFour(s2, g2, g2 + rowB, g2 + row2, g2 + row3, x0);
    s3 = addFour(s3, g3, g3 + rowB, g3 + row2, g3 + row3, x0);
  }
  storeColumns(y, columnC, s0, 4);
  storeColumns(y + 4 * columnC, columnC, s1, 4);
  storeColumns(y + 8 * columnC, columnC, s2, 4);
  storeColumns(y + 12 * columnC, columnC, s3, 4);
}

/** The same for the last `count` rows of B, 1 to 4. Rows that are missing repeat the last one. */
function dots4(x: usize, kA: usize, b: usize, rowB: usize, y: usize, columnC: usize, add: bool, count: i32, k: i32): void {
  let r0 = b, r1 = b + <usize>min(1, count - 1) * rowB, r2 = b + <usize>min(2, count - 1) * rowB, r3 = b + <usize>(count - 1) * rowB;
  let s = add ? loadColumns(y, columnC, count) : f32x4.splat(0);
  const end = b + <usize>k * F;
  const squares = b + <usize>(k & ~3) * F;
  for (; r0 < squares; r0 += 16, r1 += 16, r2 += 16, r3 += 16, x += 4 * kA) {
    s = addSquare(s, r0, r1, r2, r3, v128.load32_splat(x), v128.load32_splat(x + kA), v128.load32_splat(x + 2 * kA), v128.load32_splat(x + 3 * kA));
  }
  for (; r0 < end; r0 += F, r1 += F, r2 += F, r3 += F, x += kA) s = addFour(s, r0, r1, r2, r3, v128.load32_splat(x));
  storeColumns(y, columnC, s, count);
}

/** The first `count` of four numbers, `distance` bytes apart. */
// @ts-ignore: decorator
@inline
function loadColumns(p: usize, distance: usize, count: i32): v128 {
  if (distance == F) return loadFirst(p, count);
  let v = v128.load32_zero(p);
  if (count > 1) v = v128.load_lane<f32>(p + distance, v, 1);
  if (count > 2) v = v128.load_lane<f32>(p + 2 * distance, v, 2);
  if (count > 3) v = v128.load_lane<f32>(p + 3 * distance, v, 3);
  return v;
}

// @ts-ignore: decorator
@inline
function storeColumns(p: usize, distance: usize, v: v128, count: i32): void {
  if (distance == F) return storeFirst(p, v, count);
  v128.store_lane<f32>(p, v, 0);
  if (count > 1) v128.store_lane<f32>(p + distance, v, 1);
  if (count > 2) v128.store_lane<f32>(p + 2 * distance, v, 2);
  if (count > 3) v128.store_lane<f32>(p + 3 * distance, v, 3);
}
