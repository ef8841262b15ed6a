import type { CrossEntropyKernels } from '../../reference/cross-entropy.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, type Core, runBinary, runTernary, type Ternary } from './core.ts'

export interface CrossEntropyExports {
  crossEntropy(x: number, target: number, loss: number, n: number, c: number, labelSmoothing: number): void
  crossEntropyBackward(dy: number, x: number, target: number, dx: number, n: number, c: number, labelSmoothing: number): void
  binaryCrossEntropyWithLogits: Binary
  binaryCrossEntropyWithLogitsBackward: Ternary
}

export function crossEntropy({ exports, memory }: Core<CrossEntropyExports>): CrossEntropyKernels<WasmArray> {
  return {
    crossEntropy(x, target, { n, c, labelSmoothing = 0 }) {
      memory.begin('crossEntropy', x, target)
      const loss = memory.allocate(x.dtype, n)
      exports.crossEntropy(memory.address(x), memory.address(target), memory.address(loss), n, c, labelSmoothing)
      return loss
    },
    crossEntropyBackward(dy, x, target, { n, c, labelSmoothing = 0 }) {
      memory.begin('crossEntropyBackward', dy, x, target)
      const dx = memory.allocate(x.dtype, x.length)
      const [pdy, px, pt] = [memory.address(dy), memory.address(x), memory.address(target)]
      exports.crossEntropyBackward(pdy, px, pt, memory.address(dx), n, c, labelSmoothing)
      return dx
    },
    binaryCrossEntropyWithLogits: (x, target) =>
      runBinary(memory, 'binaryCrossEntropyWithLogits', exports.binaryCrossEntropyWithLogits, x, target),
    binaryCrossEntropyWithLogitsBackward: (dy, x, target) =>
      runTernary(memory, 'binaryCrossEntropyWithLogitsBackward', exports.binaryCrossEntropyWithLogitsBackward, dy, x, target),
  }
}
