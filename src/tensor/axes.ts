import { expect } from '../errors.ts'
import { type Shape, showShape, sizeOf } from '../reference/array.ts'
import type { AxisOptions } from '../reference/reduction.ts'

/** An axis counted from the front: -1 is the last. */
export function axisOf(operation: string, dim: number, ndim: number): number {
  expect(
    Number.isInteger(dim) && dim >= -Math.max(ndim, 1) && dim < Math.max(ndim, 1),
    operation,
    () => `dim must be an integer between ${-Math.max(ndim, 1)} and ${Math.max(ndim, 1) - 1} for a tensor of ${ndim} axes, got ${dim}`,
  )
  return dim < 0 ? dim + ndim : dim
}

/** The axes that a reduction runs over, sorted; all of them where none is named. */
export function axesOf(operation: string, dim: number | readonly number[] | undefined, ndim: number): number[] {
  if (dim === undefined) return [...Array(ndim).keys()]
  const axes = (typeof dim === 'number' ? [dim] : dim).map((d) => axisOf(operation, d, ndim))
  expect(new Set(axes).size === axes.length, operation, () => `dim names an axis twice: ${showShape(axes)}`)
  return axes.sort((a, b) => a - b)
}

/** A shape folded around axes from..to (both included): [outer, n, inner]. */
export function fold(shape: Shape, from: number, to: number = from): AxisOptions {
  return { outer: sizeOf(shape.slice(0, from)), n: sizeOf(shape.slice(from, to + 1)), inner: sizeOf(shape.slice(to + 1)) }
}

/** The shape without (or with 1 in place of) the reduced axes. */
export function reducedShape(shape: Shape, axes: readonly number[], keepdim: boolean): number[] {
  return keepdim ? shape.map((n, axis) => (axes.includes(axis) ? 1 : n)) : shape.filter((_, axis) => !axes.includes(axis))
}

/** Neighbouring axes in runs, last run first, so that folding one leaves the places of the others as they are.  [0, 1, 3] -> [[3, 3], [0, 1]] */
export function runsOf(axes: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const axis of axes) {
    const last = runs[0]
    if (last && last[1] === axis - 1) last[1] = axis
    else runs.unshift([axis, axis])
  }
  return runs
}
