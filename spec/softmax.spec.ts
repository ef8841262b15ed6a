/** Softmax and its logarithm. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { RowsOptions } from '../src/reference/softmax.ts'
import {
  additions,
  builds,
  type Computation,
  DIVISION,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  inDouble,
  lnSumError,
  numbers,
  onGpu,
  onWasm,
  scale,
  seeds,
} from './twins.ts'

const rows: fc.Arbitrary<RowsOptions> = fc.record({
  n: fc.integer({ min: 0, max: 6 }),
  c: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 10, 127, 128, 129, 1000)),
})

/** What the GPU alone is off. */
const onlyGpu = (error: number) => (onGpu ? error : 0)

const wide = { min: -20, max: 20 }

type Forward = <A>(k: Kernels<A>, x: A, o: RowsOptions) => A
type Backward = <A>(k: Kernels<A>, dy: A, y: A, o: RowsOptions) => A

const softmax: Forward = (k, x, o) => k.softmax(x, o)
const logSoftmax: Forward = (k, x, o) => k.logSoftmax(x, o)
const softmaxBackward: Backward = (k, dy, y, o) => k.softmaxBackward(dy, y, o)
const logSoftmaxBackward: Backward = (k, dy, y, o) => k.logSoftmaxBackward(dy, y, o)

const forward =
  (f: Forward, o: RowsOptions): Computation =>
  (k, x) =>
    f(k, x, o)
const backward =
  (f: Backward, o: RowsOptions): Computation =>
  (k, dy, y) =>
    f(k, dy, y, o)

/** Σ|x| of the row in which element i stands. */
const rowScale = (x: HostArray, c: number, i: number) => scale(x.subarray(i - (i % c), i - (i % c) + c))

describe('softmax', () => {
  it('on the twins is within 3.5 ulp and those of a division, on the GPU also those of a sum, of the definition, where x - max x is exact', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c, wide).map((v) => Math.round(v * 256) / 256)
        expectTwins(forward(softmax, o), [x], { ulp: 3.5 + DIVISION + onlyGpu(additions(o.c)) })
      }),
    )
  })

  it('on the twins is within 1e-5 of the definition relatively for any x, absolutely within 2e-7 and what a division and a sum of the GPU are off', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c, wide)
        const exact = inDouble(forward(softmax, o), x)
        const most = 2e-7 + onlyGpu(DIVISION - 0.5 + additions(o.c)) * 2 ** -24
        for (const build of builds) {
          expectNear(onWasm(build, forward(softmax, o), x), exact, { abs: (i) => Math.min(most, 1e-5 * exact[i]) })
        }
      }),
    )
  })

  it('has rows that sum to 1', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        for (const build of builds) {
          const y = onWasm(build, forward(softmax, o), numbers(seed, o.n * o.c, wide))
          const sums = reference.sum(double(y), { outer: o.n, n: o.c, inner: 1 })
          // off by the roundings of the sum that divides, of 1 / sum on wasm, of each quotient, and of what is summed here
          expectNear(Float32Array.from(sums), new Float64Array(o.n).fill(1), { abs: (2 + 2 * DIVISION + additions(o.c)) * 2 ** -24 })
        }
      }),
    )
  })

  it('does not change, to the bit, when a row is shifted', () => {
    fc.assert(
      fc.property(rows, seeds, fc.integer({ min: -1000, max: 1000 }), (o, seed, shift) => {
        const x = numbers(seed, o.n * o.c).map((v) => Math.round(v * 256) / 256) // x + shift is exact
        const shifted = x.map((v) => v + shift)
        for (const build of builds) expect(onWasm(build, forward(softmax, o), shifted)).toEqual(onWasm(build, forward(softmax, o), x))
      }),
    )
  })

  it('gives a row the same bits wherever it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), seeds, (c, seed) => {
        const x = numbers(seed, 5 * c)
        for (const build of builds) {
          const together = onWasm(build, forward(softmax, { n: 5, c }), x)
          for (let row = 0; row < 5; row++) {
            const alone = onWasm(build, forward(softmax, { n: 1, c }), x.slice(row * c, row * c + c))
            expect(together.slice(row * c, row * c + c)).toEqual(alone)
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('logSoftmax', () => {
  it('on the twins is within 1 ulp and the error of ln Σ of the definition for x within ±20', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        // x - max x and the result are rounded, half an ulp each
        expectTwins(forward(logSoftmax, o), [numbers(seed, o.n * o.c, wide)], { ulp: 1, abs: lnSumError(o.c) })
      }),
    )
  })

  it('is the logarithm of softmax', () => {
    const o = { n: 3, c: 5 }
    const x = double(numbers(2, 15))
    expectNear(Float32Array.from(reference.logSoftmax(x, o)), reference.log(reference.softmax(x, o)), { ulp: 1 })
  })
})

describe('both', () => {
  const strange: [string, number[]][] = [
    ['a masked place', [1, -Infinity, 2, 0, -1]],
    ['everything masked', [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity]],
    ['an infinity', [1, Infinity, 2, 0, -1]],
    ['a NaN', [1, 2, NaN, 0, -1]],
    ['huge numbers', [1e30, -1e30, 3e38, 3e38, 0]],
    ['one place that takes all', [200, 0, 1, 2, 3]],
  ]
  it.each(strange)('treat %s as the definition does', (_, values) => {
    const o = { n: 1, c: values.length }
    expectTwins(forward(softmax, o), [Float32Array.from(values)], { ulp: 3.5 + DIVISION })
    expectTwins(forward(logSoftmax, o), [Float32Array.from(values)], { ulp: 4 })
  })

  it('have the slopes that their backward says', () => {
    const few = fc.record({ n: fc.integer({ min: 1, max: 3 }), c: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(few, seeds, (o, seed) => {
        const x = double(numbers(seed, o.n * o.c))
        for (const [f, back] of [
          [softmax, softmaxBackward],
          [logSoftmax, logSoftmaxBackward],
        ] as const) {
          const run = (x: HostArray) => f<HostArray>(reference, x, o)
          expectBackward(run, (dy, x) => [back<HostArray>(reference, dy, run(x), o)], [x])
        }
      }),
      { numRuns: 50 },
    )
  })

  it('pass dy back on the twins within 2^-21 · Σ|dy| of the definition', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        const dy = numbers(seed, o.n * o.c)
        const abs = (i: number) => 2 ** -21 * rowScale(dy, o.c, i)
        const y = onWasm(builds[0], forward(softmax, o), numbers(seed + 1, o.n * o.c))
        expectTwins(backward(softmaxBackward, o), [dy, y], { abs })
        const log = onWasm(builds[0], forward(logSoftmax, o), numbers(seed + 1, o.n * o.c))
        expectTwins(backward(logSoftmaxBackward, o), [dy, log], { abs })
      }),
    )
  })
})
