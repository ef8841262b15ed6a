import type { HostArray, HostArrays } from './array.ts'

export interface AdagradKernels<A> {
  adagradInto(w: readonly A[], dw: readonly A[], sum: readonly A[], options: AdagradOptions): void
}

export interface AdagradOptions {
  lr: number
  lrDecay: number
  eps: number
  weightDecay: number
  /** The number of this update, from 1. */
  step: number
}

/**
 * One step of Adagrad (Duchi, Hazan & Singer 2011, section 1.1), in place:
 *
 *     g = dw + λ·w
 *     s = s + g²                       sum of all squared gradients so far
 *     w = w - α_t · g / (√s + ε)       α_t = α / (1 + (t - 1)·decay)
 *
 * A weight that is seldom moved keeps long steps; no step ever grows. w, dw, sum: one shape
 */
export function adagradStep(w: HostArray, dw: HostArray, sum: HostArray, options: AdagradOptions): void {
  const { lr, lrDecay, eps, weightDecay, step } = options
  const stepSize = lr / (1 + (step - 1) * lrDecay)
  for (let i = 0; i < w.length; i++) {
    const g = dw[i] + weightDecay * w[i]
    sum[i] += g * g
    w[i] -= (stepSize * g) / (Math.sqrt(sum[i]) + eps)
  }
}

/** This step for every parameter.        w, dw, sum: a list each, of one array for every parameter */
export function adagradInto(w: HostArrays, dw: HostArrays, sum: HostArrays, options: AdagradOptions): void {
  for (const i of w.keys()) adagradStep(w[i], dw[i], sum[i], options)
}
