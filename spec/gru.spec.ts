/** Gated recurrent units over whole sequences. */
import { describe, expect, it } from 'vitest'
import { F } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { proveSequence, weightsOf } from './sequence.ts'

proveSequence({
  name: 'gru',
  gates: 3,
  states: 1,
  forward: (k, [x, h0, wIh, wHh, bIh, bHh], o) => k.gru(x, h0, wIh, wHh, bIh, bHh, o),
  backward: (k, dy, [x, h0, wIh, wHh], y, o, needs) => k.gruBackward(dy, x, h0, wIh, wHh, y, o, needs),
  onTensors: ([x, h0, ...weights], reverse) => F.gru(x, h0, weightsOf(weights), { reverse }),
})

describe('the state', () => {
  const run = (update: number, candidate: number) => {
    const none = new Float64Array(3)
    const bias = Float64Array.of(0, update, candidate) // r, z, n
    const y = reference.gru(new Float64Array(20), Float64Array.of(0.75), none, none, bias, none, { t: 20, n: 1, i: 1, h: 1 })
    return y[19]
  }

  it('stays as long as the update gate is 1, and becomes the candidate where it is 0', () => {
    expect(run(40, 3)).toBeCloseTo(0.75, 12)
    expect(run(-40, 3)).toBeCloseTo(Math.tanh(3), 12)
  })

  it('meets the bias b_hn behind the reset gate', () => {
    const none = new Float64Array(3)
    const [x, h0, options] = [new Float64Array(1), new Float64Array(1), { t: 1, n: 1, i: 1, h: 1 }]
    const closed = Float64Array.of(-40, -40, 0) // r = 0, z = 0
    expect(reference.gru(x, h0, none, none, closed, Float64Array.of(0, 0, 2), options)[0]).toBeCloseTo(0, 12)
    const open = Float64Array.of(40, -40, 0)
    expect(reference.gru(x, h0, none, none, open, Float64Array.of(0, 0, 2), options)[0]).toBeCloseTo(Math.tanh(2), 12)
  })
})
