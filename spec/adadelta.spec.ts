/** One step of Adadelta: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdadeltaOptions } from '../src/reference/adadelta.ts'
import { numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, path, totalOf } from './updates.ts'

const settings: fc.Arbitrary<AdadeltaOptions> = fc
  .record({
    lr: fc.constantFrom(1, 0.1),
    rho: fc.constantFrom(0.9, 0.95, 0.5, 0),
    eps: fc.constantFrom(1e-6, 1e-3),
    weightDecay: fc.constantFrom(0, 0.01),
  })
  // Without memory (ρ = 0) the step is g/|g|: where dw and λ·w cancel, rounding alone would decide its sign.
  .map((options) => (options.rho === 0 ? { ...options, weightDecay: 0 } : options))

const usual = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0 }

describe('adadeltaInto', () => {
  it('on the twins is within rounding of the step of the definition', () => {
    fc.assert(
      fc.property(parameters, settings, seeds, (sizes, options, seed) => {
        const n = totalOf(sizes)
        const [w, dw] = [numbers(seed, n), numbers(seed + 1, n)]
        const [v, u] = [2, 3].map((i) => numbers(seed + i, n, { min: 0.01, max: 4 }))
        expectUpdates(
          (k, [w, dw, v, u]) => k.adadeltaInto(w, dw, v, u, options),
          sizes,
          [w, dw, v, u],
          // √(u/v), up to 20 here, multiplies the rounding of g = dw + λ·w where the two cancel
          (exact) => [ofStep(w, exact[0], 5e-6, 5e-6), {}, { ulp: 4, abs: 1e-6 }, { ulp: 16, abs: 1e-6 }],
        )
      }),
    )
  })

  it('takes a first step of √ε / √((1 - ρ)·g² + ε) · g', () => {
    const [w] = path((k, [w, dw, v, u]) => k.adadeltaInto(w, dw, v, u, usual), [2], 2)
    expect(-w).toBeCloseTo((Math.sqrt(1e-6) / Math.sqrt(0.1 * 4 + 1e-6)) * 2, 12)
  })

  it('takes the same steps whatever the unit of the loss', () => {
    const run = (scale: number) =>
      path(
        (k, [w, dw, v, u]) => k.adadeltaInto(w, dw, v, u, { ...usual, eps: 1e-12 }),
        [1, 2, -1, 3].map((g) => g * scale),
        2,
      )
    const [small, large] = [run(1), run(1000)]
    for (const [t, w] of small.entries()) expect(large[t] / w).toBeCloseTo(1, 6)
  })
})
