import { expect } from '../../errors.ts'
import type { RnnOptions } from '../../reference/rnn.ts'
import { apply, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { stack } from './join.ts'
import {
  type DirectionOptions,
  differentiate,
  lastState,
  overSteps,
  preactivations,
  type SequenceWeights,
  sequenceSizes,
} from './sequence.ts'

const rnnOperation = define<RnnOptions>({
  name: 'rnn',
  saves: 'xy',
  forward: (k, [x, h0, wIh, wHh, bIh, bHh], o) => k.rnn(x, h0, wIh, wHh, bIh, bHh, o),
  backward: (k, dy, { x: [x, h0, wIh, wHh], y, options, needs }) => k.rnnBackward(dy, x, h0, wIh, wHh, y, options, needs),
  composite: (dy, { x, options, needs }) => differentiate((x) => stepByStep(x, options), dy, x, needs),
})

/** h_t = f(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh) */
function stepByStep([x, h0, wIh, wHh, bIh, bHh]: readonly Tensor[], options: RnnOptions): Tensor {
  const states = overSteps(x, options, h0, (x, h) => {
    const [a] = preactivations(x, h, { wIh, wHh, bIh, bHh }, 1)
    return options.nonlinearity === 'tanh' ? a.tanh() : a.relu()
  })
  return stack(states) // [T, N, H]
}

export interface RnnDirectionOptions extends DirectionOptions {
  /** What a state passes through. Default 'tanh'. */
  nonlinearity?: 'tanh' | 'relu'
}

/**
 * A simple recurrent network over a whole sequence, one layer in one direction: h_t = f(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh)        Elman 1990
 *
 * x: [T, N, I], h0: [N, H], weights of H rows -> [output, hn]: all states, [T, N, H], and the last one, [N, H]
 */
export function rnn(
  x: Tensor,
  h0: Tensor,
  weights: SequenceWeights,
  { nonlinearity = 'tanh', reverse }: RnnDirectionOptions = {},
): [output: Tensor, hn: Tensor] {
  expectNonlinearity('rnn', nonlinearity)
  const options = { ...sequenceSizes('rnn', x, { h0 }, weights, 1, { reverse }), nonlinearity }
  const { wIh, wHh, bIh, bHh } = weights
  const output = apply(rnnOperation, [x, h0, wIh, wHh, bIh, bHh], [options.t, options.n, options.h], options)
  return [output, lastState(output, options)]
}

/** 'tanh' or 'relu'. */
export function expectNonlinearity(operation: string, nonlinearity: string): void {
  const known = nonlinearity === 'tanh' || nonlinearity === 'relu'
  expect(known, operation, () => `nonlinearity must be 'tanh' or 'relu', got ${JSON.stringify(nonlinearity)}`)
}
