/** One step of NAdam: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type NadamOptions, nadamMomentum } from '../src/reference/nadam.ts'
import { numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, path, totalOf } from './updates.ts'

const settings: fc.Arbitrary<NadamOptions> = fc.record({
  lr: fc.constantFrom(1e-3, 0.1),
  beta1: fc.constantFrom(0.9, 0.5),
  beta2: fc.constantFrom(0.999, 0.9),
  eps: fc.constantFrom(1e-8, 1e-3),
  weightDecay: fc.constantFrom(0, 0.01),
  step: fc.constantFrom(1, 2, 10, 1000),
  mu: fc.constantFrom(0.45, 0.9),
  muNext: fc.constantFrom(0.46, 0.9),
  muProduct: fc.constantFrom(0.45, 0.01, 0),
  muProductNext: fc.constantFrom(0.2, 0.005, 0),
})

describe('nadamInto', () => {
  it('on the twins is within 1e-5 of the terms of the step of the definition', () => {
    fc.assert(
      fc.property(parameters, settings, seeds, (sizes, options, seed) => {
        const n = totalOf(sizes)
        const [w, dw, m] = [0, 1, 2].map((i) => numbers(seed + i, n))
        const v = numbers(seed + 3, n, { min: 0.1, max: 4 })
        expectUpdates(
          (k, [w, dw, m, v]) => k.nadamInto(w, dw, m, v, options),
          sizes,
          [w, dw, m, v],
          // The step is a sum of two terms of either sign, each at most 8α / √v̂.
          (exact) => [
            { ...ofStep(w, exact[0]), abs: (i) => (1e-5 * options.lr) / Math.sqrt(exact[3][i]) + 1e-7 },
            {},
            { abs: 2e-6 },
            { ulp: 3 },
          ],
        )
      }),
    )
  })

  it('without momentum is RMSprop with a corrected mean: a first step of length α', () => {
    const options = { lr: 0.1, beta1: 0, beta2: 0.9, eps: 0, weightDecay: 0, mu: 0, muNext: 0, muProduct: 0, muProductNext: 0 }
    const w = path((k, [w, dw, m, v], step) => k.nadamInto(w, dw, m, v, { ...options, step }), [5, 5, 5], 2)
    expect(w.map((x) => Number(x.toFixed(12)))).toEqual([-0.1, -0.2, -0.3])
  })

  it('has a momentum that grows from about half of β₁ to β₁', () => {
    const momenta = [1, 10, 1000, 1e6].map((step) => nadamMomentum(0.9, step, 0.004))
    expect(momenta[0]).toBeCloseTo(0.45, 3)
    expect(momenta.toSorted((a, b) => a - b)).toEqual(momenta)
    expect(momenta[3]).toBeCloseTo(0.9, 10)
  })
})
