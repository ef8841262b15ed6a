import type { Batch } from './batch.ts'
import { expectRange, Optimizer, type Parameters } from './optimizer.ts'

export interface RMSpropOptions {
  /** α. Default 0.01. */
  lr?: number
  /** ρ: how slowly the mean of the squared gradients changes. Default 0.99. */
  alpha?: number
  /** ε: keeps the division from 0. Default 1e-8. */
  eps?: number
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
  /** μ: how much of the last step is kept. Default 0. */
  momentum?: number
  /** Divide by the standard deviation of the gradients, not by the root of their mean square. Default false. */
  centered?: boolean
}

/** Steps divided by the recent size of the gradients (Tieleman & Hinton 2012); the update stands in `src/reference/rmsprop.ts`. */
export class RMSprop extends Optimizer<Required<RMSpropOptions>> {
  constructor(params: Parameters<Required<RMSpropOptions>>, options: RMSpropOptions = {}) {
    const { lr = 0.01, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false } = options
    expectRange('RMSprop', { alpha, eps, weightDecay, momentum })
    super('RMSprop', params, { lr, alpha, eps, weightDecay, momentum, centered })
  }

  protected update(batch: Batch, options: Required<RMSpropOptions>): void {
    const mean = options.centered ? batch.buffers('gradAvg') : null
    const velocity = options.momentum > 0 ? batch.buffers('momentumBuffer') : null
    batch.kernels.rmspropInto(batch.w, batch.dw, batch.buffers('squareAvg'), mean, velocity, options)
  }
}
