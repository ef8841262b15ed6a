import type { AdagradKernels } from '../../reference/adagrad.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface AdagradExports {
  adagrad: Update
}

export function adagrad(core: Core<AdagradExports>): AdagradKernels<WasmArray> {
  return {
    adagradInto(w, dw, sum, { lr, lrDecay, eps, weightDecay, step }) {
      const parameters = [lr / (1 + (step - 1) * lrDecay), eps, weightDecay]
      runUpdate(core, 'adagradInto', core.exports.adagrad, [w, dw, sum], parameters)
    },
  }
}
