import { sizeOf, stridesOf } from '../../reference/array.ts'
import { type Axis, isInjective, mergeAxes, sumRepeated } from '../../reference/axes.ts'
import type { ReductionKernels } from '../../reference/reduction.ts'
import type { StridedKernels, StridedView } from '../../reference/strided.ts'
import type { WasmArray } from '../memory.ts'
import { walkAxes } from './axes.ts'
import { COST, type Core } from './core.ts'
import type { MemoryExports } from './memory.ts'

/** y = x, or y += x: x is walked by the strides a of the struct, y by b. */
type Walk = (x: number, y: number, axes: number) => void

export interface StridedExports {
  stridedCopy: Walk
  stridedAdd: Walk
}

export function strided(core: Core<StridedExports & MemoryExports>, { sum }: ReductionKernels<WasmArray>): StridedKernels<WasmArray> {
  const { exports, memory } = core

  function walk(run: Walk, x: number, y: number, axes: Axis[]): void {
    if (axes.some(({ n }) => n === 0)) return
    const cost = run === exports.stridedAdd ? 0 : COST.simple // sums may meet at one place: they are never cut
    walkAxes(core, run, axes, (a, b, _, struct) => [x + a, y + b, struct], cost)
  }

  /** dx = 0 but for the places of the view, which receive dy. No axis repeats. */
  function scatter(dy: WasmArray, view: StridedView, size: number): WasmArray {
    memory.begin('stridedBackward', dy)
    const dx = memory.allocate(dy.dtype, size)
    const from = memory.address(dy)
    const to = memory.address(dx)
    const axes = mergeAxes(view.shape, stridesOf(view.shape), view.strides)
    const overlaps = !isInjective(axes)
    if (overlaps || dy.length < size) exports.fill(to, size, 0)
    if (overlaps) walk(exports.stridedAdd, from, to + view.offset * 4, axes)
    else walk(exports.stridedCopy, from, to + view.offset * 4, orderForCopy(axes))
    return dx
  }

  return {
    strided(x, { shape, strides, offset }) {
      memory.begin('strided', x)
      const y = memory.allocate(x.dtype, sizeOf(shape))
      const from = memory.address(x)
      const to = memory.address(y)
      walk(exports.stridedCopy, from + offset * 4, to, orderForCopy(mergeAxes(shape, strides, stridesOf(shape))))
      return y
    },
    stridedInto(x, src, { shape, strides, offset }) {
      memory.begin('stridedInto', x, src)
      const to = memory.address(x)
      const from = memory.address(src)
      walk(exports.stridedCopy, from, to + offset * 4, orderForCopy(mergeAxes(shape, stridesOf(shape), strides)))
      memory.written(x)
    },
    stridedBackward(dy, { shape, strides, offset, size }) {
      const { summed, rest } = sumRepeated({ sum, release: (x) => memory.release(x) }, dy, shape, strides)
      const dx = scatter(summed, { shape: rest, strides, offset }, size)
      if (summed !== dy) memory.release(summed)
      return dx
    },
  }
}

/** In any order a copy is the same. It is fast along the axis on which y is contiguous; before it comes the one on which x is, for the transposition of blocks. */
function orderForCopy(axes: Axis[]): Axis[] {
  return [...axes].sort((p, q) => rank(p) - rank(q))
}

const rank = ({ a, b }: Axis) => (b === 1 ? 2 : a === 1 ? 1 : 0)
