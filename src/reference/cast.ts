import { type DType, type HostArray, zerosOf } from './array.ts'
import { check, int32Law } from './check.ts'

/** The same numbers in another type. */
export interface CastKernels<A> {
  cast(x: A, options: CastOptions): A
}

export interface CastOptions {
  dtype: DType
  /** Who asks for it, for the message. */
  operation: string
}

/** y_i = x_i, to the nearest number of the type; into int32 only what is integral and within ±2³¹ */
export function cast(x: ArrayLike<number>, { dtype, operation }: CastOptions): HostArray {
  if (dtype === 'int32') check(x, int32Law(operation))
  const y = zerosOf(dtype, x.length)
  y.set(x)
  return y
}
