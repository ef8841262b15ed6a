/** Reading at places that are data, its adjoint, and sorting. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { ArgsortOptions, GatherOptions, IndexSelectOptions } from '../src/reference/gather.ts'
import {
  builds,
  type Computation,
  corners,
  dot,
  double,
  expectBackward,
  expectTwins,
  numbers,
  onWasm,
  places,
  scale,
  seeds,
} from './twins.ts'

const alongAxis: fc.Arbitrary<GatherOptions> = fc.record({
  outer: fc.integer({ min: 0, max: 5 }),
  n: fc.integer({ min: 1, max: 20 }),
  inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 9 })),
  k: fc.integer({ min: 0, max: 20 }),
})

const ofRows: fc.Arbitrary<IndexSelectOptions> = fc.record({
  n: fc.integer({ min: 1, max: 30 }),
  width: fc.integer({ min: 0, max: 40 }),
  k: fc.integer({ min: 0, max: 60 }),
})

const gather =
  (o: GatherOptions): Computation =>
  (k, x, index) =>
    k.gather(x, index, o)
const scatterAdd =
  (o: GatherOptions): Computation =>
  (k, dy, index) =>
    k.scatterAdd(dy, index, o)
const indexSelect =
  (o: IndexSelectOptions): Computation =>
  (k, x, index) =>
    k.indexSelect(x, index, o)
const indexAdd =
  (o: IndexSelectOptions): Computation =>
  (k, dy, index) =>
    k.indexAdd(dy, index, o)

/** A reading and its adjoint, with the number of elements on either side. */
const pairs = fc.oneof(
  alongAxis.map((o) => ({
    read: gather(o),
    add: scatterAdd(o),
    size: o.outer * o.n * o.inner,
    places: o.outer * o.k * o.inner,
    count: o.outer * o.k * o.inner,
    n: o.n,
  })),
  ofRows.map((o) => ({ read: indexSelect(o), add: indexAdd(o), size: o.n * o.width, places: o.k, count: o.k * o.width, n: o.n })),
)

describe('gather and indexSelect', () => {
  it('on the twins are the definitions, for float32 and int32', () => {
    fc.assert(
      fc.property(pairs, seeds, ({ read, size, places: count, n }, seed) => {
        expectTwins(read, [numbers(seed, size), places(seed, count, n)])
        expectTwins(read, [places(seed, size, 1000).map((v) => -v), places(seed, count, n)])
      }),
      { numRuns: 200 },
    )
  })

  it('indexSelect with a permutation and then its inverse is the identity', () => {
    const x = numbers(1, 20 * 7)
    const order = Int32Array.from({ length: 20 }, (_, i) => (i * 7) % 20)
    const inverse = Int32Array.from({ length: 20 }, (_, i) => order.indexOf(i))
    const o = { n: 20, width: 7, k: 20 }
    for (const build of builds) expect(onWasm(build, indexSelect(o), onWasm(build, indexSelect(o), x, order), inverse)).toEqual(x)
  })
})

describe('scatterAdd and indexAdd', () => {
  it('on the twins are the definitions, added in the same order', () => {
    fc.assert(
      fc.property(pairs, seeds, ({ add, count, places: length, n }, seed) => {
        const [dy, index] = [numbers(seed, count), places(seed, length, n)]
        for (const build of builds) {
          const inFloat32 = add<HostArray>(reference, dy, index)
          expect(onWasm(build, add, dy, index)).toEqual(inFloat32)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('add many numbers at one place within 1e-6 of their scale, and each time with the same bits', () => {
    const add = (width: number, k: number, n: number) => indexAdd({ n, width, k })
    for (const [width, k, n] of [
      [1, 20_000, 1],
      [5, 3000, 3],
      [70, 1000, 7],
      [0, 100, 3],
    ]) {
      // half of all go to one place
      const index = places(3, k, 2 * n).map((place) => Math.max(0, place - n))
      const dy = numbers(4, k * width)
      const abs = 1e-6 * scale(dy) * (1 / Math.max(1, width))
      expectTwins(add(width, k, n), [dy, index], { abs })
      for (const build of builds) expect(onWasm(build, add(width, k, n), dy, index)).toEqual(onWasm(build, add(width, k, n), dy, index))
    }
    const o = { outer: 3, n: 4, inner: 2, k: 700 }
    const whole = places(5, o.outer * o.k * o.inner, 1000)
    expectTwins(scatterAdd(o), [whole, places(6, whole.length, 2)])
  })

  it('are the adjoints: <y, Gx> = <Gᵀy, x>', () => {
    fc.assert(
      fc.property(pairs, seeds, ({ read, add, size, count, places: length, n }, seed) => {
        const [x, y, index] = [numbers(seed, size), numbers(seed + 1, count), places(seed, length, n)]
        for (const build of builds) {
          const there = onWasm(build, read, x, index)
          const back = onWasm(build, add, y, index)
          expect(Math.abs(dot(y, there) - dot(back, x))).toBeLessThanOrEqual(1e-6 * (scale(y, there) + scale(back, x)))
        }
      }),
    )
  })

  it('are the slopes of gather and indexSelect', () => {
    fc.assert(
      fc.property(pairs, seeds, ({ read, add, size, places: length, n }, seed) => {
        fc.pre(size > 0 && size < 60)
        const index = places(seed, length, n)
        const backward = (dy: HostArray) => [add<HostArray>(reference, dy, index)]
        expectBackward((x) => read<HostArray>(reference, x, index), backward, [double(numbers(seed, size))])
      }),
      { numRuns: 30 },
    )
  })
})

describe('argsort', () => {
  const argsort =
    (o: ArgsortOptions): Computation =>
    (k, x) =>
      k.argsort(x, o)
  const rows = fc.record({ n: fc.integer({ min: 0, max: 4 }), c: fc.integer({ min: 0, max: 30 }), descending: fc.boolean() })

  it('on the twins is the definition', () => {
    fc.assert(fc.property(rows, seeds, (o, seed) => expectTwins(argsort(o), [numbers(seed, o.n * o.c).map(Math.round)])))
  })

  it('on the twins is the definition for rows of any length, and for any numbers', () => {
    for (const [n, c] of [
      [3, 64],
      [3, 65],
      [2, 129],
      [5, 200],
      [2, 1000],
      [1, 100_000],
    ]) {
      const descending = c % 2 === 1
      expectTwins(argsort({ n, c, descending }), [numbers(c, n * c).map((value) => Math.round(value * 20))])
      expectTwins(argsort({ n, c, descending }), [places(c, n * c, c).map((place) => place - 50)])
    }
    const any = Float32Array.of(...corners, ...corners)
    for (const descending of [false, true]) expectTwins(argsort({ n: 1, c: any.length, descending }), [any])
  })

  it('puts each row in order', () => {
    fc.assert(
      fc.property(rows, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c)
        const order = onWasm(builds[0], argsort(o), x)
        const sorted = reference.gather(x, order, { outer: o.n, n: o.c, inner: 1, k: o.c })
        for (let row = 0; row < o.n; row++) {
          const expected = x.slice(row * o.c, (row + 1) * o.c).sort()
          expect(sorted.slice(row * o.c, (row + 1) * o.c)).toEqual(o.descending ? expected.reverse() : expected)
        }
      }),
    )
  })

  it('keeps equal numbers as they came, also descending, and takes NaN as the greatest', () => {
    const x = Float32Array.of(2, NaN, 1, 2, 1)
    for (const build of builds) {
      expect([...onWasm(build, argsort({ n: 1, c: 5 }), x)]).toEqual([2, 4, 0, 3, 1])
      expect([...onWasm(build, argsort({ n: 1, c: 5, descending: true }), x)]).toEqual([1, 0, 3, 2, 4])
    }
  })
})
