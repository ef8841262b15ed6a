import type { Batch } from './batch.ts'
import { expectRange, Optimizer, type Parameters } from './optimizer.ts'

export interface AdagradOptions {
  /** α. Default 0.01. */
  lr?: number
  /** How fast α itself falls: α / (1 + (t - 1) · lrDecay). Default 0. */
  lrDecay?: number
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
  /** What the sums of squares start from. Default 0. */
  initialAccumulatorValue?: number
  /** ε: keeps the division from 0. Default 1e-10. */
  eps?: number
}

/** Steps divided by all gradients so far (Duchi, Hazan & Singer 2011); the update stands in `src/reference/adagrad.ts`. */
export class Adagrad extends Optimizer<Required<AdagradOptions>> {
  constructor(params: Parameters<Required<AdagradOptions>>, options: AdagradOptions = {}) {
    const { lr = 0.01, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, eps = 1e-10 } = options
    expectRange('Adagrad', { lrDecay, weightDecay, initialAccumulatorValue, eps })
    super('Adagrad', params, { lr, lrDecay, weightDecay, initialAccumulatorValue, eps })
  }

  protected update(batch: Batch, options: Required<AdagradOptions>): void {
    const sum = batch.buffers('sum', options.initialAccumulatorValue)
    batch.kernels.adagradInto(batch.w, batch.dw, sum, { ...options, step: batch.step + 1 })
  }
}
