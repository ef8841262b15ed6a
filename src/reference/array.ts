import { GradusError } from '../errors.ts'

/** The arrays that the readable definitions compute on: row-major, contiguous, one number after the other. */
export type HostArray = Float32Array | Float64Array | Int32Array
export type FloatArray = Float32Array | Float64Array
/** One array for each parameter of a model. */
export type HostArrays = readonly HostArray[]

/** float32 is computed on every backend, float64 on the reference alone, int32 holds labels and indices. */
export type DType = 'float32' | 'float64' | 'int32'

/** The lengths of the axes, outermost first; [] is a single number. */
export type Shape = readonly number[]

const constructors = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const

/** n zeros of a type. A GradusError where JavaScript has no room for them. */
export function zerosOf(dtype: DType, n: number): HostArray {
  try {
    return new constructors[dtype](n)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GradusError(dtype, `out of memory: an array of ${n} numbers is more than JavaScript gives room for`)
  }
}

export function dtypeOf(x: HostArray): DType {
  if (x instanceof Float32Array) return 'float32'
  return x instanceof Float64Array ? 'float64' : 'int32'
}

/** n zeros in the precision of x: a definition computes in the precision that it is given. */
export function like<T extends HostArray>(x: T, n: number = x.length): T {
  return zerosOf(dtypeOf(x), n) as T
}

/** How many elements a shape has: the product of its axes, 1 for []. */
export function sizeOf(shape: Shape): number {
  let size = 1
  for (const n of shape) size *= n
  return size
}

/** Row-major strides: how far apart in memory neighbours along each axis are.  [2, 3, 4] -> [12, 4, 1] */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}

export function isSameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false
  return true
}

/** A shape as messages print it: [2, 3]. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
