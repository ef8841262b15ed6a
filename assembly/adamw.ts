/** One step of Adam with decoupled weight decay, in place: `src/reference/adamw.ts`. */

import { adamStep } from './adam'

/** As for adam; keep = 1 - α·λ: what the decay leaves of w. */
export function adamw(
  table: usize, from: usize, to: usize,
  stepSize: f32, new1: f32, beta2: f32, new2: f32, rootCorrection: f32, eps: f32, keep: f32,
): void {
  adamStep(table, from, to, stepSize, new1, beta2, new2, rootCorrection, eps, 0, keep)
}
