import { expect } from '../errors.ts'
import type { Batch } from './batch.ts'
import { expectRange, Optimizer, type Parameters } from './optimizer.ts'

export interface AdadeltaOptions {
  /** α: scales the steps, which have a length of their own. Default 1. */
  lr?: number
  /** ρ: how slowly the means of squares change. Default 0.9. */
  rho?: number
  /** ε: keeps the first steps from 0. Default 1e-6. */
  eps?: number
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
}

/** Steps in the units of the parameters (Zeiler 2012); the update stands in `src/reference/adadelta.ts`. */
export class Adadelta extends Optimizer<Required<AdadeltaOptions>> {
  constructor(params: Parameters<Required<AdadeltaOptions>>, options: AdadeltaOptions = {}) {
    const { lr = 1, rho = 0.9, eps = 1e-6, weightDecay = 0 } = options
    expect(rho >= 0 && rho <= 1, 'Adadelta', () => `rho must lie between 0 and 1, got ${rho}`)
    expectRange('Adadelta', { eps, weightDecay })
    super('Adadelta', params, { lr, rho, eps, weightDecay })
  }

  protected update(batch: Batch, options: Required<AdadeltaOptions>): void {
    batch.kernels.adadeltaInto(batch.w, batch.dw, batch.buffers('squareAvg'), batch.buffers('accDelta'), options)
  }
}
