/** One step of Adam, in place: `src/reference/adam.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

export function adam(
  table: usize, from: usize, to: usize,
  stepSize: f32, new1: f32, beta2: f32, new2: f32, rootCorrection: f32, eps: f32, weightDecay: f32,
): void {
  adamStep(table, from, to, stepSize, new1, beta2, new2, rootCorrection, eps, weightDecay, 1)
}

/**
 * Rows of the table: w, dw, m, v, vMax; vMax is 0 without AMSGrad. new1 = 1 - β₁, new2 = 1 - β₂, stepSize = α / (1 - β₁ᵗ), rootCorrection = √(1 - β₂ᵗ).
 * The gradient takes up weightDecay · w; w itself first shrinks by the factor `keep`.
 */
@inline
export function adamStep(
  table: usize, from: usize, to: usize,
  stepSize: f32, new1: f32, beta2: f32, new2: f32, rootCorrection: f32, eps: f32, weightDecay: f32, keep: f32,
): void {
  const shrink = f32x4.splat(keep)
  const decay = f32x4.splat(weightDecay)
  const share1 = f32x4.splat(new1)
  const share2 = f32x4.splat(new2)
  const keep2 = f32x4.splat(beta2)
  const length = f32x4.splat(stepSize)
  const correction = f32x4.splat(rootCorrection)
  const least = f32x4.splat(eps)
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const m = arrayOf(row, 2)
    const v = arrayOf(row, 3)
    const vMax = arrayOf(row, 4)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = f32x4.mul(v128.load(w + i), shrink)
      const g = madd(decay, w0, v128.load(dw + i))
      const m0 = v128.load(m + i)
      const m1 = madd(share1, f32x4.sub(g, m0), m0) // β₁·m + (1 - β₁)·g
      const v1 = madd(f32x4.mul(share2, g), g, f32x4.mul(keep2, v128.load(v + i)))
      v128.store(m + i, m1)
      v128.store(v + i, v1)
      let second = v1
      if (vMax) {
        second = f32x4.max(v128.load(vMax + i), v1)
        v128.store(vMax + i, second)
      }
      const root = f32x4.add(f32x4.div(f32x4.sqrt(second), correction), least)
      v128.store(w + i, f32x4.sub(w0, f32x4.div(f32x4.mul(length, m1), root)))
    }
  }
}
