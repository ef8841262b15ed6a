/** Squared distances of rows, and which rows are nearest: `src/reference/distance.ts`. All numbers are finite. */

import { packB } from './matmul-pack'
import { argbest } from './reduction'
import { loadFirst } from './rows'
import { madd } from './simd'

/** A tile: five rows of x, eight of y. Its ten sums, two vectors of y, one number of x and their difference fit V8's 15 vector registers. */
const ROWS: usize = 5
const COLUMNS: usize = 8
/** The spare tile in which the edges are computed. */
const SPARE: usize = (ROWS * COLUMNS) << 2
/** Distances that `nearest` holds at a time, unless five rows have more: 1 MiB. */
const BLOCK: usize = 262144

/** Bytes of scratch that squaredDistances needs: the spare tile, and a panel of y. */
export function squaredDistancesScratch(d: usize): usize {
  return SPARE + ((COLUMNS * d + 16) << 2)
}

/**
 * D_ij = Σ_p (x_ip - y_jp)²        x: [N, D], y: [M, D] -> [N, M]
 *
 * Eight rows of y at a time become a panel [D, 8], which stays in L1 while all of x passes by. Each distance is summed over p in ascending order, so its
 * bits do not depend on where its rows stand.
 */
export function squaredDistances(x: usize, y: usize, distances: usize, n: usize, m: usize, d: usize, scratch: usize): void {
  const panel = scratch + SPARE
  const line = d << 2
  for (let j: usize = 0; j < m; j += COLUMNS) {
    const columns = min(COLUMNS, m - j)
    packB(panel, y + j * line, line, true, <i32>columns, <i32>d)
    for (let i: usize = 0; i < n; i += ROWS) {
      const rows = min(ROWS, n - i)
      const to = distances + ((i * m + j) << 2)
      if (rows == ROWS && columns == COLUMNS) {
        tile(x + i * line, line, rows, panel, d, to, m << 2)
      } else {
        tile(x + i * line, line, rows, panel, d, scratch, COLUMNS << 2)
        for (let r: usize = 0; r < rows; r++) copyRow(scratch + ((r * COLUMNS) << 2), to + ((r * m) << 2), columns)
      }
    }
  }
}

/** The distances of five rows of x, the last repeated where there are fewer, to the eight of a panel. */
function tile(x: usize, line: usize, rows: usize, panel: usize, d: usize, to: usize, rowTo: usize): void {
  const last = rows - 1
  let x0 = x
  let x1 = x + min<usize>(1, last) * line
  let x2 = x + min<usize>(2, last) * line
  let x3 = x + min<usize>(3, last) * line
  let x4 = x + last * line
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0)
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0)
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0)
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0)
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0)
  for (const end = x + (d << 2); x0 < end; x0 += 4, x1 += 4, x2 += 4, x3 += 4, x4 += 4, panel += 32) {
    const y0 = v128.load(panel), y1 = v128.load(panel, 16)
    const a0 = v128.load32_splat(x0)
    s00 = addSquare(a0, y0, s00)
    s01 = addSquare(a0, y1, s01)
    const a1 = v128.load32_splat(x1)
    s10 = addSquare(a1, y0, s10)
    s11 = addSquare(a1, y1, s11)
    const a2 = v128.load32_splat(x2)
    s20 = addSquare(a2, y0, s20)
    s21 = addSquare(a2, y1, s21)
    const a3 = v128.load32_splat(x3)
    s30 = addSquare(a3, y0, s30)
    s31 = addSquare(a3, y1, s31)
    const a4 = v128.load32_splat(x4)
    s40 = addSquare(a4, y0, s40)
    s41 = addSquare(a4, y1, s41)
  }
  v128.store(to, s00)
  v128.store(to, s01, 16)
  v128.store(to + rowTo, s10)
  v128.store(to + rowTo, s11, 16)
  v128.store(to + 2 * rowTo, s20)
  v128.store(to + 2 * rowTo, s21, 16)
  v128.store(to + 3 * rowTo, s30)
  v128.store(to + 3 * rowTo, s31, 16)
  v128.store(to + 4 * rowTo, s40)
  v128.store(to + 4 * rowTo, s41, 16)
}

/** The first `columns` numbers of a tile's row. */
@inline
function copyRow(from: usize, to: usize, columns: usize): void {
  for (let c: usize = 0; c < columns; c++) store<f32>(to + (c << 2), load<f32>(from + (c << 2)))
}

/** sum + (a - b)² */
@inline
function addSquare(a: v128, b: v128, sum: v128): v128 {
  const difference = f32x4.sub(a, b)
  return madd(difference, difference, sum)
}

/** Rows of x whose distances `nearest` holds at a time. */
@inline
function blockRows(n: usize, m: usize): usize {
  return min(n, max(ROWS, BLOCK / max<usize>(m, 1)))
}

/** Bytes of scratch that nearest needs. */
export function nearestScratch(n: usize, m: usize, d: usize, k: usize): usize {
  return ((blockRows(n, m) * m + k + 16) << 2) + squaredDistancesScratch(d)
}

/** The k rows of y nearest to each row of x, nearest first, equally near ones as they came        x: [N, D], y: [M, D] -> [N, K], int32 */
export function nearest(x: usize, y: usize, places: usize, n: usize, m: usize, d: usize, k: usize, scratch: usize): void {
  const block = blockRows(n, m)
  const distances = scratch + squaredDistancesScratch(d)
  const least = distances + ((block * m) << 2)
  for (let i: usize = 0; i < n; i += block) {
    const rows = min(block, n - i)
    squaredDistances(x + ((i * d) << 2), y, distances, rows, m, d, scratch)
    if (k == 1) argbest(distances, places, rows, m, 1, true)
    else for (let r: usize = 0; r < rows; r++) leastOfRow(distances + ((r * m) << 2), m, places + ((r * k) << 2), least, k)
    places += (rows * k) << 2
  }
}

/** Where the k least of m numbers stand: those found so far are kept in order, and four at a time are compared with the last of them. */
function leastOfRow(x: usize, m: usize, places: usize, least: usize, k: usize): void {
  let found: usize = 0
  for (let i: usize = 0; i < m; i += 4) {
    const v = loadFirst(x + (i << 2), m - i)
    const candidates = found < k ? 15 : i32x4.bitmask(f32x4.lt(v, v128.load32_splat(least + ((k - 1) << 2))))
    if (!candidates) continue
    const end = min(i + 4, m)
    for (let j = i; j < end; j++) {
      const value = load<f32>(x + (j << 2))
      if (found == k && !(value < load<f32>(least + ((k - 1) << 2)))) continue
      let at = found < k ? found++ : k - 1
      for (; at > 0 && value < load<f32>(least + ((at - 1) << 2)); at--) {
        store<f32>(least + (at << 2), load<f32>(least + ((at - 1) << 2)))
        store<i32>(places + (at << 2), load<i32>(places + ((at - 1) << 2)))
      }
      store<f32>(least + (at << 2), value)
      store<i32>(places + (at << 2), <i32>j)
    }
  }
}
