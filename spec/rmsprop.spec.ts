/** One step of RMSprop: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RmspropOptions } from '../src/reference/rmsprop.ts'
import { builds, numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, path, totalOf } from './updates.ts'

const settings: fc.Arbitrary<RmspropOptions> = fc.record({
  lr: fc.constantFrom(1e-3, 0.1),
  alpha: fc.constantFrom(0.9, 0.99, 0),
  eps: fc.constantFrom(1e-8, 1e-3),
  weightDecay: fc.constantFrom(0, 0.01),
  momentum: fc.constantFrom(0.9, 0.5),
})

const usual = { lr: 0.1, alpha: 0.9, eps: 0, weightDecay: 0, momentum: 0.5 }

describe('rmspropInto', () => {
  it('on the twins is within 2e-5 of the step of the definition, with and without momentum and centring', () => {
    fc.assert(
      fc.property(parameters, settings, fc.boolean(), fc.boolean(), seeds, (sizes, options, centred, moving, seed) => {
        const n = totalOf(sizes)
        const { alpha } = options
        const [w, dw, mean, velocity] = [0, 1, 2, 3].map((i) => numbers(seed + i, n, { min: -2, max: 2 }))
        // With α = 0 and centring, v - m² is 0 but for rounding: no bound holds there.
        const at = centred && alpha === 0 ? { ...options, alpha: 0.9 } : options
        const v = numbers(seed + 4, n, { min: 6, max: 9 })
        expectUpdates(
          (k, [w, dw, v, mean, velocity]) => k.rmspropInto(w, dw, v, centred ? mean : null, moving ? velocity : null, at),
          sizes,
          [w, dw, v, mean, velocity],
          (exact) => [ofStep(w, exact[0], 2e-5), {}, { ulp: 4, abs: 1e-7 }, { ulp: 4, abs: 1e-6 }, { ulp: 4, abs: 2e-5 }],
        )
      }),
    )
  })

  it('under a constant gradient comes to steps of length α, whatever its size', () => {
    for (const gradient of [1e-3, 1, 100]) {
      const w = path((k, [w, dw, v]) => k.rmspropInto(w, dw, v, null, null, usual), new Array(200).fill(gradient), 1)
      expect(w[198] - w[199]).toBeCloseTo(0.1, 6)
    }
  })

  it('with momentum comes to steps of α / (1 - μ)', () => {
    const w = path((k, [w, dw, v, b]) => k.rmspropInto(w, dw, v, null, b, usual), new Array(200).fill(1), 2)
    expect(w[198] - w[199]).toBeCloseTo(0.2, 6)
  })

  it('centred stays finite where the variance of the gradients vanishes', () => {
    for (const { kernels } of builds) {
      const [w, dw, v, m] = [0, 1, 0, 0].map((scale) => kernels.upload(numbers(1, 256).map((x) => scale * x)))
      for (let t = 0; t < 500; t++) kernels.rmspropInto([w], [dw], [v], [m], null, { ...usual, eps: 1e-3 })
      expect(kernels.download(w, 'w').every(Number.isFinite)).toBe(true)
    }
  })
})
