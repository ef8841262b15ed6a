/**
 * Convolutions with a 3 × 3 window where a filter sees few channels: a matrix product would be too thin, and what takes time is to write y. The nine weights stay in
 * registers and go over a channel, which is copied to a margin of zeros first, in bands of lines that stay in L1.
 */

import { activate } from './activation'
import { copyStrips, Strip } from './convolution-strips'
import { Geometry } from './geometry'
import { beat } from './heartbeat'
import { loadFirst, storeFirst } from './rows'
import { madd } from './simd'

/** Numbers of a band of one channel, 12 KiB, and how many channels are copied at a time. */
const BAND: i32 = 3 << 10
const CHANNELS: i32 = 4

/** Numbers of a line of a band: of whole vectors of outputs, and what their windows see. */
function columnsOf(g: Geometry): i32 {
  return ((g.u + 3) & ~3) + 2
}

/** Lines of outputs of a band. */
function linesOf(g: Geometry): i32 {
  return max(1, min(g.v, BAND / columnsOf(g) - 2))
}

const STRIP: usize = 64

/** Bytes of the band of one channel: the lines, two for the window, and one of zeros. */
function bandBytes(g: Geometry): usize {
  return <usize>((linesOf(g) + 3) * columnsOf(g)) << 2
}

/** Bytes of scratch that both functions need. */
export function directScratch(g: Geometry): usize {
  return STRIP + <usize>CHANNELS * bandBytes(g)
}

/** Copies what lines first ... first + count of the outputs see of up to four channels. */
function copyBands(g: Geometry, channels: usize, used: i32, first: i32, count: i32, scratch: usize): void {
  const strip = changetype<Strip>(scratch)
  strip.image = 0
  strip.top = first - g.downPadding
  strip.left = -g.acrossPadding
  strip.line = 0
  strip.isBelow = false
  for (let i: usize = 0; i < <usize>used; i++) {
    copyStrips(scratch, 1, channels + i * (<usize>(g.h * g.w) << 2), g.h, g.w, count + 2, columnsOf(g), scratch + STRIP + i * bandBytes(g))
  }
}

/**
 * Images from ... to of y. With isMirrored the sizes are those of the input gradient as a convolution of dy, and the filters are turned.
 *
 *     x: [N, C, H, W], w: [O, C / groups, 3, 3], b: [O] or 0 -> y: [N, O, V, U]
 */
export function convolve(g: Geometry, x: usize, w: usize, b: usize, activation: i32, y: usize, isMirrored: bool, from: i32, to: i32, scratch: usize): void {
  const depth = g.channels, rows = g.filters
  const rowW = <usize>(isMirrored ? 36 : 36 * depth), columnW = <usize>(isMirrored ? 36 * rows : 36)
  const planeX = <usize>(g.h * g.w) << 2, planeY = <usize>(g.v * g.u) << 2
  const lines = linesOf(g)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const group = part % g.groups
    const images = x + <usize>(part * depth) * planeX
    const weights = w + <usize>(group * rows * depth) * 36
    for (let first = 0; first < g.v; first += lines) {
      beat()
      const count = min(lines, g.v - first)
      memory.fill(scratch + STRIP, 0, directScratch(g) - STRIP)
      for (let c = 0; c < depth; c += CHANNELS) {
        const used = min(CHANNELS, depth - c)
        copyBands(g, images + <usize>c * planeX, used, first, count, scratch)
        for (let r = 0; r < rows; r++) {
          const bias = b ? v128.load32_splat(b + (<usize>(group * rows + r) << 2)) : f32x4.splat(0)
          const outputs = y + <usize>(part * rows + r) * planeY + (<usize>(first * g.u) << 2)
          for (let i = 0; i < used; i++) {
            const filter = weights + <usize>r * rowW + <usize>(c + i) * columnW
            correlate(scratch + STRIP + <usize>i * bandBytes(g), columnsOf(g), filter, isMirrored, bias, c + i > 0, outputs, count, g.u)
          }
          if (c + used == depth) activate(activation, outputs, <usize>(count * g.u))
        }
      }
    }
  }
}

/** y_vu = b, or y_vu, + Σ_ij w_ij · x_v+i,u+j        x: [count + 2, columns], w: [3, 3], turned by 180° if isTurned -> y: [count, u] */
function correlate(x: usize, columns: i32, w: usize, isTurned: bool, b: v128, add: bool, y: usize, count: i32, u: i32): void {
  const w0 = v128.load32_splat(isTurned ? w + 32 : w), w1 = v128.load32_splat(isTurned ? w + 28 : w + 4), w2 = v128.load32_splat(isTurned ? w + 24 : w + 8)
  const w3 = v128.load32_splat(isTurned ? w + 20 : w + 12), w4 = v128.load32_splat(w + 16), w5 = v128.load32_splat(isTurned ? w + 12 : w + 20)
  const w6 = v128.load32_splat(isTurned ? w + 8 : w + 24), w7 = v128.load32_splat(isTurned ? w + 4 : w + 28), w8 = v128.load32_splat(isTurned ? w : w + 32)
  const line = <usize>columns << 2, vectors = <usize>(u & ~3) << 2
  const rest = u & 3
  for (; count > 0; count--, x += line) {
    let p = x
    for (const end = y + vectors; y < end; y += 16, p += 16) {
      v128.store(y, window(p, line, w0, w1, w2, w3, w4, w5, w6, w7, w8, add ? v128.load(y) : b))
    }
    if (rest > 0) {
      storeFirst(y, window(p, line, w0, w1, w2, w3, w4, w5, w6, w7, w8, add ? loadFirst(y, rest) : b), rest)
      y += <usize>rest << 2
    }
  }
}

/** s + Σ_ij w_ij · x_i,j of four neighbouring windows, the first of which begins at p */
@inline
function window(p: usize, line: usize, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128, s: v128): v128 {
  s = madd(w0, v128.load(p), s)
  s = madd(w1, v128.load(p, 4), s)
  s = madd(w2, v128.load(p, 8), s)
  s = madd(w3, v128.load(p + line), s)
  s = madd(w4, v128.load(p + line, 4), s)
  s = madd(w5, v128.load(p + line, 8), s)
  s = madd(w6, v128.load(p + 2 * line), s)
  s = madd(w7, v128.load(p + 2 * line, 4), s)
  return madd(w8, v128.load(p + 2 * line, 8), s)
}

/** dw += the gradient from images from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, C / groups, 3, 3] */
export function addFilterGradient(g: Geometry, dy: usize, x: usize, dw: usize, from: i32, to: i32, scratch: usize): void {
  const depth = g.channels, rows = g.filters
  const planeX = <usize>(g.h * g.w) << 2, planeY = <usize>(g.v * g.u) << 2
  const lines = linesOf(g)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const group = part % g.groups
    for (let first = 0; first < g.v; first += lines) {
      beat()
      const count = min(lines, g.v - first)
      memory.fill(scratch + STRIP, 0, directScratch(g) - STRIP)
      for (let c = 0; c < depth; c += CHANNELS) {
        const used = min(CHANNELS, depth - c)
        copyBands(g, x + <usize>(part * depth + c) * planeX, used, first, count, scratch)
        for (let r = 0; r < rows; r++) {
          const gradient = dy + <usize>(part * rows + r) * planeY + (<usize>(first * g.u) << 2)
          for (let i = 0; i < used; i++) {
            const filter = dw + <usize>((group * rows + r) * depth + c + i) * 36
            addProducts(gradient, scratch + STRIP + <usize>i * bandBytes(g), columnsOf(g), filter, count, g.u)
          }
        }
      }
    }
  }
}

/** dw_ij += Σ_vu dy_vu · x_v+i,u+j        dy: [count, u], x: [count + 3, columns] -> dw: [3, 3] */
function addProducts(dy: usize, x: usize, columns: i32, dw: usize, count: i32, u: i32): void {
  for (let i = 0; i < 3; i++, x += <usize>columns << 2, dw += 12) addRowProducts(dy, x, columns, dw, count, u)
}

/** Row i of the same. Two lines at a time: their six sums hide the latency of the multiply-add, and nine would leave no registers for what V8 loads ahead. */
function addRowProducts(dy: usize, x: usize, columns: i32, dw: usize, count: i32, u: i32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, t0 = s0, t1 = s0, t2 = s0
  const line = <usize>columns << 2, below = <usize>u << 2
  for (; count > 0; count -= 2, x += 2 * line, dy += 2 * below) {
    let p = x, at = dy
    for (let left = u; left > 0; left -= 4, p += 16, at += 16) {
      const d = loadFirst(at, left)
      const e = count > 1 ? loadFirst(at + below, left) : f32x4.splat(0)
      s0 = madd(d, v128.load(p), s0)
      s1 = madd(d, v128.load(p, 4), s1)
      s2 = madd(d, v128.load(p, 8), s2)
      t0 = madd(e, v128.load(p + line), t0)
      t1 = madd(e, v128.load(p + line, 4), t1)
      t2 = madd(e, v128.load(p + line, 8), t2)
    }
  }
  addLanes(dw, f32x4.add(s0, t0))
  addLanes(dw + 4, f32x4.add(s1, t1))
  addLanes(dw + 8, f32x4.add(s2, t2))
}

/** The number at `to` += the sum of the lanes. */
@inline
function addLanes(to: usize, v: v128): void {
  const sum = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  store<f32>(to, load<f32>(to) + sum)
}
