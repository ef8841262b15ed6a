import type { CrossEntropyKernels } from '../../reference/cross-entropy.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, COST, type Core, runBinary, runTernary, type Ternary } from './core.ts'

export interface CrossEntropyExports {
  crossEntropy(x: number, target: number, loss: number, n: number, c: number, labelSmoothing: number): void
  crossEntropyBackward(dy: number, x: number, target: number, dx: number, n: number, c: number, labelSmoothing: number): void
  binaryCrossEntropyWithLogits: Binary
  binaryCrossEntropyWithLogitsBackward: Ternary
}

export function crossEntropy(core: Core<CrossEntropyExports>): CrossEntropyKernels<WasmArray> {
  const { exports, memory, threads } = core
  return {
    crossEntropy(x, target, { n, c, labelSmoothing = 0 }) {
      memory.begin('crossEntropy', x, target)
      const loss = memory.allocate(x.dtype, n)
      const [px, pt, pl] = [memory.address(x), memory.address(target), memory.address(loss)]
      threads.run(exports.crossEntropy, { n, cost: n * c * COST.function }, (from, to) => [
        px + 4 * c * from,
        pt + 4 * from,
        pl + 4 * from,
        to - from,
        c,
        labelSmoothing,
      ])
      return loss
    },
    crossEntropyBackward(dy, x, target, { n, c, labelSmoothing = 0 }) {
      memory.begin('crossEntropyBackward', dy, x, target)
      const dx = memory.allocate(x.dtype, x.length)
      const [pdy, px, pt, pdx] = [memory.address(dy), memory.address(x), memory.address(target), memory.address(dx)]
      threads.run(exports.crossEntropyBackward, { n, cost: n * c * COST.function }, (from, to) => [
        pdy + 4 * from,
        px + 4 * c * from,
        pt + 4 * from,
        pdx + 4 * c * from,
        to - from,
        c,
        labelSmoothing,
      ])
      return dx
    },
    binaryCrossEntropyWithLogits: (x, target) =>
      runBinary(core, 'binaryCrossEntropyWithLogits', exports.binaryCrossEntropyWithLogits, x, target, [], COST.function),
    binaryCrossEntropyWithLogitsBackward: (dy, x, target) =>
      runTernary(core, 'binaryCrossEntropyWithLogitsBackward', exports.binaryCrossEntropyWithLogitsBackward, dy, x, target, COST.function),
  }
}
