import { type AdamOptions, adamInto } from './adam.ts'
import type { HostArray } from './array.ts'

export interface AdamwKernels<A> {
  adamwInto(w: A, dw: A, m: A, v: A, vMax: A | null, options: AdamOptions): void
}

/**
 * One step of Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), in place:
 *
 *     w = w - α·λ·w        the decay does not pass through the moments: every weight shrinks at one rate
 *     w = w - α · m̂ / (√v̂ + ε)      Adam's step on dw alone
 *
 * w, dw, m, v, vMax: one shape
 */
export function adamwInto(w: HostArray, dw: HostArray, m: HostArray, v: HostArray, vMax: HostArray | null, options: AdamOptions): void {
  for (let i = 0; i < w.length; i++) w[i] *= 1 - options.lr * options.weightDecay
  adamInto(w, dw, m, v, vMax, { ...options, weightDecay: 0 })
}
