/** One step of Adadelta, in place: `src/reference/adadelta.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

/** Rows of the table: w, dw, v, u; fresh = 1 - ρ */
export function adadelta(table: usize, from: usize, to: usize, lr: f32, rho: f32, fresh: f32, eps: f32, weightDecay: f32): void {
  const decay = f32x4.splat(weightDecay)
  const descent = f32x4.splat(-lr)
  const keep = f32x4.splat(rho)
  const share = f32x4.splat(fresh)
  const least = f32x4.splat(eps)
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const v = arrayOf(row, 2)
    const u = arrayOf(row, 3)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = v128.load(w + i)
      const g = madd(decay, w0, v128.load(dw + i))
      const v1 = madd(f32x4.mul(share, g), g, f32x4.mul(keep, v128.load(v + i)))
      v128.store(v + i, v1)
      const u0 = v128.load(u + i)
      const delta = f32x4.mul(f32x4.div(f32x4.sqrt(f32x4.add(u0, least)), f32x4.sqrt(f32x4.add(v1, least))), g)
      v128.store(u + i, madd(f32x4.mul(share, delta), delta, f32x4.mul(keep, u0)))
      v128.store(w + i, madd(descent, delta, w0))
    }
  }
}
