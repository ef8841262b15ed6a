import { kernelsFor } from '../tensor/backend.ts'
import { contiguous } from '../tensor/operation.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { bufferOf, expectRange, Optimizer, type Parameters, type State } from './optimizer.ts'

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

  protected update(p: Tensor, gradient: Tensor, state: State, options: Required<AdagradOptions>): void {
    const kernels = kernelsFor(p.dtype)
    const sum = bufferOf(state, 'sum', p, options.initialAccumulatorValue).storage.on(kernels)
    kernels.adagradInto(p.storage.on(kernels), contiguous(gradient).storage.on(kernels), sum, { ...options, step: ++state.step })
  }
}
