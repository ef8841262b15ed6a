import { type NadamKernels, nadamStepSizes } from '../../reference/nadam.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'

export interface NadamExports {
  nadam(
    w: number,
    dw: number,
    m: number,
    v: number,
    n: number,
    ofGradient: number,
    ofMomentum: number,
    new1: number,
    beta2: number,
    new2: number,
    rootCorrection: number,
    eps: number,
    weightDecay: number,
  ): void
}

export function nadam({ exports, memory, threads }: Core<NadamExports>): NadamKernels<WasmArray> {
  return {
    nadamInto(w, dw, m, v, options) {
      memory.begin('nadamInto', w, dw, m, v)
      const { beta1, beta2, eps, weightDecay, step } = options
      const addresses = [w, dw, m, v].map((x) => memory.address(x))
      const [ofGradient, ofMomentum] = nadamStepSizes(options)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [ofGradient, ofMomentum, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, weightDecay]
      runEach(threads, exports.nadam, addresses, w.length, parameters, COST.update)
      for (const x of [w, m, v]) memory.written(x)
    },
  }
}
