import { type Shape, sizeOf } from './array.ts'
import type { AxisOptions } from './reduction.ts'

/** One axis along which two arrays are walked: its length, and the stride of each array in elements. */
export interface Axis {
  n: number
  a: number
  b: number
}

/** The axes of a walk, without those of length 1; neighbours that are one run in both arrays are joined. */
export function mergeAxes(shape: Shape, a: readonly number[], b: readonly number[]): Axis[] {
  const axes: Axis[] = []
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue
    const outer = axes.at(-1)
    if (outer && outer.a === a[i] * shape[i] && outer.b === b[i] * shape[i]) {
      outer.n *= shape[i]
      outer.a = a[i]
      outer.b = b[i]
    } else {
      axes.push({ n: shape[i], a: a[i], b: b[i] })
    }
  }
  return axes
}

/** Whether no element of b is visited twice: every stride b is larger than all that the smaller ones reach together. */
export function isInjective(axes: readonly Axis[]): boolean {
  let reach = 0
  for (const { n, b } of [...axes].sort((p, q) => Math.abs(p.b) - Math.abs(q.b))) {
    if (Math.abs(b) <= reach) return false
    reach += Math.abs(b) * (n - 1)
  }
  return true
}

/** What a view repeats along an axis, by a stride of 0, is summed along it: what is left of dy, and its shape. Where nothing is repeated, that is dy itself. */
export function sumRepeated<A>(
  { sum, release }: { sum(x: A, axis: AxisOptions): A; release(x: A): void },
  dy: A,
  shape: Shape,
  strides: readonly number[],
): { summed: A; rest: number[] } {
  let summed = dy
  const rest = [...shape]
  for (let axis = 0; axis < shape.length; axis++) {
    if (strides[axis] !== 0 || rest[axis] === 1) continue
    const longer = summed
    summed = sum(longer, { outer: sizeOf(rest.slice(0, axis)), n: rest[axis], inner: sizeOf(rest.slice(axis + 1)) })
    if (longer !== dy) release(longer)
    rest[axis] = 1
  }
  return { summed, rest }
}
