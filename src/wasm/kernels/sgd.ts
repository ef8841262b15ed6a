import type { SgdKernels } from '../../reference/sgd.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'

export interface SgdExports {
  sgd(
    w: number,
    dw: number,
    velocity: number,
    n: number,
    lr: number,
    momentum: number,
    undamped: number,
    nesterov: number,
    weightDecay: number,
    first: number,
  ): void
}

export function sgd({ exports, memory, threads }: Core<SgdExports>): SgdKernels<WasmArray> {
  return {
    sgdInto(w, dw, velocity, { lr, momentum, dampening, nesterov, weightDecay, step }) {
      memory.begin('sgdInto', w, dw)
      const pw = memory.address(w)
      const pdw = memory.address(dw)
      const pv = velocity ? memory.address(velocity) : 0
      const parameters = [lr, momentum, 1 - dampening, Number(nesterov), weightDecay, Number(step === 0)]
      runEach(threads, exports.sgd, [pw, pdw, pv], w.length, parameters, COST.simple)
      memory.written(w)
      if (velocity) memory.written(velocity)
    },
  }
}
