/** The pictures of trees and of groups of values. */
import { describe, expect, it } from 'vitest'
import { classic, data } from '../src/index.ts'
import { boxPlot, boxSummary, type Picture, tree } from '../src/plot/index.ts'

const rows = (picture: Picture, width = 80) => picture.text({ colour: 'none', width }).split('\n')

describe('tree', () => {
  const { x, y, featureNames, targetNames } = data.iris()

  it('draws a fitted tree: questions, answers, samples, impurity and shares', async () => {
    const model = await new classic.DecisionTreeClassifier({ maxDepth: 2 }).fit(x, y)
    expect(rows(tree(model, { featureNames, classNames: targetNames }))).toEqual([
      '                               samples  impurity',
      'petal_length <= 2.45 ?             150     0.667  ███▒▒▒▒###',
      '├ yes ─ setosa                      50         0  ██████████',
      '└ no ── petal_width <= 1.75 ?      100       0.5  ▒▒▒▒▒#####',
      '    ├ yes ─ versicolor              54     0.168  ▒▒▒▒▒▒▒▒▒#',
      '    └ no ── virginica               46    0.0425  ##########',
      '███ setosa   ▒▒▒ versicolor   ### virginica',
    ])
  })

  it('leaves columns away where there is no room, and counts what is not drawn', async () => {
    const model = await new classic.DecisionTreeClassifier().fit(x, y)
    expect(rows(tree(model, { maxDepth: 1 }), 34)).toEqual([
      'x2 <= 2.45 ?            ███▒▒▒▒###',
      '├ yes ─ class 0         ██████████',
      '└ no ── class 1 … 14 …  ▒▒▒▒▒#####',
      '███ class 0   ▒▒▒ class 1',
      '### class 2',
    ])
  })

  it('draws means for a regression, without shares', async () => {
    const model = await new classic.DecisionTreeRegressor().fit([[0], [1], [2]], [5, 7, 7])
    expect(rows(tree(model))).toEqual([
      '             samples  impurity',
      'x0 <= 0.5 ?        3     0.889',
      '├ yes ─ 5          1         0',
      '└ no ── 7          2         0',
    ])
  })

  it('has every node in the SVG, the two answers of a question joined to it', async () => {
    const model = await new classic.DecisionTreeClassifier({ maxDepth: 3 }).fit(x, y)
    const svg = tree(model, { featureNames, classNames: targetNames }).svg()
    expect(svg.match(/rx="5"/g)).toHaveLength(model.nodeCount)
    expect(svg.match(/<line /g)).toHaveLength(model.nodeCount - 1)
    expect(svg.match(/>yes</g)).toHaveLength(model.leafCount - 1)
    expect(svg).toContain('petal_width &lt;= 1.75 ?')
  })

  it('says what is wrong', async () => {
    const model = await new classic.DecisionTreeClassifier({ maxDepth: 1 }).fit(x, y)
    expect(() => tree(model, { featureNames: ['a'] })).toThrow('tree: featureNames has 1 names, but number 2 is needed')
    expect(() => tree(model, { classNames: ['a', 'b'] })).toThrow('tree: classNames has 2 names, but number 2 is needed')
    expect(() => tree(model, { maxDepth: 0 })).toThrow('tree: maxDepth must be a positive integer, got 0')
  })
})

describe('boxPlot', () => {
  it('draws boxes, whiskers, medians and what lies beyond', () => {
    const drawn = rows(boxPlot({ a: [1, 2, 3, 4, 5], b: [3, 3, 3, 3, 9] }, { x: [0, 10] }), 44)
    expect(drawn).toEqual([
      '  │        ┌───────┐',
      'a ┤    ├───┤   ┃   ├───┤',
      '  │        └───────┘',
      '  │            ╷',
      'b ┤            ┃                       o',
      '  │            ╵',
      '  └┬───────────────────┬───────────────────┬',
      '   0                   5                  10',
    ])
  })

  it('interpolates quartiles as NumPy does', () => {
    expect(boxSummary([1, 2, 3, 4])).toEqual({ low: 1, q1: 1.75, median: 2.5, q3: 3.25, high: 4, outliers: [] })
    expect(boxSummary([7])).toEqual({ low: 7, q1: 7, median: 7, q3: 7, high: 7, outliers: [] })
    expect(boxSummary([0, 10, 11, 12, 13, 14, 100, Number.NaN])).toEqual({
      low: 10,
      q1: 10.5,
      median: 12,
      q3: 13.5,
      high: 14,
      outliers: [0, 100],
    })
  })

  it('says what is wrong', () => {
    expect(() => boxPlot({})).toThrow('boxPlot: groups is empty, expected at least one group')
    expect(() => boxPlot({ a: [] })).toThrow("boxPlot: groups['a'] is empty")
    expect(() => boxPlot({ a: [Number.NaN] })).toThrow("boxPlot: groups['a'] has no finite value")
    expect(() => boxPlot({ a: ['1'] as unknown as number[] })).toThrow("boxPlot: groups['a'][0] must be a number, got the string '1'")
    expect(() => boxPlot({ a: [1] }, { x: [2, 2] })).toThrow('boxPlot: x must be [low, high] with low < high')
  })
})
