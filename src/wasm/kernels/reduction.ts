import type { AxisOptions, ReductionKernels } from '../../reference/reduction.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface ReductionExports {
  /** Bytes of scratch that sum needs. */
  sumScratch(): number
  sum(x: number, y: number, outer: number, n: number, inner: number, scratch: number): void
  mean(x: number, y: number, outer: number, n: number, inner: number, scratch: number): void
  meanBackward(dy: number, dx: number, outer: number, n: number, inner: number): void
  cumsum(x: number, y: number, outer: number, n: number, inner: number, reverse: number): void
  argbest(x: number, y: number, outer: number, n: number, inner: number, least: number): void
}

export function reduction({ exports, memory }: Core<ReductionExports>): ReductionKernels<WasmArray> {
  const sumScratch = exports.sumScratch()

  function argbest(operation: string, x: WasmArray, { outer, n, inner }: AxisOptions, least: boolean): WasmArray {
    memory.begin(operation, x)
    const y = memory.allocate('int32', outer * inner)
    exports.argbest(memory.address(x), memory.address(y), outer, n, inner, Number(least))
    return y
  }

  function total(operation: 'sum' | 'mean', x: WasmArray, { outer, n, inner }: AxisOptions): WasmArray {
    memory.begin(operation, x)
    const y = memory.allocate(x.dtype, outer * inner)
    const scratch = inner === 1 ? 0 : memory.scratch(sumScratch)
    exports[operation](memory.address(x), memory.address(y), outer, n, inner, scratch)
    return y
  }

  return {
    sum: (x, options) => total('sum', x, options),
    mean: (x, options) => total('mean', x, options),
    meanBackward(dy, { outer, n, inner }) {
      memory.begin('meanBackward', dy)
      const dx = memory.allocate(dy.dtype, outer * n * inner)
      exports.meanBackward(memory.address(dy), memory.address(dx), outer, n, inner)
      return dx
    },
    cumsum(x, { outer, n, inner, reverse = false }) {
      memory.begin('cumsum', x)
      const y = memory.allocate(x.dtype, x.length)
      exports.cumsum(memory.address(x), memory.address(y), outer, n, inner, Number(reverse))
      return y
    },
    argmax: (x, options) => argbest('argmax', x, options, false),
    argmin: (x, options) => argbest('argmin', x, options, true),
  }
}
