import { expect } from '../../errors.ts'
import { lstmSize } from '../../reference/lstm.ts'
import type { SequenceOptions } from '../../reference/rnn.ts'
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

/** Its result holds h and c of all steps, [2, T, N, H], and behind them the gates. */
const lstmOperation = define<SequenceOptions>({
  name: 'lstm',
  saves: 'xy',
  reserve: (options) => lstmSize(options) - 2 * options.t * options.n * options.h,
  forward: (k, [x, h0, c0, wIh, wHh, bIh, bHh], o) => k.lstm(x, h0, c0, wIh, wHh, bIh, bHh, o),
  backward: (k, dy, { x: [x, h0, c0, wIh, wHh], y, options, needs }) => k.lstmBackward(dy, x, h0, c0, wIh, wHh, y, options, needs),
  composite: (dy, { x, options, needs }) => differentiate((x) => stepByStep(x, options), dy, x, needs),
})

/** c_t = f_t · c_t-1 + i_t · g_t,  h_t = o_t · tanh c_t */
function stepByStep([x, h0, c0, wIh, wHh, bIh, bHh]: readonly Tensor[], options: SequenceOptions): Tensor {
  const states = overSteps(x, options, { h: h0, c: c0 }, (x, { h, c }) => {
    const [i, f, g, o] = preactivations(x, h, { wIh, wHh, bIh, bHh }, 4)
    const next = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()))
    return { h: o.sigmoid().mul(next.tanh()), c: next }
  })
  return stack([stack(states.map(({ h }) => h)), stack(states.map(({ c }) => c))]) // [2, T, N, H]
}

/**
 * Long short-term memory over a whole sequence, one layer in one direction        Hochreiter & Schmidhuber 1997, Gers et al. 2000
 *
 * x: [T, N, I], h0, c0: [N, H], weights of 4H rows, those of the gates i, f, g, o -> [output, [hn, cn]]: h of all steps, [T, N, H], and the last h and c, [N, H]
 */
export function lstm(
  x: Tensor,
  initial: readonly [h0: Tensor, c0: Tensor],
  weights: SequenceWeights,
  direction: DirectionOptions = {},
): [output: Tensor, state: [hn: Tensor, cn: Tensor]] {
  expect(Array.isArray(initial) && initial.length === 2, 'lstm', () => 'the initial state must be a pair [h0, c0]')
  const [h0, c0] = initial
  const options = sequenceSizes('lstm', x, { h0, c0 }, weights, 4, direction)
  const { wIh, wHh, bIh, bHh } = weights
  const states = apply(lstmOperation, [x, h0, c0, wIh, wHh, bIh, bHh], [2, options.t, options.n, options.h], options)
  const [output, cells] = [states.select(0, 0), states.select(0, 1)]
  return [output, [lastState(output, options), lastState(cells, options)]]
}
