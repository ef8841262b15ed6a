import type { AdadeltaKernels } from '../../reference/adadelta.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

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

export function adadelta({ exports, memory }: Core<AdadeltaExports>): AdadeltaKernels<WasmArray> {
  return {
    adadeltaInto(w, dw, v, u, { lr, rho, eps, weightDecay }) {
      memory.begin('adadeltaInto', w, dw, v, u)
      const [pw, pdw, pv, pu] = [w, dw, v, u].map((x) => memory.address(x))
      exports.adadelta(pw, pdw, pv, pu, w.length, lr, rho, 1 - rho, eps, weightDecay)
      for (const x of [w, v, u]) memory.written(x)
    },
  }
}
