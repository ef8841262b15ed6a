/**
 * Convolutions whose filters see one channel each: a product of matrices would have a single row, so they are computed line by line as they lie, without columns. Each
 * function takes one image's channel and one filter.
 */

import { Geometry } from './geometry'
import { loadFirst } from './rows'
import { madd } from './simd'
import { endOutput, firstOutput, giveBack, lineOf, loadEvery, placeOf, takeIn } from './window-lines'

class PlusProduct { @inline of(sum: v128, x: v128, w: v128): v128 { return madd(x, w, sum) } }

/** y_vu += Σ_ij w_ij · x_hk        x: [H, W], w: [I, J] -> y: [V, U] */
export function addConvolved(g: Geometry, x: usize, w: usize, y: usize): void {
  for (let v = 0; v < g.v; v++, y += <usize>g.u << 2) takeIn<PlusProduct>(g, x, y, v, w)
}

/** dx_hk += Σ w_ij · dy_vu over all windows that see (h, k)        dy: [V, U], w: [I, J] -> dx: [H, W] */
export function addInputGradient(g: Geometry, dy: usize, w: usize, dx: usize): void {
  for (let v = 0; v < g.v; v++, dy += <usize>g.u << 2) giveBack<PlusProduct>(g, dx, dy, v, w)
}

/** dw_ij += Σ_vu dy_vu · x_hk        dy: [V, U], x: [H, W] -> dw: [I, J] */
export function addWeightGradient(g: Geometry, dy: usize, x: usize, dw: usize): void {
  for (let i = 0; i < g.i; i++) {
    for (let j = 0; j < g.j; j++, dw += 4) store<f32>(dw, load<f32>(dw) + correlation(g, dy, x, i, j))
  }
}

/** Σ_vu dy_vu · x_hk for one place of the window */
function correlation(g: Geometry, dy: usize, x: usize, i: i32, j: i32): f32 {
  const step = <usize>g.acrossStride << 2
  const first = firstOutput(g, j), end = endOutput(g, j)
  let s0 = f32x4.splat(0), s1 = s0
  for (let v = 0; v < g.v; v++) {
    const h = lineOf(g, v, i)
    if (h < 0 || h >= g.h) continue
    const line = dy + (<usize>(v * g.u) << 2)
    let p = placeOf(g, x + (<usize>(h * g.w) << 2), first, j)
    let u = first
    for (; u + 8 <= end; u += 8, p += 8 * step) {
      const d = line + (<usize>u << 2)
      s0 = madd(v128.load(d), loadEvery(p, step, 4), s0)
      s1 = madd(v128.load(d, 16), loadEvery(p + 4 * step, step, 4), s1)
    }
    for (; u < end; u += 4, p += 4 * step) s0 = madd(loadFirst(line + (<usize>u << 2), end - u), loadEvery(p, step, end - u), s0)
  }
  const s = f32x4.add(s0, s1)
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
}
