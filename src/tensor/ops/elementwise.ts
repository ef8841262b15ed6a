import { expect } from '../../errors.ts'
import type { Activation, LeakyReluOptions } from '../../reference/activation.ts'
import type { ClampOptions, PowOptions } from '../../reference/elementwise.ts'
import { apply, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { where } from './arithmetic.ts'

/** A function of floats, element by element. */
function elementwise<O>(operation: Operation<O>, x: Tensor, options: O): Tensor {
  expect(x.dtype !== 'int32', operation.name, () => "expected a float tensor, got int32; convert it with .to('float32')")
  return apply(operation, [x], x.shape, options)
}

const unary = (definition: Operation<null>) => {
  const operation = define<null>({ consumes: () => true, ...definition })
  return (x: Tensor) => elementwise(operation, x, null)
}

/** y = e^x,  dx = dy · y */
export const exp = unary({
  name: 'exp',
  saves: 'y',
  forward: (k, [x]) => k.exp(x),
  backward: (k, dy, { y }) => [k.expBackward(dy, y)],
  composite: (dy, { y }) => [dy.mul(y)],
})

/** y = ln x,  dx = dy / x */
export const log = unary({
  name: 'log',
  saves: 'x',
  forward: (k, [x]) => k.log(x),
  backward: (k, dy, { x: [x] }) => [k.logBackward(dy, x)],
  composite: (dy, { x: [x] }) => [dy.div(x)],
})

/** y = √x,  dx = dy / 2y */
export const sqrt = unary({
  name: 'sqrt',
  saves: 'y',
  forward: (k, [x]) => k.sqrt(x),
  backward: (k, dy, { y }) => [k.sqrtBackward(dy, y)],
  composite: (dy, { y }) => [dy.div(y.mul(2))],
})

/** y = |x|,  dx = dy · sign x, 0 at 0 */
export const abs = unary({
  name: 'abs',
  saves: 'x',
  forward: (k, [x]) => k.abs(x),
  backward: (k, dy, { x: [x] }) => [k.absBackward(dy, x)],
  composite: (dy, { x: [x] }) => [dy.mul(x.gt(0).sub(x.lt(0)))],
})

/** y = sin x,  dx = dy · cos x */
export const sin = unary({
  name: 'sin',
  saves: 'x',
  forward: (k, [x]) => k.sin(x),
  backward: (k, dy, { x: [x] }) => [k.sinBackward(dy, x)],
  composite: (dy, { x: [x] }) => [dy.mul(x.cos())],
})

/** y = cos x,  dx = -dy · sin x */
export const cos = unary({
  name: 'cos',
  saves: 'x',
  forward: (k, [x]) => k.cos(x),
  backward: (k, dy, { x: [x] }) => [k.cosBackward(dy, x)],
  composite: (dy, { x: [x] }) => [dy.mul(x.sin()).neg()],
})

/** The slopes of the activations, each a function of y. */
export const slopes: Readonly<Record<Activation, (y: Tensor) => Tensor>> = {
  relu: (y) => y.gt(0),
  sigmoid: (y) => y.mul(y.neg().add(1)),
  tanh: (y) => y.mul(y).neg().add(1),
}

const activation = (name: Activation) =>
  unary({
    name,
    saves: 'y',
    forward: (k, [x]) => k[name](x),
    backward: (k, dy, { y }) => [k[`${name}Backward`](dy, y)],
    composite: (dy, { y }) => [dy.mul(slopes[name](y))],
  })

/** y = tanh x,  dx = dy · (1 - y²) */
export const tanh = activation('tanh')

/** y = 1 / (1 + e^-x),  dx = dy · y · (1 - y) */
export const sigmoid = activation('sigmoid')

/** y = max(0, x),  dx = dy where y > 0, else 0        Nair & Hinton 2010 */
export const relu = activation('relu')

/** y = x · Φ(x),  dx = dy · (Φ(x) + x · φ(x)), Φ and φ of the standard normal distribution        Hendrycks & Gimpel 2016 */
export const gelu = unary({
  name: 'gelu',
  saves: 'x',
  forward: (k, [x]) => k.gelu(x),
  backward: (k, dy, { x: [x] }) => [k.geluBackward(dy, x)],
  composite: (dy, { x: [x] }) => [apply(geluBackward, [dy, x], x.shape, null)],
})

/** g = dy·(Φ + x·φ), and its own gradient: ∂g/∂dy = Φ + x·φ,  ∂g/∂x = dy·φ·(2 - x²). */
const geluBackward: Operation<null> = define<null>({
  name: 'geluBackward',
  saves: 'x',
  forward: (k, [dy, x]) => k.geluBackward(dy, x),
  backward: (k, ddx, { x: [dy, x], needs, shape }) => {
    const same = { a: shape, b: shape }
    const squares = k.mul(x, x, same)
    const chain: unknown[] = [squares]
    const keep = (array: unknown) => {
      chain.push(array)
      return array
    }
    const scalar = (value: number) => keep(k.fill(dy, 1, value))
    const one = { a: shape, b: [] }
    const density = keep(k.mul(keep(k.exp(keep(k.mul(squares, scalar(-0.5), one)))), scalar(1 / Math.sqrt(2 * Math.PI)), one)) // φ(x)
    const bend = keep(k.sub(scalar(2), squares, { a: [], b: shape })) // 2 - x²
    const dx = needs[1] ? k.mul(keep(k.mul(ddx, dy, same)), keep(k.mul(density, bend, same)), same) : null
    const ddy = needs[0] ? k.geluBackward(ddx, x) : null
    for (const used of chain) k.release(used)
    return [ddy, dx]
  },
  composite: (ddx, { x: [dy, x] }) => {
    const density = x
      .mul(x)
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI))
    return [apply(geluBackward, [ddx, x], x.shape, null), ddx.mul(dy).mul(density).mul(x.mul(x).neg().add(2))]
  },
})

const negOperation = define<null>({
  name: 'neg',
  forward: (k, [x]) => k.neg(x),
  consumes: () => true,
  backward: (k, dy) => [k.neg(dy)],
  composite: (dy) => [dy.neg()],
})

/** y = -x */
export const neg = (x: Tensor) => apply(negOperation, [x], x.shape, null)

const leakyReluOperation = define<LeakyReluOptions>({
  name: 'leakyRelu',
  saves: 'x',
  forward: (k, [x], o) => k.leakyRelu(x, o),
  consumes: () => true,
  backward: (k, dy, { x: [x], options }) => [k.leakyReluBackward(dy, x, options)],
  composite: (dy, { x: [x], options }) => [where(x.gt(0), dy, dy.mul(options.negativeSlope))],
})

/** y = x where x > 0, else negativeSlope · x (default 0.01) */
export const leakyRelu = (x: Tensor, { negativeSlope = 0.01 }: Partial<LeakyReluOptions> = {}) =>
  elementwise(leakyReluOperation, x, { negativeSlope })

const powOperation = define<PowOptions>({
  name: 'pow',
  saves: 'x',
  forward: (k, [x], o) => k.pow(x, o),
  consumes: () => true,
  backward: (k, dy, { x: [x], options }) => [k.powBackward(dy, x, options)],
  composite: (dy, { x: [x], options: { exponent } }) => [exponent === 0 ? dy.mul(0) : dy.mul(x.pow(exponent - 1).mul(exponent))],
})

/** y = x^exponent for a number as exponent; for a tensor, (a.log().mul(b)).exp() says the same of positive a. */
export function pow(x: Tensor, exponent: number): Tensor {
  expect(typeof exponent === 'number', 'pow', () => `exponent must be a number, got ${typeof exponent}`)
  return elementwise(powOperation, x, { exponent })
}

const clampOperation = define<ClampOptions>({
  name: 'clamp',
  saves: 'x',
  forward: (k, [x], o) => k.clamp(x, o),
  consumes: () => true,
  backward: (k, dy, { x: [x], options }) => [k.clampBackward(dy, x, options)],
  composite: (dy, { x: [x], options }) => [where(x.lt(options.min).add(x.gt(options.max)), 0, dy)],
})

/** y = min(max(x, min), max),  dx = dy within the bounds, else 0 */
export function clamp(x: Tensor, { min = -Infinity, max = Infinity }: Partial<ClampOptions>): Tensor {
  expect(min <= max, 'clamp', () => `min ${min} must not be above max ${max}`)
  return elementwise(clampOperation, x, { min, max })
}
