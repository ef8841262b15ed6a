import type { HostArray, HostArrays } from './array.ts'

export interface SgdKernels<A> {
  sgdInto(w: readonly A[], dw: readonly A[], velocity: readonly A[] | null, options: SgdOptions): void
}

export interface SgdOptions {
  lr: number
  momentum: number
  dampening: number
  nesterov: boolean
  weightDecay: number
  /** Updates made before this one: the first sets the velocity to g itself. */
  step: number
}

/**
 * One step of gradient descent, in place, as PyTorch takes it:
 *
 *     g = dw + λ·w                                 weight decay
 *     v = μ·v + (1 - τ)·g     (v = g at first)     momentum (Polyak 1964)
 *     w = w - α·v             (α·(g + μ·v) with Nesterov 1983)
 *
 * w, dw, velocity: one shape; velocity is null without momentum
 */
export function sgdStep(w: HostArray, dw: HostArray, velocity: HostArray | null, options: SgdOptions): void {
  const { lr, momentum, dampening, nesterov, weightDecay, step } = options
  for (let i = 0; i < w.length; i++) {
    let g = dw[i] + weightDecay * w[i]
    if (velocity) {
      velocity[i] = step === 0 ? g : momentum * velocity[i] + (1 - dampening) * g
      g = nesterov ? g + momentum * velocity[i] : velocity[i]
    }
    w[i] -= lr * g
  }
}

/** This step for every parameter.        w, dw, velocity: a list each, of one array for every parameter */
export function sgdInto(w: HostArrays, dw: HostArrays, velocity: HostArrays | null, options: SgdOptions): void {
  for (const i of w.keys()) sgdStep(w[i], dw[i], velocity?.[i] ?? null, options)
}
