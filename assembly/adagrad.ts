/** One step of Adagrad, in place: `src/reference/adagrad.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'

/** w, dw, sum: [n]; stepSize = α / (1 + (t - 1)·decay) */
export function adagrad(w: usize, dw: usize, sum: usize, n: usize, stepSize: f32, eps: f32, weightDecay: f32): void {
  const decay = f32x4.splat(weightDecay)
  const length = f32x4.splat(stepSize)
  const least = f32x4.splat(eps)
  const bytes = n << 2
  for (let i: usize = 0; i < bytes; i += 16) {
    const w0 = v128.load(w + i)
    const g = madd(decay, w0, v128.load(dw + i))
    const s = madd(g, g, v128.load(sum + i))
    v128.store(sum + i, s)
    v128.store(w + i, f32x4.sub(w0, f32x4.div(f32x4.mul(length, g), f32x4.add(f32x4.sqrt(s), least))))
  }
}
