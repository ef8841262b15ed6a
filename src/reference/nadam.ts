import type { HostArray, HostArrays } from './array.ts'

export interface NadamKernels<A> {
  nadamInto(w: readonly A[], dw: readonly A[], m: readonly A[], v: readonly A[], options: NadamOptions): void
}

export interface NadamOptions {
  lr: number
  beta1: number
  beta2: number
  eps: number
  weightDecay: number
  /** The number of this update, from 1. */
  step: number
  /** μ_t and μ_{t+1}: the momentum of this update and of the next. */
  mu: number
  muNext: number
  /** Π_t and Π_{t+1}: the products of the momenta up to this update, and up to the next. */
  muProduct: number
  muProductNext: number
}

/**
 * One step of NAdam (Dozat 2016, algorithm 2), in place: Adam that looks ahead as Nesterov's momentum does.
 *
 *     g = dw + λ·w
 *     m = β₁·m + (1 - β₁)·g
 *     v = β₂·v + (1 - β₂)·g²,  v̂ = v / (1 - β₂ᵗ)
 *     w = w - α · ((1 - μ_t)·g / (1 - Π_t) + μ_{t+1}·m / (1 - Π_{t+1})) / (√v̂ + ε)        Π_t = μ_1 · ... · μ_t
 *
 * w, dw, m, v: one shape
 */
export function nadamStep(w: HostArray, dw: HostArray, m: HostArray, v: HostArray, options: NadamOptions): void {
  const { beta1, beta2, eps, weightDecay, step } = options
  const [ofGradient, ofMomentum] = nadamStepSizes(options)
  const rootCorrection = Math.sqrt(1 - beta2 ** step)
  for (let i = 0; i < w.length; i++) {
    const g = dw[i] + weightDecay * w[i]
    m[i] = beta1 * m[i] + (1 - beta1) * g
    v[i] = beta2 * v[i] + (1 - beta2) * g * g
    w[i] -= (ofGradient * g + ofMomentum * m[i]) / (Math.sqrt(v[i]) / rootCorrection + eps)
  }
}

/** This step for every parameter.        w, dw, m, v: a list each, of one array for every parameter */
export function nadamInto(w: HostArrays, dw: HostArrays, m: HostArrays, v: HostArrays, options: NadamOptions): void {
  for (const i of w.keys()) nadamStep(w[i], dw[i], m[i], v[i], options)
}

/** α·(1 - μ_t) / (1 - Π_t) and α·μ_{t+1} / (1 - Π_{t+1}) */
export function nadamStepSizes({ lr, mu, muNext, muProduct, muProductNext }: NadamOptions): [ofGradient: number, ofMomentum: number] {
  return [(lr * (1 - mu)) / (1 - muProduct), (lr * muNext) / (1 - muProductNext)]
}

/** μ_t = β₁ · (1 - ½ · 0.96^(t·ψ)): momentum that grows from about β₁/2 to β₁ (Dozat 2016, section 3). */
export function nadamMomentum(beta1: number, step: number, momentumDecay: number): number {
  return beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay))
}
