import { type HostArray, type Shape, showShape, sizeOf } from '../reference/array.ts'

/** From this many elements on, only the edges of each axis are shown. */
const MANY = 1000
const EDGE = 3

/** Nested brackets, a row to a line, numbers in columns: [[1.0000, 2.5000], ...]. */
export function showNumbers(data: HostArray, shape: Shape): string {
  const integral = data.every((v) => Number.isInteger(v) || !Number.isFinite(v))
  const text = (v: number) =>
    integral || !Number.isFinite(v) ? String(v) : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(3) : v.toFixed(4)
  const shown = (n: number) =>
    data.length < MANY || n <= 2 * EDGE ? Array.from({ length: n }, (_, i) => i) : [0, 1, 2, -1, n - 3, n - 2, n - 1]

  const build = (axis: number, offset: number): string => {
    if (axis === shape.length) return text(data[offset])
    const stride = sizeOf(shape.slice(axis + 1))
    const parts = shown(shape[axis]).map((i) => (i < 0 ? '...' : build(axis + 1, offset + i * stride)))
    const innermost = axis === shape.length - 1
    if (innermost) return `[${parts.join(', ')}]`
    return `[${parts.join(`,${'\n'.repeat(shape.length - axis - 1)}${' '.repeat(axis + 1)}`)}]`
  }
  return build(0, 0)
}

/** What a tensor says of itself: its numbers, if they are at hand, then its shape and dtype. */
export function showTensor(data: HostArray | null, shape: Shape, more: readonly string[]): string {
  const numbers = data ? showNumbers(data, shape) : '[numbers that are not at hand: await t.read()]'
  return `${numbers}  ${[showShape(shape), ...more].join(' ')}`
}
