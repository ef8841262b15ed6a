/** One step of Adam: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdamOptions } from '../src/reference/adam.ts'
import { builds, double, expectNear, numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, totalOf } from './updates.ts'

const settings: fc.Arbitrary<AdamOptions> = fc.record({
  lr: fc.constantFrom(1e-3, 0.1),
  beta1: fc.constantFrom(0.9, 0.5, 0),
  beta2: fc.constantFrom(0.999, 0.9),
  eps: fc.constantFrom(1e-8, 1e-3),
  weightDecay: fc.constantFrom(0, 0.01),
  step: fc.constantFrom(1, 2, 10, 1000),
})

const usual = { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, step: 1 }

describe('adamInto', () => {
  it('on the twins is within 2e-6 of the definition for the moments, and of the step relatively', () => {
    fc.assert(
      fc.property(parameters, settings, fc.boolean(), seeds, (sizes, options, amsgrad, seed) => {
        const n = totalOf(sizes)
        const [w, dw, m] = [0, 1, 2].map((i) => numbers(seed + i, n))
        const [v, vMax] = [3, 4].map((i) => numbers(seed + i, n, { min: 0.1, max: 4 }))
        expectUpdates(
          (k, [w, dw, m, v, vMax]) => k.adamInto(w, dw, m, v, amsgrad ? vMax : null, options),
          sizes,
          [w, dw, m, v, vMax],
          (exact) => [ofStep(w, exact[0]), {}, { abs: 2e-6 }, { ulp: 3 }, { ulp: 3 }],
        )
      }),
    )
  })

  it('takes a first step of length α against the sign of every gradient', () => {
    const dw = numbers(3, 50).map((g) => (Math.abs(g) < 0.01 ? 1 : g))
    for (const { kernels } of builds) {
      const [w, pdw, m, v] = [new Float32Array(50), dw, new Float32Array(50), new Float32Array(50)].map((x) => kernels.upload(x))
      kernels.adamInto([w], [pdw], [m], [v], null, usual)
      expectNear(
        kernels.download(w, 'w'),
        double(dw).map((g) => -0.001 * Math.sign(g)),
        { abs: 1e-8 },
      )
    }
  })

  it('with vMax never takes longer steps when the gradients shrink', () => {
    for (const { kernels } of builds) {
      const [w, large, small, m, v, vMax] = [[0], [1], [1e-3], [0], [0], [0]].map((x) => kernels.upload(Float32Array.from(x)))
      kernels.adamInto([w], [large], [m], [v], [vMax], usual)
      const [greatest] = kernels.download(vMax, 'vMax')
      for (let step = 2; step < 50; step++) kernels.adamInto([w], [small], [m], [v], [vMax], { ...usual, beta2: 0.9, step })
      expect(kernels.download(vMax, 'vMax')[0]).toBe(greatest)
      expect(kernels.download(v, 'v')[0]).toBeLessThan(greatest)
    }
  })
})
