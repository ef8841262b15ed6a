import type { AdagradKernels } from '../../reference/adagrad.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface AdagradExports {
  adagrad(w: number, dw: number, sum: number, n: number, stepSize: number, eps: number, weightDecay: number): void
}

export function adagrad({ exports, memory }: Core<AdagradExports>): AdagradKernels<WasmArray> {
  return {
    adagradInto(w, dw, sum, { lr, lrDecay, eps, weightDecay, step }) {
      memory.begin('adagradInto', w, dw, sum)
      const [pw, pdw, ps] = [w, dw, sum].map((x) => memory.address(x))
      exports.adagrad(pw, pdw, ps, w.length, lr / (1 + (step - 1) * lrDecay), eps, weightDecay)
      for (const x of [w, sum]) memory.written(x)
    },
  }
}
