/** Views by strides: reading, writing, their adjoint; and filling and copying. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { type HostArray, sizeOf, stridesOf } from '../src/reference/array.ts'
import type { StridedView } from '../src/reference/strided.ts'
import {
  builds,
  type Computation,
  dot,
  double,
  expectBackward,
  expectTwins,
  inDouble,
  numbers,
  onWasm,
  places,
  runs,
  scale,
  seeds,
} from './twins.ts'

interface Looking {
  view: StridedView
  /** How many elements the array has that is looked at. */
  size: number
}

/** What permuting, slicing with steps, reversing and repeating can make of a contiguous array. */
const views: fc.Arbitrary<Looking> = fc
  .array(
    fc.record({
      n: fc.integer({ min: 0, max: 9 }),
      rank: fc.double({ min: 0, max: 1 }),
      step: fc.constantFrom(1, 1, 1, 2, -1),
      repeat: fc.constantFrom(0, 0, 0, 0, 3),
    }),
    { maxLength: 5 },
  )
  .map((axes) => {
    const strides = stridesOf(axes.map(({ n }) => n))
    let offset = 0
    const seen = axes.map(({ n, step, rank, repeat }, i) => {
      if (step < 0) offset += Math.max(0, n - 1) * strides[i]
      if (repeat) return { n: repeat, stride: 0, rank: n === 0 ? 0 : rank, empty: n === 0 }
      return { n: Math.ceil(n / Math.abs(step)), stride: step * strides[i], rank, empty: n === 0 }
    })
    const size = sizeOf(axes.map(({ n }) => n))
    const order = [...seen].sort((a, b) => a.rank - b.rank)
    const shape = size === 0 ? [...order.map(({ n }) => n), 0] : order.map(({ n }) => n)
    return { size, view: { shape, strides: [...order.map(({ stride }) => stride), ...(size === 0 ? [1] : [])], offset } }
  })

/** No two places of the view are the same element. */
const withoutRepeats = views.filter(({ view }) => view.strides.every((s, i) => s !== 0 || view.shape[i] === 1))

const looking =
  (view: StridedView): Computation =>
  (k, x) =>
    k.strided(x, view)
const adjoint =
  ({ view, size }: Looking): Computation =>
  (k, dy) =>
    k.stridedBackward(dy, { ...view, size })

/** Shapes that have ways of their own: transposition in blocks, axes of attention heads, rows, steps, more than three axes. */
const permutations: [shape: number[], order: number[]][] = [
  [
    [64, 64],
    [1, 0],
  ],
  [
    [33, 71],
    [1, 0],
  ],
  [
    [1, 9],
    [1, 0],
  ],
  [
    [3, 5],
    [1, 0],
  ],
  [
    [2, 35, 19],
    [0, 2, 1],
  ],
  [
    [5, 6, 7],
    [2, 1, 0],
  ],
  [
    [5, 6, 7],
    [1, 2, 0],
  ],
  [
    [2, 7, 3, 8],
    [0, 2, 1, 3],
  ],
  [
    [3, 4, 5, 6, 7],
    [4, 2, 0, 3, 1],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [5, 0, 3, 1, 4, 2],
  ],
]

/** The view that permutes the axes of a contiguous array. */
function permuted(shape: number[], order: number[]): StridedView {
  const strides = stridesOf(shape)
  return { shape: order.map((axis) => shape[axis]), strides: order.map((axis) => strides[axis]), offset: 0 }
}

describe('strided', () => {
  it('on the twins is the definition, for float32 and int32', () => {
    fc.assert(
      fc.property(views, seeds, ({ view, size }, seed) => {
        expectTwins(looking(view), [numbers(seed, size)])
        expectTwins(looking(view), [places(seed, size, 1e9).map((v) => -v)])
      }),
      runs(300),
    )
  })

  it.each(permutations)('permutes %j by %j as the definition does, and back', (shape, order) => {
    const view = permuted(shape, order)
    const x = numbers(1, sizeOf(shape))
    expectTwins(looking(view), [x])
    const back = permuted(
      view.shape as number[],
      shape.map((_, axis) => order.indexOf(axis)),
    )
    const roundTrip: Computation = (k, x) => k.strided(k.strided(x, view), back)
    for (const build of builds) {
      expect(onWasm(build, roundTrip, x)).toEqual(x)
      expect(onWasm(build, adjoint({ view, size: x.length }), onWasm(build, looking(view), x))).toEqual(x)
    }
  })
})

describe('stridedBackward', () => {
  it('on the twins is within rounding of the definition', () => {
    fc.assert(
      fc.property(views, seeds, (looking, seed) => {
        const { shape, strides } = looking.view
        const dy = numbers(seed, sizeOf(shape))
        const sizes = inDouble(adjoint(looking), dy.map(Math.abs))
        const repeats = strides.filter((stride, axis) => stride === 0 && shape[axis] > 1).length
        expectTwins(adjoint(looking), [dy], { abs: (i) => 2 * repeats * 2 ** -24 * sizes[i] }) // what is repeated three times takes two additions, axis by axis
      }),
      runs(200),
    )
  })

  it('is the adjoint of strided: <y, Sx> = <Sᵀy, x>', () => {
    fc.assert(
      fc.property(views, seeds, ({ view, size }, seed) => {
        const x = numbers(seed, size)
        const y = numbers(seed + 1, sizeOf(view.shape))
        for (const build of builds) {
          const there = onWasm(build, looking(view), x)
          const back = onWasm(build, adjoint({ view, size }), y)
          expect(Math.abs(dot(y, there) - dot(back, x))).toBeLessThanOrEqual(1e-6 * scale(y, there))
        }
      }),
    )
  })

  it('adds up windows that overlap', () => {
    for (const step of [1, 2, 3]) {
      const windows = { shape: [5, 3], strides: [step, 1], offset: 1 } // with step 2 they share one element, with 3 none
      expectTwins(adjoint({ view: windows, size: 16 }), [numbers(1, 15)], { ulp: 2 })
    }
    const long = { shape: [100, 40], strides: [2, 1], offset: 0 }
    expectTwins(adjoint({ view: long, size: 240 }), [numbers(1, 4000)], { abs: 2e-5 })
  })

  it('sums what a row or a column was repeated into', () => {
    const x = { min: 0, max: 1 }
    expectTwins(adjoint({ view: { shape: [1000, 33], strides: [0, 1], offset: 0 }, size: 33 }), [numbers(1, 33000, x)], { ulp: 4 })
    expectTwins(adjoint({ view: { shape: [33, 1000], strides: [1, 0], offset: 0 }, size: 33 }), [numbers(1, 33000, x)], { ulp: 4 })
    expectTwins(adjoint({ view: { shape: [20, 3, 50], strides: [0, 1, 0], offset: 2 }, size: 8 }), [numbers(1, 3000, x)], { ulp: 4 })
  })

  it('is the slope of strided', () => {
    fc.assert(
      fc.property(views, seeds, ({ view, size }, seed) => {
        fc.pre(size > 0 && size < 60)
        const backward = (dy: HostArray) => [reference.stridedBackward(dy, { ...view, size })]
        expectBackward((x) => reference.strided(x, view), backward, [double(numbers(seed, size))])
      }),
      { numRuns: 30 },
    )
  })
})

describe('stridedInto', () => {
  it('on the twins writes where the definition writes, and nowhere else', () => {
    fc.assert(
      fc.property(withoutRepeats, seeds, ({ view, size }, seed) => {
        const [x, src] = [numbers(seed, size), numbers(seed + 1, sizeOf(view.shape))]
        const written: Computation = (k, x, src) => {
          k.stridedInto(x, src, view)
          return x
        }
        expectTwins(written, [x, src])
      }),
      runs(200),
    )
  })

  it('writes an array onto itself', () => {
    for (const { kernels } of builds) {
      const x = kernels.upload(numbers(1, 300))
      kernels.stridedInto(x, x, { shape: [300], strides: [1], offset: 0 })
      expect(kernels.download(x, 'stridedInto')).toEqual(numbers(1, 300))
    }
  })

  it('is seen by a later download, also of an array that was uploaded', () => {
    for (const { kernels } of builds) {
      const x = kernels.upload(Float32Array.of(1, 2, 3, 4))
      kernels.stridedInto(x, kernels.upload(Float32Array.of(8, 9)), { shape: [2], strides: [2], offset: 1 })
      expect(kernels.download(x, 'stridedInto')).toEqual(Float32Array.of(1, 8, 3, 9))
    }
  })
})

describe('fill and copy', () => {
  it('do as the definition does, for float32 and int32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), seeds, (n, seed) => {
        for (const x of [numbers(seed, n), places(seed, n, 100)]) {
          expectTwins((k, x) => k.copy(x), [x])
          expectTwins((k, x) => k.fill(x, n, -3), [x])
        }
      }),
    )
    expectTwins((k, x) => k.fill(x, 5, NaN), [new Float32Array(0)])
    expectTwins((k, x) => k.fill(x, 5, 0.1), [new Float32Array(0)])
  })

  it('make an array of its own', () => {
    for (const { kernels } of builds) {
      const x = kernels.upload(Float32Array.of(1, 2))
      const y = kernels.copy(x)
      kernels.stridedInto(x, kernels.upload(Float32Array.of(7)), { shape: [1], strides: [1], offset: 0 })
      expect(kernels.download(y, 'copy')).toEqual(Float32Array.of(1, 2))
    }
  })
})
