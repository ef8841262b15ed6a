/** One step of gradient descent: against the formula step by step, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SgdOptions } from '../src/reference/sgd.ts'
import { builds, expectNear, lengths, numbers, onGpu, seeds } from './twins.ts'
import { expectUpdates, parameters, totalOf } from './updates.ts'

const settings: fc.Arbitrary<SgdOptions> = fc.record({
  lr: fc.constantFrom(0.01, 0.5, 1),
  momentum: fc.constantFrom(0, 0.9),
  dampening: fc.constantFrom(0, 0.3),
  nesterov: fc.boolean(),
  weightDecay: fc.constantFrom(0, 0.01),
  step: fc.integer({ min: 0, max: 3 }),
})

describe('sgdInto', () => {
  it('on the twins is within 2^-22 of the definition, relative to what is added, for weights and velocity', () => {
    fc.assert(
      fc.property(parameters, settings, fc.boolean(), seeds, (sizes, options, hasVelocity, seed) => {
        const abs = 2 ** -22 * 20
        expectUpdates(
          (k, [w, dw, velocity]) => k.sgdInto(w, dw, hasVelocity ? velocity : null, options),
          sizes,
          [0, 1, 2].map((i) => numbers(seed + i, totalOf(sizes))),
          () => [{ abs }, {}, { abs }],
        )
      }),
    )
  })

  it('takes the gradient itself as the first velocity', () => {
    const options = { lr: 1, momentum: 0.9, dampening: 0.5, nesterov: false, weightDecay: 0, step: 0 }
    for (const { kernels } of builds) {
      const [w, dw, velocity] = [[5], [2], [100]].map((x) => kernels.upload(Float32Array.from(x)))
      kernels.sgdInto([w], [dw], [velocity], options)
      expect([...kernels.download(w, ''), ...kernels.download(velocity, '')]).toEqual([3, 2])
      kernels.sgdInto([w], [dw], [velocity], { ...options, step: 1 })
      expectNear(kernels.download(velocity, ''), Float64Array.of(0.9 * 2 + 0.5 * 2), { ulp: 1 })
    }
  })

  // A GPU may round a product and a sum together.
  if (!onGpu) {
    it('in the plain build rounds each operation as float32 does: v = μ·v + (1 - τ)·g, w - α·v', () => {
      const f = Math.fround
      fc.assert(
        fc.property(lengths, seeds, (n, seed) => {
          const [w, dw, velocity] = [0, 1, 2].map((i) => numbers(seed + i, n))
          const { kernels } = builds[0]
          const [pw, pdw, pv] = [w, dw, velocity].map((x) => kernels.upload(x))
          kernels.sgdInto([pw], [pdw], [pv], { lr: 0.01, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0, step: 1 })
          const expected = w.map((w, i) => f(w - f(f(0.01) * f(f(f(0.9) * velocity[i]) + dw[i]))))
          expect(kernels.download(pw, 'w')).toEqual(expected)
          for (const x of [pw, pdw, pv]) kernels.release(x)
        }),
      )
    })
  }
})
