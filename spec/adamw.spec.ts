/** One step of AdamW: what sets it apart from Adam, and its twins. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { AdamOptions } from '../src/reference/adam.ts'
import { builds, double, numbers, seeds } from './twins.ts'
import { expectUpdates, ofStep, parameters, totalOf } from './updates.ts'

const settings: fc.Arbitrary<AdamOptions> = fc.record({
  lr: fc.constantFrom(1e-3, 0.1),
  beta1: fc.constantFrom(0.9, 0.5, 0),
  beta2: fc.constantFrom(0.999, 0.9),
  eps: fc.constantFrom(1e-8, 1e-3),
  weightDecay: fc.constantFrom(0, 0.01, 0.5),
  step: fc.constantFrom(1, 2, 10, 1000),
})

const arraysOf = (seed: number, n: number): Float32Array[] => [
  ...[0, 1, 2].map((i) => numbers(seed + i, n)),
  ...[3, 4].map((i) => numbers(seed + i, n, { min: 0.1, max: 4 })),
]

describe('adamwInto', () => {
  it('on the twins is within 5e-6 of the step of the definition', () => {
    fc.assert(
      fc.property(parameters, settings, fc.boolean(), seeds, (sizes, options, amsgrad, seed) => {
        const n = totalOf(sizes)
        const arrays = arraysOf(seed, n)
        expectUpdates(
          (k, [w, dw, m, v, vMax]) => k.adamwInto(w, dw, m, v, amsgrad ? vMax : null, options),
          sizes,
          arrays,
          (exact) => [{ ...ofStep(arrays[0], exact[0]), ulp: 4 }, {}, { abs: 2e-6 }, { ulp: 3 }, { ulp: 3 }],
        )
      }),
    )
  })

  it('without decay is Adam, to the bit', () => {
    const options = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, step: 3 }
    for (const { kernels } of builds) {
      const [a, b] = [0, 1].map(() => arraysOf(7, 50).map((x) => [kernels.upload(x)]))
      kernels.adamInto(a[0], a[1], a[2], a[3], null, options)
      kernels.adamwInto(b[0], b[1], b[2], b[3], null, options)
      for (const i of a.keys()) expect(kernels.download(b[i][0], 'b')).toEqual(kernels.download(a[i][0], 'a'))
    }
  })

  it('shrinks a weight without gradient by the factor 1 - α·λ, which Adam does not', () => {
    const zeros = () => [new Float64Array(1)]
    const w = double(Float32Array.of(2))
    reference.adamwInto([w], zeros(), zeros(), zeros(), null, { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.5, step: 1 })
    expect(w[0]).toBeCloseTo(1.9, 12)
  })
})
