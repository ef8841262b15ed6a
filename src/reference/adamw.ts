import { type AdamOptions, adamStep } from './adam.ts'
import type { HostArray, HostArrays } from './array.ts'

export interface AdamwKernels<A> {
  adamwInto(w: readonly A[], dw: readonly A[], m: readonly A[], v: readonly A[], vMax: readonly A[] | null, options: AdamOptions): void
}

/**
 * One step of Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), in place:
 *
 *     w = w - α·λ·w        the decay does not pass through the moments: every weight shrinks at one rate
 *     w = w - α · m̂ / (√v̂ + ε)      Adam's step on dw alone
 *
 * w, dw, m, v, vMax: one shape
 */
export function adamwStep(w: HostArray, dw: HostArray, m: HostArray, v: HostArray, vMax: HostArray | null, options: AdamOptions): void {
  for (let i = 0; i < w.length; i++) w[i] *= 1 - options.lr * options.weightDecay
  adamStep(w, dw, m, v, vMax, { ...options, weightDecay: 0 })
}

/** This step for every parameter.        w, dw, m, v, vMax: a list each, of one array for every parameter */
export function adamwInto(
  w: HostArrays,
  dw: HostArrays,
  m: HostArrays,
  v: HostArrays,
  vMax: HostArrays | null,
  options: AdamOptions,
): void {
  for (const i of w.keys()) adamwStep(w[i], dw[i], m[i], v[i], vMax?.[i] ?? null, options)
}
