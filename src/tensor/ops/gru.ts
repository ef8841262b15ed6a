import { gruSize } from '../../reference/gru.ts'
import type { SequenceOptions } from '../../reference/rnn.ts'
import { apply, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { stack } from './join.ts'
import { linear } from './linear.ts'
import { type DirectionOptions, differentiate, lastState, overSteps, type SequenceWeights, sequenceSizes } from './sequence.ts'

/** Its result holds h of all steps, [T, N, H], and behind it the gates. */
const gruOperation = define<SequenceOptions>({
  name: 'gru',
  saves: 'xy',
  reserve: (options) => gruSize(options) - options.t * options.n * options.h,
  forward: (k, [x, h0, wIh, wHh, bIh, bHh], o) => k.gru(x, h0, wIh, wHh, bIh, bHh, o),
  backward: (k, dy, { x: [x, h0, wIh, wHh], y, options, needs }) => k.gruBackward(dy, x, h0, wIh, wHh, y, options, needs),
  composite: (dy, { x, options, needs }) => differentiate((x) => stepByStep(x, options), dy, x, needs),
})

/** h_t = (1 - z_t) · n_t + z_t · h_t-1 */
function stepByStep([x, h0, wIh, wHh, bIh, bHh]: readonly Tensor[], options: SequenceOptions): Tensor {
  const states = overSteps(x, options, h0, (x, h) => {
    const [rx, zx, nx] = linear(x, wIh, bIh).chunk(3, 1)
    const [rh, zh, m] = linear(h, wHh, bHh).chunk(3, 1)
    const r = rx.add(rh).sigmoid()
    const z = zx.add(zh).sigmoid()
    const n = nx.add(r.mul(m)).tanh()
    return n.add(z.mul(h.sub(n)))
  })
  return stack(states) // [T, N, H]
}

/**
 * Gated recurrent units over a whole sequence, one layer in one direction        Cho et al. 2014
 *
 * x: [T, N, I], h0: [N, H], weights of 3H rows, those of r, z, n -> [output, hn]: all states, [T, N, H], and the last one, [N, H]
 */
export function gru(x: Tensor, h0: Tensor, weights: SequenceWeights, direction: DirectionOptions = {}): [output: Tensor, hn: Tensor] {
  const options = sequenceSizes('gru', x, { h0 }, weights, 3, direction)
  const { wIh, wHh, bIh, bHh } = weights
  const output = apply(gruOperation, [x, h0, wIh, wHh, bIh, bHh], [options.t, options.n, options.h], options)
  return [output, lastState(output, options)]
}
