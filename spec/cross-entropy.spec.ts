/** The losses of classification. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { CrossEntropyOptions } from '../src/reference/cross-entropy.ts'
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
  lengths,
  lnSumError,
  numbers,
  onGpu,
  onWasm,
  places,
  seeds,
} from './twins.ts'

const options: fc.Arbitrary<Required<CrossEntropyOptions>> = fc.record({
  n: fc.integer({ min: 0, max: 8 }),
  c: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(10, 129, 1000)),
  labelSmoothing: fc.constantFrom(0, 0.1, 0.5, 1),
})

const loss =
  (o: CrossEntropyOptions): Computation =>
  (k, x, target) =>
    k.crossEntropy(x, target, o)
const gradient =
  (o: CrossEntropyOptions): Computation =>
  (k, dy, x, target) =>
    k.crossEntropyBackward(dy, x, target, o)

describe('crossEntropy', () => {
  it('on the twins is within rounding of the definition for logits within ±20', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c, { min: -20, max: 20 })
        // The loss is a sum of positive terms: x - max x, ln Σ and, for smoothed labels, the mean of all |x - max x| <= 40, for which the GPU rounds more often.
        const abs = lnSumError(o.c) + 40 * o.labelSmoothing * additions(o.c) * 2 ** -24
        expectTwins(loss(o), [x, places(seed, o.n, o.c)], { ulp: onGpu && o.labelSmoothing > 0 ? 4 : 1, abs })
      }),
    )
  })

  it('passes dy back on the twins within 3e-7 · |dy| of the definition, and what a division and a sum of the GPU are off', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const dy = numbers(seed + 1, o.n, { min: 0.5, max: 2 })
        const x = numbers(seed, o.n * o.c)
        const most = 3e-7 + (onGpu ? DIVISION - 0.5 + additions(o.c) : 0) * 2 ** -24
        expectTwins(gradient(o), [dy, x, places(seed, o.n, o.c)], { abs: (i) => most * dy[Math.floor(i / o.c)] })
      }),
    )
  })

  it('has the slope that its backward says', () => {
    const few = fc.record({
      n: fc.integer({ min: 1, max: 3 }),
      c: fc.integer({ min: 1, max: 5 }),
      labelSmoothing: fc.constantFrom(0, 0.1, 1),
    })
    fc.assert(
      fc.property(few, seeds, (o, seed) => {
        const target = places(seed, o.n, o.c)
        const f = (x: HostArray) => reference.crossEntropy(x, target, o)
        const back = (dy: HostArray, x: HostArray) => [reference.crossEntropyBackward(dy, x, target, o)]
        expectBackward(f, back, [double(numbers(seed, o.n * o.c))])
      }),
      { numRuns: 50 },
    )
  })

  it('is the negative logarithm of the softmax at the target', () => {
    const o = { n: 4, c: 7 }
    const x = double(numbers(3, 28))
    const target = places(3, 4, 7)
    const log = reference.logSoftmax(x, o)
    const picked = reference.gather(log, target, { outer: 4, n: 7, inner: 1, k: 1 })
    expectNear(Float32Array.from(reference.crossEntropy(x, target, o)), reference.neg(picked), { ulp: 0.5 })
  })

  it('of equal logits is ln C, and its gradient sums to 0 along each row', () => {
    const o = { n: 2, c: 10, labelSmoothing: 0.1 }
    for (const build of builds) {
      const flat = onWasm(build, loss(o), new Float32Array(20).fill(3), Int32Array.of(4, 9))
      expectNear(flat, Float64Array.of(Math.log(10), Math.log(10)), { ulp: 2 })
      const dx = onWasm(build, gradient(o), Float32Array.of(1, 1), numbers(1, 20), Int32Array.of(4, 9))
      const sums = reference.sum(double(dx), { outer: 2, n: 10, inner: 1 })
      for (const sum of sums) expect(Math.abs(sum)).toBeLessThan(1e-6)
    }
  })

  it('stays finite for confident logits, right or wrong, and shows a NaN', () => {
    const o = { n: 3, c: 3 }
    const x = Float32Array.of(1000, 0, 0, 0, 1000, 0, 0, NaN, 0)
    expectTwins(loss(o), [x, Int32Array.of(0, 0, 0)], { ulp: 1 })
    expectTwins(gradient(o), [Float32Array.of(1, 1, 1), x, Int32Array.of(0, 0, 0)], { ulp: 1 })
    expectNear(Float32Array.from(inDouble(loss(o), x, Int32Array.of(0, 0, 0))), Float64Array.of(0, 1000, NaN), {})
  })
})

describe('binaryCrossEntropyWithLogits', () => {
  const binary: Computation = (k, x, t) => k.binaryCrossEntropyWithLogits(x, t)
  const binaryBackward: Computation = (k, dy, x, t) => k.binaryCrossEntropyWithLogitsBackward(dy, x, t)
  const division = (DIVISION - 0.5) * 2 ** -24 // by what a GPU's quotient below 1 may be off more

  it('on the twins is within 2.5 ulp and the error of a division of the definition for the targets 0 and 1, also where the loss is tiny', () => {
    const ulp = 2.5 + DIVISION
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        const x = numbers(seed, n, { min: -100, max: 100 })
        const right = x.map((v) => (v > 0 ? 1 : 0))
        expectTwins(binary, [x, right], { ulp })
        expectTwins(binary, [x, right.map((t) => 1 - t)], { ulp })
      }),
    )
  })

  it('on the twins is within 3e-7 · (1 + |x|) and the error of a division of the definition for any target', () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        const x = numbers(seed, n, { min: -10, max: 10 })
        expectTwins(binary, [x, numbers(seed + 1, n, { min: 0, max: 1 })], { abs: (i) => division + 3e-7 * (1 + Math.abs(x[i])) })
      }),
    )
  })

  it('passes dy back on the twins within 3e-7 · |dy| and the error of a division of the definition', () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        const dy = numbers(seed + 2, n)
        const inputs = [dy, numbers(seed, n, { min: -10, max: 10 }), numbers(seed + 1, n, { min: 0, max: 1 })]
        expectTwins(binaryBackward, inputs, { abs: (i) => (division + 3e-7) * Math.abs(dy[i]) })
      }),
    )
  })

  it('has the slope that its backward says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), seeds, (n, seed) => {
        const t = double(numbers(seed + 1, n, { min: 0, max: 1 }))
        const x = double(numbers(seed, n)).map((v) => (Math.abs(v) < 0.01 ? 1 : v))
        expectBackward(
          (x) => reference.binaryCrossEntropyWithLogits(x, t),
          (dy, x) => [reference.binaryCrossEntropyWithLogitsBackward(dy, x, t)],
          [x],
        )
      }),
      { numRuns: 30 },
    )
  })

  it('neither overflows nor hides a NaN', () => {
    const x = Float32Array.of(1e30, -1e30, 1e30, -1e30, NaN, Infinity)
    const t = Float32Array.of(1, 0, 0, 1, 1, 0)
    expectTwins(binary, [x, t], { ulp: 1 })
  })
})
