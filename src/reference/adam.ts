import type { HostArray, HostArrays } from './array.ts'

export interface AdamKernels<A> {
  adamInto(w: readonly A[], dw: readonly A[], m: readonly A[], v: readonly A[], vMax: readonly A[] | null, options: AdamOptions): void
}

export interface AdamOptions {
  lr: number
  beta1: number
  beta2: number
  eps: number
  weightDecay: number
  /** The number of this update, from 1: it corrects the moments' start at 0. */
  step: number
}

/**
 * One step of Adam (Kingma & Ba 2015, algorithm 1), in place:
 *
 *     g = dw + λ·w
 *     m = β₁·m + (1 - β₁)·g         mean of the gradients
 *     v = β₂·v + (1 - β₂)·g²        mean of their squares
 *     w = w - α · m̂ / (√v̂ + ε)      m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)
 *
 * With vMax (AMSGrad, Reddi et al. 2018) the greatest v so far takes the place of v. w, dw, m, v, vMax: one shape
 */
export function adamStep(w: HostArray, dw: HostArray, m: HostArray, v: HostArray, vMax: HostArray | null, options: AdamOptions): void {
  const { lr, beta1, beta2, eps, weightDecay, step } = options
  const stepSize = lr / (1 - beta1 ** step)
  const rootCorrection = Math.sqrt(1 - beta2 ** step)
  for (let i = 0; i < w.length; i++) {
    const g = dw[i] + weightDecay * w[i]
    m[i] = beta1 * m[i] + (1 - beta1) * g
    v[i] = beta2 * v[i] + (1 - beta2) * g * g
    if (vMax) vMax[i] = Math.max(vMax[i], v[i])
    w[i] -= (stepSize * m[i]) / (Math.sqrt(vMax ? vMax[i] : v[i]) / rootCorrection + eps)
  }
}

/** This step for every parameter.        w, dw, m, v, vMax: a list each, of one array for every parameter */
export function adamInto(w: HostArrays, dw: HostArrays, m: HostArrays, v: HostArrays, vMax: HostArrays | null, options: AdamOptions): void {
  for (const i of w.keys()) adamStep(w[i], dw[i], m[i], v[i], vMax?.[i] ?? null, options)
}
