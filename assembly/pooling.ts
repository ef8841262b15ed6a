/** Pooling: `src/reference/pooling.ts`, line by line of outputs. The sizes are those of a convolution of one channel with one filter. */

import { Geometry } from './geometry'
import { arePairs, maxOfPairs, maxOfPairsBackward } from './pooling-pairs'
import { fillRow, loadFirst, storeFirst } from './rows'
import { endOutput, firstOutput, giveBack, loadEvery, takeIn } from './window-lines'

const GEOMETRY: usize = offsetof<Geometry>()

/** Bytes of scratch that each kernel needs, from the sizes on: these, and two lines of outputs. */
export function poolingScratch(u: i32): usize {
  return GEOMETRY + 2 * lineBytes(u)
}

function lineBytes(u: i32): usize {
  return ((<usize>u << 2) + 63) & ~63
}

/** What a number of a window does to the line. */
class Greater { @inline of(line: v128, x: v128, _: v128): v128 { return f32x4.max(line, x) } }
class Plus { @inline of(line: v128, x: v128, _: v128): v128 { return f32x4.add(line, x) } }

/** x: [N·C, H, W] -> y: [N·C, V, U] */
export function maxPool2d(g: Geometry, x: usize, y: usize): void {
  if (arePairs(g)) return maxOfPairs(g, x, y)
  for (let plane = 0; plane < g.n; plane++, x += <usize>(g.h * g.w) << 2) {
    for (let v = 0; v < g.v; v++, y += <usize>g.u << 2) {
      fillRow(y, <usize>g.u, f32x4.splat(-Infinity))
      takeIn<Greater>(g, x, y, v, 0)
    }
  }
}

/** x: [N·C, H, W] -> y: [N·C, V, U], int32 */
export function maxPool2dIndices(g: Geometry, x: usize, y: usize): void {
  for (let plane = 0; plane < g.n; plane++, x += <usize>(g.h * g.w) << 2) {
    for (let v = 0; v < g.v; v++, y += <usize>g.u << 2) findGreatest(g, x, y, v)
  }
}

/** dy: [N·C, V, U], x: [N·C, H, W] -> dx: [N·C, H, W] */
export function maxPool2dBackward(g: Geometry, dy: usize, x: usize, dx: usize): void {
  if (arePairs(g)) return maxOfPairsBackward(g, dy, x, dx)
  const places = changetype<usize>(g) + GEOMETRY + lineBytes(g.u)
  const plane = <usize>(g.h * g.w) << 2
  for (const end = x + plane * <usize>g.n; x < end; x += plane, dx += plane) {
    memory.fill(dx, 0, plane)
    for (let v = 0; v < g.v; v++) {
      findGreatest(g, x, places, v)
      for (let place = places, last = places + (<usize>g.u << 2); place < last; place += 4, dy += 4) {
        const at = dx + (<usize>load<i32>(place) << 2)
        store<f32>(at, load<f32>(at) + load<f32>(dy))
      }
    }
  }
}

/** x: [N·C, H, W] -> y: [N·C, V, U] */
export function avgPool2d(g: Geometry, x: usize, y: usize, countIncludePad: bool): void {
  for (let plane = 0; plane < g.n; plane++, x += <usize>(g.h * g.w) << 2) {
    for (let v = 0; v < g.v; v++, y += <usize>g.u << 2) {
      fillRow(y, <usize>g.u, f32x4.splat(0))
      takeIn<Plus>(g, x, y, v, 0)
      divideByCount(g, y, y, v, countIncludePad)
    }
  }
}

/** dy: [N·C, V, U] -> dx: [N·C, H, W] */
export function avgPool2dBackward(g: Geometry, dy: usize, dx: usize, countIncludePad: bool): void {
  const line = changetype<usize>(g) + GEOMETRY
  memory.fill(dx, 0, <usize>(g.n * g.h * g.w) << 2)
  for (let plane = 0; plane < g.n; plane++, dx += <usize>(g.h * g.w) << 2) {
    for (let v = 0; v < g.v; v++, dy += <usize>g.u << 2) {
      divideByCount(g, dy, line, v, countIncludePad)
      giveBack<Plus>(g, dx, line, v, 0)
    }
  }
}

/** The first line of the image that windows (v, ·) see, and the one behind the last. */
@inline
function top(g: Geometry, v: i32): i32 { return max(0, v * g.downStride - g.downPadding) }
@inline
function bottom(g: Geometry, v: i32): i32 { return min(g.h, v * g.downStride - g.downPadding + g.i) }

/** places_u = where in the image the greatest number of window (v, u) stands. The greatest numbers so far are kept in a line of the scratch. */
function findGreatest(g: Geometry, x: usize, places: usize, v: i32): void {
  const values = changetype<usize>(g) + GEOMETRY
  const stride = <usize>g.acrossStride << 2
  const apart = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(g.acrossStride))
  fillRow(values, <usize>g.u, f32x4.splat(-Infinity))
  for (let u = 0; u < g.u; u++) {
    store<i32>(places + (<usize>u << 2), top(g, v) * g.w + max(0, u * g.acrossStride - g.acrossPadding)) // where it stands if all are -∞
  }
  for (let h = top(g, v), end = bottom(g, v); h < end; h++) {
    for (let j = 0; j < g.j; j++) {
      const last = endOutput(g, j)
      for (let u = firstOutput(g, j); u < last; u += 4) {
        const count = <usize>(last - u)
        const at = <usize>u << 2
        const place = h * g.w + u * g.acrossStride + j - g.acrossPadding
        const numbers = loadEvery(x + (<usize>place << 2), stride, count)
        const best = loadFirst(values + at, count)
        const better = v128.or(f32x4.gt(numbers, best), v128.andnot(f32x4.ne(numbers, numbers), f32x4.ne(best, best)))
        storeFirst(values + at, v128.bitselect(numbers, best, better), count)
        const sofar = loadFirst(places + at, count)
        storeFirst(places + at, v128.bitselect(i32x4.add(i32x4.splat(place), apart), sofar, better), count)
      }
    }
  }
}

/** to_u = line_u / how many numbers the window of (v, u) has, or has inside the image */
function divideByCount(g: Geometry, line: usize, to: usize, v: i32, countIncludePad: bool): void {
  const rows = countIncludePad ? g.i : bottom(g, v) - top(g, v)
  for (let u = 0; u < g.u; u++, line += 4, to += 4) {
    const left = u * g.acrossStride - g.acrossPadding
    const columns = countIncludePad ? g.j : min(g.w, left + g.j) - max(0, left)
    store<f32>(to, load<f32>(line) / <f32>(rows * columns))
  }
}
