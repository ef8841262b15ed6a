/** Squared distances of rows, and which rows are nearest: `src/reference/distance.ts`. All numbers are finite. */

import { beat } from './heartbeat'
import { packAcross, packB } from './matmul-pack'
import { fill } from './memory'
import { madd } from './simd'

/** A tile: five rows of x, eight of y. Its ten sums, two vectors of y, one number of x and their difference fit V8's 15 vector registers. */
const ROWS: usize = 5
const COLUMNS: usize = 8
/** The spare tile in which the edges are computed. */
const SPARE: usize = (ROWS * COLUMNS) << 2
/** Numbers of x that are packed at a time: 256 KiB, unless 100 rows have more. Each panel of y is packed anew for them. */
const BLOCK: usize = 65536
const LEAST_ROWS: usize = 100

/** How many rows of x are packed at a time: whole tiles. */
@inline
function blockRows(n: usize, d: usize): usize {
  const rows = min(n, max(LEAST_ROWS, BLOCK / max<usize>(d, 1)))
  return ((rows + ROWS - 1) / ROWS) * ROWS
}

/** Bytes of scratch that squaredDistances needs: the spare tile, a panel of y, and the panels of x. */
export function squaredDistancesScratch(n: usize, d: usize): usize {
  return SPARE + (((COLUMNS + blockRows(n, d)) * d + 16) << 2)
}

/** Rows of x as panels [D, 5], one after the other. */
function packRows(to: usize, x: usize, rows: usize, d: usize): void {
  const line = d << 2
  for (let r: usize = 0; r < rows; r += ROWS) packAcross(to + r * line, x + r * line, line, <i32>min(ROWS, rows - r), <i32>ROWS, <i32>d)
}

/**
 * D_ij = Σ_p (x_ip - y_jp)²        x: [N, D], y: [M, D] -> [N, M]
 *
 * Eight rows of y at a time become a panel [D, 8], which stays in L1 while a block of x passes by. Each distance is summed over p in ascending order, so its
 * bits do not depend on where its rows stand.
 */
export function squaredDistances(x: usize, y: usize, distances: usize, n: usize, m: usize, d: usize, scratch: usize): void {
  const panel = scratch + SPARE // [D, 8]
  const line = d << 2
  const panels = panel + COLUMNS * line // [rows / 5, D, 5]
  const block = blockRows(n, d)
  for (let i: usize = 0; i < n; i += block) {
    const rows = min(block, n - i)
    packRows(panels, x + i * line, rows, d)
    for (let j: usize = 0; j < m; j += COLUMNS) {
      const columns = min(COLUMNS, m - j)
      beat()
      packB(panel, y + j * line, line, true, <i32>columns, <i32>d)
      for (let r: usize = 0; r < rows; r += ROWS) {
        const to = distances + (((i + r) * m + j) << 2)
        if (rows - r >= ROWS && columns == COLUMNS) {
          tile(panels + r * line, panel, d, to, m << 2)
        } else {
          tile(panels + r * line, panel, d, scratch, COLUMNS << 2)
          for (let s: usize = 0; s < min(ROWS, rows - r); s++) copyRow(scratch + ((s * COLUMNS) << 2), to + ((s * m) << 2), columns)
        }
      }
    }
  }
}

/** The distances of the five rows of a panel of x to the eight of a panel of y, rows of the result rowTo bytes apart. */
function tile(x: usize, panel: usize, d: usize, to: usize, rowTo: usize): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0)
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0)
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0)
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0)
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0)
  const end = x + ((ROWS * d) << 2)
  // The first step stands before the loop, so that V8 (Node 20) keeps the addresses x + 4, x + 8, ... in registers and does not compute them in every step.
  {
    const y0 = v128.load(panel), y1 = v128.load(panel, 16)
    const a0 = v128.load32_splat(x)
    s00 = addSquare(a0, y0, s00)
    s01 = addSquare(a0, y1, s01)
    const a1 = v128.load32_splat(x, 4)
    s10 = addSquare(a1, y0, s10)
    s11 = addSquare(a1, y1, s11)
    const a2 = v128.load32_splat(x, 8)
    s20 = addSquare(a2, y0, s20)
    s21 = addSquare(a2, y1, s21)
    const a3 = v128.load32_splat(x, 12)
    s30 = addSquare(a3, y0, s30)
    s31 = addSquare(a3, y1, s31)
    const a4 = v128.load32_splat(x, 16)
    s40 = addSquare(a4, y0, s40)
    s41 = addSquare(a4, y1, s41)
    x += ROWS << 2
    panel += COLUMNS << 2
  }
  while (x < end) {
    const y0 = v128.load(panel), y1 = v128.load(panel, 16)
    const a0 = v128.load32_splat(x)
    s00 = addSquare(a0, y0, s00)
    s01 = addSquare(a0, y1, s01)
    const a1 = v128.load32_splat(x, 4)
    s10 = addSquare(a1, y0, s10)
    s11 = addSquare(a1, y1, s11)
    const a2 = v128.load32_splat(x, 8)
    s20 = addSquare(a2, y0, s20)
    s21 = addSquare(a2, y1, s21)
    const a3 = v128.load32_splat(x, 12)
    s30 = addSquare(a3, y0, s30)
    s31 = addSquare(a3, y1, s31)
    const a4 = v128.load32_splat(x, 16)
    s40 = addSquare(a4, y0, s40)
    s41 = addSquare(a4, y1, s41)
    x += ROWS << 2
    panel += COLUMNS << 2
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

/** Whether all of y, packed, stays in L1: 16 KiB. */
@inline
function areFew(m: usize, d: usize): bool {
  return m * d <= 4096
}

/** Bytes of scratch that nearest needs: beside the distances, the least ones of each row; or the panels of y. */
export function nearestScratch(n: usize, m: usize, d: usize, k: usize): usize {
  const least = (blockRows(n, d) * k) << 2
  const panelsOfFew = areFew(m, d) ? ((m + ROWS) * d) << 2 : 0
  return squaredDistancesScratch(n, d) + max(least, panelsOfFew)
}

/**
 * The k rows of y nearest to each row of x, nearest first, equally near ones as they came        x: [N, D], y: [M, D] -> [N, K], int32
 *
 * The same tiles, but no distance is kept that is not among the k least of its row so far.
 */
export function nearest(x: usize, y: usize, places: usize, n: usize, m: usize, d: usize, k: usize, scratch: usize): void {
  if (k == 1 && areFew(m, d)) return nearestOfFew(x, y, places, n, m, d, scratch)
  const panel = scratch + SPARE // [D, 8]
  const line = d << 2
  const panels = panel + COLUMNS * line // [rows / 5, D, 5]
  const block = blockRows(n, d)
  const least = panels + block * line // [rows, K]
  for (let i: usize = 0; i < n; i += block) {
    const rows = min(block, n - i)
    packRows(panels, x + i * line, rows, d)
    fill(least, rows * k, reinterpret<i32>(<f32>NaN)) // nothing found yet: no distance is as great
    for (let j: usize = 0; j < m; j += COLUMNS) {
      const columns = min(COLUMNS, m - j)
      beat()
      packB(panel, y + j * line, line, true, <i32>columns, <i32>d)
      for (let r: usize = 0; r < rows; r += ROWS) {
        tile(panels + r * line, panel, d, scratch, COLUMNS << 2)
        for (let s: usize = 0; s < min(ROWS, rows - r); s++) {
          const row = ((r + s) * k) << 2
          keepLeast(scratch + ((s * COLUMNS) << 2), j, columns, places + row, least + row, k)
        }
      }
    }
    places += (rows * k) << 2
  }
}

/** The nearest of few rows of y, as k-means asks for: they stay packed in L1 while x passes by, eight rows at a time, each of which is a lane that keeps its own least. */
function nearestOfFew(x: usize, y: usize, places: usize, n: usize, m: usize, d: usize, scratch: usize): void {
  const panel = scratch + SPARE // [D, 8]
  const line = d << 2
  const panels = panel + COLUMNS * line // [m / 5, D, 5]
  packRows(panels, y, m, d)
  for (let i: usize = 0; i < n; i += COLUMNS) {
    const columns = min(COLUMNS, n - i)
    beat()
    packB(panel, x + i * line, line, true, <i32>columns, <i32>d)
    let least0 = f32x4.splat(Infinity), least1 = least0
    let place0 = i32x4.splat(0), place1 = place0
    for (let r: usize = 0; r < m; r += ROWS) {
      tile(panels + r * line, panel, d, scratch, COLUMNS << 2)
      for (let s: usize = 0; s < min(ROWS, m - r); s++) {
        const place = i32x4.splat(<i32>(r + s))
        const row = scratch + ((s * COLUMNS) << 2)
        const d0 = v128.load(row), d1 = v128.load(row, 16)
        const isLess0 = f32x4.lt(d0, least0), isLess1 = f32x4.lt(d1, least1)
        least0 = v128.bitselect(d0, least0, isLess0)
        least1 = v128.bitselect(d1, least1, isLess1)
        place0 = v128.bitselect(place, place0, isLess0)
        place1 = v128.bitselect(place, place1, isLess1)
      }
    }
    const to = columns == COLUMNS ? places + (i << 2) : scratch
    v128.store(to, place0)
    v128.store(to, place1, 16)
    if (columns < COLUMNS) copyRow(scratch, places + (i << 2), columns)
  }
}

/** A tile's row, of which the first number stands at place j, joins the k least numbers found so far, which stand in order: only what is less than the last of them. */
@inline
function keepLeast(x: usize, j: usize, columns: usize, places: usize, least: usize, k: usize): void {
  const last = v128.load32_splat(least + ((k - 1) << 2))
  const others = v128.and(f32x4.ge(v128.load(x), last), f32x4.ge(v128.load(x, 16), last))
  if (!i32x4.all_true(others)) for (let c: usize = 0; c < columns; c++) insert(load<f32>(x + (c << 2)), <i32>(j + c), places, least, k)
}

/** Sorts a number into the k least ones, behind those that are equal; the last one falls out. NaN stands where none has been found yet. */
function insert(value: f32, place: i32, places: usize, least: usize, k: usize): void {
  let at = (k - 1) << 2
  if (value >= load<f32>(least + at)) return
  for (; at > 0 && !(value >= load<f32>(least + at - 4)); at -= 4) {
    store<f32>(least + at, load<f32>(least + at - 4))
    store<i32>(places + at, load<i32>(places + at - 4))
  }
  store<f32>(least + at, value)
  store<i32>(places + at, place)
}
