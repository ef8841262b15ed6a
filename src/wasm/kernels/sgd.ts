import type { SgdKernels } from '../../reference/sgd.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface SgdExports {
  sgd: Update
}

export function sgd(core: Core<SgdExports>): SgdKernels<WasmArray> {
  return {
    sgdInto(w, dw, velocity, { lr, momentum, dampening, nesterov, weightDecay, step }) {
      const parameters = [lr, momentum, 1 - dampening, Number(nesterov), weightDecay, Number(step === 0)]
      runUpdate(core, 'sgdInto', core.exports.sgd, [w, dw, velocity], parameters, COST.simple)
    },
  }
}
