/** The simple recurrent network over whole sequences, with tanh and with ReLU. */
import { describe, expect, it } from 'vitest'
import { F, grad, ones, randn, type Tensor, tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import type { SequenceOptions } from '../src/reference/rnn.ts'
import { proveSequence, weightsOf } from './sequence.ts'
import { builds, type Computation, numbers, onWasm } from './twins.ts'

/** ReLU is bent at 0, so no sum a may be near it, where differences step across: max(0, -a), too, comes from one step, with its weights negated. */
function isAwayFromKinks([x, h0, ...weights]: readonly Float64Array[], o: Required<SequenceOptions>): boolean {
  const step = o.n * o.h
  const relu = { ...o, nonlinearity: 'relu' } as const
  const [wIh, wHh, bIh, bHh] = weights
  const positive = reference.rnn(x, h0, wIh, wHh, bIh, bHh, relu) // [T, N, H]
  const before = o.reverse ? [...positive.subarray(step), ...h0] : [...h0, ...positive.subarray(0, -step)] // [T, N, H]
  const [uIh, uHh, cIh, cHh] = weights.map((w) => w.map((v) => -v))
  const negative = reference.rnn(x, Float64Array.from(before), uIh, uHh, cIh, cHh, { ...relu, t: 1, n: o.t * o.n })
  return positive.every((a, i) => a + negative[i] > 1e-3)
}

for (const nonlinearity of ['tanh', 'relu'] as const) {
  describe(nonlinearity, () => {
    proveSequence({
      name: 'rnn',
      gates: 1,
      states: 1,
      forward: (k, [x, h0, wIh, wHh, bIh, bHh], o) => k.rnn(x, h0, wIh, wHh, bIh, bHh, { ...o, nonlinearity }),
      backward: (k, dy, [x, h0, wIh, wHh], y, o, needs) => k.rnnBackward(dy, x, h0, wIh, wHh, y, { ...o, nonlinearity }, needs),
      onTensors: ([x, h0, ...weights], reverse) => F.rnn(x, h0, weightsOf(weights), { nonlinearity, reverse }),
      isSmoothAt: nonlinearity === 'relu' ? isAwayFromKinks : undefined,
    })
  })
}

it('step by step has the bits of the whole sequence, also where a product over so many inputs would be cut by its size', () => {
  const [t, n, i, h] = [2, 512, 1024, 16]
  const x = numbers(1, t * n * i)
  const inputs = [numbers(2, n * h), numbers(3, h * i, { min: -0.05, max: 0.05 }), numbers(4, h * h), numbers(5, h), numbers(6, h)]
  const run =
    (t: number): Computation =>
    (k, x, h0, wIh, wHh, bIh, bHh) =>
      k.rnn(x, h0, wIh, wHh, bIh, bHh, { t, n, i, h, nonlinearity: 'tanh' })
  for (const build of builds) {
    const first = onWasm(build, run(1), x.slice(0, n * i), ...inputs)
    const second = onWasm(build, run(1), x.slice(n * i), first, ...inputs.slice(1))
    expect(onWasm(build, run(t), x, ...inputs)).toEqual(Float32Array.of(...first, ...second))
  }
})

describe('back-propagation through time', () => {
  /** |dh_T / dh_0| of a network of one unit without input, whose Jacobian is w at every step as long as f' = 1. */
  const slopeAfter = (steps: number, w: number) => {
    const h0 = tensor([[1]], { requiresGrad: true })
    const weights = weightsOf([zeros([1, 1]), tensor([[w]]), zeros([1]), zeros([1])] as Tensor[])
    const [, hn] = F.rnn(zeros([steps, 1, 1]), h0, weights, { nonlinearity: 'relu' })
    return grad(hn.sum(), [h0])[0].item()
  }

  it('multiplies by the Jacobian once per step: it vanishes or explodes', () => {
    expect(slopeAfter(1, 0.5)).toBe(0.5)
    expect(slopeAfter(20, 0.5)).toBe(0.5 ** 20)
    expect(slopeAfter(20, 2)).toBe(2 ** 20)
  })
})

describe('F.rnn', () => {
  it('knows two nonlinearities', () => {
    const weights = weightsOf([ones([2, 3]), ones([2, 2]), ones([2]), ones([2])])
    const run = () => F.rnn(randn([4, 1, 3]), zeros([1, 2]), weights, { nonlinearity: 'sigmoid' as 'tanh' })
    expect(run).toThrow("rnn: nonlinearity must be 'tanh' or 'relu', got \"sigmoid\"")
  })
})
