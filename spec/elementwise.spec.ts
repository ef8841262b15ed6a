/** Functions of one number: their derivatives, their twins, and every kind of float32. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import {
  builds,
  type Computation,
  corners,
  DIVISION,
  double,
  everyKind,
  expectBackward,
  expectTwins,
  isNear,
  lengths,
  numbers,
  onGpu,
  onWasm,
  places,
  type Range,
  runs,
  seeds,
  shortLengths,
} from './twins.ts'

/** WGSL has no float64 for sines and powers, and defines a root by a division and a function of its own. */
const SINE = onGpu ? 1 : 0.51
const POWER = onGpu ? 1.5 : 0.51
/** Of 1 + f it is f, less a term up to f² / 3 that hangs on a division. */
const LOG = onGpu ? 1.2 : 1
const ROOT = onGpu ? 2 + DIVISION : 0.5

/** For each function: where it is tried, where its derivative is, away from kinks, and the bound of its twins in ulp. */
const functions: Record<string, { f: Computation; ulp: number; range?: Range }> = {
  neg: { f: (k, x) => k.neg(x), ulp: 0 },
  exp: { f: (k, x) => k.exp(x), ulp: 1.2 },
  log: { f: (k, x) => k.log(x), ulp: LOG, range: { min: 0.01, max: 10 } },
  sqrt: { f: (k, x) => k.sqrt(x), ulp: ROOT, range: { min: 0.01, max: 10 } },
  abs: { f: (k, x) => k.abs(x), ulp: 0 },
  sin: { f: (k, x) => k.sin(x), ulp: SINE },
  cos: { f: (k, x) => k.cos(x), ulp: SINE },
  clamp: { f: (k, x) => k.clamp(x, { min: -1, max: 2 }), ulp: 0 },
}

const exponents = [0, 1, 2, 3, 0.5, -1, -2, -0.5, 1.7, -2.3, 5, 100]
const pow =
  (exponent: number): Computation =>
  (k, x) =>
    k.pow(x, { exponent })

describe.each(Object.entries(functions))('%s', (_, { f, ulp, range }) => {
  it(`on the twins is within ${ulp} ulp of the definition`, () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => expectTwins(f, [numbers(seed, n, range)], { ulp })),
      runs(100),
    )
  })

  it('is right for every kind of number', () => {
    expectTwins(f, [corners], { ulp })
    expectTwins(f, [everyKind(1)], { ulp })
  })

  it('gives a number the same bits wherever it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), seeds, (n, seed) => {
        const x = numbers(seed, n, range)
        for (const build of builds) {
          const alone = Float32Array.from(x, (value) => onWasm(build, f, Float32Array.of(value))[0])
          expect(onWasm(build, f, x)).toEqual(alone)
        }
      }),
      runs(20),
    )
  })
})

describe('pow', () => {
  const bounds = new Map([
    [3, 1.5],
    [0.5, ROOT],
    [-1, DIVISION],
  ])
  it.each(exponents)('to the %d is within its bound of the definition', (exponent) => {
    const ulp = bounds.get(exponent) ?? POWER
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => expectTwins(pow(exponent), [numbers(seed, n)], { ulp })),
      runs(100),
    )
    const kinds = exponent === 0.5 ? everyKind(1).map(Math.abs) : everyKind(1)
    expectTwins(pow(exponent), [kinds], { ulp })
  })

  it('is within its bound also of large exponents, wherever the power is neither 0 nor ∞', () => {
    fc.assert(
      fc.property(fc.constantFrom(7.1, -33.3, 301.7, -1e4, 1e6), seeds, (exponent, seed) => {
        const x = numbers(seed, 4099, { min: -125, max: 125 }).map((log2) => 2 ** (log2 / exponent))
        expectTwins(pow(exponent), [x], { ulp: POWER })
      }),
      runs(60),
    )
  })

  it('treats zeros, infinities and NaN as the definition does', () => {
    for (const exponent of [...exponents.filter((p) => p !== 0.5), Infinity, -Infinity, NaN]) {
      expectTwins(pow(exponent), [corners], { ulp: Math.max(1.5, DIVISION) })
    }
  })
})

describe('denormal numbers', () => {
  it('have their logarithms and powers, since these look at the bits', () => {
    const x = numbers(1, 300, { min: 1, max: 2 ** 23 }).map((n) => Math.floor(n) * 2 ** -149)
    expectTwins(functions.log.f, [x], { ulp: LOG })
    for (const exponent of [0.3, -0.4]) expectTwins(pow(exponent), [x], { ulp: POWER })
  })
})

describe('sines', () => {
  it('of angles that only JavaScript reduces rightly are right', () => {
    const x = Float32Array.of(1, 2 ** 28, 2 ** 29, 1e10, -1e20, 3.4e38)
    for (const f of [functions.sin.f, functions.cos.f]) expectTwins(f, [x], { ulp: SINE })
    const dy = numbers(1, x.length)
    expectTwins((k, dy, x) => k.sinBackward(dy, x), [dy, x], { ulp: SINE + 1 })
    expectTwins((k, dy, x) => k.cosBackward(dy, x), [dy, x], { ulp: SINE + 1 })
  })

  it('keep the signs of zeros', () => {
    for (const build of builds) expect(onWasm(build, functions.sin.f, Float32Array.of(0, -0))).toEqual(Float32Array.of(0, -0))
  })
})

/** Each backward: which array it takes beside dy, and where the derivative is, away from kinks. */
type Backward = <A>(k: Kernels<A>, dy: A, v: A) => A
const backwards: Record<string, { backward: Backward; of: 'x' | 'y'; range?: Range; forward?: Computation }> = {
  exp: { backward: (k, dy, y) => k.expBackward(dy, y), of: 'y' },
  log: { backward: (k, dy, x) => k.logBackward(dy, x), of: 'x', range: { min: 0.1, max: 5 } },
  sqrt: { backward: (k, dy, y) => k.sqrtBackward(dy, y), of: 'y', range: { min: 0.1, max: 5 } },
  abs: { backward: (k, dy, x) => k.absBackward(dy, x), of: 'x', range: { min: 0.1, max: 3 } },
  sin: { backward: (k, dy, x) => k.sinBackward(dy, x), of: 'x' },
  cos: { backward: (k, dy, x) => k.cosBackward(dy, x), of: 'x' },
  'clamp inside': {
    forward: functions.clamp.f,
    backward: (k, dy, x) => k.clampBackward(dy, x, { min: -1, max: 2 }),
    of: 'x',
    range: { min: -0.9, max: 1.9 },
  },
  'clamp outside': {
    forward: functions.clamp.f,
    backward: (k, dy, x) => k.clampBackward(dy, x, { min: -1, max: 2 }),
    of: 'x',
    range: { min: 2.1, max: 5 },
  },
}
for (const exponent of [0, 1, 2, 3, 0.5, -1, 1.7, -2.3]) {
  const backward: Backward = (k, dy, x) => k.powBackward(dy, x, { exponent })
  backwards[`pow ${exponent}`] = { forward: pow(exponent), backward, of: 'x', range: { min: 0.2, max: 3 } }
}

describe.each(Object.entries(backwards))('%s backward', (name, { forward = functions[name]?.f, backward, of, range }) => {
  it('is the slope of the function', () => {
    fc.assert(
      fc.property(shortLengths, seeds, (n, seed) => {
        const f = (x: HostArray) => forward<HostArray>(reference, x)
        const back = (dy: HostArray, x: HostArray) => [backward<HostArray>(reference, dy, of === 'x' ? x : f(x))]
        expectBackward(f, back, [double(numbers(seed, n, range))])
      }),
      runs(30),
    )
  })

  // A factor's error counts up to twice in a product: the ulp of the product may be half as large in proportion to it.
  const ulp = onGpu && name.startsWith('pow') ? 2 * POWER + 2 : 3
  it(`on the twins is within ${ulp} ulp of the definition`, () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        expectTwins(backward, [numbers(seed, n), numbers(seed + 1, n, range)], { ulp })
      }),
      runs(30),
    )
  })
})

describe('the derivative at a kink', () => {
  it('is 0 for |x| at 0, and NaN where x is', () => {
    for (const build of builds) {
      const dx = onWasm(build, (k, dy, x) => k.absBackward(dy, x), Float32Array.of(3, 3, 3), Float32Array.of(0, -0, NaN))
      expect([...dx].map((v) => (Number.isNaN(v) ? v : Math.abs(v)))).toEqual([0, 0, NaN])
    }
  })

  it('is 1 for clamp on its bounds', () => {
    const compute: Computation = (k, dy, x) => k.clampBackward(dy, x, { min: -1, max: 2 })
    expectTwins(compute, [Float32Array.of(3, 3, 3, 3), Float32Array.of(-1, 2, -1.1, 2.1)])
  })
})

if (onGpu) {
  describe('int32 on the GPU', () => {
    const x = places(1, 300, 100).map((v) => v - 50)

    it('is negated, clamped and has absolute values', () => {
      const bounds = [
        [-7, 20],
        [-0.5, 3.7],
        [-Infinity, Infinity],
      ]
      expectTwins((k, x) => k.neg(x), [x])
      expectTwins((k, x) => k.abs(x), [x])
      for (const [min, max] of bounds) expectTwins((k, x) => k.clamp(x, { min, max }), [x])
    })

    it('has no roots', () => {
      for (const build of builds) expect(() => onWasm(build, functions.sqrt.f, x)).toThrow('sqrt: on webgpu x must be float32, got int32')
    })
  })
}

describe('the yardstick', () => {
  it('measures in ulp and knows infinity, NaN and denormals', () => {
    expect(isNear(1 + 2 ** -22, 1, { ulp: 2 })).toBe(true)
    expect(isNear(1 + 2 ** -22, 1, { ulp: 1.9 })).toBe(false)
    expect(isNear(Infinity, 3.5e38, {})).toBe(true)
    expect(isNear(Infinity, 1e38, { ulp: 2 })).toBe(false)
    expect(isNear(0, 2 ** -149, { ulp: 0.5 })).toBe(false)
    expect(isNear(NaN, 1, { ulp: 2 })).toBe(false)
    expect(isNear(0, -Infinity, { ulp: 2 })).toBe(false)
  })
})
