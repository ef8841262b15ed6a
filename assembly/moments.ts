/** Means and variances, along rows and down columns: what layer norm and batch norm share. */

import { firstLanes, high, loadFirst, low } from './rows'

/** A term of a variance. */
export class SquareOfDifference { @inline of(x: v128, mean: v128, _: v128): v128 { const d = f32x4.sub(x, mean); return f32x4.mul(d, d) } }

/** Σ_i a_i · (x_i - mean)        a, x: [n]. Four vectors are added in float32, everything beyond that in float64. */
@inline
export function dotDifference(a: usize, x: usize, n: usize, mean: v128): f64 {
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  const end = a + (n << 2)
  for (; a + 64 <= end; a += 64, x += 64) {
    const s = f32x4.add(
      f32x4.add(term(v128.load(a), v128.load(x), mean), term(v128.load(a, 16), v128.load(x, 16), mean)),
      f32x4.add(term(v128.load(a, 32), v128.load(x, 32), mean), term(v128.load(a, 48), v128.load(x, 48), mean)),
    )
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  for (; a < end; a += 16, x += 16) {
    const count = (end - a) >> 2
    let s = term(loadFirst(a, count), loadFirst(x, count), mean)
    if (count < 4) s = v128.and(s, firstLanes(count)) // 0 · ∞ in a lane behind the end
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  const s = f64x2.add(s0, s1)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}

@inline
function term(a: v128, x: v128, mean: v128): v128 {
  return f32x4.mul(a, f32x4.sub(x, mean))
}

// Sums down the columns of a matrix, one row after the other: GROUP rows are added in float32, the groups in float64. They take 12 bytes of scratch for each
// column, of whole lines: first the float32 sums of the running group, then the float64 sums.

export const GROUP: usize = 16

/** Columns in whole lines. */
@inline
function padded(c: usize): usize {
  return (c + 15) & ~15
}

/** Bytes of scratch for the sums of c columns. */
export function columnSums(c: usize): usize {
  return padded(c) * 12
}

@inline
export function clearSums(sums: usize, c: usize): void {
  memory.fill(sums, 0, columnSums(c))
}

/** Four sums of the running group grow. */
@inline
export function addToSums(sums: usize, v: v128): void {
  v128.store(sums, f32x4.add(v128.load(sums), v))
}

/** The group is full: its sums are added to the others. */
export function closeGroup(sums: usize, c: usize): void {
  let total = sums + (padded(c) << 2)
  const end = sums + (c << 2)
  for (; sums < end; sums += 16, total += 32) {
    const v = v128.load(sums)
    v128.store(total, f64x2.add(v128.load(total), low(v)))
    v128.store(total, f64x2.add(v128.load(total, 16), high(v)), 16)
    v128.store(sums, f32x4.splat(0))
  }
}

/** The sums of other rows, whose groups are closed as well, are added. */
export function addSums(sums: usize, others: usize, c: usize): void {
  let total = sums + (padded(c) << 2)
  let other = others + (padded(c) << 2)
  for (const end = total + (c << 3); total < end; total += 16, other += 16) v128.store(total, f64x2.add(v128.load(total), v128.load(other)))
}

/** The sum of column i, once its last group is closed. */
@inline
export function sumOf(sums: usize, c: usize, i: usize): f64 {
  return load<f64>(sums + (padded(c) << 2) + (i << 3))
}
