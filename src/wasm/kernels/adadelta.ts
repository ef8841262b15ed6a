import type { AdadeltaKernels } from '../../reference/adadelta.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface AdadeltaExports {
  adadelta: Update
}

export function adadelta(core: Core<AdadeltaExports>): AdadeltaKernels<WasmArray> {
  return {
    adadeltaInto(w, dw, v, u, { lr, rho, eps, weightDecay }) {
      const parameters = [lr, rho, 1 - rho, eps, weightDecay]
      runUpdate(core, 'adadeltaInto', core.exports.adadelta, [w, dw, v, u], parameters)
    },
  }
}
