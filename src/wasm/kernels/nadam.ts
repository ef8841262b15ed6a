import { type NadamKernels, nadamStepSizes } from '../../reference/nadam.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface NadamExports {
  nadam: Update
}

export function nadam(core: Core<NadamExports>): NadamKernels<WasmArray> {
  return {
    nadamInto(w, dw, m, v, options) {
      const { beta1, beta2, eps, weightDecay, step } = options
      const [ofGradient, ofMomentum] = nadamStepSizes(options)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [ofGradient, ofMomentum, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, weightDecay]
      runUpdate(core, 'nadamInto', core.exports.nadam, [w, dw, m, v], parameters)
    },
  }
}
