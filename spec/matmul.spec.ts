/** The matrix product: all four layouts, batches, derivatives, and its twins. Tiles of the GPU have a spec of their own: `gemm.gpu.ts`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { type HostArray, stridesOf } from '../src/reference/array.ts'
import { type MatmulOptions, matmulBackward } from '../src/reference/matmul.ts'
import {
  builds,
  type Computation,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  numbers,
  onGpu,
  onWasm,
  places,
  seeds,
} from './twins.ts'

/** Around the tiles of 4, 5 and 6 rows and 8 columns. */
const side = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1, 4, 5, 6, 8, 31, 32, 33, 48))

const problems: fc.Arbitrary<Required<MatmulOptions>> = fc.record({
  m: side,
  k: side,
  n: side,
  batch: fc.constantFrom(1, 1, 1, 0, 2, 5),
  transA: fc.boolean(),
  transB: fc.boolean(),
})

const layouts: [name: string, transA: boolean, transB: boolean][] = [
  ['NN', false, false],
  ['NT', false, true],
  ['TN', true, false],
  ['TT', true, true],
]

const matmul =
  (o: MatmulOptions): Computation =>
  (k, a, b) =>
    k.matmul(a, b, o)

/** The error of a sum of k products in any order is at most k · 2^-24 · Σ|a·b|; that of most is far smaller. */
function expectProduct(o: Required<MatmulOptions>, seed: number): void {
  const a = numbers(seed, o.batch * o.m * o.k)
  const b = numbers(seed + 1, o.batch * o.k * o.n)
  const sizes = reference.matmul(double(a).map(Math.abs), double(b).map(Math.abs), o)
  expectTwins(matmul(o), [a, b], { ulp: 1, abs: (i) => Math.min(o.k, 16) * 2 ** -24 * sizes[i] })
}

/** A GPU compiles a kernel for each layout, and then takes its time for each call. */
const numRuns = onGpu ? 30 : 300

/** Σ_p a_ip · b_pj, p ascending, rounded to float32 after every product and every sum. */
function inFloat32(a: HostArray, b: HostArray, { m, k, n, transA, transB }: MatmulOptions): Float32Array {
  const c = new Float32Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++) {
        const product = Math.fround(a[transA ? p * m + i : i * k + p] * b[transB ? j * k + p : p * n + j])
        c[i * n + j] = Math.fround(c[i * n + j] + product)
      }
    }
  }
  return c
}

describe('matmul', () => {
  it('on the twins is the definition within rounding, in all layouts, for any size', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => expectProduct(o, seed)),
      { numRuns },
    )
  })

  if (!onGpu) {
    it.each(layouts)('%s of few rows or few columns has the bits of the plain loop in the plain build', (_, transA, transB) => {
      for (const few of [1, 2, 3, 4]) {
        for (const [many, k] of [
          [3, 4],
          [15, 1],
          [16, 9],
          [37, 22],
          [600, 5],
        ]) {
          for (const [m, n] of [
            [few, many],
            [many, few],
          ]) {
            const o = { m, k, n, batch: 1, transA, transB }
            const [a, b] = [numbers(few, m * k), numbers(many, k * n)]
            expectProduct(o, many)
            expect(onWasm(builds[0], matmul(o), a, b)).toEqual(inFloat32(a, b, o))
          }
        }
      }
    })
  }

  it.each(onGpu ? layouts.slice(0, 1) : layouts)('%s is right where blocks begin and end', (_, transA, transB) => {
    for (const [m, k, n] of [
      [391, 3, 5],
      [3, 257, 129],
      [1, 700, 300],
      [300, 700, 1],
      [130, 513, 140],
    ]) {
      expectProduct({ m, k, n, batch: 1, transA, transB }, m + k + n)
    }
  })

  if (!onGpu) {
    it.each(layouts)('%s is exact for whole numbers and any number of rows and columns', (_, transA, transB) => {
      const sizes = Array.from({ length: 70 }, (_, i) => [
        [i + 1, 3, 41],
        [41, 5, i + 1],
      ]).flat()
      for (const [m, k, n] of [
        ...sizes,
        [1024, 6, 9],
        [1024, 6, 4],
        [1030, 6, 9],
        [391, 514, 5],
        [5, 514, 65],
        [13, 520, 400],
        [10, 520, 1024],
      ]) {
        const o = { m, k, n, batch: 1, transA, transB }
        const [a, b] = [Float32Array.from(places(m, m * k, 19), (v) => v - 9), Float32Array.from(places(n, k * n, 19), (v) => v - 9)]
        const expected = inFloat32(a, b, o)
        for (const build of builds) expect(onWasm(build, matmul(o), a, b)).toEqual(expected)
      }
    })
  }

  it('of whole numbers is exact, so every product is where it belongs', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => {
        const whole = (seed: number, n: number) => Float32Array.from(places(seed, n, 19), (v) => v - 9)
        expectTwins(matmul(o), [whole(seed, o.batch * o.m * o.k), whole(seed + 1, o.batch * o.k * o.n)])
      }),
      { numRuns },
    )
  })

  it.each(layouts)('%s equals NN of the transposed arrays, to the bit', (_, transA, transB) => {
    const [m, k, n] = [37, 53, 29]
    const turn = (x: Float32Array, rows: number, columns: number) =>
      reference.strided(x, { shape: [columns, rows], strides: [...stridesOf([rows, columns])].reverse(), offset: 0 })
    const [a, b] = [numbers(1, m * k), numbers(2, k * n)]
    for (const build of builds) {
      const straight = onWasm(build, matmul({ m, k, n }), a, b)
      const turned = onWasm(build, matmul({ m, k, n, transA, transB }), transA ? turn(a, m, k) : a, transB ? turn(b, k, n) : b)
      expect(turned).toEqual(straight)
    }
  })

  if (!onGpu) {
    it('in the plain build adds one product after the other, as a loop in float32 does', () => {
      const o = { m: 13, k: 300, n: 21 }
      const [a, b] = [numbers(1, o.m * o.k), numbers(2, o.k * o.n)]
      expect(onWasm(builds[0], matmul(o), a, b)).toEqual(inFloat32(a, b, o))
    })
  }

  it('is associative within rounding: (A·B)·x = A·(B·x)', () => {
    const n = 40
    const [a, b, x] = [numbers(1, n * n), numbers(2, n * n), numbers(3, n)]
    const square = { m: n, k: n, n }
    const column = { m: n, k: n, n: 1 }
    const left: Computation = (k, a, b, x) => k.matmul(k.matmul(a, b, square), x, column)
    const right: Computation = (k, a, b, x) => k.matmul(a, k.matmul(b, x, column), column)
    for (const build of builds) expectNear(onWasm(build, left, a, b, x), double(onWasm(build, right, a, b, x)), { abs: 0.01 })
  })

  it('shows a NaN and an infinity where they belong', () => {
    const a = numbers(1, 7 * 9)
    a[3 * 9 + 2] = NaN
    a[5 * 9 + 4] = Infinity
    const b = numbers(2, 9 * 11, { min: 0.5, max: 1 })
    for (const build of builds) {
      const y = onWasm(build, matmul({ m: 7, k: 9, n: 11 }), a, b)
      expect(
        [...y]
          .map((v, i) => [Math.floor(i / 11), v])
          .filter(([, v]) => !Number.isFinite(v))
          .map(([row, v]) => `${row} ${v}`),
      ).toEqual([...new Array(11).fill('3 NaN'), ...new Array(11).fill('5 Infinity')])
    }
  })
})

describe('matmulBackward', () => {
  const few = fc.record({
    m: fc.integer({ min: 1, max: 4 }),
    k: fc.integer({ min: 1, max: 4 }),
    n: fc.integer({ min: 1, max: 4 }),
    batch: fc.integer({ min: 1, max: 2 }),
    transA: fc.boolean(),
    transB: fc.boolean(),
  })

  it('is the slope of the product in all layouts', () => {
    fc.assert(
      fc.property(few, seeds, (o, seed) => {
        const f = (a: HostArray, b: HostArray) => reference.matmul(a, b, o)
        const backward = (dy: HostArray, a: HostArray, b: HostArray) => matmulBackward(reference, dy, a, b, o, [true, true])
        expectBackward(f, backward, [double(numbers(seed, o.batch * o.m * o.k)), double(numbers(seed + 1, o.batch * o.k * o.n))])
      }),
      { numRuns: 60 },
    )
  })

  it('computes only what is needed', () => {
    const [dy, a, b] = [numbers(1, 4), numbers(2, 4), numbers(3, 4)]
    const [da, db] = matmulBackward<HostArray>(reference, dy, a, b, { m: 2, k: 2, n: 2 }, [false, true])
    expect(da).toBeNull()
    expect(db).toHaveLength(4)
  })
})
