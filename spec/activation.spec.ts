/** Activations: their derivatives, their twins, and what is known of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import { erfc, normalCdf } from '../src/reference/activation.ts'
import type { HostArray } from '../src/reference/array.ts'
import {
  type Bound,
  builds,
  type Computation,
  corners,
  DIVISION,
  double,
  everyKind,
  expectBackward,
  expectNear,
  expectTwins,
  inDouble,
  lengths,
  numbers,
  onGpu,
  onWasm,
  type Range,
  runs,
  seeds,
  shortLengths,
} from './twins.ts'

interface Activation {
  forward: Computation
  backward: <A>(k: Kernels<A>, dy: A, v: A) => A
  /** What the backward takes beside dy. */
  of: 'x' | 'y'
  /** Where the definition is bent, so that it has no slope. */
  kink?: boolean
  bound: Bound
  backwardBound: Bound
}

const slope = { negativeSlope: 0.1 }

const activations: Record<string, Activation> = {
  relu: {
    forward: (k, x) => k.relu(x),
    backward: (k, dy, y) => k.reluBackward(dy, y),
    of: 'y',
    kink: true,
    bound: {},
    backwardBound: {},
  },
  leakyRelu: {
    forward: (k, x) => k.leakyRelu(x, slope),
    backward: (k, dy, x) => k.leakyReluBackward(dy, x, slope),
    of: 'x',
    kink: true,
    bound: { ulp: 1.5 },
    backwardBound: { ulp: 1.5 },
  },
  sigmoid: {
    forward: (k, x) => k.sigmoid(x),
    backward: (k, dy, y) => k.sigmoidBackward(dy, y),
    of: 'y',
    bound: { ulp: 1.91 + DIVISION },
    backwardBound: { ulp: 2 },
  },
  tanh: {
    forward: (k, x) => k.tanh(x),
    backward: (k, dy, y) => k.tanhBackward(dy, y),
    of: 'y',
    bound: { ulp: 1.5 + DIVISION },
    backwardBound: { ulp: 2.5 },
  },
  gelu: {
    forward: (k, x) => k.gelu(x),
    backward: (k, dy, x) => k.geluBackward(dy, x),
    of: 'x',
    bound: { ulp: 3.5 + DIVISION, abs: 1e-7 },
    backwardBound: { ulp: 3.5 + DIVISION, abs: 1e-6 },
  },
}

describe.each(Object.entries(activations))('%s', (_, { forward, backward, of, kink, bound, backwardBound }) => {
  it('on the twins is within the bound of the definition', () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => expectTwins(forward, [numbers(seed, n, { min: -10, max: 10 })], bound)),
      runs(100),
    )
  })

  it('is right for every kind of number', () => {
    expectTwins(forward, [corners], bound)
    expectTwins(forward, [everyKind(1)], bound)
  })

  it('gives a number the same bits wherever it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), seeds, (n, seed) => {
        const x = numbers(seed, n)
        for (const build of builds) {
          const alone = Float32Array.from(x, (value) => onWasm(build, forward, Float32Array.of(value))[0])
          expect(onWasm(build, forward, x)).toEqual(alone)
        }
      }),
      runs(20),
    )
  })

  it.each<Range>(kink ? [{ min: 0.1 }, { max: -0.1 }] : [{}])('has the slope that its backward says (%o)', (range) => {
    const f = (x: HostArray) => forward<HostArray>(reference, x)
    const back = (dy: HostArray, x: HostArray) => [backward<HostArray>(reference, dy, of === 'x' ? x : f(x))]
    fc.assert(
      fc.property(shortLengths, seeds, (n, seed) => expectBackward(f, back, [double(numbers(seed, n, range))])),
      runs(30),
    )
  })

  it('backward on the twins is within the bound of the definition', () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        const x = numbers(seed + 1, n, { min: -8, max: 8 })
        const v = of === 'x' ? x : onWasm(builds[0], forward, x)
        expectTwins(backward, [numbers(seed, n), v], backwardBound)
      }),
      runs(100),
    )
  })

  it('lets a NaN through, forward and backward', () => {
    for (const build of builds) {
      expect(onWasm(build, forward, Float32Array.of(NaN))[0]).toBeNaN()
      expect(onWasm(build, backward, Float32Array.of(NaN, NaN), Float32Array.of(0.5, -0.5))).toEqual(Float32Array.of(NaN, NaN))
    }
  })
})

describe('at its kink', () => {
  it('relu passes nothing back, leakyRelu its slope', () => {
    const dy = Float32Array.of(3, 3)
    const zeros = Float32Array.of(0, -0)
    expectTwins(activations.relu.backward, [dy, zeros])
    expectTwins(activations.leakyRelu.backward, [dy, zeros], { ulp: 1 })
    expect([...reference.reluBackward(dy, zeros)]).toEqual([0, 0])
  })
})

describe('symmetry', () => {
  const negated = (x: HostArray) => x.map((v) => -v)

  it('tanh(-x) = -tanh x, to the bit', () => {
    const x = everyKind(3).filter((_, i) => i % 64 === 0)
    for (const build of builds)
      expect(onWasm(build, activations.tanh.forward, negated(x))).toEqual(negated(onWasm(build, activations.tanh.forward, x)))
  })

  it('σ(x) + σ(-x) = 1', () => {
    fc.assert(
      fc.property(lengths, seeds, (n, seed) => {
        const x = numbers(seed, n, { min: -20, max: 20 })
        for (const build of builds) {
          const [up, down] = [x, negated(x)].map((x) => onWasm(build, activations.sigmoid.forward, x))
          const sum = up.map((v, i) => v + down[i])
          expectNear(sum, double(new Float32Array(n).fill(1)), { ulp: 2 })
        }
      }),
    )
  })
})

describe('the normal distribution', () => {
  it('has the values of the tables (Abramowitz & Stegun 1964, tables 7.1 and 26.1)', () => {
    const table: [number, number][] = [
      [0.5, 0.4795001222],
      [1, 0.1572992071],
      [2, 0.004677734981],
      [3, 2.209049699858544e-5],
      [5, 1.5374597944280349e-12],
    ]
    expect(erfc(0.5)).toBeCloseTo(table[0][1], 10)
    for (const [x, y] of table.slice(1)) expect(Math.abs(erfc(x) / y - 1)).toBeLessThan(1e-9)
    expect(erfc(-1)).toBeCloseTo(2 - table[1][1], 9)
    expect(normalCdf(1.96)).toBeCloseTo(0.9750021049, 10)
    expect(normalCdf(0)).toBe(0.5)
  })

  it('is continuous where the two series of erfc meet', () => {
    expect(Math.abs(erfc(2.5) / erfc(2.5 - 1e-12) - 1)).toBeLessThan(1e-10)
  })

  it('gives gelu its tails: x for large x, 0 for small', () => {
    expectTwins(activations.gelu.forward, [Float32Array.of(6, 10, 30, 1e4, 1e30, -6, -10, -14, -30, -1e4)], { abs: 5e-8 })
    expect(inDouble(activations.gelu.forward, Float32Array.of(20))[0]).toBe(20)
  })

  it('passes from the middle of gelu to its tails without a step, also within one vector', () => {
    const x = Float32Array.from({ length: 4001 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1.9 + i / 20_000))
    const { forward, backward, bound, backwardBound } = activations.gelu
    expectTwins(forward, [x], bound)
    expectTwins((k, dy, v) => backward(k, dy, v), [new Float32Array(x.length).fill(1), x], backwardBound)
  })

  it('gives gelu the digits of its small values, down to those whose e^(-x²/2), on the GPU Φ(x), has float32 digits left', () => {
    const x = numbers(5, 4099, { min: onGpu ? -12.9 : -13, max: -1 })
    const exact = inDouble(activations.gelu.forward, x)
    for (const build of builds) expectNear(onWasm(build, activations.gelu.forward, x), exact, { abs: (i) => 1e-5 * Math.abs(exact[i]) })
  })
})
