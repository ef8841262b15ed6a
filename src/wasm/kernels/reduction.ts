import type { AxisOptions, ReductionKernels } from '../../reference/reduction.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, LINE } from './core.ts'

export interface ReductionExports {
  /** Bytes of scratch that sum needs. */
  sumScratch(): number
  sum(x: number, y: number, outer: number, n: number, inner: number, scratch: number): void
  /** The same with outer = 1 for `columns` of the columns. */
  sumColumns(x: number, y: number, n: number, inner: number, columns: number, scratch: number): void
  divide(x: number, y: number, n: number, divisor: number): void
  meanBackward(dy: number, dx: number, outer: number, n: number, inner: number): void
  cumsum(x: number, y: number, outer: number, n: number, inner: number, reverse: number): void
  argbest(x: number, y: number, outer: number, n: number, inner: number, least: number): void
}

/** Bytes of a number. */
const F = 4

function costOf({ outer, n, inner }: AxisOptions): number {
  return outer * n * inner * COST.simple
}

/** A sum as work for the threads: its outer places are cut, or where there is one, its columns. A row stays whole: its order of summation is its own. */
function workOfSum(exports: ReductionExports, axis: AxisOptions) {
  const { outer, inner } = axis
  const bytes = inner === 1 ? 0 : exports.sumScratch()
  const cut = outer === 1 ? { n: inner, step: LINE } : { n: outer }
  return { ...cut, cost: costOf(axis), scratch: { argument: 5, bytes } }
}

/** Bytes of scratch that `runSum` needs. */
export function sumScratch({ exports, threads }: Core<ReductionExports>, axis: AxisOptions): number {
  if (threads.isSmall(costOf(axis))) return exports.sumScratch()
  return threads.scratchOf(workOfSum(exports, axis))
}

/** The sum of the numbers at x to y. */
export function runSum({ exports, threads }: Core<ReductionExports>, x: number, y: number, axis: AxisOptions, scratch: number): void {
  const { outer, n, inner } = axis
  if (threads.isSmall(costOf(axis))) {
    exports.sum(x, y, outer, n, inner, scratch)
    return
  }
  const work = workOfSum(exports, axis)
  if (outer === 1 && inner > 1) {
    threads.run(exports.sumColumns, work, (from, to) => [x + F * from, y + F * from, n, inner, to - from, scratch])
  } else {
    threads.run(exports.sum, work, (from, to) => [x + F * n * inner * from, y + F * inner * from, to - from, n, inner, scratch])
  }
}

export function reduction(core: Core<ReductionExports>): ReductionKernels<WasmArray> {
  const { exports, memory, threads } = core

  function sum(operation: string, x: WasmArray, axis: AxisOptions): WasmArray {
    memory.begin(operation, x)
    const y = memory.allocate(x.dtype, axis.outer * axis.inner)
    const scratch = axis.inner === 1 ? 0 : memory.scratch(sumScratch(core, axis))
    runSum(core, memory.address(x), memory.address(y), axis, scratch)
    return y
  }

  function argbest(operation: string, x: WasmArray, { outer, n, inner }: AxisOptions, least: boolean): WasmArray {
    memory.begin(operation, x)
    const y = memory.allocate('int32', outer * inner)
    const [px, py] = [memory.address(x), memory.address(y)]
    threads.run(exports.argbest, { n: outer, cost: x.length * COST.simple }, (from, to) => [
      px + F * n * inner * from,
      py + F * inner * from,
      to - from,
      n,
      inner,
      Number(least),
    ])
    return y
  }

  return {
    sum: (x, axis) => sum('sum', x, axis),
    mean(x, axis) {
      const y = sum('mean', x, axis)
      const py = memory.address(y)
      exports.divide(py, py, y.length, axis.n)
      return y
    },
    meanBackward(dy, { outer, n, inner }) {
      memory.begin('meanBackward', dy)
      const dx = memory.allocate(dy.dtype, outer * n * inner)
      exports.meanBackward(memory.address(dy), memory.address(dx), outer, n, inner)
      return dx
    },
    cumsum(x, { outer, n, inner, reverse = false }) {
      memory.begin('cumsum', x)
      const y = memory.allocate(x.dtype, x.length)
      const [px, py] = [memory.address(x), memory.address(y)]
      threads.run(exports.cumsum, { n: outer, cost: x.length * COST.function }, (from, to) => {
        const place = F * n * inner * from
        return [px + place, py + place, to - from, n, inner, Number(reverse)]
      })
      return y
    },
    argmax: (x, options) => argbest('argmax', x, options, false),
    argmin: (x, options) => argbest('argmin', x, options, true),
  }
}
