import type { AdamKernels } from '../../reference/adam.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'

export interface AdamExports {
  adam(
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
    weightDecay: number,
  ): void
}

export function adam({ exports, memory, threads }: Core<AdamExports>): AdamKernels<WasmArray> {
  return {
    adamInto(w, dw, m, v, vMax, { lr, beta1, beta2, eps, weightDecay, step }) {
      memory.begin('adamInto', w, dw, m, v)
      const pw = memory.address(w)
      const pdw = memory.address(dw)
      const pm = memory.address(m)
      const pv = memory.address(v)
      const pMax = vMax ? memory.address(vMax) : 0
      const stepSize = lr / (1 - beta1 ** step)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const parameters = [stepSize, 1 - beta1, beta2, 1 - beta2, rootCorrection, eps, weightDecay]
      runEach(threads, exports.adam, [pw, pdw, pm, pv, pMax], w.length, parameters, COST.update)
      for (const x of vMax ? [w, m, v, vMax] : [w, m, v]) memory.written(x)
    },
  }
}
