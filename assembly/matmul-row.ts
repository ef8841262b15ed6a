/** The matrix product for a few rows, without packing: B is read once as it lies in memory, so a copy of it would cost more than the product. */

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
