/**
 * The matrix of columns (im2col): what the windows look at becomes a matrix with a row for every weight of a filter and a column for every output. Row (c, i, j) is
 * channel c moved by (i, j), so most of it is copied as it lies.
 */

import { Geometry } from './geometry'
import { loadFirst, storeFirst } from './rows'

/** What outputs first ... first + count look at        image: [channels, H, W] -> columns: [depth, count] */
export function gatherColumns(g: Geometry, image: usize, columns: usize, first: i32, count: i32): void {
  eachRow(g, image, columns, first, count, false)
}

/** The adjoint: each number of the columns is added where it came from        columns: [depth, count] -> image: [channels, H, W]. It overwrites columns. */
export function scatterColumns(g: Geometry, image: usize, columns: usize, first: i32, count: i32): void {
  eachRow(g, image, columns, first, count, true)
}

@inline
function eachRow(g: Geometry, image: usize, columns: usize, first: i32, count: i32, adjoint: bool): void {
  const plane = <usize>(g.h * g.w) << 2
  const row = <usize>count << 2
  const moved = g.isDense && g.u == g.w // outputs lie as the numbers of the image do
  const channels = g.channels
  for (let c = 0; c < channels; c++, image += plane) {
    for (let i = 0; i < g.i; i++) {
      const down = i * g.downDilation - g.downPadding
      for (let j = 0; j < g.j; j++, columns += row) {
        const across = j * g.acrossDilation - g.acrossPadding
        if (moved) movedPlane(g, image, columns, down, across, first, count, adjoint)
        else lineByLine(g, image, columns, down, across, first, count, adjoint)
      }
    }
  }
}

/** The row is the channel, moved by down · W + across, once what ran over the end of a line has been put right. */
@inline
function movedPlane(g: Geometry, image: usize, row: usize, down: i32, across: i32, first: i32, count: i32, adjoint: bool): void {
  const end = first + count
  const shift = down * g.w + across
  const from = min(end, max(first, -shift))
  const to = max(from, min(end, g.h * g.w - shift))
  if (adjoint) clearOutside(g, row, across, first, end)
  else clear(row, from - first)
  transfer(image + (<usize>(from + shift) << 2), row + (<usize>(from - first) << 2), to - from, adjoint)
  if (!adjoint) {
    clear(row + (<usize>(to - first) << 2), end - to)
    clearOutside(g, row, across, first, end)
  }
}

/** 0 for outputs whose number lies left or right of the image. */
@inline
function clearOutside(g: Geometry, row: usize, across: i32, first: i32, end: i32): void {
  const inside = min(g.u, max(0, -across))
  const behind = max(inside, min(g.u, g.w - across))
  for (let line = first - first % g.u; line < end; line += g.u) {
    for (let p = max(first, line); p < min(end, line + inside); p++) store<f32>(row + (<usize>(p - first) << 2), 0)
    for (let p = max(first, line + behind); p < min(end, line + g.u); p++) store<f32>(row + (<usize>(p - first) << 2), 0)
  }
}

/** Each line of outputs looks at a line of the image, every stride-th number, from the first that lies inside to the last. */
@inline
function lineByLine(g: Geometry, image: usize, row: usize, down: i32, across: i32, first: i32, count: i32, adjoint: bool): void {
  const stride = g.acrossStride
  const inside = min(g.u, across < 0 ? (stride - 1 - across) / stride : 0)
  const behind = max(inside, across < g.w ? min(g.u, (g.w - 1 - across) / stride + 1) : 0)
  const end = first + count
  let v = first / g.u
  let u = first % g.u
  for (let p = first; p < end; v++, u = 0) {
    const stop = min(g.u, u + end - p)
    const h = v * g.downStride + down
    const isInside = h >= 0 && h < g.h
    const from = isInside ? min(stop, max(u, inside)) : stop
    const to = isInside ? max(from, min(stop, behind)) : stop
    const line = image + (<usize>(h * g.w + from * stride + across) << 2)
    if (!adjoint) clear(row, from - u)
    row += <usize>(from - u) << 2
    if (stride == 1) transfer(line, row, to - from, adjoint)
    else transferEvery(line, row, to - from, <usize>stride << 2, adjoint)
    row += <usize>(to - from) << 2
    if (!adjoint) clear(row, stop - to)
    row += <usize>(stop - to) << 2
    p += stop - u
  }
}

@inline
function clear(row: usize, n: i32): void {
  for (const end = row + (<usize>n << 2); row < end; row += 4) store<f32>(row, 0)
}

/** n neighbours of the image into the row, or added to the image from the row. */
@inline
function transfer(image: usize, row: usize, n: i32, adjoint: bool): void {
  const end = row + (<usize>n << 2)
  for (; row + 16 <= end; row += 16, image += 16) {
    if (adjoint) v128.store(image, f32x4.add(v128.load(image), v128.load(row)))
    else v128.store(row, v128.load(image))
  }
  if (row == end) return
  const count = (end - row) >> 2
  if (adjoint) storeFirst(image, f32x4.add(loadFirst(image, count), loadFirst(row, count)), count)
  else storeFirst(row, loadFirst(image, count), count)
}

/** The same for numbers of the image that are `step` bytes apart. */
@inline
function transferEvery(image: usize, row: usize, n: i32, step: usize, adjoint: bool): void {
  for (const end = row + (<usize>n << 2); row < end; row += 4, image += step) {
    if (adjoint) store<f32>(image, load<f32>(image) + load<f32>(row))
    else store<f32>(row, load<f32>(image))
  }
}
