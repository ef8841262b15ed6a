/** What the checks on sequences draw and compute: vectors, recurrent weights, their gradients. */
import fc from 'fast-check'
import * as draw from '../../../src/learn/draw.ts'
import { forward, type Matrix, type Weights } from '../../solutions/rnn.ts'

/** No number is 0, so that every part of a formula shows. */
export const nonzero = (n: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(
      fc.nat(15).map((k) => (k % 2 === 0 ? 1 : -1) * (Math.floor(k / 2) + 1) * 0.125),
      { minLength: n, maxLength: n },
    )
    .map((values) => Float64Array.from(values))
export const matrix = (m: number, n: number): fc.Arbitrary<Float64Array[]> => fc.array(nonzero(n), { minLength: m, maxLength: m })
/** As many inputs as neurons, so that a swap or a transposition gives an answer that can be told by name. */
export const sized = <T>(of: (n: number) => fc.Arbitrary<T>) => draw.withLength({ min: 1, max: 2 }, of)

export const vec = (...values: number[]) => Float64Array.from(values)
export const close = (a: number, b: number, within = 1e-7) => Math.abs(a - b) <= within * Math.max(1, Math.abs(b))
export const zeros = (v: Float64Array) => new Float64Array(v.length)
export const plus = (...vectors: Float64Array[]) => vectors[0].map((_, i) => vectors.reduce((sum, v) => sum + v[i], 0))
export const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, a_i, i) => sum + a_i * b[i], 0)
export const transposed = (w: Matrix) => Array.from(w[0], (_, i) => Float64Array.from(w, (row) => row[i]))
export const outer = (a: Float64Array, b: Float64Array) => Array.from(a, (a_j) => b.map((b_i) => a_j * b_i))

export const weightsOf = (n: number): fc.Arbitrary<Weights> =>
  fc.record({ wIh: matrix(n, n), wHh: matrix(n, n), bIh: nonzero(n), bHh: nonzero(n) })
/** A sequence of T steps, the states that belong to it, and the gradient by each of them. */
export const sequence = sized((n) =>
  fc.integer({ min: 1, max: 4 }).chain((T) => fc.tuple(weightsOf(n), matrix(T, n), draw.vector(n, { min: -1, max: 1 }), matrix(T, n))),
).map(([weights, xs, h0, dhs]): [Weights, Matrix, Matrix, Matrix] => [weights, xs, forward(weights, xs, h0), dhs])

export const numbers = ({ wIh, wHh, bIh, bHh }: Weights) => [...wIh, ...wHh, bIh, bHh].flatMap((row) => [...row])
export const mapped = (of: Weights, f: (value: number) => number): Weights => ({
  wIh: of.wIh.map((row) => row.map(f)),
  wHh: of.wHh.map((row) => row.map(f)),
  bIh: of.bIh.map(f),
  bHh: of.bHh.map(f),
})
/** The weights with `by` added to their number at that place, counted as `numbers` lists them. */
export function nudged(weights: Weights, place: number, by: number): Weights {
  let seen = 0
  return mapped(weights, (value) => (seen++ === place ? value + by : value))
}
/** Whether a gradient is the slope of a loss by every weight: (E(w + ε) - E(w - ε)) / 2ε. */
export const isSlope = (gradient: Weights, weights: Weights, loss: (weights: Weights) => number) =>
  numbers(gradient).every((g, i) => close(g, (loss(nudged(weights, i, 1e-5)) - loss(nudged(weights, i, -1e-5))) / 2e-5))
/** A loss of which dhs is the gradient: Σ_t dhs[t] · hs[t + 1]. */
export const lossOf = (xs: Matrix, h0: Float64Array, dhs: Matrix) => (weights: Weights) =>
  forward(weights, xs, h0)
    .slice(1)
    .reduce((sum, h, t) => sum + dot(dhs[t], h), 0)
