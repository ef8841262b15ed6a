import type { HostArray, HostArrays } from './array.ts'

export interface AdadeltaKernels<A> {
  adadeltaInto(w: readonly A[], dw: readonly A[], v: readonly A[], u: readonly A[], options: AdadeltaOptions): void
}

export interface AdadeltaOptions {
  lr: number
  rho: number
  eps: number
  weightDecay: number
}

/**
 * One step of Adadelta (Zeiler 2012, algorithm 1), in place:
 *
 *     g = dw + λ·w
 *     v = ρ·v + (1 - ρ)·g²               mean of the squared gradients
 *     Δ = √(u + ε) / √(v + ε) · g        a step in the units of w: no learning rate is needed
 *     u = ρ·u + (1 - ρ)·Δ²               mean of the squared steps
 *     w = w - α·Δ                        α = 1 in the paper
 *
 * w, dw, v, u: one shape
 */
export function adadeltaStep(w: HostArray, dw: HostArray, v: HostArray, u: HostArray, options: AdadeltaOptions): void {
  const { lr, rho, eps, weightDecay } = options
  for (let i = 0; i < w.length; i++) {
    const g = dw[i] + weightDecay * w[i]
    v[i] = rho * v[i] + (1 - rho) * g * g
    const delta = (Math.sqrt(u[i] + eps) / Math.sqrt(v[i] + eps)) * g
    u[i] = rho * u[i] + (1 - rho) * delta * delta
    w[i] -= lr * delta
  }
}

/** This step for every parameter.        w, dw, v, u: a list each, of one array for every parameter */
export function adadeltaInto(w: HostArrays, dw: HostArrays, v: HostArrays, u: HostArrays, options: AdadeltaOptions): void {
  for (const i of w.keys()) adadeltaStep(w[i], dw[i], v[i], u[i], options)
}
