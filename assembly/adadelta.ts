/** One step of Adadelta, in place: `src/reference/adadelta.ts`. The operations and their order are PyTorch's in float32. */

import { madd } from './simd'

/** w, dw, v, u: [n]; fresh = 1 - ρ */
export function adadelta(w: usize, dw: usize, v: usize, u: usize, n: usize, lr: f32, rho: f32, fresh: f32, eps: f32, weightDecay: f32): void {
  const decay = f32x4.splat(weightDecay)
  const descent = f32x4.splat(-lr)
  const keep = f32x4.splat(rho)
  const share = f32x4.splat(fresh)
  const least = f32x4.splat(eps)
  const bytes = n << 2
  for (let i: usize = 0; i < bytes; i += 16) {
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
