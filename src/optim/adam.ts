import { expect } from '../errors.ts'
import { kernelsFor } from '../tensor/backend.ts'
import { contiguous } from '../tensor/operation.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { bufferOf, Optimizer, type Parameters, type State } from './optimizer.ts'

export interface AdamOptions {
  /** α. Default 0.001. */
  lr?: number
  /** β₁, β₂: how slowly the means of the gradient and of its square change. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** ε: keeps the division from 0. Default 1e-8. */
  eps?: number
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
  /** Divide by the greatest mean square so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean
}

/** Adaptive moment estimation (Kingma & Ba 2015); the update stands in `src/reference/adam.ts`. */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Parameters<Required<AdamOptions>>, options: AdamOptions = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false } = options
    expect(
      betas.length === 2 && betas.every((b) => b >= 0 && b < 1),
      'Adam',
      () => `betas must be two numbers from 0 to below 1, got [${betas.join(', ')}]`,
    )
    expect(eps >= 0, 'Adam', () => `eps must be 0 or more, got ${eps}`)
    expect(weightDecay >= 0, 'Adam', () => `weightDecay must be 0 or more, got ${weightDecay}`)
    super('Adam', params, { lr, betas, eps, weightDecay, amsgrad })
  }

  protected update(p: Tensor, gradient: Tensor, state: State, options: Required<AdamOptions>): void {
    const kernels = kernelsFor(p.dtype)
    const { lr, betas, eps, weightDecay, amsgrad } = options
    const [m, v] = ['expAvg', 'expAvgSq'].map((name) => bufferOf(state, name, p).storage.on(kernels))
    const vMax = amsgrad ? bufferOf(state, 'maxExpAvgSq', p).storage.on(kernels) : null
    const step = ++state.step
    kernels.adamInto(p.storage.on(kernels), contiguous(gradient).storage.on(kernels), m, v, vMax, {
      lr,
      beta1: betas[0],
      beta2: betas[1],
      eps,
      weightDecay,
      step,
    })
  }
}
