/** Ways to go back through time wrongly: what the mutants of rnn are made of. */
import { added, bptt, type Matrix, scaled, stepBackward, times, type Weights } from '../../solutions/rnn.ts'
import { outer, plus, transposed, zeros } from './sequences.ts'

type Step = typeof stepBackward
/** stepBackward with another slope in the place of 1 - h². */
export const withSlope =
  (slope: (h_j: number, before_j: number) => number): Step =>
  (weights, dh, x, hBefore, h) => {
    const da = dh.map((dh_j, j) => dh_j * slope(h[j], hBefore[j]))
    const gradient = { wIh: outer(da, x), wHh: outer(da, hBefore), bIh: da, bHh: da }
    return { gradient, dhBefore: times(transposed(weights.wHh), da) }
  }
/** stepBackward with another part in its gradient. */
export const withGradient =
  (part: (right: Weights, ...args: Parameters<Step>) => Partial<Weights>): Step =>
  (...args) => {
    const { gradient, dhBefore } = stepBackward(...args)
    return { gradient: { ...gradient, ...part(gradient, ...args) }, dhBefore }
  }
/** stepBackward with another dhBefore, made from da. */
export const withCarried =
  (carried: (da: Float64Array, ...args: Parameters<Step>) => Float64Array): Step =>
  (...args) => {
    const { gradient } = stepBackward(...args)
    return { gradient, dhBefore: carried(gradient.bIh, ...args) }
  }

type Sequence = Parameters<typeof bptt>
export type Dh = (own: Float64Array, carried: Float64Array, isLast: boolean) => Float64Array
/** A walk back through time, right or wrong: the steps' own gradients, the last step's first. */
export function walk(
  [weights, xs, hs, dhs]: Sequence,
  dhOf: Dh = (own, carried) => plus(own, carried),
  [before, after] = [0, 1],
): Weights[] {
  const found: Weights[] = []
  let carried = zeros(weights.bHh)
  for (let t = xs.length - 1; t >= 0; t--) {
    const back = stepBackward(weights, dhOf(dhs[t], carried, t === xs.length - 1), xs[t], hs[t + before], hs[t + after])
    carried = Float64Array.from(back.dhBefore)
    found.push(back.gradient)
  }
  return found
}
export const total = (gradients: Weights[], weights: Weights) => gradients.reduce(added, scaled(weights, 0))
export const summedWalk =
  (dhOf?: Dh, states?: [number, number]) =>
  (...args: Sequence) =>
    total(walk(args, dhOf, states), args[0])

export const startsOf = (T: number, k: number) => Array.from({ length: Math.ceil(T / k) }, (_, window) => window * k)
/** bptt over the steps from start on and before end. */
export const piece = ([weights, xs, hs, dhs]: Sequence, start: number, end = xs.length) =>
  bptt(weights, xs.slice(start, end), hs.slice(start, end + 1), dhs.slice(start, end))
/** The sum over the windows of k steps, each with other states in the place of its own. */
export const withStates =
  (states: (inputs: Matrix, weights: Weights, hs: Matrix) => Matrix) =>
  (weights: Weights, xs: Matrix, hs: Matrix, dhs: Matrix, k: number): Weights => {
    const window = (start: number) => {
      const inputs = xs.slice(start, start + k)
      return bptt(weights, inputs, states(inputs, weights, hs), dhs.slice(start, start + k))
    }
    return total(startsOf(xs.length, k).map(window), weights)
  }
