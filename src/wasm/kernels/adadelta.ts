import type { AdadeltaKernels } from '../../reference/adadelta.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'

export interface AdadeltaExports {
  adadelta(
    w: number,
    dw: number,
    v: number,
    u: number,
    n: number,
    lr: number,
    rho: number,
    fresh: number,
    eps: number,
    weightDecay: number,
  ): void
}

export function adadelta({ exports, memory, threads }: Core<AdadeltaExports>): AdadeltaKernels<WasmArray> {
  return {
    adadeltaInto(w, dw, v, u, { lr, rho, eps, weightDecay }) {
      memory.begin('adadeltaInto', w, dw, v, u)
      const addresses = [w, dw, v, u].map((x) => memory.address(x))
      runEach(threads, exports.adadelta, addresses, w.length, [lr, rho, 1 - rho, eps, weightDecay], COST.update)
      for (const x of [w, v, u]) memory.written(x)
    },
  }
}
