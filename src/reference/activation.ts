import type { HostArray } from './array.ts'
import { chain, map } from './elementwise.ts'

export interface ActivationKernels<A> {
  relu(x: A): A
  reluBackward(dy: A, y: A): A
  leakyRelu(x: A, options: LeakyReluOptions): A
  leakyReluBackward(dy: A, x: A, options: LeakyReluOptions): A
  sigmoid(x: A): A
  sigmoidBackward(dy: A, y: A): A
  tanh(x: A): A
  tanhBackward(dy: A, y: A): A
  gelu(x: A): A
  geluBackward(dy: A, x: A): A
}

export interface LeakyReluOptions {
  negativeSlope: number
}

/** Activations whose gradient looks at y alone: a layer may apply one to its own results, as nobody asks any more for what went into it. */
export const ACTIVATIONS = ['relu', 'sigmoid', 'tanh'] as const
export type Activation = (typeof ACTIVATIONS)[number]

export interface Activated {
  /** Applied to each result. Default: none. */
  activation?: Activation
}

/** y = max(0, x),  dx = dy where y > 0, else 0        Nair & Hinton 2010. NaN stays NaN, so that it is seen. */
export const relu = (x: HostArray) => map(x, (x) => Math.max(0, x))
export const reluBackward = (dy: HostArray, y: HostArray) => chain(dy, y, (y) => (y > 0 ? 1 : 0))

/** y = x where x > 0, else a·x,  dx = dy where x > 0, else a·dy        Maas, Hannun & Ng 2013 */
export const leakyRelu = (x: HostArray, { negativeSlope: a }: LeakyReluOptions) => map(x, (x) => (x > 0 ? x : a * x))
export const leakyReluBackward = (dy: HostArray, x: HostArray, { negativeSlope: a }: LeakyReluOptions) =>
  chain(dy, x, (x) => (x > 0 ? 1 : a))

/** y = 1 / (1 + e^-x),  dx = dy · y · (1 - y) */
export const sigmoid = (x: HostArray) => map(x, (x) => 1 / (1 + Math.exp(-x)))
export const sigmoidBackward = (dy: HostArray, y: HostArray) => chain(dy, y, (y) => y * (1 - y))

/** y = tanh x,  dx = dy · (1 - y²) */
export const tanh = (x: HostArray) => map(x, Math.tanh)
export const tanhBackward = (dy: HostArray, y: HostArray) => chain(dy, y, (y) => 1 - y * y)

/** y = x · Φ(x),  dx = dy · (Φ(x) + x · φ(x)),  Φ and φ: the standard normal distribution and its density        Hendrycks & Gimpel 2016 */
export const gelu = (x: HostArray) => map(x, (x) => x * normalCdf(x))
export const geluBackward = (dy: HostArray, x: HostArray) =>
  chain(dy, x, (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI))

/** f(x), or x itself where there is no activation. */
export const activated = (x: HostArray, { activation }: Activated): HostArray => (activation ? { relu, sigmoid, tanh }[activation](x) : x)

/** Φ(x) = erfc(-x/√2) / 2 */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2)
}

/**
 * The complementary error function, 1 - erf(x), to about 1e-15: near 0 by the series of erf (Abramowitz & Stegun 1964, eq. 7.1.6),
 * farther out by the continued fraction of erfc (eq. 7.1.14), evaluated from its end.
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x
  const a = Math.abs(x)
  if (a < 2.5) {
    // erf x = 2/√π · e^(-x²) · Σ_n 2^n x^(2n+1) / (1·3·…·(2n+1))
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  // erfc a = e^(-a²)/√π · 1/(a + ½/(a + 1/(a + 3/2/(a + …))))
  let f = a
  for (let n = 60; n >= 1; n--) f = a + n / 2 / f
  const tail = Math.exp(-a * a) / (Math.sqrt(Math.PI) * f)
  return x > 0 ? tail : 2 - tail
}
