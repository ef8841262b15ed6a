/** One step of Adagrad, in place: `src/reference/adagrad.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'
import { arrayOf, beginOf, endOf, ROW, startOf } from './update'

/** Rows of the table: w, dw, sum; stepSize = α / (1 + (t - 1)·decay) */
export function adagrad(table: usize, from: usize, to: usize, stepSize: f32, eps: f32, weightDecay: f32): void {
  const decay = f32x4.splat(weightDecay)
  const length = f32x4.splat(stepSize)
  const least = f32x4.splat(eps)
  for (let row = table; startOf(row) < to; row += ROW) {
    const w = arrayOf(row, 0)
    const dw = arrayOf(row, 1)
    const sum = arrayOf(row, 2)
    const end = endOf(row, to)
    for (let i = beginOf(row, from); i < end; i += 16) {
      const w0 = v128.load(w + i)
      const g = madd(decay, w0, v128.load(dw + i))
      const s = madd(g, g, v128.load(sum + i))
      v128.store(sum + i, s)
      v128.store(w + i, f32x4.sub(w0, f32x4.div(f32x4.mul(length, g), f32x4.add(f32x4.sqrt(s), least))))
    }
  }
}
