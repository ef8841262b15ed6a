/** Long short-term memory over whole sequences. */
import { describe, expect, it } from 'vitest'
import { F, type Tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { proveSequence, weightsOf } from './sequence.ts'

proveSequence({
  name: 'lstm',
  gates: 4,
  states: 2,
  forward: (k, [x, h0, c0, wIh, wHh, bIh, bHh], o) => k.lstm(x, h0, c0, wIh, wHh, bIh, bHh, o),
  backward: (k, dy, [x, h0, c0, wIh, wHh], y, o, needs) => k.lstmBackward(dy, x, h0, c0, wIh, wHh, y, o, needs),
  onTensors: ([x, h0, c0, ...weights], reverse) => {
    const [output, [hn, cn]] = F.lstm(x, [h0, c0], weightsOf(weights), { reverse })
    return [output, hn, cn]
  },
})

describe('the cell', () => {
  it('with an open forget gate and a closed input gate keeps what it holds, and its gradient', () => {
    const [t, n, i, h] = [50, 1, 1, 1]
    const bias = Float64Array.of(-40, 40, 0, 0) // i, f, g, o
    const none = new Float64Array(4)
    const c0 = Float64Array.of(0.75)
    const y = reference.lstm(new Float64Array(t), new Float64Array(1), c0, none, none, bias, none, { t, n, i, h })
    expect(y[2 * t - 1]).toBe(0.75)
    const dy = new Float64Array(2 * t)
    dy[2 * t - 1] = 1
    const needs = [false, false, true, false, false, false, false]
    const [, , dc0] = reference.lstmBackward(dy, new Float64Array(t), new Float64Array(1), c0, none, none, y, { t, n, i, h }, needs)
    expect(dc0).toEqual(Float64Array.of(1))
  })
})

describe('F.lstm', () => {
  it('asks for both initial states', () => {
    const weights = weightsOf([zeros([8, 3]), zeros([8, 2]), zeros([8]), zeros([8])])
    const h0 = zeros([1, 2])
    expect(() => F.lstm(zeros([4, 1, 3]), h0 as never, weights)).toThrow('lstm: the initial state must be a pair [h0, c0]')
    const short = [h0, zeros([2, 2])] as [Tensor, Tensor]
    expect(() => F.lstm(zeros([4, 1, 3]), short, weights)).toThrow('lstm: c0 must have shape [1, 2] (1 samples of 2), got [2, 2]')
  })
})
