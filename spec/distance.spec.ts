/** Squared distances of rows, and the nearest rows. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { DistanceOptions, NearestOptions } from '../src/reference/distance.ts'
import type { WasmArray } from '../src/wasm/memory.ts'
import { builds, double, expectNear, numbers, places, seeds } from './twins.ts'

const sizes: fc.Arbitrary<DistanceOptions> = fc.record({
  n: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(1, 5, 64, 131)),
  m: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 8, 9, 257)),
  d: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 64, 101)),
})
const wanted: fc.Arbitrary<NearestOptions> = sizes
  .filter(({ n, m }) => n * m < 2500)
  .chain((o) => fc.integer({ min: 1, max: o.m }).map((k) => ({ ...o, k })))

/** What a build's kernel makes of two arrays. */
function on<O>(build: (typeof builds)[number], kernel: 'squaredDistances' | 'nearest', x: HostArray, y: HostArray, o: O & NearestOptions) {
  const { kernels } = build
  const arrays = [kernels.upload(x), kernels.upload(y)]
  const result: WasmArray = kernels[kernel](arrays[0], arrays[1], o)
  const host = kernels.download(result, 'spec')
  for (const array of [...arrays, result]) kernels.release(array)
  return host
}

describe('squaredDistances', () => {
  it('on wasm are the definition within (D + 2) roundings, relative to the distance itself, also far from the origin', () => {
    fc.assert(
      fc.property(sizes, seeds, fc.constantFrom(0, 1000), (o, seed, shift) => {
        const [x, y] = [numbers(seed, o.n * o.d), numbers(seed + 1, o.m * o.d)].map((a) => a.map((v) => v + shift))
        const exact = reference.squaredDistances(double(x), double(y), o)
        const abs = (i: number) => (o.d + 2) * 2 ** -23 * exact[i]
        for (const build of builds) expectNear(on(build, 'squaredDistances', x, y, { ...o, k: 0 }), exact, { abs }, build.simd)
      }),
    )
  })

  it('have the same bits wherever the rows stand, and are 0 to the row itself', () => {
    const [n, d] = [23, 13]
    const x = numbers(3, n * d)
    const turned = new Float32Array(n * d)
    for (let i = 0; i < n; i++) turned.set(x.subarray(i * d, (i + 1) * d), (n - 1 - i) * d)
    for (const build of builds) {
      const there = on(build, 'squaredDistances', x, x, { n, m: n, d, k: 0 })
      const back = on(build, 'squaredDistances', turned, turned, { n, m: n, d, k: 0 })
      expect(there).toEqual(back.slice().reverse())
      for (let i = 0; i < n; i++) expect(there[i * n + i]).toBe(0)
    }
  })
})

describe('nearest', () => {
  it('on wasm is the definition: whole numbers have exact distances, and many equal ones', () => {
    fc.assert(
      fc.property(wanted, seeds, fc.constantFrom(2, 5, 100), (o, seed, end) => {
        const [x, y] = [places(seed, o.n * o.d, end), places(seed + 1, o.m * o.d, end)].map((a) => Float32Array.from(a))
        const expected = reference.nearest(x, y, o)
        for (const build of builds) expect(on(build, 'nearest', x, y, o)).toEqual(expected)
      }),
    )
  })

  it('goes through many rows in blocks', () => {
    const o = { n: 45, m: 6500, d: 2, k: 7 }
    const one = { ...o, k: 1 }
    const [x, y] = [Float32Array.from(places(1, o.n * o.d, 60)), Float32Array.from(places(2, o.m * o.d, 60))]
    const seven = reference.nearest(x, y, o)
    for (const build of builds) {
      expect(on(build, 'nearest', x, y, o)).toEqual(seven)
      expect(on(build, 'nearest', x, y, one)).toEqual(seven.filter((_, i) => i % o.k === 0))
    }
  })

  it('names the first of equally near rows, and all rows from near to far for k = M', () => {
    const y = Float32Array.of(5, 1, 3, 1, -1)
    for (const build of builds) {
      expect([...on(build, 'nearest', Float32Array.of(0), y, { n: 1, m: 5, d: 1, k: 5 })]).toEqual([1, 3, 4, 2, 0])
      expect([...on(build, 'nearest', Float32Array.of(0), y, { n: 1, m: 5, d: 1, k: 1 })]).toEqual([1])
    }
  })

  it('finds the same among few rows and among many, for any number of rows that ask', () => {
    for (const [n, m, d] of [
      [1, 1, 1],
      [7, 5, 3],
      [9, 11, 16],
      [17, 4096, 1],
      [13, 4097, 1],
      [8, 600, 7],
    ]) {
      const o = { n, m, d, k: 1 }
      const [x, y] = [numbers(1, n * d), numbers(2, m * d)]
      const expected = reference.nearest(x, y, o)
      for (const build of builds) expect(on(build, 'nearest', x, y, o)).toEqual(expected)
    }
  })

  it('takes distances beyond all numbers for equal ones', () => {
    const y = Float32Array.of(3e38, 1, -3e38, 2, 3e38, 0)
    for (const build of builds) {
      for (const k of [1, 4, 6]) {
        const o = { n: 1, m: 6, d: 1, k }
        expect(on(build, 'nearest', Float32Array.of(0), y, o)).toEqual(Int32Array.of(5, 1, 3, 0, 2, 4).slice(0, k))
        expect([
          ...on(build, 'nearest', Float32Array.of(0), Float32Array.of(3e38, 3e38, -3e38), { ...o, m: 3, k: Math.min(k, 3) }),
        ]).toEqual([0, 1, 2].slice(0, k))
      }
    }
  })
})
