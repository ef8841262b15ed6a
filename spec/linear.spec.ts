/** A layer's weighted sums: the kernels are the product and the bias, forward and backward, for any size and any set of needed gradients. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { type LinearOptions, linearBackward } from '../src/reference/linear.ts'
import { builds, type Computation, double, expectBackward, expectTwins, numbers, onGpu, seeds } from './twins.ts'

const side = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1, 5, 6, 8, 9, 33))
const problems: fc.Arbitrary<LinearOptions> = fc.record({ m: side, k: side, n: side })
const ALL = [true, true, true]

const linear =
  (o: LinearOptions): Computation =>
  (k, x, w, b) =>
    k.linear(x, w, b, o)

const inputs = ({ m, k, n }: LinearOptions, seed: number) => [numbers(seed, m * k), numbers(seed + 1, n * k), numbers(seed + 2, n)]

describe('linear', () => {
  it('is x · wᵀ, and b added to every row', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => {
        const [x, w, b] = inputs(o, seed).map(double)
        const product = reference.matmul(x, w, { ...o, transB: true })
        const y = reference.linear(x, w, b, o)
        product.forEach((sum, i) => void expect(y[i]).toBeCloseTo(sum + b[i % o.n], 10))
      }),
      { numRuns: 50 },
    )
  })

  it('on the twins is the definition within rounding, for any size', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => {
        const [x, w, b] = inputs(o, seed)
        const sizes = reference.linear(double(x).map(Math.abs), double(w).map(Math.abs), double(b).map(Math.abs), o)
        expectTwins(linear(o), [x, w, b], { ulp: 1, abs: (i) => Math.min(o.k + 1, 16) * 2 ** -24 * sizes[i] })
      }),
      { numRuns: onGpu ? 20 : 150 },
    )
  })

  it('backward is its derivative', () => {
    for (const o of [
      { m: 3, k: 4, n: 2 },
      { m: 1, k: 1, n: 1 },
      { m: 2, k: 0, n: 3 },
    ]) {
      const [x, w, b] = inputs(o, 7).map(double)
      const gradients = (dy: Float64Array | Float32Array | Int32Array) =>
        linearBackward(dy, x, w, o, ALL).map((dx) => dx ?? new Float64Array(0))
      expectBackward((x, w, b) => reference.linear(x, w, b, o), gradients, [x, w, b])
    }
  })

  it('backward on the twins is the definition within rounding, and gives what is needed only', () => {
    fc.assert(
      fc.property(problems, seeds, fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), (o, seed, needs) => {
        const [x, w] = inputs(o, seed)
        const dy = numbers(seed + 3, o.m * o.n)
        const sizes = linearBackward(double(dy).map(Math.abs), double(x).map(Math.abs), double(w).map(Math.abs), o, ALL)
        const terms = [o.n, o.m, o.m]
        for (const place of [0, 1, 2].filter((place) => needs[place])) {
          const gradient: Computation = (k, dy, x, w) => {
            const gradients = k.linearBackward(dy, x, w, o, needs)
            expect(gradients.map((g) => g !== null)).toEqual(needs)
            gradients.forEach((g, i) => {
              if (g !== null && i !== place) k.release(g)
            })
            return gradients[place] ?? dy
          }
          expectTwins(gradient, [dy, x, w], { ulp: 1, abs: (i) => Math.min(terms[place], 16) * 2 ** -24 * (sizes[place]?.[i] ?? 0) })
        }
      }),
      { numRuns: onGpu ? 15 : 80 },
    )
  })

  it('leaves nothing behind', () => {
    for (const { kernels, held } of builds) {
      const before = held()
      const arrays = inputs({ m: 40, k: 30, n: 20 }, 1).map((x) => kernels.upload(x))
      const y = kernels.linear(arrays[0], arrays[1], arrays[2], { m: 40, k: 30, n: 20 })
      for (const x of [...arrays, y]) kernels.release(x)
      expect(held()).toBe(before)
    }
  })
})
