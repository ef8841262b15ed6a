import { type HostArray, like } from './array.ts'

/** Functions of one number, applied to every element. Each backward takes dy and the array that its formula names. */
export interface ElementwiseKernels<A> {
  neg(x: A): A
  exp(x: A): A
  expBackward(dy: A, y: A): A
  log(x: A): A
  logBackward(dy: A, x: A): A
  sqrt(x: A): A
  sqrtBackward(dy: A, y: A): A
  abs(x: A): A
  absBackward(dy: A, x: A): A
  sin(x: A): A
  sinBackward(dy: A, x: A): A
  cos(x: A): A
  cosBackward(dy: A, x: A): A
  pow(x: A, options: PowOptions): A
  powBackward(dy: A, x: A, options: PowOptions): A
  clamp(x: A, options: ClampOptions): A
  clampBackward(dy: A, x: A, options: ClampOptions): A
}

export interface PowOptions {
  exponent: number
}

export interface ClampOptions {
  min: number
  max: number
}

/** y_i = f(x_i) */
export function map(x: HostArray, f: (x: number) => number): HostArray {
  const y = like(x)
  for (let i = 0; i < x.length; i++) y[i] = f(x[i])
  return y
}

/** dx_i = dy_i · f'(·), where f' is a function of x_i or of y_i, whichever is simpler. */
export function chain(dy: HostArray, v: HostArray, derivative: (v: number) => number): HostArray {
  const dx = like(dy)
  for (let i = 0; i < dy.length; i++) dx[i] = dy[i] * derivative(v[i])
  return dx
}

/** y = -x,  dx = -dy */
export const neg = (x: HostArray) => map(x, (x) => -x)

/** y = e^x,  dx = dy · y */
export const exp = (x: HostArray) => map(x, Math.exp)
export const expBackward = (dy: HostArray, y: HostArray) => chain(dy, y, (y) => y)

/** y = ln x,  dx = dy / x */
export const log = (x: HostArray) => map(x, Math.log)
export const logBackward = (dy: HostArray, x: HostArray) => chain(dy, x, (x) => 1 / x)

/** y = √x,  dx = dy / 2y */
export const sqrt = (x: HostArray) => map(x, Math.sqrt)
export const sqrtBackward = (dy: HostArray, y: HostArray) => chain(dy, y, (y) => 0.5 / y)

/** y = |x|,  dx = dy · sign x, and 0 at the kink */
export const abs = (x: HostArray) => map(x, Math.abs)
export const absBackward = (dy: HostArray, x: HostArray) => chain(dy, x, Math.sign)

/** y = sin x,  dx = dy · cos x */
export const sin = (x: HostArray) => map(x, Math.sin)
export const sinBackward = (dy: HostArray, x: HostArray) => chain(dy, x, Math.cos)

/** y = cos x,  dx = -dy · sin x */
export const cos = (x: HostArray) => map(x, Math.cos)
export const cosBackward = (dy: HostArray, x: HostArray) => chain(dy, x, (x) => -Math.sin(x))

/** y = x^p,  dx = dy · p · x^(p-1), which is 0 for p = 0 also where x is 0 */
export const pow = (x: HostArray, { exponent: p }: PowOptions) => map(x, (x) => x ** p)
export const powBackward = (dy: HostArray, x: HostArray, { exponent: p }: PowOptions) =>
  chain(dy, x, (x) => (p === 0 ? 0 : p * x ** (p - 1)))

/** y = min(max(x, lo), hi),  dx = dy where lo <= x <= hi, else 0 */
export const clamp = (x: HostArray, { min, max }: ClampOptions) => map(x, (x) => (x < min ? min : x > max ? max : x))
export const clampBackward = (dy: HostArray, x: HostArray, { min, max }: ClampOptions) =>
  chain(dy, x, (x) => (x >= min && x <= max ? 1 : 0))
