/**
 * Windows that go over one channel, a line of outputs at a time: for every place (i, j) of the window, the numbers that the line's windows have there lie in one line of the
 * image, a stride apart, and are taken in together.
 */

import { Geometry } from './geometry'
import { loadFirst, storeFirst } from './rows'

/** The first output of a line whose window has its place j inside the image, and the one behind the last. */
@inline
export function firstOutput(g: Geometry, j: i32): i32 {
  return min(g.u, max(0, g.acrossPadding - j * g.acrossDilation + g.acrossStride - 1) / g.acrossStride)
}

@inline
export function endOutput(g: Geometry, j: i32): i32 {
  return min(g.u, max(0, g.w - 1 + g.acrossPadding - j * g.acrossDilation + g.acrossStride) / g.acrossStride)
}

/** The number that output u's window has at place j, in a line of the image. */
@inline
export function placeOf(g: Geometry, line: usize, u: i32, j: i32): usize {
  return line + (<usize>(u * g.acrossStride + j * g.acrossDilation - g.acrossPadding) << 2)
}

/** The line of the image that windows (v, ·) have at place i; it lies outside where that is not from 0 to below H. */
@inline
export function lineOf(g: Geometry, v: i32, i: i32): i32 {
  return v * g.downStride + i * g.downDilation - g.downPadding
}

/** Every number `step` bytes apart, the first `count` of four. Nothing behind them is read. */
@inline
export function loadEvery(p: usize, step: usize, count: usize): v128 {
  if (step == 4) return loadFirst(p, count)
  if (step == 8 && count >= 4) return v128.shuffle<f32>(v128.load(p), v128.load(p, 12), 0, 2, 5, 7)
  let numbers = v128.load32_zero(p)
  if (count > 1) numbers = v128.load_lane<f32>(p + step, numbers, 1)
  if (count > 2) numbers = v128.load_lane<f32>(p + 2 * step, numbers, 2)
  return count > 3 ? v128.load_lane<f32>(p + 3 * step, numbers, 3) : numbers
}

/** line_u = f(line_u, x_hk, w_ij) for all (h, k) in the window of (v, u). weights: [I, J], or 0 if f does not look at them. */
@inline
export function takeIn<F>(g: Geometry, x: usize, line: usize, v: i32, weights: usize): void {
  const f = changetype<F>(0)
  const step = <usize>g.acrossStride << 2
  for (let i = 0; i < g.i; i++) {
    const h = lineOf(g, v, i)
    if (h < 0 || h >= g.h) continue
    for (let j = 0; j < g.j; j++) {
      const first = firstOutput(g, j)
      const w = weights ? v128.load32_splat(weights + (<usize>(i * g.j + j) << 2)) : f32x4.splat(0)
      let p = placeOf(g, x + (<usize>(h * g.w) << 2), first, j)
      let u = line + (<usize>first << 2)
      const end = line + (<usize>endOutput(g, j) << 2)
      if (step == 4) for (; u + 16 <= end; u += 16, p += 16) v128.store(u, f.of(v128.load(u), v128.load(p), w))
      for (; u < end; u += 16, p += 4 * step) {
        const count = (end - u) >> 2
        storeFirst(u, f.of(loadFirst(u, count), loadEvery(p, step, count), w), count)
      }
    }
  }
}

/** x_hk = f(x_hk, line_u, w_ij) for all (h, k) in the window of (v, u) */
@inline
export function giveBack<F>(g: Geometry, x: usize, line: usize, v: i32, weights: usize): void {
  const f = changetype<F>(0)
  const step = <usize>g.acrossStride << 2
  for (let i = 0; i < g.i; i++) {
    const h = lineOf(g, v, i)
    if (h < 0 || h >= g.h) continue
    for (let j = 0; j < g.j; j++) {
      const first = firstOutput(g, j)
      const w = weights ? v128.load32_splat(weights + (<usize>(i * g.j + j) << 2)) : f32x4.splat(0)
      let p = placeOf(g, x + (<usize>(h * g.w) << 2), first, j)
      let u = line + (<usize>first << 2)
      const end = line + (<usize>endOutput(g, j) << 2)
      if (step == 4) for (; u + 16 <= end; u += 16, p += 16) v128.store(p, f.of(v128.load(p), v128.load(u), w))
      for (; u < end; u += 4, p += step) storeFirst(p, f.of(v128.load32_zero(p), v128.load32_zero(u), w), 1)
    }
  }
}
