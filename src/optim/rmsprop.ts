import { kernelsFor } from '../tensor/backend.ts'
import { contiguous } from '../tensor/operation.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { bufferOf, expectRange, Optimizer, type Parameters, type State } from './optimizer.ts'

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

  protected update(p: Tensor, gradient: Tensor, state: State, options: Required<RMSpropOptions>): void {
    const kernels = kernelsFor(p.dtype)
    const buffer = (name: string) => bufferOf(state, name, p).storage.on(kernels)
    const mean = options.centered ? buffer('gradAvg') : null
    const velocity = options.momentum > 0 ? buffer('momentumBuffer') : null
    kernels.rmspropInto(p.storage.on(kernels), contiguous(gradient).storage.on(kernels), buffer('squareAvg'), mean, velocity, options)
    state.step++
  }
}
