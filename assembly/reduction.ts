/** Functions along one axis: `src/reference/reduction.ts`. An array is [outer, n, inner]; n is the axis. */

import { fill } from './memory'
import { firstLanes, high, Itself, loadFirst, low, storeFirst, sumRow, tree } from './rows'

/** So many columns are summed at a time; their sums take 8 · COLUMNS bytes of scratch. */
const COLUMNS: usize = 512

/** Bytes of scratch that `sum` needs. */
export function sumScratch(): usize {
  return COLUMNS << 3
}

/** Rows up to this long are added term by term in float32, as the definition adds them: the bits of a small example are the same. */
const SHORT: usize = 8

/** y_oi = Σ_j x_oji        x: [O, N, I] -> y: [O, I]. Longer rows: groups of eight vectors, or of eight rows, are added in float32 as trees, the groups in float64. */
export function sum(x: usize, y: usize, outer: usize, n: usize, inner: usize, scratch: usize): void {
  for (let o: usize = 0; o < outer; o++) {
    if (inner == 1) store<f32>(y, n <= SHORT ? sumShort(x, n) : <f32>sumRow<Itself>(x, n, f32x4.splat(0), f32x4.splat(0)))
    else sumColumns(x, y, n, inner, inner, scratch)
    x += (n * inner) << 2
    y += inner << 2
  }
}

@inline
function sumShort(x: usize, n: usize): f32 {
  let total: f32 = 0
  for (let j: usize = 0; j < n; j++) total += load<f32>(x + (j << 2))
  return total
}

/** dx_oji = dy_oi / N        dy: [O, I] -> dx: [O, N, I]. What is written past the end of a row is written over by the next. */
export function meanBackward(dy: usize, dx: usize, outer: usize, n: usize, inner: usize): void {
  const row = inner << 2
  for (let o: usize = 0; o < outer && n > 0; o++) {
    if (inner == 1) {
      fill(dx, n, reinterpret<i32>(load<f32>(dy) / <f32>n))
    } else {
      divide(dy, dx, inner, <f32>n)
      for (let j: usize = 1; j < n; j++) memory.copy(dx + j * row, dx, row)
    }
    dy += row
    dx += n * row
  }
}

/** y_i = x_i / divisor, whole lines        x -> y: [n] */
export function divide(x: usize, y: usize, n: usize, divisor: f32): void {
  const d = f32x4.splat(divisor)
  for (const end = x + (n << 2); x < end; x += 16, y += 16) v128.store(y, f32x4.div(v128.load(x), d))
}

/** y_i = Σ_j x_ji for the first `columns` of the I columns        x: [N, I] -> y: [columns] */
export function sumColumns(x: usize, y: usize, n: usize, inner: usize, columns: usize, sums: usize): void {
  const row = inner << 2
  for (let first: usize = 0; first < columns; first += COLUMNS) {
    const width = min(COLUMNS, columns - first)
    memory.fill(sums, 0, COLUMNS << 3)
    let p = x + (first << 2)
    let j: usize = 0
    for (; j + 8 <= n; j += 8) {
      for (let i: usize = 0; i < width; i += 4) addTo(sums + (i << 3), eightRows(p + (i << 2), row, width - i))
      p += row << 3
    }
    for (; j < n; j++) {
      for (let i: usize = 0; i < width; i += 4) addTo(sums + (i << 3), loadFirst(p + (i << 2), width - i))
      p += row
    }
    for (let i: usize = 0; i < width; i += 4) {
      const s0 = f32x4.demote_f64x2_zero(v128.load(sums + (i << 3)))
      const s1 = f32x4.demote_f64x2_zero(v128.load(sums + (i << 3), 16))
      storeFirst(y + ((first + i) << 2), v128.shuffle<f64>(s0, s1, 0, 2), width - i)
    }
  }
}

@inline
function eightRows(p: usize, row: usize, count: usize): v128 {
  return tree(
    loadFirst(p, count), loadFirst(p + row, count), loadFirst(p + 2 * row, count), loadFirst(p + 3 * row, count),
    loadFirst(p + 4 * row, count), loadFirst(p + 5 * row, count), loadFirst(p + 6 * row, count), loadFirst(p + 7 * row, count),
  )
}

/** Four float64 sums grow by the lanes of v. */
@inline
function addTo(sums: usize, v: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), low(v)))
  v128.store(sums, f64x2.add(v128.load(sums, 16), high(v)), 16)
}

/** y_oji = Σ_{l <= j} x_oli, or l >= j in reverse        x -> y: [O, N, I]. In float64. */
export function cumsum(x: usize, y: usize, outer: usize, n: usize, inner: usize, reverse: bool): void {
  const step: isize = reverse ? -<isize>(inner << 2) : <isize>(inner << 2)
  const start = reverse && n > 0 ? ((n - 1) * inner) << 2 : 0
  for (let o: usize = 0; o < outer; o++) {
    for (let i: usize = 0; i < inner; i++) {
      let total: f64 = 0
      let p: isize = <isize>(((o * n * inner + i) << 2) + start)
      for (let j: usize = 0; j < n; j++) {
        total += load<f32>(x + p)
        store<f32>(y + p, <f32>total)
        p += step
      }
    }
  }
}

/** The sign bit, or nothing: the least of x is the greatest of -x. */
@inline
function flip(least: bool): v128 {
  return i32x4.splat(least ? 0x80000000 : 0)
}

/** y_oi = argmax_j x_oji, the first where there are several, or argmin; a NaN is the greatest, and the least        x: [O, N, I] -> y: [O, I], int32 */
export function argbest(x: usize, y: usize, outer: usize, n: usize, inner: usize, least: bool): void {
  for (let o: usize = 0; o < outer; o++) {
    if (inner == 1) store<i32>(y, <i32>bestOfRow(x, n, flip(least)))
    else bestOfColumns(x, y, n, inner, flip(least))
    x += (n * inner) << 2
    y += inner << 2
  }
}

/** First the greatest number, then where it stands. */
function bestOfRow(x: usize, n: usize, flip: v128): usize {
  const lowest = f32x4.splat(-Infinity)
  let best = lowest
  let nan = i32x4.splat(0)
  for (let i: usize = 0; i < n; i += 4) {
    let v = v128.xor(loadFirst(x + (i << 2), n - i), flip)
    if (n - i < 4) v = v128.bitselect(v, lowest, firstLanes(n - i))
    best = f32x4.pmax(best, v)
    nan = v128.or(nan, f32x4.ne(v, v))
  }
  best = f32x4.pmax(best, v128.shuffle<f64>(best, best, 1, 0))
  best = f32x4.pmax(best, v128.shuffle<f32>(best, best, 1, 0, 3, 2))
  const hasNaN = v128.any_true(nan)
  for (let i: usize = 0; i < n; i += 4) {
    const v = v128.xor(loadFirst(x + (i << 2), n - i), flip)
    const found = i32x4.bitmask(hasNaN ? f32x4.ne(v, v) : f32x4.eq(v, best))
    if (found) return i + ctz(found)
  }
  return 0
}

/** Four columns at a time. */
function bestOfColumns(x: usize, y: usize, n: usize, inner: usize, flip: v128): void {
  for (let i: usize = 0; i < inner; i += 4) {
    const count = inner - i
    let p = x + (i << 2)
    let best = v128.xor(loadFirst(p, count), flip)
    let place = i32x4.splat(0)
    for (let j: usize = 1; j < n; j++) {
      p += inner << 2
      const v = v128.xor(loadFirst(p, count), flip)
      const better = v128.or(f32x4.gt(v, best), v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best)))
      best = v128.bitselect(v, best, better)
      place = v128.bitselect(i32x4.splat(<i32>j), place, better)
    }
    storeFirst(y + (i << 2), place, count)
  }
}
