import { nadamMomentum } from '../reference/nadam.ts'
import { expectBetas } from './adam.ts'
import type { Batch } from './batch.ts'
import { expectRange, Optimizer, type Parameters } from './optimizer.ts'

export interface NAdamOptions {
  /** α. Default 0.002. */
  lr?: number
  /** β₁, β₂: how slowly the means of the gradient and of its square change. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** ε: keeps the division from 0. Default 1e-8. */
  eps?: number
  /** λ: pulls the parameters towards 0. Default 0. */
  weightDecay?: number
  /** ψ: how fast the momentum grows to β₁. Default 0.004. */
  momentumDecay?: number
}

/**
 * Adam with Nesterov's momentum (Dozat 2016); the update stands in `src/reference/nadam.ts`. Its path is that of PyTorch up to 1.13, which
 * puts μ_t twice into Π_{t+1}; PyTorch 2 follows the paper, and the first steps differ slightly (0.2% in w after the first step of one measured path).
 */
export class NAdam extends Optimizer<Required<NAdamOptions>> {
  constructor(params: Parameters<Required<NAdamOptions>>, options: NAdamOptions = {}) {
    const { lr = 2e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, momentumDecay = 4e-3 } = options
    expectBetas('NAdam', betas)
    expectRange('NAdam', { eps, weightDecay, momentumDecay })
    super('NAdam', params, { lr, betas, eps, weightDecay, momentumDecay })
  }

  protected update(batch: Batch, options: Required<NAdamOptions>): void {
    const { lr, betas, eps, weightDecay, momentumDecay } = options
    const step = batch.step + 1
    const mu = nadamMomentum(betas[0], step, momentumDecay)
    const muNext = nadamMomentum(betas[0], step + 1, momentumDecay)
    const muProduct = (batch.states[0].scalars.muProduct ?? 1) * mu
    for (const { scalars } of batch.states) scalars.muProduct = muProduct
    batch.kernels.nadamInto(batch.w, batch.dw, batch.buffers('expAvg'), batch.buffers('expAvgSq'), {
      lr,
      beta1: betas[0],
      beta2: betas[1],
      eps,
      weightDecay,
      step,
      mu,
      muNext,
      muProduct,
      muProductNext: muProduct * mu * muNext, // μ_t twice, as PyTorch 1.13 has it; the paper has Π_t · μ_{t+1}
    })
  }
}
