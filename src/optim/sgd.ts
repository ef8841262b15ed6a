import { expect } from '../errors.ts'
import type { Batch } from './batch.ts'
import { Optimizer, type Parameters } from './optimizer.ts'

export interface SGDOptions {
  lr: number
  /** μ: how much of the last step is kept. Default 0. */
  momentum?: number
  /** τ: the part of the gradient that does not enter the momentum. Default 0. */
  dampening?: number
  /** Look ahead: the gradient is taken where the momentum leads. Default false. */
  nesterov?: boolean
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
}

/** Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's (1983); the update stands in `src/reference/sgd.ts`. */
export class SGD extends Optimizer<Required<SGDOptions>> {
  constructor(
    params: Parameters<Required<SGDOptions>>,
    { lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 }: SGDOptions,
  ) {
    expect(
      !nesterov || (momentum > 0 && dampening === 0),
      'SGD',
      () => `nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`,
    )
    expect(momentum >= 0, 'SGD', () => `momentum must be 0 or more, got ${momentum}`)
    expect(weightDecay >= 0, 'SGD', () => `weightDecay must be 0 or more, got ${weightDecay}`)
    super('SGD', params, { lr, momentum, dampening, nesterov, weightDecay })
  }

  protected update(batch: Batch, options: Required<SGDOptions>): void {
    const velocity = options.momentum === 0 ? null : batch.buffers('momentumBuffer')
    batch.kernels.sgdInto(batch.w, batch.dw, velocity, { ...options, step: batch.step })
  }
}
