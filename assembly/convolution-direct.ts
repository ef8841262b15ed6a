/**
 * Convolutions with a 3 × 3 window where a filter sees few channels: a matrix product would be too thin, and what takes time is to write y. The nine weights stay in
 * registers and go over a channel, which is copied to a margin of zeros first, in bands of lines that stay in L1.
 */

import { copyStrips, Strip } from './convolution-strips'
import { Geometry } from './geometry'
import { loadFirst, storeFirst } from './rows'
import { madd } from './simd'

/** Numbers of a band, 24 KiB. */
const BAND: i32 = 6 << 10

/** Numbers of a line of a band: of whole vectors of outputs, and what their windows see. */
function columnsOf(g: Geometry): i32 {
  return ((g.u + 3) & ~3) + 2
}

/** Lines of outputs of a band. */
function linesOf(g: Geometry): i32 {
  return max(1, min(g.v, BAND / columnsOf(g) - 2))
}

const STRIP: usize = 64

/** Bytes of scratch that both functions need. */
export function directScratch(g: Geometry): usize {
  return STRIP + (<usize>((linesOf(g) + 2) * columnsOf(g)) << 2)
}

/** Copies what lines first ... first + count of the outputs see of a channel. */
function copyBand(g: Geometry, plane: usize, first: i32, count: i32, scratch: usize): void {
  const strip = changetype<Strip>(scratch)
  strip.image = 0
  strip.top = first - g.downPadding
  strip.left = -g.acrossPadding
  copyStrips(scratch, 1, plane, g.h, g.w, count + 2, columnsOf(g), scratch + STRIP)
}

/**
 * Images from ... to of y. With isMirrored the sizes are those of the input gradient as a convolution of dy, and the filters are turned.
 *
 *     x: [N, C, H, W], w: [O, C / groups, 3, 3], b: [O] or 0 -> y: [N, O, V, U]
 */
export function convolve(g: Geometry, x: usize, w: usize, b: usize, y: usize, isMirrored: bool, from: i32, to: i32, scratch: usize): void {
  const depth = g.channels, rows = g.filters
  const rowW = <usize>(isMirrored ? 1 : depth) * 36, columnW = <usize>(isMirrored ? rows : 1) * 36
  const planeX = <usize>(g.h * g.w) << 2, planeY = <usize>(g.v * g.u) << 2
  const lines = linesOf(g)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const group = part % g.groups
    const images = x + <usize>(part * depth) * planeX
    const weights = w + <usize>(group * rows * depth) * 36
    for (let first = 0; first < g.v; first += lines) {
      const count = min(lines, g.v - first)
      memory.fill(scratch + STRIP, 0, directScratch(g) - STRIP)
      for (let c = 0; c < depth; c++) {
        copyBand(g, images + <usize>c * planeX, first, count, scratch)
        for (let r = 0; r < rows; r++) {
          const bias = b ? v128.load32_splat(b + (<usize>(group * rows + r) << 2)) : f32x4.splat(0)
          const outputs = y + <usize>(part * rows + r) * planeY + (<usize>(first * g.u) << 2)
          correlate(scratch + STRIP, columnsOf(g), weights + <usize>r * rowW + <usize>c * columnW, isMirrored, bias, c > 0, outputs, count, g.u)
        }
      }
    }
  }
}

/** y_vu = b, or y_vu, + Σ_ij w_ij · x_v+i,u+j        x: [count + 2, columns], w: [3, 3], turned by 180° if isTurned -> y: [count, u] */
function correlate(x: usize, columns: i32, w: usize, isTurned: bool, b: v128, add: bool, y: usize, count: i32, u: i32): void {
  const w00 = v128.load32_splat(isTurned ? w + 32 : w), w01 = v128.load32_splat(isTurned ? w + 28 : w + 4), w02 = v128.load32_splat(isTurned ? w + 24 : w + 8)
  const w10 = v128.load32_splat(isTurned ? w + 20 : w + 12), w11 = v128.load32_splat(w + 16), w12 = v128.load32_splat(isTurned ? w + 12 : w + 20)
  const w20 = v128.load32_splat(isTurned ? w + 8 : w + 24), w21 = v128.load32_splat(isTurned ? w + 4 : w + 28), w22 = v128.load32_splat(isTurned ? w : w + 32)
  const line = <usize>columns << 2
  for (; count > 0; count--, x += line) {
    let p = x, q = x + line, r = q + line
    for (const end = y + (<usize>u << 2); y < end; y += 16, p += 16, q += 16, r += 16) {
      let s = add ? loadFirst(y, (end - y) >> 2) : b
      s = madd(w00, v128.load(p), s)
      s = madd(w01, v128.load(p, 4), s)
      s = madd(w02, v128.load(p, 8), s)
      s = madd(w10, v128.load(q), s)
      s = madd(w11, v128.load(q, 4), s)
      s = madd(w12, v128.load(q, 8), s)
      s = madd(w20, v128.load(r), s)
      s = madd(w21, v128.load(r, 4), s)
      s = madd(w22, v128.load(r, 8), s)
      storeFirst(y, s, (end - y) >> 2)
    }
    y -= <usize>(-u & 3) << 2 // the last vector may have gone over the end of the line
  }
}

/** dw += the gradient from images from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, C / groups, 3, 3] */
export function addFilterGradient(g: Geometry, dy: usize, x: usize, dw: usize, from: i32, to: i32, scratch: usize): void {
  const depth = g.channels, rows = g.filters
  const planeX = <usize>(g.h * g.w) << 2, planeY = <usize>(g.v * g.u) << 2
  const lines = linesOf(g)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const group = part % g.groups
    for (let first = 0; first < g.v; first += lines) {
      const count = min(lines, g.v - first)
      memory.fill(scratch + STRIP, 0, directScratch(g) - STRIP)
      for (let c = 0; c < depth; c++) {
        copyBand(g, x + <usize>(part * depth + c) * planeX, first, count, scratch)
        for (let r = 0; r < rows; r++) {
          const gradient = dy + <usize>(part * rows + r) * planeY + (<usize>(first * g.u) << 2)
          addProducts(gradient, scratch + STRIP, columnsOf(g), dw + <usize>((group * rows + r) * depth + c) * 36, count, g.u)
        }
      }
    }
  }
}

/** dw_ij += Σ_vu dy_vu · x_v+i,u+j        dy: [count, u], x: [count + 2, columns] -> dw: [3, 3] */
function addProducts(dy: usize, x: usize, columns: i32, dw: usize, count: i32, u: i32): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s10 = s00, s11 = s00, s12 = s00, s20 = s00, s21 = s00, s22 = s00
  const line = <usize>columns << 2
  for (; count > 0; count--, x += line) {
    let p = x, q = x + line, r = q + line
    for (const end = dy + (<usize>u << 2); dy < end; dy += 16, p += 16, q += 16, r += 16) {
      const d = loadFirst(dy, (end - dy) >> 2)
      s00 = madd(d, v128.load(p), s00)
      s01 = madd(d, v128.load(p, 4), s01)
      s02 = madd(d, v128.load(p, 8), s02)
      s10 = madd(d, v128.load(q), s10)
      s11 = madd(d, v128.load(q, 4), s11)
      s12 = madd(d, v128.load(q, 8), s12)
      s20 = madd(d, v128.load(r), s20)
      s21 = madd(d, v128.load(r, 4), s21)
      s22 = madd(d, v128.load(r, 8), s22)
    }
    dy -= <usize>(-u & 3) << 2
  }
  addLanes(dw, s00)
  addLanes(dw + 4, s01)
  addLanes(dw + 8, s02)
  addLanes(dw + 12, s10)
  addLanes(dw + 16, s11)
  addLanes(dw + 20, s12)
  addLanes(dw + 24, s20)
  addLanes(dw + 28, s21)
  addLanes(dw + 32, s22)
}

/** The number at `to` += the sum of the lanes. */
@inline
function addLanes(to: usize, v: v128): void {
  const sum = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  store<f32>(to, load<f32>(to) + sum)
}
