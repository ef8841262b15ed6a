/** Walks through two arrays at once: joining axes changes no place, and no order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Axis, isInjective, mergeAxes } from '../src/reference/axes.ts'
import { walk } from '../src/reference/strided.ts'

/** A few axes, of which neighbours are often one run. */
const axes: fc.Arbitrary<Axis[]> = fc
  .array(fc.record({ n: fc.integer({ min: 0, max: 4 }), a: fc.integer({ min: -3, max: 3 }), joined: fc.boolean() }), { maxLength: 5 })
  .map((drawn) => {
    const walked: Axis[] = []
    for (const { n, a, joined } of drawn) {
      const [inner] = walked
      walked.unshift(joined && inner ? { n, a: inner.a * inner.n, b: inner.b * inner.n } : { n, a, b: 2 - a })
    }
    return walked
  })

/** The places in the two arrays, in order. */
function placesOf(axes: readonly Axis[]): string[] {
  const shape = axes.map(({ n }) => n)
  const [a, b]: number[][] = [[], []]
  walk({ shape, strides: axes.map(({ a }) => a), offset: 0 }, (_, p) => a.push(p))
  walk({ shape, strides: axes.map(({ b }) => b), offset: 0 }, (_, p) => b.push(p))
  return a.map((p, i) => `${p} ${b[i]}`)
}

const merged = (drawn: readonly Axis[]) =>
  mergeAxes(
    drawn.map(({ n }) => n),
    drawn.map(({ a }) => a),
    drawn.map(({ b }) => b),
  )

describe('mergeAxes', () => {
  it('visits the same places in the same order', () => {
    fc.assert(fc.property(axes, (drawn) => void expect(placesOf(merged(drawn))).toEqual(placesOf(drawn))))
  })

  it('makes one axis of what is contiguous in both arrays', () => {
    expect(mergeAxes([2, 3, 4], [12, 4, 1], [12, 4, 1])).toEqual([{ n: 24, a: 1, b: 1 }])
    expect(mergeAxes([2, 1, 4], [4, 9, 1], [0, 9, 1])).toEqual([
      { n: 2, a: 4, b: 0 },
      { n: 4, a: 1, b: 1 },
    ])
  })
})

describe('isInjective', () => {
  it('is true only where no place of b comes twice', () => {
    fc.assert(
      fc.property(axes, (drawn) => {
        fc.pre(drawn.every(({ n }) => n > 0))
        const places = placesOf(drawn).map((both) => both.split(' ')[1])
        if (isInjective(merged(drawn))) expect(new Set(places).size).toBe(places.length)
      }),
    )
  })

  it('sees rows, columns and steps for what they are, and windows that overlap', () => {
    const of = (shape: number[], b: number[]) => isInjective(mergeAxes(shape, b, b))
    expect([of([3, 4], [4, 1]), of([4, 3], [1, 4]), of([3, 4], [8, -2]), of([5, 3], [3, 1])]).toEqual([true, true, true, true])
    expect([of([5, 3], [2, 1]), of([2, 3], [0, 1])]).toEqual([false, false])
  })
})
