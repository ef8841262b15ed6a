/**
 * Windows of 2 × 2 side by side, the usual maximum pooling: four of them are eight neighbours of one line above eight of the next. They are read once and, in the backward
 * pass, written once, where the general way goes over each line of outputs four times. The last four of a line may overlap those before them.
 */

import { Geometry } from './geometry'

/** Whether the windows are such, and there are at least four in a line. */
export function arePairs(g: Geometry): bool {
  const noPadding = g.downPadding == 0 && g.acrossPadding == 0
  return g.i == 2 && g.j == 2 && g.downStride == 2 && g.acrossStride == 2 && noPadding && g.u >= 4
}

/** The left and the right numbers of four pairs that lie side by side. */
@inline
function lefts(p: usize): v128 { return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 0, 2, 4, 6) }
@inline
function rights(p: usize): v128 { return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 1, 3, 5, 7) }

/** x: [N·C, H, W] -> y: [N·C, V, U] */
export function maxOfPairs(g: Geometry, x: usize, y: usize): void {
  const line = <usize>g.w << 2
  for (let plane = 0; plane < g.n; plane++, x += line * <usize>g.h) {
    let p = x
    for (let v = 0; v < g.v; v++, p += 2 * line, y += <usize>g.u << 2) {
      for (let u = 0; u < g.u; u += 4) {
        const at = <usize>min(u, g.u - 4) << 2
        const above = p + 2 * at
        const below = above + line
        const top = f32x4.max(lefts(above), rights(above))
        v128.store(y + at, f32x4.max(top, f32x4.max(lefts(below), rights(below))))
      }
    }
  }
}

/** dy: [N·C, V, U], x: [N·C, H, W] -> dx: [N·C, H, W] */
export function maxOfPairsBackward(g: Geometry, dy: usize, x: usize, dx: usize): void {
  const line = <usize>g.w << 2
  const plane = line * <usize>g.h
  const isCovered = 2 * g.v == g.h && 2 * g.u == g.w
  for (const end = x + plane * <usize>g.n; x < end; x += plane, dx += plane) {
    if (!isCovered) memory.fill(dx, 0, plane)
    let p = x, d = dx
    for (let v = 0; v < g.v; v++, p += 2 * line, d += 2 * line, dy += <usize>g.u << 2) {
      for (let u = 0; u < g.u; u += 4) {
        const at = <usize>min(u, g.u - 4) << 2
        const above = p + 2 * at
        giveToGreatest(v128.load(dy + at), above, above + line, d + 2 * at, d + 2 * at + line)
      }
    }
  }
}

/** In each of four windows dy goes to the greatest number, the first where there are several; a NaN is the greatest. The others get 0. */
@inline
function giveToGreatest(dy: v128, above: usize, below: usize, dAbove: usize, dBelow: usize): void {
  const x0 = lefts(above), x1 = rights(above), x2 = lefts(below), x3 = rights(below)
  const max = f32x4.max(f32x4.max(x0, x1), f32x4.max(x2, x3)) // NaN where one of them is
  const is0 = isGreatest(x0, max), is1 = isGreatest(x1, max), is2 = isGreatest(x2, max)
  const d0 = v128.and(dy, is0), rest0 = v128.andnot(dy, is0)
  const d1 = v128.and(rest0, is1), rest1 = v128.andnot(rest0, is1)
  const d2 = v128.and(rest1, is2), d3 = v128.andnot(rest1, is2)
  v128.store(dAbove, v128.shuffle<f32>(d0, d1, 0, 4, 1, 5))
  v128.store(dAbove, v128.shuffle<f32>(d0, d1, 2, 6, 3, 7), 16)
  v128.store(dBelow, v128.shuffle<f32>(d2, d3, 0, 4, 1, 5))
  v128.store(dBelow, v128.shuffle<f32>(d2, d3, 2, 6, 3, 7), 16)
}

@inline
function isGreatest(x: v128, max: v128): v128 {
  return v128.or(f32x4.eq(x, max), f32x4.ne(x, x))
}
