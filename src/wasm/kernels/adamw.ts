import type { AdamwKernels } from '../../reference/adamw.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface AdamwExports {
  adamw: Update
}

export function adamw(core: Core<AdamwExports>): AdamwKernels<WasmArray> {
  return {
    adamwInto(w, dw, m, v, vMax, { lr, beta1, beta2, eps, weightDecay, step }) {
      const stepSize = lr / (1 - beta1 ** step)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [stepSize, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, 1 - lr * weightDecay]
      runUpdate(core, 'adamwInto', core.exports.adamw, [w, dw, m, v, vMax], parameters)
    },
  }
}
