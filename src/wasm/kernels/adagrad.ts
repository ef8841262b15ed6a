import type { AdagradKernels } from '../../reference/adagrad.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'

export interface AdagradExports {
  adagrad(w: number, dw: number, sum: number, n: number, stepSize: number, eps: number, weightDecay: number): void
}

export function adagrad({ exports, memory, threads }: Core<AdagradExports>): AdagradKernels<WasmArray> {
  return {
    adagradInto(w, dw, sum, { lr, lrDecay, eps, weightDecay, step }) {
      memory.begin('adagradInto', w, dw, sum)
      const addresses = [w, dw, sum].map((x) => memory.address(x))
      runEach(threads, exports.adagrad, addresses, w.length, [lr / (1 + (step - 1) * lrDecay), eps, weightDecay], COST.update)
      for (const x of [w, sum]) memory.written(x)
    },
  }
}
