import { describe, expect, it } from 'vitest'
import { diabetes } from '../data/diabetes.ts'
import { digits } from '../data/digits.ts'
import { iris } from '../data/iris.ts'
import { decode, readSpaced, type Table } from '../data/table.ts'

type WithTarget = Table & { readonly target: ArrayLike<number> }

const row = (table: Table, i: number) => Array.from(table.features.subarray(i * table.columns, (i + 1) * table.columns))
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, x) => total + x, 0)
const columnSums = (table: Table) =>
  Array.from({ length: table.columns }, (_, j) => sum(table.features.filter((_, i) => i % table.columns === j)))

/** Every value and its place: the fold h = 31 h + round(10^4 x) modulo 2^32 over the rows, each followed by its target. */
function fingerprint(table: WithTarget): number {
  let h = 0
  for (let i = 0; i < table.rows; i++) {
    for (const x of [...row(table, i), table.target[i]]) h = (Math.imul(h, 31) + Math.round(x * 1e4)) >>> 0
  }
  return h
}

function expectShape(table: WithTarget, rows: number, columns: number): void {
  expect([table.rows, table.columns]).toEqual([rows, columns])
  expect(table.features).toHaveLength(rows * columns)
  expect(table.target).toHaveLength(rows)
  expect(table.featureNames).toHaveLength(columns)
}

function classCounts(table: { target: Int32Array; targetNames: readonly string[] }): number[] {
  return table.targetNames.map((_, c) => table.target.filter((t) => t === c).length)
}

// The expected sums and fingerprints were computed in Python from the published tables.

describe('iris', () => {
  const table = iris()
  it('has 150 flowers of three species', () => {
    expectShape(table, 150, 4)
    expect(table.targetNames).toEqual(['setosa', 'versicolor', 'virginica'])
    expect(classCounts(table)).toEqual([50, 50, 50])
  })
  it('has the published values', () => {
    expect(row(table, 0)).toEqual([5.1, 3.5, 1.4, 0.2].map(Math.fround))
    expect(row(table, 34)).toEqual([4.9, 3.1, 1.5, 0.2].map(Math.fround)) // the two that UCI's file misprints
    expect(row(table, 37)).toEqual([4.9, 3.6, 1.4, 0.1].map(Math.fround))
    expect(row(table, 149)).toEqual([5.9, 3.0, 5.1, 1.8].map(Math.fround))
    ;[876.5, 458.6, 563.7, 179.9].forEach((expected, j) => {
      expect(columnSums(table)[j]).toBeCloseTo(expected, 3)
    })
    expect(fingerprint(table)).toBe(355141992)
  })
})

describe('digits', () => {
  const table = digits()
  it('has 1,797 images of ten digits', () => {
    expectShape(table, 1797, 64)
    expect(table.targetNames.join('')).toBe('0123456789')
    expect(classCounts(table)).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
  })
  it('has the published values', () => {
    expect(row(table, 0).slice(0, 16)).toEqual([0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    expect(row(table, 1796).slice(48)).toEqual([0, 8, 16, 10, 8, 16, 8, 0, 0, 1, 8, 12, 14, 12, 1, 0])
    expect([table.target[0], table.target[1796]]).toEqual([0, 8])
    expect(table.features.every((x) => Number.isInteger(x) && x >= 0 && x <= 16)).toBe(true)
    expect(sum(table.features)).toBe(561718)
    expect(fingerprint(table)).toBe(3520623776)
  })
})

describe('diabetes', () => {
  const table = diabetes()
  it('has 442 patients', () => {
    expectShape(table, 442, 10)
    expect(table.featureNames).toEqual(['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6'])
  })
  it('has the published values', () => {
    expect(row(table, 0)).toEqual([59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87].map(Math.fround))
    expect(row(table, 441)).toEqual([36, 1, 19.6, 71, 250, 133.2, 97, 3, 4.5951, 92].map(Math.fround))
    expect([table.target[0], table.target[441]]).toEqual([151, 57])
    expect(sum(table.target)).toBe(67243)
    ;[21445, 649, 11658.1, 41833.98, 83600, 51024.1, 22006.5, 1799.05, 2051.5036, 40337].forEach((expected, j) => {
      expect(columnSums(table)[j]).toBeCloseTo(expected, 2)
    })
    expect(fingerprint(table)).toBe(2682982350)
  })
})

describe('decoding', () => {
  it('happens once', () => {
    expect(iris()).toBe(iris())
    expect(digits()).toBe(digits())
    expect(diabetes()).toBe(diabetes())
  })
  it('refuses a line that is too short, too long or no number', () => {
    const names = ['a', 'b']
    expect(decode('1 2 3\n4 5 6', names, readSpaced)).toMatchObject({ rows: 2, columns: 2, target: [3, 6] })
    expect(() => decode('1 2 3\n4 5', names, readSpaced)).toThrow("line 2: expected 3 numbers, got '4 5'")
    expect(() => decode('1 2 3 4', names, readSpaced)).toThrow("line 1: expected 3 numbers, got '1 2 3 4'")
    expect(() => decode('1 x 3', names, readSpaced)).toThrow("line 1: expected 3 numbers, got '1 x 3'")
  })
})
