/** Sums, running sums and the places of extremes along one axis. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { AxisOptions } from '../src/reference/reduction.ts'
import {
  builds,
  type Computation,
  DIVISION,
  dot,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  inDouble,
  numbers,
  onGpu,
  onWasm,
  places,
  runs,
  scale,
  seeds,
} from './twins.ts'

/** [outer, n, inner] with whichever of them is large. */
const axes: fc.Arbitrary<AxisOptions> = fc.oneof(
  fc.record({ outer: fc.integer({ min: 0, max: 4 }), n: fc.integer({ min: 1, max: 40 }), inner: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ outer: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 1, max: 300 }), inner: fc.constant(1) }),
  fc.record({ outer: fc.constant(1), n: fc.integer({ min: 1, max: 20 }), inner: fc.constantFrom(511, 512, 513, 1030) }),
)

/** Lines so long that the GPU cuts them and needs a second pass, of one number, a few, and many side by side. */
const long: AxisOptions[] = [
  { outer: 2, n: 30_011, inner: 1 },
  { outer: 2, n: 5003, inner: 3 },
  { outer: 1, n: 1003, inner: 70 },
]

/** The rounding of a sum of numbers of this size: 8 · 2^-24 · Σ|x|. */
const rounding = (sizes: HostArray) => (i: number) => 8 * 2 ** -24 * sizes[i]

const sizeOfAxes = ({ outer, n, inner }: AxisOptions) => outer * n * inner

describe('sum', () => {
  const sum =
    (options: AxisOptions): Computation =>
    (k, x) =>
      k.sum(x, options)

  it('on the twins is within 8 · 2^-24 · Σ|x| of the definition', () => {
    fc.assert(
      fc.property(axes, seeds, (options, seed) => {
        const x = numbers(seed, sizeOfAxes(options))
        const sizes = reference.sum(double(x).map(Math.abs), options)
        expectTwins(sum(options), [x], { ulp: 0.5, abs: rounding(sizes) })
      }),
      runs(300),
    )
  })

  it('is 0 along an axis of length 0', () => {
    expectTwins(sum({ outer: 2, n: 0, inner: 1 }), [new Float32Array(0)])
    expectTwins(sum({ outer: 2, n: 0, inner: 3 }), [new Float32Array(0)])
  })

  it.each([
    { outer: 1, n: 1_000_003, inner: 1 },
    { outer: 1, n: 250_001, inner: 4 },
    { outer: 1, n: 1003, inner: 1000 },
  ])('of a million numbers is within 1e-6 ($n × $inner)', (options) => {
    const x = numbers(1, sizeOfAxes(options), { min: 0, max: 1 })
    const exact = inDouble(sum(options), x)
    for (const build of builds) expectNear(onWasm(build, sum(options), x), exact, { abs: (i) => 1e-6 * exact[i] })
  })

  it('repeats dy along the axis, backward', () => {
    const options = { outer: 2, n: 3, inner: 2 }
    const repeat = (dy: HostArray) => [reference.strided(dy, { shape: [2, 3, 2], strides: [2, 0, 1], offset: 0 })]
    expectBackward((x) => reference.sum(x, options), repeat, [double(numbers(3, 12))])
  })
})

describe('mean', () => {
  const mean =
    (options: AxisOptions): Computation =>
    (k, x) =>
      k.mean(x, options)
  const meanBackward =
    (options: AxisOptions): Computation =>
    (k, dy) =>
      k.meanBackward(dy, options)

  it('on the twins is within 8 · 2^-24 · Σ|x| / n of the definition', () => {
    const expectMean = (options: AxisOptions, seed: number) => {
      const x = numbers(seed, sizeOfAxes(options))
      const sizes = reference.mean(double(x).map(Math.abs), options)
      expectTwins(mean(options), [x], { ulp: DIVISION, abs: rounding(sizes) })
    }
    fc.assert(fc.property(axes, seeds, expectMean), runs(100))
    for (const options of long) expectMean(options, 1)
  })

  it('passes back to each number the share that the definition says', () => {
    fc.assert(
      fc.property(axes, seeds, (options, seed) => {
        expectTwins(meanBackward(options), [numbers(seed, options.outer * options.inner)], { ulp: DIVISION })
      }),
      runs(100),
    )
  })

  it('has the slope that its backward says', () => {
    const options = { outer: 2, n: 4, inner: 3 }
    expectBackward(
      (x) => reference.mean(x, options),
      (dy) => [reference.meanBackward(dy as Float64Array, options)],
      [double(numbers(3, 24))],
    )
  })
})

describe('cumsum', () => {
  const running =
    (options: AxisOptions, reverse = false): Computation =>
    (k, x) =>
      k.cumsum(x, { ...options, reverse })

  it('on the twins is the definition, rounded once; on the GPU, without float64, within 8 · 2^-24 · Σ|x|', () => {
    const expectRunning = (options: AxisOptions, reverse: boolean, seed: number) => {
      const x = numbers(seed, sizeOfAxes(options))
      const sizes = reference.cumsum(double(x).map(Math.abs), { ...options, reverse })
      expectTwins(running(options, reverse), [x], onGpu ? { abs: rounding(sizes) } : {})
    }
    fc.assert(fc.property(axes, fc.boolean(), seeds, expectRunning), runs(100))
    for (const options of long) for (const reverse of [false, true]) expectRunning(options, reverse, 1)
  })

  it('ends with the sum', () => {
    const x = numbers(5, 100)
    expect(inDouble(running({ outer: 1, n: 100, inner: 1 }), x).at(-1)).toBe(reference.sum(double(x), { outer: 1, n: 100, inner: 1 })[0])
  })

  it('and cumsum from the end are adjoint: <dy, cumsum x> = <reverse cumsum dy, x>', () => {
    fc.assert(
      fc.property(axes, seeds, (options, seed) => {
        const [x, dy] = [numbers(seed, sizeOfAxes(options)), numbers(seed + 1, sizeOfAxes(options))]
        for (const build of builds) {
          const forward = dot(dy, onWasm(build, running(options), x))
          const backward = dot(onWasm(build, running(options, true), dy), x)
          expect(Math.abs(forward - backward)).toBeLessThanOrEqual(1e-6 * options.n * (scale(dy, x) + scale(dy) + scale(x)))
        }
      }),
      runs(100),
    )
  })

  it('has the slope that its reverse says', () => {
    const options = { outer: 2, n: 4, inner: 3 }
    const backward = (dy: HostArray) => [reference.cumsum(dy, { ...options, reverse: true })]
    expectBackward((x) => reference.cumsum(x, options), backward, [double(numbers(3, 24))])
  })
})

type ArgBest = <A>(k: Kernels<A>, x: A, options: AxisOptions) => A
const extremes: [string, ArgBest, (...values: number[]) => number][] = [
  ['argmax', (k, x, options) => k.argmax(x, options), Math.max],
  ['argmin', (k, x, options) => k.argmin(x, options), Math.min],
]

describe.each(extremes)('%s', (_, argbest, best) => {
  const at =
    (options: AxisOptions): Computation =>
    (k, x) =>
      argbest(k, x, options)

  it('on the twins is the definition, with many equal numbers, infinities and NaN', () => {
    const expectPlaces = (options: AxisOptions, seed: number, share: number) => {
      const [value, odd] = [numbers(seed, sizeOfAxes(options)), numbers(seed + 1, sizeOfAxes(options), { min: 0, max: 1 })]
      const strange = [NaN, Infinity, -Infinity, 0, -0]
      const x = value.map((v, i) => (odd[i] < share ? strange[i % 5] : Math.round(v)))
      expectTwins(at(options), [x])
    }
    fc.assert(fc.property(axes, seeds, fc.constantFrom(0, 0.02, 0.3), expectPlaces), runs(300))
    for (const options of long) for (const share of [0, 1e-4, 0.3]) expectPlaces(options, 1, share)
  })

  it('names the place of the extreme itself', () => {
    const options = { outer: 1, n: 200, inner: 1 }
    const x = numbers(9, 200)
    for (const build of builds) expect(x[onWasm(build, at(options), x)[0]]).toBe(best(...x))
  })

  it('takes the first of equals, and a NaN before all', () => {
    const options = { outer: 1, n: 9, inner: 1 }
    for (const build of builds) {
      expect(onWasm(build, at(options), new Float32Array(9).fill(best(-Infinity, Infinity)))[0]).toBe(0)
      expect(onWasm(build, at(options), Float32Array.of(1, 2, 3, 4, 5, NaN, 7, NaN, 0))[0]).toBe(5)
    }
  })
})

if (onGpu) {
  describe('int32 on the GPU', () => {
    it('is summed, cumulated and searched as the definition does', () => {
      const computations = (options: AxisOptions): Computation[] => [
        (k, x) => k.sum(x, options),
        (k, x) => k.cumsum(x, options),
        (k, x) => k.cumsum(x, { ...options, reverse: true }),
        (k, x) => k.argmax(x, options),
        (k, x) => k.argmin(x, options),
      ]
      const expectAll = (options: AxisOptions, seed: number) => {
        const x = places(seed, sizeOfAxes(options), 2 ** 20).map((v) => v - 2 ** 19)
        for (const compute of computations(options)) expectTwins(compute, [x])
      }
      fc.assert(fc.property(axes, seeds, expectAll), { numRuns: 20 })
      for (const options of long) expectAll(options, 1)
    })

    it('has no mean', () => {
      const mean: Computation = (k, x) => k.mean(x, { outer: 1, n: 2, inner: 1 })
      for (const build of builds)
        expect(() => onWasm(build, mean, Int32Array.of(1, 2))).toThrow('mean: on webgpu x must be float32, got int32')
    })
  })
}
