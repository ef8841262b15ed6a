/** One step of gradient descent, in place: `src/reference/sgd.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

/** Rows of the table: w, dw, velocity; velocity is 0 without momentum. `first`: the velocity starts as the gradient. */
export function sgd(
  table: usize, from: usize, to: usize,
  lr: f32, momentum: f32, undamped: f32, nesterov: bool, weightDecay: f32, first: bool,
): void {
  const descent = f32x4.splat(-lr)
  const mu = f32x4.splat(momentum)
  const decay = f32x4.splat(weightDecay)
  const share = f32x4.splat(undamped) // 1 - τ
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const velocity = arrayOf(row, 2)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = v128.load(w + i)
      let g = madd(decay, w0, v128.load(dw + i))
      if (velocity) {
        const v = first ? g : madd(share, g, f32x4.mul(mu, v128.load(velocity + i)))
        v128.store(velocity + i, v)
        g = nesterov ? madd(mu, v, g) : v
      }
      v128.store(w + i, madd(descent, g, w0))
    }
  }
}
