import { expect } from '../errors.ts'
import { defaultGenerator } from '../random.ts'
import { type Shape, showShape } from '../reference/array.ts'
import { noGrad, type Tensor, tensor } from '../tensor/index.ts'

export interface XavierOptions {
  /** Scales the result: 1 for linear and sigmoid layers (default), 5/3 for tanh, √2 for ReLU. */
  gain?: number
}

export interface KaimingOptions {
  /** The slope of a leaky ReLU below 0; 0, the default, is the ReLU. */
  a?: number
}

/** How many numbers each output sums (in), and how many outputs each input feeds (out).        w: [out, in, ...] */
function fans(operation: string, { shape }: { shape: Shape }): { fanIn: number; fanOut: number } {
  expect(shape.length >= 2, operation, () => `expected a weight of at least 2 axes, got shape ${showShape(shape)}`)
  const window = shape.slice(2).reduce((a, b) => a * b, 1)
  return { fanIn: shape[1] * window, fanOut: shape[0] * window }
}

/** Fills w in place with numbers from [low, high). */
export function uniform(w: Tensor, low = 0, high = 1): Tensor {
  return fill(w, defaultGenerator.uniform(new Float32Array(w.size), low, high))
}

/** Fills w in place with normal numbers. */
export function normal(w: Tensor, mean = 0, std = 1): Tensor {
  return fill(w, defaultGenerator.normal(new Float32Array(w.size), mean, std))
}

function fill(w: Tensor, values: Float32Array): Tensor {
  return noGrad(() => w.copy_(tensor(values).reshape(w.shape).to(w.dtype)))
}

/** Uniform in ±gain·√(6 / (fanIn + fanOut))        Glorot & Bengio 2010, eq. 16 */
export function xavierUniform(w: Tensor, { gain = 1 }: XavierOptions = {}): Tensor {
  const { fanIn, fanOut } = fans('xavierUniform', w)
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut))
  return uniform(w, -bound, bound)
}

/** Normal with σ = gain·√(2 / (fanIn + fanOut))        Glorot & Bengio 2010 */
export function xavierNormal(w: Tensor, { gain = 1 }: XavierOptions = {}): Tensor {
  const { fanIn, fanOut } = fans('xavierNormal', w)
  return normal(w, 0, gain * Math.sqrt(2 / (fanIn + fanOut)))
}

/** Uniform in ±√(6 / ((1 + a²)·fanIn))        He et al. 2015, eq. 15 */
export function kaimingUniform(w: Tensor, { a = 0 }: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(6 / ((1 + a * a) * fans('kaimingUniform', w).fanIn))
  return uniform(w, -bound, bound)
}

/** Normal with σ = √(2 / ((1 + a²)·fanIn))        He et al. 2015, eq. 15 */
export function kaimingNormal(w: Tensor, { a = 0 }: KaimingOptions = {}): Tensor {
  return normal(w, 0, Math.sqrt(2 / ((1 + a * a) * fans('kaimingNormal', w).fanIn)))
}
