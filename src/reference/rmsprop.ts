import type { HostArray, HostArrays } from './array.ts'

export interface RmspropKernels<A> {
  rmspropInto(
    w: readonly A[],
    dw: readonly A[],
    v: readonly A[],
    mean: readonly A[] | null,
    velocity: readonly A[] | null,
    options: RmspropOptions,
  ): void
}

export interface RmspropOptions {
  lr: number
  alpha: number
  eps: number
  weightDecay: number
  momentum: number
}

/**
 * One step of RMSprop (Tieleman & Hinton 2012, lecture 6.5), in place:
 *
 *     g = dw + λ·w
 *     v = ρ·v + (1 - ρ)·g²               mean of the squared gradients; ρ is PyTorch's `alpha`
 *     m = ρ·m + (1 - ρ)·g                mean of the gradients, where centred (Graves 2013, eq. 38 to 45)
 *     d = g / (√(v - m²) + ε)            m = 0 where not centred
 *     w = w - α·d                        with momentum: b = μ·b + d, w = w - α·b
 *
 * v - m², the variance of the gradients, is kept from falling below 0 by rounding.
 * w, dw, v, mean, velocity: one shape; mean is null where not centred, velocity without momentum
 */
export function rmspropStep(
  w: HostArray,
  dw: HostArray,
  v: HostArray,
  mean: HostArray | null,
  velocity: HostArray | null,
  options: RmspropOptions,
): void {
  const { lr, alpha, eps, weightDecay, momentum } = options
  for (let i = 0; i < w.length; i++) {
    const g = dw[i] + weightDecay * w[i]
    v[i] = alpha * v[i] + (1 - alpha) * g * g
    if (mean) mean[i] = alpha * mean[i] + (1 - alpha) * g
    let d = g / (Math.sqrt(mean ? Math.max(0, v[i] - mean[i] * mean[i]) : v[i]) + eps)
    if (velocity) {
      velocity[i] = momentum * velocity[i] + d
      d = velocity[i]
    }
    w[i] -= lr * d
  }
}

/** This step for every parameter.        w, dw, v, mean, velocity: a list each, of one array for every parameter */
export function rmspropInto(
  w: HostArrays,
  dw: HostArrays,
  v: HostArrays,
  mean: HostArrays | null,
  velocity: HostArrays | null,
  options: RmspropOptions,
): void {
  for (const i of w.keys()) rmspropStep(w[i], dw[i], v[i], mean?.[i] ?? null, velocity?.[i] ?? null, options)
}
