import type { AdamKernels } from '../../reference/adam.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface AdamExports {
  adam: Update
}

export function adam(core: Core<AdamExports>): AdamKernels<WasmArray> {
  return {
    adamInto(w, dw, m, v, vMax, { lr, beta1, beta2, eps, weightDecay, step }) {
      const stepSize = lr / (1 - beta1 ** step)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [stepSize, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, weightDecay]
      runUpdate(core, 'adamInto', core.exports.adam, [w, dw, m, v, vMax], parameters)
    },
  }
}
