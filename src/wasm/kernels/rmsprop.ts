import type { RmspropKernels } from '../../reference/rmsprop.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { runUpdate, type Update } from './update.ts'

export interface RmspropExports {
  rmsprop: Update
}

export function rmsprop(core: Core<RmspropExports>): RmspropKernels<WasmArray> {
  return {
    rmspropInto(w, dw, v, mean, velocity, { lr, alpha, eps, weightDecay, momentum }) {
      const parameters = [lr, alpha, 1 - alpha, eps, weightDecay, momentum]
      runUpdate(core, 'rmspropInto', core.exports.rmsprop, [w, dw, v, mean, velocity], parameters)
    },
  }
}
