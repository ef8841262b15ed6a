/** One step of Adagrad: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdagradOptions } from '../src/reference/adagrad.ts'
import { numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, path, totalOf } from './updates.ts'

const settings: fc.Arbitrary<AdagradOptions> = fc.record({
  lr: fc.constantFrom(1e-3, 0.1),
  lrDecay: fc.constantFrom(0, 0.1),
  eps: fc.constantFrom(1e-10, 1e-3),
  weightDecay: fc.constantFrom(0, 0.01),
  step: fc.constantFrom(1, 2, 1000),
})

const usual = { lr: 0.1, lrDecay: 0, eps: 0, weightDecay: 0, step: 1 }

describe('adagradInto', () => {
  it('on the twins is within 5e-6 of the step of the definition', () => {
    fc.assert(
      fc.property(parameters, settings, seeds, (sizes, options, seed) => {
        const n = totalOf(sizes)
        const arrays = [numbers(seed, n), numbers(seed + 1, n), numbers(seed + 2, n, { min: 0, max: 4 })]
        expectUpdates(
          (k, [w, dw, sum]) => k.adagradInto(w, dw, sum, options),
          sizes,
          arrays,
          (exact) => [ofStep(arrays[0], exact[0]), {}, { ulp: 3, abs: 1e-7 }],
        )
      }),
    )
  })

  it('under a constant gradient takes its t-th step of length α / √t', () => {
    const w = path((k, [w, dw, sum]) => k.adagradInto(w, dw, sum, usual), [3, 3, 3, 3], 1)
    for (const [t, length] of [0.1, 0.1 / Math.sqrt(2), 0.1 / Math.sqrt(3), 0.05].entries()) {
      expect((w[t - 1] ?? 0) - w[t]).toBeCloseTo(length, 12)
    }
  })

  it('shortens steps with lrDecay', () => {
    const w = path((k, [w, dw, sum], step) => k.adagradInto(w, dw, sum, { ...usual, lrDecay: 1, step }), [1, 1], 1)
    expect(w[0] - w[1]).toBeCloseTo(0.1 / 2 / Math.sqrt(2), 12)
  })
})
