import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GradusError } from '../src/errors.ts'
import { defaultGenerator, epochOrder, type FloatArray, Generator, manualSeed } from '../src/random.ts'

type Oracle<C> = { source: string; cases: C[] }
type Shaped = { shape: number[]; data: number[] }
type Case<Op extends string, Fields> = { op: Op; seed: number } & Fields
type Layer = { in: number; out: number; weight: Shaped; bias: Shaped }

type TorchCase =
  | Case<'rand', { first: Shaped; second: Shaped }>
  | Case<'randn', { small: Shaped; large: Shaped; ragged: Shaped }>
  | Case<'randperm', { values: number[]; next: number[] }>
  | Case<'randint', { low: number; high: number; values: number[] }>
  | Case<'linearInit', { layers: Layer[] }>
  | Case<'conv2dInit', { in: number; kernelSize: number; weight: Shaped; bias: Shaped }>
  | Case<'lstmInit', { hiddenSize: number; params: Record<string, Shaped> }>
  | Case<'embeddingInit', { weight: Shaped }>
  | Case<'xavierUniform' | 'xavierNormal' | 'kaimingUniform' | 'kaimingNormal', { values: Shaped }>
  | Case<'dropout', { p: number; values: Shaped }>

type DrawCase =
  | Case<'seed', { rand: number[] }>
  | Case<'float64', { rand: number[]; short: number[]; between: number[]; next: number[]; long: number[] }>
  | Case<'uniform', { low: number; high: number; values: number[] }>
  | Case<'normal', { mean: number; std: number; short: number[]; block: number[]; long: number[] }>
  | Case<'randint', { low: number; high: number; values: number[]; thenRand: number }>
  | Case<'randperm', { n: number; first: number[]; last: number[]; hash: number; thenRand: number }>
  | Case<'dropout', { p: number; values: number[]; thenRand: number }>
  | Case<'bernoulli', { p: number; values: number[] }>

type LoaderCase = { seed: number; n: number; shuffled: number[][]; afterPlainEpoch: number[]; thenRand: number }

function oracle<C>(name: string): Oracle<C> {
  return JSON.parse(readFileSync(new URL(`oracles/${name}.json`, import.meta.url), 'utf8'))
}

const f32 = (n: number) => new Float32Array(n)
const f64 = (n: number) => new Float64Array(n)
const list = (values: ArrayLike<number>) => Array.from(values)

/** Every value within 1e-6 of the expected one. */
function expectClose(actual: ArrayLike<number>, expected: number[] | Shaped, tolerance = 1e-6): void {
  const values = Array.isArray(expected) ? expected : expected.data
  expect(actual.length).toBe(values.length)
  values.forEach((value, i) => {
    expect(Math.abs(actual[i] - value), `element ${i}: ${actual[i]}, expected ${value}`).toBeLessThanOrEqual(tolerance)
  })
}

function expectUniform(g: Generator, bound: number, expected: Shaped): void {
  expectClose(g.uniform(f32(expected.data.length), -bound, bound), expected)
}

describe("PyTorch's draws", () => {
  const { cases } = oracle<TorchCase>('random')
  it.each(cases.map((c) => [c.op, c.seed, c] as const))('%s, seed %i', (_op, seed, c) => {
    const g = new Generator(seed)
    switch (c.op) {
      case 'rand':
        expectUniformUnit(g, c.first)
        expectUniformUnit(g, c.second)
        break
      case 'randn':
        for (const part of [c.small, c.large, c.ragged]) expectClose(g.normal(f32(part.data.length)), part)
        break
      case 'randperm':
        expect(list(g.randperm(c.values.length))).toEqual(c.values)
        expect(list(g.randperm(c.next.length))).toEqual(c.next)
        break
      case 'randint':
        expect(list(g.randint(c.low, c.high, c.values.length))).toEqual(c.values)
        break
      case 'linearInit':
        for (const layer of c.layers) {
          expectUniform(g, 1 / Math.sqrt(layer.in), layer.weight)
          expectUniform(g, 1 / Math.sqrt(layer.in), layer.bias)
        }
        break
      case 'conv2dInit': {
        const fanIn = c.in * c.kernelSize ** 2
        expectUniform(g, 1 / Math.sqrt(fanIn), c.weight)
        expectUniform(g, 1 / Math.sqrt(fanIn), c.bias)
        break
      }
      case 'lstmInit':
        for (const param of Object.values(c.params)) expectUniform(g, 1 / Math.sqrt(c.hiddenSize), param)
        break
      case 'embeddingInit':
        expectClose(g.normal(f32(c.weight.data.length)), c.weight)
        break
      case 'xavierUniform':
      case 'kaimingUniform': {
        const [fanOut, fanIn] = c.values.shape
        expectUniform(g, c.op === 'xavierUniform' ? Math.sqrt(6 / (fanIn + fanOut)) : Math.sqrt(6 / fanIn), c.values)
        break
      }
      case 'xavierNormal':
      case 'kaimingNormal': {
        const [fanOut, fanIn] = c.values.shape
        const std = c.op === 'xavierNormal' ? Math.sqrt(2 / (fanIn + fanOut)) : Math.sqrt(2 / fanIn)
        expectClose(g.normal(f32(fanIn * fanOut), 0, std), c.values)
        break
      }
      case 'dropout':
        expect(list(g.dropoutMask(f32(c.values.data.length), c.p))).toEqual(c.values.data)
        break
      default:
        throw new Error(`no proof for ${JSON.stringify(c)}`)
    }
  })

  function expectUniformUnit(g: Generator, expected: Shaped): void {
    expectClose(g.uniform(f32(expected.data.length)), expected, 1e-7)
  }

  it('gives the first weight and bias that a notebook shows after manual_seed(100)', () => {
    const g = new Generator(100)
    expect(g.uniform(f32(1), -1, 1)[0]).toBeCloseTo(-0.7767, 4)
    expect(g.uniform(f32(1), -1, 1)[0]).toBeCloseTo(0.6317, 4)
  })
})

describe("PyTorch's draws at the edges", () => {
  const { cases } = oracle<DrawCase>('draws')
  const rand = (g: Generator) => g.uniform(f32(1))[0]
  it.each(cases.map((c) => [c.op, c.seed, c] as const))('%s, seed %i', (_op, seed, c) => {
    const g = new Generator(seed)
    switch (c.op) {
      case 'seed':
        expect(list(g.uniform(f32(4)))).toEqual(c.rand)
        break
      case 'float64':
        expect(list(g.uniform(f64(6)))).toEqual(c.rand)
        expectClose(g.normal(f64(5)), c.short, 1e-14)
        expect(list(g.uniform(f32(2)))).toEqual(c.between)
        expectClose(g.normal(f32(2)), c.next) // begins with the spare of `short`, which the uniform draws left alone
        expectClose(g.normal(f64(21)), c.long, 1e-14)
        break
      case 'uniform':
        expect(list(g.uniform(f32(20), c.low, c.high))).toEqual(c.values)
        break
      case 'normal':
        expectClose(g.normal(f32(15), c.mean, c.std), c.short, 1e-7)
        expectClose(g.normal(f32(16), c.mean, c.std), c.block, 1e-7)
        expectClose(g.normal(f32(18), c.mean, c.std), c.long, 1e-7)
        break
      case 'randint':
        expect(list(g.randint(c.low, c.high, 8))).toEqual(c.values)
        expect(rand(g)).toBe(c.thenRand)
        break
      case 'randperm': {
        const order = g.randperm(c.n)
        expect(list(order.slice(0, 5))).toEqual(c.first)
        expect(list(order.slice(-5))).toEqual(c.last)
        expect(order.reduce((hash, x) => (Math.imul(hash, 31) + x) >>> 0, 0)).toBe(c.hash)
        expect(rand(g)).toBe(c.thenRand)
        break
      }
      case 'dropout':
        expect(list(g.dropoutMask(f32(20), c.p))).toEqual(c.values)
        expect(rand(g)).toBe(c.thenRand)
        break
      case 'bernoulli':
        expect(list(g.bernoulli(f32(24), c.p))).toEqual(c.values)
        break
      default:
        throw new Error(`no proof for ${JSON.stringify(c)}`)
    }
  })
})

describe("the order of PyTorch's DataLoader", () => {
  const { cases } = oracle<LoaderCase>('dataloader')
  it.each(cases.map((c) => [c.seed, c.n, c] as const))('seed %i, %i samples', (seed, n, c) => {
    const g = new Generator(seed)
    for (const epoch of c.shuffled) expect(list(epochOrder(n, true, g))).toEqual(epoch)
    expect(list(epochOrder(n, false, g))).toEqual(Array.from({ length: n }, (_, i) => i))
    expect(list(epochOrder(n, true, g))).toEqual(c.afterPlainEpoch)
    expect(g.uniform(f32(1))[0]).toBe(c.thenRand)
  })
})

describe('laws', () => {
  const seed = fc.integer({ min: -(2 ** 40), max: 2 ** 40 })
  const size = fc.nat({ max: 100 })

  it('the same seed gives the same bits, in a new generator and in a seeded one', () => {
    fc.assert(
      fc.property(seed, size, size, (s, used, n) => {
        const fresh = new Generator(s)
        const seeded = new Generator(s + 1)
        seeded.normal(f64(used)) // may leave a spare normal number behind, which seeding must forget
        seeded.manualSeed(s)
        expect(seeded.normal(f64(n))).toEqual(fresh.normal(f64(n)))
        expect(seeded.randperm(n)).toEqual(fresh.randperm(n))
        expect(seeded.uniform(f32(n))).toEqual(fresh.uniform(f32(n)))
      }),
    )
  })

  it('the global generator is seeded by manualSeed and draws by default', () => {
    manualSeed(5)
    const order = epochOrder(50, true)
    expect(order).toEqual(epochOrder(50, true, new Generator(5)))
    expect(epochOrder(50, true)).not.toEqual(order)
    expect(manualSeed(5)).toBe(defaultGenerator)
    expect(epochOrder(50, true)).toEqual(order)
  })

  it('a permutation holds every number once', () => {
    fc.assert(
      fc.property(seed, fc.nat({ max: 1000 }), (s, n) => {
        expect(new Generator(s).randperm(n).sort()).toEqual(Int32Array.from({ length: n }, (_, i) => i))
      }),
    )
  })

  it('uniform numbers and integers stay between their bounds', () => {
    const bound = fc.integer({ min: -(2 ** 31), max: 2 ** 31 })
    fc.assert(
      fc.property(seed, bound, bound, (s, a, b) => {
        fc.pre(a !== b)
        const [low, high] = a < b ? [a, b] : [b, a]
        const g = new Generator(s)
        expect(g.randint(low, high, 50).every((x) => low <= x && x < high)).toBe(true)
        expect(g.uniform(f64(50), low, high).every((x) => low <= x && x <= high)).toBe(true)
        expect(g.uniform(f32(50)).every((x) => 0 <= x && x < 1)).toBe(true)
      }),
    )
  })

  it('has the moments of its distributions', () => {
    const g = new Generator(1)
    for (const out of [f32(200_000), f64(200_000)]) {
      expectMoments(g.normal(out, 3, 2), 3, 4)
      expectMoments(g.uniform(out, -1, 2), 0.5, 9 / 12)
      expectMoments(g.bernoulli(out, 0.3), 0.3, 0.3 * 0.7)
      expectMoments(g.dropoutMask(out, 0.2), 1, 0.2 / 0.8)
    }
  })

  function expectMoments(values: FloatArray, mean: number, variance: number): void {
    const n = values.length
    const sampleMean = list(values).reduce((sum, x) => sum + x, 0) / n
    const sampleVariance = list(values).reduce((sum, x) => sum + (x - mean) ** 2, 0) / n
    expect(Math.abs(sampleMean - mean)).toBeLessThan(5 * Math.sqrt(variance / n)) // five standard errors
    expect(Math.abs(sampleVariance / variance - 1)).toBeLessThan(0.02)
  }

  it('draws the 10,000th number that the C++ standard gives for mt19937 (ISO C++11, 26.5.5)', () => {
    const g = new Generator(5489)
    for (let i = 1; i < 10_000; i++) g.random32()
    expect(g.random32()).toBe(4123659995)
  })
})

describe('bad input', () => {
  const g = new Generator(0)
  it.each<[string, () => unknown, RegExp]>([
    ['a NaN seed', () => manualSeed(Number.NaN), /manualSeed: seed must be an integer.*got NaN/],
    ['a fraction as seed', () => new Generator(1.5), /manualSeed: seed must be an integer.*got 1.5/],
    ['a seed that lost its low bits', () => manualSeed(2 ** 53), /got 9007199254740992/],
    ['an infinite seed', () => manualSeed(Infinity), /got Infinity/],
    ['an empty range', () => g.randint(3, 3, 1), /randint: .*got low 3, high 3/],
    ['a fractional bound', () => g.randint(0, 2.5, 1), /randint: .*high 2.5/],
    ['a bound beyond int32', () => g.randint(0, 2 ** 31 + 1, 1), /randint: .*high 2147483649/],
    ['a negative count', () => g.randint(0, 2, -1), /randint: n must be .*got -1/],
    ['a fractional count', () => g.randperm(2.5), /randperm: n must be .*got 2.5/],
    ['a NaN count', () => epochOrder(Number.NaN, true, g), /epochOrder: n must be .*got NaN/],
    ['bounds the wrong way round', () => g.uniform(f32(1), 2, 1), /uniform: .*got low 2, high 1/],
    ['a NaN bound', () => g.uniform(f32(1), 0, Number.NaN), /uniform: .*high NaN/],
    ['a bound beyond float32', () => g.uniform(f32(1), 0, 1e300), /uniform: .*high 1e\+300/],
    ['a negative deviation', () => g.normal(f32(1), 0, -1), /normal: std .*got -1/],
    ['a NaN deviation', () => g.normal(f32(1), 0, Number.NaN), /normal: std .*got NaN/],
    ['an infinite mean', () => g.normal(f32(1), Infinity), /normal: mean .*got Infinity/],
    ['p above 1', () => g.dropoutMask(f32(1), 1.1), /dropout: p must be .*got 1.1/],
    ['a NaN p', () => g.bernoulli(f32(1), Number.NaN), /bernoulli: p must be .*got NaN/],
  ])('%s is a clear error', (_what, call, message) => {
    expect(call).toThrow(GradusError)
    expect(call).toThrow(message)
  })

  it('a refused call draws nothing', () => {
    const used = new Generator(9)
    expect(() => used.normal(f32(20), 0, -1)).toThrow()
    expect(() => used.dropoutMask(f32(20), 2)).toThrow()
    expect(used.random32()).toBe(new Generator(9).random32())
  })
})
