/** Functions of two numbers: broadcasting, derivatives, and their twins, which are exact. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Kernels, reference } from '../src/kernels.ts'
import { type BroadcastOptions, broadcastShape, broadcastStrides } from '../src/reference/arithmetic.ts'
import { type HostArray, sizeOf } from '../src/reference/array.ts'
import {
  builds,
  type Computation,
  corners,
  DIVISION,
  double,
  expectBackward,
  expectTwins,
  numbers,
  onGpu,
  onWasm,
  places,
  runs,
  seeds,
} from './twins.ts'

type Binary = <A>(k: Kernels<A>, a: A, b: A, options: BroadcastOptions) => A

const operations: Record<string, Binary> = {
  add: (k, a, b, o) => k.add(a, b, o),
  sub: (k, a, b, o) => k.sub(a, b, o),
  mul: (k, a, b, o) => k.mul(a, b, o),
  div: (k, a, b, o) => k.div(a, b, o),
  maximum: (k, a, b, o) => k.maximum(a, b, o),
  minimum: (k, a, b, o) => k.minimum(a, b, o),
  eq: (k, a, b, o) => k.eq(a, b, o),
  gt: (k, a, b, o) => k.gt(a, b, o),
  lt: (k, a, b, o) => k.lt(a, b, o),
}

/** Two shapes that fit: each axis of the common shape is kept, repeated, or missing in front. */
const shapes: fc.Arbitrary<BroadcastOptions> = fc
  .array(fc.record({ n: fc.integer({ min: 0, max: 6 }), a: fc.boolean(), b: fc.boolean() }), { maxLength: 6 })
  .chain((axes) =>
    fc.record({
      axes: fc.constant(axes),
      fromA: fc.integer({ min: 0, max: axes.length }),
      fromB: fc.integer({ min: 0, max: axes.length }),
    }),
  )
  .map(({ axes, fromA, fromB }) => {
    const cut = (lengths: number[], from: number) =>
      lengths.slice(
        Math.min(
          from,
          Math.max(
            0,
            lengths.findIndex((n) => n !== 1),
          ),
        ),
      )
    return {
      a: cut(
        axes.map(({ n, a }) => (a ? n : 1)),
        fromA,
      ),
      b: cut(
        axes.map(({ n, b }) => (b ? n : 1)),
        fromB,
      ),
    }
  })

/** The shapes that have ways of their own: rows, columns, single numbers, outer products, and lengths around a vector and a line. */
const common: BroadcastOptions[] = [
  { a: [1000], b: [1000] },
  { a: [3, 67], b: [67] },
  { a: [67], b: [3, 67] },
  { a: [5, 33], b: [5, 1] },
  { a: [5, 1], b: [5, 33] },
  { a: [4099], b: [] },
  { a: [], b: [4099] },
  { a: [17, 1], b: [19] },
  { a: [], b: [] },
  { a: [1], b: [1, 1] },
  { a: [2, 1, 3, 1, 2], b: [1, 5, 1, 4, 1] },
  { a: [0, 3], b: [1, 3] },
]

describe.each(Object.entries(operations))('%s', (name, operation) => {
  const bound = onGpu && name === 'div' ? { ulp: DIVISION } : {}
  const on =
    (options: BroadcastOptions): Computation =>
    (k, a, b) =>
      operation(k, a, b, options)
  const operands = (seed: number, { a, b }: BroadcastOptions) => {
    const whole = (x: Float32Array) => x.map((v) => Math.round(v)) // so that some are equal
    return [whole(numbers(seed, sizeOf(a))), whole(numbers(seed + 1, sizeOf(b)))]
  }

  it.each(common)('on the twins is the definition, rounded: $a and $b', (options) => {
    expectTwins(on(options), [numbers(1, sizeOf(options.a)), numbers(2, sizeOf(options.b))], bound)
    expectTwins(on(options), operands(1, options), bound)
  })

  it('on the twins is the definition for all shapes that fit', () => {
    fc.assert(
      fc.property(shapes, seeds, (options, seed) => expectTwins(on(options), operands(seed, options), bound)),
      runs(100),
    )
  })

  it('knows infinities, NaN and denormals', () => {
    const options = { a: [corners.length, 1], b: [corners.length] }
    const few = corners.filter((_, i) => i % 2 === 0 || i < 12)
    expectTwins(on(options), [corners, corners], bound)
    expectTwins(on({ a: [few.length], b: [1] }), [few, Float32Array.of(NaN)])
  })

  if (onGpu) {
    it('on the GPU is the definition for int32', () => {
      fc.assert(
        fc.property(shapes, seeds, (options, seed) => {
          const whole = (seed: number, n: number) => places(seed, n, 2 ** 16).map((v, i) => (i % 5 === 0 ? 0 : v - 2 ** 15))
          expectTwins(on(options), [whole(seed, sizeOf(options.a)), whole(seed + 1, sizeOf(options.b))])
        }),
        { numRuns: 20 },
      )
    })
  }

  it('broadcasts as if the operands had been repeated', () => {
    fc.assert(
      fc.property(shapes, seeds, (options, seed) => {
        const [a, b] = operands(seed, options)
        const shape = broadcastShape(options.a, options.b) ?? []
        const repeated: Computation = (k, a, b) => {
          const long = [a, b].map((x, i) => {
            const strides = broadcastStrides(i === 0 ? options.a : options.b, shape)
            return k.strided(x, { shape, strides, offset: 0 })
          })
          return operation(k, long[0], long[1], { a: shape, b: shape })
        }
        for (const build of builds) expect(onWasm(build, on(options), a, b)).toEqual(onWasm(build, repeated, a, b))
      }),
      { numRuns: 30 },
    )
  })
})

describe('shapes that do not fit', () => {
  it('have no common shape', () => {
    expect(broadcastShape([3], [4])).toBeNull()
    expect(broadcastShape([2, 3], [3, 2])).toBeNull()
    expect(broadcastShape([3, 1], [4])).toEqual([3, 4])
    expect(broadcastShape([0, 1], [1, 4])).toEqual([0, 4])
  })
})

describe('the derivatives that stand beside the contract', () => {
  const n = 6
  const same = { a: [n], b: [n] }
  const k = reference
  const both = (f: Binary) => (a: HostArray, b: HostArray) => f<HostArray>(k, a, b, same)
  const cases: [string, (dy: HostArray, a: HostArray, b: HostArray) => HostArray[]][] = [
    ['add', (dy) => [dy, dy]],
    ['sub', (dy) => [dy, k.neg(dy)]],
    ['mul', (dy, a, b) => [k.mul(dy, b, same), k.mul(dy, a, same)]],
    ['div', (dy, a, b) => [k.div(dy, b, same), k.neg(k.div(k.mul(dy, k.div(a, b, same), same), b, same))]],
    ['maximum', (dy, a, b) => [k.mul(dy, k.gt(a, b, same), same), k.mul(dy, k.lt(a, b, same), same)]],
    ['minimum', (dy, a, b) => [k.mul(dy, k.lt(a, b, same), same), k.mul(dy, k.gt(a, b, same), same)]],
  ]

  it.each(cases)('of %s are its slopes', (name, backward) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const b = double(numbers(seed + 1, n, { min: 0.5, max: 2 }))
        const a = double(numbers(seed, n)).map((v, i) => (Math.abs(v - b[i]) < 0.1 ? v + 0.2 : v)) // not where maximum is bent
        expectBackward(both(operations[name]), backward, [a, b])
      }),
      { numRuns: 30 },
    )
  })
})

describe('where', () => {
  const choose: Computation = (k, mask, a, b) => k.where(mask, a, b)

  it('on the twins is the definition: anything but 0 and -0 is true', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), seeds, (n, seed) => {
        const mask = numbers(seed, n).map((v) => (v > 2 ? NaN : v > 0 ? v : v > -2 ? 0 : -0))
        expectTwins(choose, [mask, numbers(seed + 1, n), numbers(seed + 2, n)])
      }),
    )
  })
})
