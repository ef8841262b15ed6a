/** One step of Adam: what is known of it, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { AdamOptions } from '../src/reference/adam.ts'
import { builds, double, expectNear, lengths, numbers, seeds } from './twins.ts'

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
      fc.property(lengths, settings, fc.boolean(), seeds, (n, options, amsgrad, seed) => {
        const [w, dw, m] = [0, 1, 2].map((i) => numbers(seed + i, n))
        const [v, vMax] = [3, 4].map((i) => numbers(seed + i, n, { min: 0.1, max: 4 }))
        const exact = [w, m, v, vMax].map(double)
        reference.adamInto(exact[0], double(dw), exact[1], exact[2], amsgrad ? exact[3] : null, options)
        for (const { kernels, simd } of builds) {
          const [pw, pdw, pm, pv, pMax] = [w, dw, m, v, vMax].map((x) => kernels.upload(x))
          kernels.adamInto(pw, pdw, pm, pv, amsgrad ? pMax : null, options)
          expectNear(kernels.download(pw, 'w'), exact[0], { ulp: 1, abs: (i) => 5e-6 * Math.abs(exact[0][i] - w[i]) + 1e-7 }, simd)
          expectNear(kernels.download(pm, 'm'), exact[1], { abs: 2e-6 }, simd)
          expectNear(kernels.download(pv, 'v'), exact[2], { ulp: 3 }, simd)
          expectNear(kernels.download(pMax, 'vMax'), exact[3], { ulp: 3 }, simd)
          expect(kernels.download(pdw, 'dw')).toEqual(dw)
          for (const x of [pw, pdw, pm, pv, pMax]) kernels.release(x)
        }
      }),
    )
  })

  it('takes a first step of length α against the sign of every gradient', () => {
    const dw = numbers(3, 50).map((g) => (Math.abs(g) < 0.01 ? 1 : g))
    for (const { kernels } of builds) {
      const [w, pdw, m, v] = [new Float32Array(50), dw, new Float32Array(50), new Float32Array(50)].map((x) => kernels.upload(x))
      kernels.adamInto(w, pdw, m, v, null, usual)
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
      kernels.adamInto(w, large, m, v, vMax, usual)
      const [greatest] = kernels.download(vMax, 'vMax')
      for (let step = 2; step < 50; step++) kernels.adamInto(w, small, m, v, vMax, { ...usual, beta2: 0.9, step })
      expect(kernels.download(vMax, 'vMax')[0]).toBe(greatest)
      expect(kernels.download(v, 'v')[0]).toBeLessThan(greatest)
    }
  })
})
