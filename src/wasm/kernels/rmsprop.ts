import type { RmspropKernels } from '../../reference/rmsprop.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, runEach } from './core.ts'
import { present } from './memory.ts'

export interface RmspropExports {
  rmsprop(
    w: number,
    dw: number,
    v: number,
    mean: number,
    velocity: number,
    n: number,
    lr: number,
    alpha: number,
    fresh: number,
    eps: number,
    weightDecay: number,
    momentum: number,
  ): void
}

export function rmsprop({ exports, memory, threads }: Core<RmspropExports>): RmspropKernels<WasmArray> {
  return {
    rmspropInto(w, dw, v, mean, velocity, { lr, alpha, eps, weightDecay, momentum }) {
      memory.begin('rmspropInto', ...present(w, dw, v, mean, velocity))
      const addresses = [w, dw, v, mean, velocity].map((x) => (x ? memory.address(x) : 0))
      runEach(threads, exports.rmsprop, addresses, w.length, [lr, alpha, 1 - alpha, eps, weightDecay, momentum], COST.update)
      for (const x of present(w, v, mean, velocity)) memory.written(x)
    },
  }
}
