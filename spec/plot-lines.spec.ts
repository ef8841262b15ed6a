import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { axis } from '../src/plot/axis.ts'
import { lines } from '../src/plot/index.ts'
import { formatFixed, formatNumber, formatStep } from '../src/plot/number.ts'
import { resample, shrink } from '../src/plot/resample.ts'

const rows = (picture: { text(options: object): string }, width: number) => picture.text({ colour: 'none', width }).split('\n')

describe('lines', () => {
  it('draws one curve by asciichart, with values on the left and positions below', () => {
    expect(rows(lines([4, 2, 1, 1, 1], { title: 'loss', xLabel: 'epoch', height: 4 }), 23)).toEqual([
      'loss', //
      '4 ┼─╮',
      '3 ┤ ╰─╮',
      '2 ┤   ╰───╮',
      '1 ┤       ╰────────────',
      '  ┬─────────┬─────────┬',
      '  0         2         4',
      '          epoch',
    ])
  })

  it('draws several, each with a stroke of its own, and names them', () => {
    const drawn = rows(lines({ rising: [0, 1, 2, 3], falling: [3, 2, 1, 0], flat: [2, 2, 2, 2] }, { height: 4, yLabel: 'error' }), 40)
    expect(drawn[0]).toBe('error')
    expect(drawn.at(-1)).toBe('─── rising   ═══ falling   ··· flat')
    expect(drawn.slice(1, 5).join('')).toMatch(/╭.*╚/s)
    expect(drawn[2]).toContain('········')
  })

  it('puts a curve that ends early where it belongs', () => {
    const [, bottom] = rows(lines({ long: new Array(21).fill(1), short: new Array(11).fill(0) }, { height: 2 }), 60)
    expect(bottom).toMatch(/^\d ┼═+$/)
    expect(bottom.length).toBe(3 + 28) // the axis, then half of 56 columns
  })

  it('leaves gaps where the values are not finite, and keeps a value between two gaps', () => {
    const values = Array.from({ length: 57 }, (_, i) =>
      (i > 9 && i < 20) || i === 30 || i === 32 ? Number.NaN : i > 40 ? Number.POSITIVE_INFINITY : 1,
    )
    const line = rows(lines(values), 62).find((row) => row.includes('┼'))!
    expect(line.slice(6)).toBe(`${'─'.repeat(9)}${' '.repeat(11)}${'─'.repeat(9)} ─  ${'─'.repeat(7)}`)
  })

  it('draws a constant in the middle, a single value on the axis, and nothing where nothing is finite', () => {
    const constant = rows(lines([5, 5, 5], { height: 3 }), 20)
    expect(constant.slice(0, 3)).toEqual(['5.5 ┤', '5.0 ┼───────────────', '4.5 ┤'])
    expect(rows(lines([5], { height: 3 }), 20)[1]).toBe('5.0 ┼')
    expect(rows(lines([Number.NaN, Number.NaN], { height: 3 }), 20).slice(0, 3)).toEqual(['1.0 ┤', '0.5 ┤', '0.0 ┤'])
  })

  it('draws powers of ten as a straight line on a logarithmic scale; what is not positive is a gap', () => {
    const drawn = rows(lines([1000, 100, 10, 1, 0, -1], { log: true, height: 4 }), 36)
    expect(drawn.slice(0, 4).map((row) => row.slice(0, 6))).toEqual(['1000 ┼', ' 100 ┤', '  10 ┤', '   1 ┤'])
    expect(drawn.map((row) => row.indexOf('╮'))).toEqual([9, 15, 21, -1, -1, -1])
    expect(drawn[3].trimEnd().length).toBe(24)
    expect(() => lines([1], { log: true, y: [0, 1] })).toThrow('lines: y must be positive on a logarithmic scale, got 0')
  })

  it('shows only what lies within y', () => {
    const drawn = rows(lines([100, 4, 3, 2, 1], { y: [0, 4], height: 5 }), 20)
    expect(drawn[0]).toMatch(/^4 ┤/)
    expect(drawn[0]).not.toContain('┼')
  })

  it('labels positions by whole numbers where they are indices, by the given range otherwise', () => {
    expect(
      rows(lines([3, 2, 1]), 60)
        .at(-1)!
        .trim()
        .split(/\s+/),
    ).toEqual(['0', '1', '2'])
    expect(
      rows(lines([3, 2, 1], { x: [1, 3] }), 60)
        .at(-1)!
        .trim()
        .split(/\s+/),
    ).toEqual(['1', '2', '3'])
    expect(
      rows(lines([3, 2, 1], { x: [0, 1] }), 60)
        .at(-1)!
        .trim()
        .split(/\s+/),
    ).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'])
  })

  it('takes typed arrays', () => {
    expect(`${lines(Float32Array.of(3, 2, 1))}`).toBe(`${lines([3, 2, 1])}`)
  })

  it('draws every finite value in SVG, in pieces where there are gaps', () => {
    const paths = lines({ a: [1, 2, Number.NaN, 3], b: [1, 1, 1, 1] })
      .svg()
      .match(/<path d="[^"]*"/g)!
    expect(paths[0].match(/M/g)).toHaveLength(2)
    expect(paths[1].match(/[ML]/g)).toHaveLength(4)
    const heights = Array.from(
      lines([1, 2, 3])
        .svg()
        .match(/<path d="([^"]*)"/)![1]
        .matchAll(/[ML][\d.]+ ([\d.]+)/g),
      (match) => Number(match[1]),
    )
    expect(heights).toEqual([...heights].sort((a, b) => b - a)) // upwards, as y grows downwards in SVG
  })

  it('says what is wrong', () => {
    expect(() => lines([])).toThrow('lines: curves is empty, expected at least one number')
    expect(() => lines({})).toThrow('lines: curves is empty, expected at least one curve')
    expect(() => lines({ loss: [] })).toThrow("lines: curves['loss'] is empty")
    expect(() => lines({ loss: ['3'] as unknown as number[] })).toThrow("lines: curves['loss'][0] must be a number, got the string '3'")
    expect(() => lines({ loss: 3 as unknown as number[] })).toThrow("lines: curves['loss'] must be an array of numbers, got a number")
    expect(() => lines([1], { height: 1 })).toThrow('lines: height must be an integer from 2 on, got 1')
    expect(() => lines([1], { x: [2, 1] })).toThrow('lines: x must be [low, high] with low < high, got [2, 1]')
  })
})

describe('resample', () => {
  it('joins few values by straight lines', () => {
    expect(resample([0, 2, 1], 2, 4)).toEqual([0, 1, 2, 1.5, 1])
    expect(resample([0, 2], 4, 4)).toEqual([0, 2, Number.NaN, Number.NaN, Number.NaN])
    expect(resample([1, Number.NaN, 3], 2, 4)).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 3])
  })

  it('takes the mean of many, over those that are finite', () => {
    expect(resample([0, 1, 2, 3, 4, 5, 6, 7, 8], 8, 2)).toEqual([0.5, 3.5, 7])
    expect(resample([0, Number.NaN, Number.POSITIVE_INFINITY, 4], 3, 1)).toEqual([0, 4])
    expect(resample([Number.NaN, Number.NaN, Number.NaN, 4], 3, 1)).toEqual([Number.NaN, 4])
  })

  it('stays between the smallest and the largest value, and loses none that is alone', () => {
    const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(fc.array(finite, { minLength: 2, maxLength: 60 }), fc.integer({ min: 1, max: 120 }), (values, count) => {
        const out = resample(values, values.length - 1, count)
        const slack = 1e-6
        expect(out).toHaveLength(count + 1)
        expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...values) - slack)
        expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...values) + slack)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 30, max: 99 }), (alone, count) => {
        const values = new Array<number>(31).fill(Number.NaN)
        values[alone] = 7
        expect(resample(values, 30, count).filter((value) => value === 7)).toHaveLength(1)
      }),
    )
  })

  it('shrinks a matrix by the mean of blocks', () => {
    const matrix = [
      [1, 3, 5],
      [5, 7, Number.NaN],
      [1, 1, Number.NaN],
    ]
    expect(shrink(matrix, 2, 2)).toEqual([
      [4, 5],
      [1, Number.NaN],
    ])
  })
})

describe('axis', () => {
  it('carries values to positions and back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (low, span, at) => {
          const linear = axis('spec', 'y', [low, low + span])
          expect(linear.position(linear.value(at))).toBeCloseTo(at, 6)
          const log = axis('spec', 'y', [span, 10 * span], { log: true })
          expect(log.position(log.value(at))).toBeCloseTo(at, 6)
        },
      ),
    )
  })

  it('has no position for what lies outside or is not finite', () => {
    const y = axis('spec', 'y', [0, 1])
    for (const value of [-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY]) expect(y.position(value)).toBeNaN()
    expect(axis('spec', 'y', [1, 10], { log: true }).position(-1)).toBeNaN()
  })

  it('ticks at round values', () => {
    const labels = (low: number, high: number, options = {}) =>
      axis('spec', 'y', [low, high], options)
        .ticks(5)
        .map((tick) => tick.label)
    expect(labels(0, 1)).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'])
    expect(labels(-3, 7)).toEqual(['-2', '0', '2', '4', '6'])
    expect(labels(0, 2, { integer: true })).toEqual(['0', '1', '2'])
    expect(labels(0, 1797)).toEqual(['0', '500', '1000', '1500'])
    expect(labels(1e-7, 1, { log: true })).toEqual(['1e-7', '1e-5', '0.001', '0.1'])
    expect(labels(2, 5, { log: true })).toEqual(['2', '5'])
    expect(labels(0, 4e7)).toEqual(['0', '1e+7', '2e+7', '3e+7', '4e+7'])
  })
})

describe('numbers', () => {
  it('are written short, and none that is an integer changes', () => {
    expect([0.123456, 1797, -0, 1.5e-7, 123456.789, 2 / 3, 1e6, Number.NaN, -Infinity].map((value) => formatNumber(value))).toEqual([
      '0.1235',
      '1797',
      '0',
      '1.5e-7',
      '123457',
      '0.6667',
      '1e+6',
      'NaN',
      '-∞',
    ])
    expect([28.903635, -0.0001, 3].map((value) => formatFixed(value, 2))).toEqual(['28.90', '0.00', '3.00'])
    expect([formatStep(0.30000000000000004, 0.1), formatStep(-0.01, 0.5), formatStep(1e9 + 1, 1)]).toEqual(['0.3', '0.0', '1.000000001e+9'])
  })
})
