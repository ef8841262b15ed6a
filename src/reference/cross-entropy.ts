import { type HostArray, like } from './array.ts'
import { type RowsOptions, rowMax } from './softmax.ts'

export interface CrossEntropyKernels<A> {
  crossEntropy(x: A, target: A, options: CrossEntropyOptions): A
  crossEntropyBackward(dy: A, x: A, target: A, options: CrossEntropyOptions): A
  binaryCrossEntropyWithLogits(x: A, target: A): A
  binaryCrossEntropyWithLogitsBackward(dy: A, x: A, target: A): A
}

export interface CrossEntropyOptions extends RowsOptions {
  /** ε of q_j = (1 - ε)·[j = t] + ε/C (Szegedy et al. 2016). Default 0. */
  labelSmoothing?: number
}

/**
 * ℓ_i = -Σ_j q_ij · log softmax(x_i)_j,  q_ij = (1 - ε)·[j = t_i] + ε/C
 *
 * x: [N, C] logits, target: [N] int32 classes -> ℓ: [N], one loss per row
 */
export function crossEntropy(x: HostArray, target: HostArray, { n, c, labelSmoothing: e = 0 }: CrossEntropyOptions): HostArray {
  const loss = like(x, n)
  for (let i = 0; i < n; i++) {
    const max = rowMax(x, i, c)
    let sum = 0
    let total = 0
    for (let j = 0; j < c; j++) {
      sum += Math.exp(x[i * c + j] - max)
      total += x[i * c + j] - max
    }
    const logSum = Math.log(sum)
    const ofTarget = x[i * c + target[i]] - max - logSum
    loss[i] = -(1 - e) * ofTarget - (e === 0 ? 0 : (e / c) * (total - c * logSum)) // [N]
  }
  return loss
}

/** dx_ij = dℓ_i · (softmax(x_i)_j - q_ij): what was predicted less what should have been        dℓ: [N] -> dx: [N, C] */
export function crossEntropyBackward(
  dy: HostArray,
  x: HostArray,
  target: HostArray,
  { n, c, labelSmoothing: e = 0 }: CrossEntropyOptions,
): HostArray {
  const dx = like(x)
  for (let i = 0; i < n; i++) {
    const max = rowMax(x, i, c)
    let sum = 0
    for (let j = 0; j < c; j++) sum += Math.exp(x[i * c + j] - max)
    for (let j = 0; j < c; j++) {
      const q = (j === target[i] ? 1 - e : 0) + e / c
      dx[i * c + j] = dy[i] * (Math.exp(x[i * c + j] - max) / sum - q) // [N, C]
    }
  }
  return dx
}

/**
 * ℓ = -t·ln σ(x) - (1 - t)·ln(1 - σ(x)) = max(x, 0) - x·t + ln(1 + e^-|x|), which never overflows        x, t, ℓ: one shape
 */
export function binaryCrossEntropyWithLogits(x: HostArray, target: HostArray): HostArray {
  const loss = like(x)
  for (let i = 0; i < x.length; i++) loss[i] = Math.max(x[i], 0) - x[i] * target[i] + Math.log1p(Math.exp(-Math.abs(x[i])))
  return loss
}

/** dx = dℓ · (σ(x) - t) */
export function binaryCrossEntropyWithLogitsBackward(dy: HostArray, x: HostArray, target: HostArray): HostArray {
  const dx = like(x)
  for (let i = 0; i < x.length; i++) dx[i] = dy[i] * (1 / (1 + Math.exp(-x[i])) - target[i])
  return dx
}
