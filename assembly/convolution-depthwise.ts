/** Convolutions whose filters see one channel each: a product of matrices would have a single row, so they are computed line by line as they lie, without columns. */

import { activate } from './activation'
import { Geometry } from './geometry'
import { beat } from './heartbeat'
import { fillRow, loadFirst } from './rows'
import { madd } from './simd'
import { endOutput, firstOutput, giveBack, lineOf, loadEvery, placeOf, takeIn } from './window-lines'

class PlusProduct { @inline of(sum: v128, x: v128, w: v128): v128 { return madd(x, w, sum) } }

/** Bytes of n numbers. */
@inline
function bytes(n: i32): usize {
  return <usize>n << 2
}

/** x: [N, C, H, W], w: [O, 1, I, J], b: [O] or 0 for none -> images from ... to of y: [N, O, V, U] */
export function convolve(g: Geometry, x: usize, w: usize, b: usize, activation: i32, y: usize, from: i32, to: i32): void {
  for (let filter = from * g.o; filter < to * g.o; filter++) { // of all images
    beat()
    const o = filter % g.o
    const bias = b ? v128.load32_splat(b + bytes(o)) : f32x4.splat(0)
    const channel = x + <usize>(filter / g.filters) * bytes(g.h * g.w)
    const outputs = y + <usize>filter * bytes(g.positions)
    convolveChannel(g, channel, w + bytes(o * g.depth), bias, outputs)
    activate(activation, outputs, g.positions)
  }
}

/** dy: [N, O, V, U], w: [O, 1, I, J] -> images from ... to of dx: [N, C, H, W] */
export function inputGradient(g: Geometry, dy: usize, w: usize, dx: usize, from: i32, to: i32): void {
  const image = bytes(g.c * g.h * g.w)
  memory.fill(dx + <usize>from * image, 0, <usize>(to - from) * image)
  for (let filter = from * g.o; filter < to * g.o; filter++) {
    beat()
    const channel = dx + <usize>(filter / g.filters) * bytes(g.h * g.w)
    addInputGradient(g, dy + <usize>filter * bytes(g.positions), w + bytes(filter % g.o * g.depth), channel)
  }
}

/** dw += the gradient from images from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, 1, I, J] */
export function addWeightGradient(g: Geometry, dy: usize, x: usize, dw: usize, from: i32, to: i32): void {
  for (let filter = from * g.o; filter < to * g.o; filter++) {
    beat()
    const channel = x + <usize>(filter / g.filters) * bytes(g.h * g.w)
    addChannelsGradient(g, dy + <usize>filter * bytes(g.positions), channel, dw + bytes(filter % g.o * g.depth))
  }
}

/** y_vu = b + Σ_ij w_ij · x_hk        x: [H, W], w: [I, J], b in every lane -> y: [V, U] */
function convolveChannel(g: Geometry, x: usize, w: usize, b: v128, y: usize): void {
  const lo = firstOutput(g, 0), hi = endOutput(g, g.j - 1) // whose windows lie inside from left to right
  for (let v = 0; v < g.v; v++, y += <usize>g.u << 2) {
    if (g.acrossStride > 1 || hi - lo < 8) {
      fillRow(y, g.u, b)
      takeIn<PlusProduct>(g, x, y, v, w)
      continue
    }
    for (let u = 0; u < lo; u++) v128.store_lane<f32>(y + (<usize>u << 2), oneOutput(g, x, w, b, v, u), 0)
    for (let u = lo; u < hi; u += 8) eightOutputs(g, x, w, b, y, v, min(u, hi - 8)) // the last eight may overlap those before them
    for (let u = hi; u < g.u; u++) v128.store_lane<f32>(y + (<usize>u << 2), oneOutput(g, x, w, b, v, u), 0)
  }
}

/** Eight neighbours, summed in registers; y is the line's beginning. */
@inline
function eightOutputs(g: Geometry, x: usize, w: usize, b: v128, y: usize, v: i32, u: i32): void {
  const step = <usize>g.acrossDilation << 2
  let s0 = b, s1 = b
  for (let i = 0; i < g.i; i++) {
    const h = lineOf(g, v, i)
    if (h < 0 || h >= g.h) continue
    let p = placeOf(g, x + (<usize>(h * g.w) << 2), u, 0)
    let weight = w + (<usize>(i * g.j) << 2)
    for (const end = weight + (<usize>g.j << 2); weight < end; weight += 4, p += step) {
      const wij = v128.load32_splat(weight)
      s0 = madd(v128.load(p), wij, s0)
      s1 = madd(v128.load(p, 16), wij, s1)
    }
  }
  v128.store(y + (<usize>u << 2), s0)
  v128.store(y + (<usize>u << 2), s1, 16)
}

/** One output at the edge, in lane 0. */
function oneOutput(g: Geometry, x: usize, w: usize, b: v128, v: i32, u: i32): v128 {
  let s = b
  for (let i = 0; i < g.i; i++) {
    const h = lineOf(g, v, i)
    if (h < 0 || h >= g.h) continue
    for (let j = 0; j < g.j; j++) {
      const k = u * g.acrossStride + j * g.acrossDilation - g.acrossPadding
      if (k < 0 || k >= g.w) continue
      const p = x + (<usize>(h * g.w + k) << 2)
      s = madd(v128.load32_zero(p), v128.load32_zero(w + (<usize>(i * g.j + j) << 2)), s)
    }
  }
  return s
}

/** dx_hk += Σ w_ij · dy_vu over all windows that see (h, k)        dy: [V, U], w: [I, J] -> dx: [H, W] */
function addInputGradient(g: Geometry, dy: usize, w: usize, dx: usize): void {
  for (let v = 0; v < g.v; v++, dy += <usize>g.u << 2) giveBack<PlusProduct>(g, dx, dy, v, w)
}

/** dw_ij += Σ_vu dy_vu · x_hk        dy: [V, U], x: [H, W] -> dw: [I, J] */
function addChannelsGradient(g: Geometry, dy: usize, x: usize, dw: usize): void {
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
