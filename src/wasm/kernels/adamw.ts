import type { AdamwKernels } from '../../reference/adamw.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
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

export function adamw({ exports, memory }: Core<AdamwExports>): AdamwKernels<WasmArray> {
  return {
    adamwInto(w, dw, m, v, vMax, { lr, beta1, beta2, eps, weightDecay, step }) {
      memory.begin('adamwInto', ...present(w, dw, m, v, vMax))
      const [pw, pdw, pm, pv, pMax] = [w, dw, m, v, vMax].map((x) => (x ? memory.address(x) : 0))
      const stepSize = lr / (1 - beta1 ** step)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      exports.adamw(pw, pdw, pm, pv, pMax, w.length, stepSize, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, 1 - lr * weightDecay)
      for (const x of present(w, m, v, vMax)) memory.written(x)
    },
  }
}
