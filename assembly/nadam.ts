/** One step of NAdam, in place: `src/reference/nadam.ts`. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

/** Rows of the table: w, dw, m, v; new1 = 1 - β₁, new2 = 1 - β₂, rootCorrection = √(1 - β₂ᵗ); the step sizes of gradient and momentum */
export function nadam(
  table: usize, from: usize, to: usize,
  ofGradient: f32, ofMomentum: f32, new1: f32, beta2: f32, new2: f32, rootCorrection: f32, eps: f32, weightDecay: f32,
): void {
  const decay = f32x4.splat(weightDecay)
  const share1 = f32x4.splat(new1)
  const share2 = f32x4.splat(new2)
  const keep2 = f32x4.splat(beta2)
  const along = f32x4.splat(ofGradient)
  const ahead = f32x4.splat(ofMomentum)
  const correction = f32x4.splat(rootCorrection)
  const least = f32x4.splat(eps)
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const m = arrayOf(row, 2)
    const v = arrayOf(row, 3)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = v128.load(w + i)
      const g = madd(decay, w0, v128.load(dw + i))
      const m0 = v128.load(m + i)
      const m1 = madd(share1, f32x4.sub(g, m0), m0) // β₁·m + (1 - β₁)·g
      const v1 = madd(f32x4.mul(share2, g), g, f32x4.mul(keep2, v128.load(v + i)))
      v128.store(m + i, m1)
      v128.store(v + i, v1)
      const root = f32x4.add(f32x4.div(f32x4.sqrt(v1), correction), least)
      v128.store(w + i, f32x4.sub(w0, f32x4.div(madd(ahead, m1, f32x4.mul(along, g)), root)))
    }
  }
}
