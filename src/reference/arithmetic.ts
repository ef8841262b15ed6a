import { type HostArray, like, type Shape, sizeOf, stridesOf } from './array.ts'

/**
 * Functions of two numbers, with broadcasting: an axis of length 1, or one that is missing in front, is repeated.
 * The gradient of a repeated operand is the sum over its repetitions: `sumTo` in `src/tensor/ops/arithmetic.ts`.
 *
 *     y = a + b    da = dy        db = dy
 *     y = a - b    da = dy        db = -dy
 *     y = a · b    da = dy · b    db = dy · a
 *     y = a / b    da = dy / b    db = -dy · y / b
 *     y = max(a, b), min(a, b)    dy goes to the chosen operand, half to each where they are equal
 */
export interface ArithmeticKernels<A> {
  add(a: A, b: A, options: BroadcastOptions): A
  sub(a: A, b: A, options: BroadcastOptions): A
  mul(a: A, b: A, options: BroadcastOptions): A
  div(a: A, b: A, options: BroadcastOptions): A
  maximum(a: A, b: A, options: BroadcastOptions): A
  minimum(a: A, b: A, options: BroadcastOptions): A
  /** Masks: 1 where the comparison holds, else 0. */
  eq(a: A, b: A, options: BroadcastOptions): A
  gt(a: A, b: A, options: BroadcastOptions): A
  lt(a: A, b: A, options: BroadcastOptions): A
  /** y_i = a_i where mask_i ≠ 0, else b_i; all of one shape. */
  where(mask: A, a: A, b: A): A
}

export interface BroadcastOptions {
  /** The shapes of the two operands, which `broadcastShape` can unite. */
  a: Shape
  b: Shape
}

/** The common shape of two operands, or null where they do not fit.  [3, 1], [4] -> [3, 4] */
export function broadcastShape(a: Shape, b: Shape): number[] | null {
  const ndim = Math.max(a.length, b.length)
  const shape = new Array<number>(ndim)
  for (let axis = 0; axis < ndim; axis++) {
    const na = a[axis - ndim + a.length] ?? 1
    const nb = b[axis - ndim + b.length] ?? 1
    if (na !== nb && na !== 1 && nb !== 1) return null
    shape[axis] = na === 1 ? nb : na
  }
  return shape
}

/** The strides by which an operand is read under the common shape: 0 along every axis on which it is repeated. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from)
  const missing = to.length - from.length
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing]))
}

/** y_i = f(a_i, b_i) over the common shape        a, b: broadcastable -> y: the common shape */
export function zip(a: HostArray, b: HostArray, options: BroadcastOptions, f: (a: number, b: number) => number): HostArray {
  const shape = broadcastShape(options.a, options.b) ?? []
  const y = like(a, sizeOf(shape))
  const sa = broadcastStrides(options.a, shape)
  const sb = broadcastStrides(options.b, shape)
  const index = new Array<number>(shape.length).fill(0) // where we are on each axis
  let pa = 0
  let pb = 0
  for (let i = 0; i < y.length; i++) {
    y[i] = f(a[pa], b[pb])
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      pa += sa[axis]
      pb += sb[axis]
      if (++index[axis] < shape[axis]) break
      pa -= sa[axis] * shape[axis]
      pb -= sb[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return y
}

export const add = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => a + b)
export const sub = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => a - b)
export const mul = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => a * b)
export const div = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => a / b)
export const maximum = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, Math.max)
export const minimum = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, Math.min)
export const eq = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => (a === b ? 1 : 0))
export const gt = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => (a > b ? 1 : 0))
export const lt = (a: HostArray, b: HostArray, o: BroadcastOptions) => zip(a, b, o, (a, b) => (a < b ? 1 : 0))

export function where(mask: HostArray, a: HostArray, b: HostArray): HostArray {
  const y = like(a)
  for (let i = 0; i < y.length; i++) y[i] = mask[i] !== 0 ? a[i] : b[i]
  return y
}
