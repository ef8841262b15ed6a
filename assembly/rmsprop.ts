/** One step of RMSprop, in place: `src/reference/rmsprop.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

/** Rows of the table: w, dw, v, mean, velocity; mean is 0 where not centred, velocity without momentum; fresh = 1 - ρ */
export function rmsprop(
  table: usize, from: usize, to: usize,
  lr: f32, alpha: f32, fresh: f32, eps: f32, weightDecay: f32, momentum: f32,
): void {
  const decay = f32x4.splat(weightDecay)
  const descent = f32x4.splat(-lr)
  const keep = f32x4.splat(alpha)
  const share = f32x4.splat(fresh)
  const least = f32x4.splat(eps)
  const mu = f32x4.splat(momentum)
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const v = arrayOf(row, 2)
    const mean = arrayOf(row, 3)
    const velocity = arrayOf(row, 4)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = v128.load(w + i)
      const g = madd(decay, w0, v128.load(dw + i))
      const v1 = madd(f32x4.mul(share, g), g, f32x4.mul(keep, v128.load(v + i)))
      v128.store(v + i, v1)
      let spread = v1
      if (mean) {
        const m = madd(share, g, f32x4.mul(keep, v128.load(mean + i)))
        v128.store(mean + i, m)
        spread = f32x4.max(f32x4.sub(v1, f32x4.mul(m, m)), f32x4.splat(0))
      }
      let d = f32x4.div(g, f32x4.add(f32x4.sqrt(spread), least))
      if (velocity) {
        d = madd(mu, v128.load(velocity + i), d)
        v128.store(velocity + i, d)
      }
      v128.store(w + i, madd(descent, d, w0))
    }
  }
}
