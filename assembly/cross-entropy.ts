/** Losses of classification: `src/reference/cross-entropy.ts`. */

import { exp, ExpOfDifference, log, log1p, sigmoid } from './functions'
import { zip, zip3 } from './lines'
import { Itself, mapRow, maxRow, sumRow } from './rows'

/** ℓ_i = -Σ_j q_ij · log softmax(x_i)_j,  q_ij = (1 - ε)·[j = t_i] + ε/C        x: [N, C], target: [N] int32 -> loss: [N] */
export function crossEntropy(x: usize, target: usize, loss: usize, n: usize, c: usize, labelSmoothing: f64): void {
  const none = f32x4.splat(0)
  const row = c << 2
  for (let i: usize = 0; i < n; i++) {
    const max = maxRow(x, c)
    const sum = sumRow<ExpOfDifference>(x, c, f32x4.splat(max), none)
    const logSum = f32x4.extract_lane(log(f32x4.splat(<f32>sum)), 0)
    const t = <usize>load<i32>(target + (i << 2))
    let l = (labelSmoothing - 1) * (<f64>load<f32>(x + (t << 2)) - max - logSum)
    if (labelSmoothing != 0) {
      const total = sumRow<Itself>(x, c, none, none) - <f64>c * max
      l -= (labelSmoothing / c) * (total - <f64>c * logSum)
    }
    store<f32>(loss + (i << 2), <f32>l)
    x += row
  }
}

class TimesMinus { @inline of(e: v128, factor: v128, less: v128): v128 { return f32x4.sub(f32x4.mul(e, factor), less) } }

/** dx_ij = dℓ_i · (softmax(x_i)_j - q_ij)        dy: [N], x: [N, C], target: [N] int32 -> dx: [N, C] */
export function crossEntropyBackward(dy: usize, x: usize, target: usize, dx: usize, n: usize, c: usize, labelSmoothing: f64): void {
  const none = f32x4.splat(0)
  const row = c << 2
  const other = labelSmoothing / c // q where j ≠ t
  for (let i: usize = 0; i < n; i++) {
    mapRow<ExpOfDifference>(x, dx, c, f32x4.splat(maxRow(x, c)), none)
    const sum = sumRow<Itself>(dx, c, none, none)
    const d = <f64>load<f32>(dy + (i << 2))
    const place = dx + (<usize>load<i32>(target + (i << 2)) << 2)
    const ofTarget = d * (load<f32>(place) / sum - (1 - labelSmoothing) - other)
    mapRow<TimesMinus>(dx, dx, c, f32x4.splat(<f32>(d / sum)), f32x4.splat(<f32>(d * other)))
    store<f32>(place, <f32>ofTarget)
    x += row
    dx += row
  }
}

/** max(x, 0) - x·t + ln(1 + e^-|x|) */
class BinaryCrossEntropyWithLogits {
  @inline of(x: v128, t: v128): v128 {
    const straight = f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(x, t))
    return f32x4.add(straight, log1p(exp(f32x4.neg(f32x4.abs(x)))))
  }
}
export function binaryCrossEntropyWithLogits(x: usize, target: usize, loss: usize, n: usize): void {
  zip<BinaryCrossEntropyWithLogits>(x, target, loss, n)
}

class BinaryCrossEntropyWithLogitsBackward {
  @inline of(dy: v128, x: v128, t: v128): v128 { return f32x4.mul(dy, f32x4.sub(sigmoid(x), t)) }
}
export function binaryCrossEntropyWithLogitsBackward(dy: usize, x: usize, target: usize, dx: usize, n: usize): void {
  zip3<BinaryCrossEntropyWithLogitsBackward>(dy, x, target, dx, n)
}
