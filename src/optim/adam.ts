import { expect } from '../errors.ts'
import type { Batch } from './batch.ts'
import { expectRange, Optimizer, type Parameters } from './optimizer.ts'

export interface AdamOptions {
  /** α. Default 0.001. */
  lr?: number
  /** β₁, β₂: how slowly the means of the gradient and of its square change. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** ε: keeps the division from 0. Default 1e-8. */
  eps?: number
  /** λ: pulls the parameters towards 0. Default 0, for AdamW 0.01. */
  weightDecay?: number
  /** Divide by the greatest mean square so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean
}

/** The options with their defaults, each checked. */
function complete(name: string, options: AdamOptions, decay: number): Required<AdamOptions> {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decay, amsgrad = false } = options
  expectBetas(name, betas)
  expectRange(name, { eps, weightDecay })
  return { lr, betas, eps, weightDecay, amsgrad }
}

/** Two numbers from 0 to below 1. */
export function expectBetas(name: string, betas: readonly number[]): void {
  expect(
    betas.length === 2 && betas.every((b) => b >= 0 && b < 1),
    name,
    () => `betas must be two numbers from 0 to below 1, got [${betas.join(', ')}]`,
  )
}

/** One update by the kernel of Adam or of AdamW. */
function step(kernel: 'adamInto' | 'adamwInto', batch: Batch, options: Required<AdamOptions>): void {
  const { lr, betas, eps, weightDecay, amsgrad } = options
  const [m, v] = [batch.buffers('expAvg'), batch.buffers('expAvgSq')]
  const vMax = amsgrad ? batch.buffers('maxExpAvgSq') : null
  batch.kernels[kernel](batch.w, batch.dw, m, v, vMax, {
    lr,
    beta1: betas[0],
    beta2: betas[1],
    eps,
    weightDecay,
    step: batch.step + 1,
  })
}

/** Adaptive moment estimation (Kingma & Ba 2015); the update stands in `src/reference/adam.ts`. */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Parameters<Required<AdamOptions>>, options: AdamOptions = {}) {
    super('Adam', params, complete('Adam', options, 0))
  }

  protected update(batch: Batch, options: Required<AdamOptions>): void {
    step('adamInto', batch, options)
  }
}

/** Adam whose weight decay, 0.01 by default, does not pass through the moments (Loshchilov & Hutter 2019); see `src/reference/adamw.ts`. */
export class AdamW extends Optimizer<Required<AdamOptions>> {
  constructor(params: Parameters<Required<AdamOptions>>, options: AdamOptions = {}) {
    super('AdamW', params, complete('AdamW', options, 0.01))
  }

  protected update(batch: Batch, options: Required<AdamOptions>): void {
    step('adamwInto', batch, options)
  }
}
