import type { AdamwKernels } from '../../reference/adamw.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'
import { present } from './memory.ts'

export interface AdamwExports {
  adamw(
    w: number,
    dw: number,
    m: number,
    v: number,
    vMax: number,
    n: number,
    stepSize: number,
    new1: number,
    beta2: number,
    new2: number,
    rootCorrection: number,
    eps: number,
    keep: number,
  ): void
}

export function adamw({ exports, memory, threads }: Core<AdamwExports>): AdamwKernels<WasmArray> {
  return {
    adamwInto(w, dw, m, v, vMax, { lr, beta1, beta2, eps, weightDecay, step }) {
      memory.begin('adamwInto', ...present(w, dw, m, v, vMax))
      const addresses = [w, dw, m, v, vMax].map((x) => (x ? memory.address(x) : 0))
      const stepSize = lr / (1 - beta1 ** step)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [stepSize, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, 1 - lr * weightDecay]
      runEach(threads, exports.adamw, addresses, w.length, parameters, COST.update)
      for (const x of present(w, m, v, vMax)) memory.written(x)
    },
  }
}
