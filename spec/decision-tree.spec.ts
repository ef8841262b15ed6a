/** Decision trees and random forests. */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type BackendName, classic, data, setBackend, tensor } from '../src/index.ts'
import { oracle } from './support.ts'
import { numbers, places, seeds } from './twins.ts'

const { DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier } = classic

interface TreeCase {
  op: string
  data: 'iris' | 'digits'
  criterion: 'gini' | 'entropy'
  maxDepth: number | null
  train: number[]
  test: number[]
  trainAccuracy: number
  testAccuracyRange: [number, number]
  rootImpurity: number
  bestGain: number
  nEstimators: number
}

const cases = oracle<TreeCase>('classic')
const trees = cases.filter(({ op }) => op === 'decisionTree')

const rowsOf = (values: ArrayLike<number>, d: number): number[][] =>
  Array.from({ length: values.length / d }, (_, i) => Array.from({ length: d }, (_, p) => values[i * d + p]))

/** Iris or digits, the samples of these numbers. */
function part(name: 'iris' | 'digits', which: number[]): [x: number[][], y: number[]] {
  const { x, y } = data[name]()
  const [rows, labels] = [rowsOf(x.data, x.shape[1]), y.data]
  return [which.map((i) => rows[i]), which.map((i) => labels[i])]
}
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0)
const between = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i)
const digitsTrain = () => part('digits', between(0, 1200))
const digitsTest = () => part('digits', between(1200, 1797))

/** Samples in which the same x always has the same y. */
const consistent = fc
  .record({ n: fc.integer({ min: 1, max: 60 }), d: fc.integer({ min: 1, max: 4 }), values: fc.constantFrom(3, 10, 1000), seed: seeds })
  .map(({ n, d, values, seed }) => {
    const x = rowsOf(
      places(seed, n * d, values).map((v) => v - 1),
      d,
    )
    const drawn = places(seed + 1, n, 4)
    const first = new Map<string, number>()
    const y = x.map((row, i) => {
      const label = first.get(`${row}`) ?? drawn[i] - 1
      first.set(`${row}`, label)
      return label
    })
    return { x, y, seed: seed % 1000 }
  })
  .filter(({ y }) => new Set(y).size > 1)

afterEach(() => setBackend('wasm'))

describe('DecisionTreeClassifier', () => {
  const iris = trees.filter((c) => c.data === 'iris')
  const runs = iris.flatMap((c) => (['wasm', 'reference'] as const).map((b) => [c.criterion, c.maxDepth ?? Infinity, b, c] as const))
  it.each(runs)('grows as scikit-learn on iris: %s, depth %d, on %s', async (criterion, maxDepth, backend: BackendName, c) => {
    await setBackend(backend)
    const model = await new DecisionTreeClassifier({ criterion, maxDepth }).fit(...part('iris', c.train))
    expect(model.root.impurity).toBeCloseTo(c.rootImpurity, 12)
    expect(model.root.split?.gain).toBeCloseTo(c.bestGain, 6)
    expect(await model.score(...part('iris', c.train))).toBeCloseTo(c.trainAccuracy, 12)
    const [low, high] = c.testAccuracyRange
    const score = await model.score(...part('iris', c.test))
    expect(score).toBeGreaterThanOrEqual(low - 1e-12)
    expect(score).toBeLessThanOrEqual(high + 1e-12)
    expect(model.depth).toBeLessThanOrEqual(maxDepth)
  })

  it('recognises digits as well as scikit-learn', async () => {
    const [{ testAccuracyRange: range }] = trees.filter((c) => c.data === 'digits')
    const model = await new DecisionTreeClassifier().fit(...digitsTrain())
    expect(await model.score(...digitsTest())).toBeGreaterThanOrEqual(range[0] - 0.01)
    expect(await model.score(...digitsTrain())).toBe(1)
  })

  it('without limits fits whatever is consistent, with any number of features asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        consistent,
        fc.constantFrom('gini', 'entropy'),
        fc.constantFrom(1, undefined),
        async ({ x, y, seed }, criterion, maxFeatures) => {
          const model = await new DecisionTreeClassifier({ criterion: criterion as 'gini', maxFeatures, seed }).fit(x, y)
          expect(await model.score(x, y)).toBe(1)
          expect(model.nodeCount).toBe(2 * model.leafCount - 1)
          expect(sum(await model.featureImportances.read())).toBeCloseTo(
            model.root.impurity > 0 && model.root.split ? importanceSum(model.root) : 0,
            5,
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  /** 1 where any split gains anything. */
  const importanceSum = (node: classic.TreeNode): number =>
    node.split === null ? 0 : node.split.gain > 0 ? 1 : Math.max(importanceSum(node.split.left), importanceSum(node.split.right))

  it('does not depend on the order of the samples, nor on how a feature is measured', async () => {
    await fc.assert(
      fc.asyncProperty(consistent, async ({ x, y }) => {
        const model = await new DecisionTreeClassifier({ maxDepth: 4 }).fit(x, y)
        const expected = await (await model.predictProba(x)).read()
        const turned = await new DecisionTreeClassifier({ maxDepth: 4 }).fit([...x].reverse(), [...y].reverse())
        expect(await (await turned.predictProba(x)).read()).toEqual(expected)
        const measured = x.map((row) => row.map((v) => Math.cbrt(v) * 3 + 1)) // monotone
        const other = await new DecisionTreeClassifier({ maxDepth: 4 }).fit(measured, y)
        expect(await (await other.predictProba(measured)).read()).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps its limits', async () => {
    const [x, y] = part('iris', between(0, 150))
    const model = await new DecisionTreeClassifier({ minSamplesLeaf: 7, minSamplesSplit: 20, maxDepth: 5 }).fit(x, y)
    const visit = (node: classic.TreeNode): void => {
      expect(node.samples).toBeGreaterThanOrEqual(7)
      if (node.split === null) return
      expect(node.samples).toBeGreaterThanOrEqual(20)
      expect(node.split.left.samples + node.split.right.samples).toBe(node.samples)
      visit(node.split.left)
      visit(node.split.right)
    }
    visit(model.root)
    expect((await new DecisionTreeClassifier({ maxDepth: 1 }).fit(x, y)).nodeCount).toBe(3)
  })

  it('weighs classes: a weight of 2 is as good as each sample twice', async () => {
    const x = rowsOf(places(5, 60, 6), 2)
    const y = [...places(6, 30, 2)]
    const weighted = await new DecisionTreeClassifier({ classWeight: { 1: 2 }, maxDepth: 3 }).fit(x, y)
    const ones = x.filter((_, i) => y[i] === 1)
    const twice = await new DecisionTreeClassifier({ maxDepth: 3 }).fit([...x, ...ones], [...y, ...ones.map(() => 1)])
    expect(await (await weighted.predictProba(x)).read()).toEqual(await (await twice.predictProba(x)).read())
    const balanced = await new DecisionTreeClassifier({ classWeight: 'balanced' }).fit([[0], [1], [1], [1]], [0, 1, 1, 1])
    expect(balanced.root.value[0]).toBeCloseTo(0.5, 6)
  })

  it('finds which feature matters, and takes any integers for labels', async () => {
    const x = rowsOf(numbers(8, 200), 4)
    const y = x.map((row) => (row[2] > 0.5 ? 40 : -7))
    const model = await new DecisionTreeClassifier().fit(x, y)
    expect([...(await model.featureImportances.read())]).toEqual([0, 0, 1, 0])
    expect([...(await model.classes.read())]).toEqual([-7, 40])
    expect([model.depth, model.nodeCount, model.leafCount]).toEqual([1, 3, 2])
    expect([...(await (await model.predict([[0, 0, 9, 0]])).read())]).toEqual([40])
  })

  it('grows chains of thousands of nodes', async () => {
    const n = 2000
    const model = await new DecisionTreeClassifier().fit(
      between(0, n).map((i) => [i]),
      between(0, n).map((i) => i % 2),
    )
    expect(model.leafCount).toBe(n)
  })

  it('says what is wrong', async () => {
    const model = new DecisionTreeClassifier()
    await expect(model.predict([[1]])).rejects.toThrow('DecisionTreeClassifier: is not fitted yet')
    expect(() => model.root).toThrow('DecisionTreeClassifier: is not fitted yet')
    await expect(model.fit([[1], [2]], [0])).rejects.toThrow('DecisionTreeClassifier.fit: y must have one number per sample, 2, got 1')
    await expect(model.fit([[1], [Number.NaN]], [0, 1])).rejects.toThrow(
      'DecisionTreeClassifier.fit: x must be finite in float32, got NaN in row 1',
    )
    await expect(model.fit([[1], [2]], [3, 3])).rejects.toThrow('DecisionTreeClassifier.fit: y holds one class only, 3')
    await expect(
      model.fit(
        [
          [1, 5],
          [1, 5],
        ],
        [1, 0],
      ),
    ).rejects.toThrow('every feature of x is constant over the 2 samples')
    await model.fit([[1], [1], [2]], [1, 0, 1]) // the first two cannot be told apart
    expect([model.depth, ...(await (await model.predict([[1]])).read())]).toEqual([1, 0])
    await expect(model.predict([[1, 2]])).rejects.toThrow('DecisionTreeClassifier.predict: x has 2 features, fit saw 1')
    await expect(new DecisionTreeClassifier({ maxFeatures: 3 }).fit([[1], [2]], [0, 1])).rejects.toThrow(
      'maxFeatures 3 is more than the 1 features',
    )
    await expect(new DecisionTreeClassifier({ classWeight: { 5: 2 } }).fit([[1], [2]], [0, 1])).rejects.toThrow(
      'classWeight names class 5, but the classes are 0, 1',
    )
    const wrong = (options: classic.DecisionTreeClassifierOptions) => () => new DecisionTreeClassifier(options)
    expect(wrong({ maxDepth: 0 })).toThrow('maxDepth must be an integer of 1 or more, got 0')
    expect(wrong({ minSamplesSplit: 1 })).toThrow('minSamplesSplit must be an integer of 2 or more, got 1')
    expect(wrong({ minSamplesLeaf: 0.5 })).toThrow('minSamplesLeaf must be an integer of 1 or more, got 0.5')
    expect(wrong({ maxFeatures: 1.5 })).toThrow('maxFeatures must be a count, a share between 0 and 1')
    expect(wrong({ maxFeatures: 'all' as 'sqrt' })).toThrow("maxFeatures must be one of 'sqrt', 'log2', got \"all\"")
    expect(wrong({ criterion: 'mse' as 'gini' })).toThrow("criterion must be one of 'gini', 'entropy', got \"mse\"")
    expect(wrong({ classWeight: { 0: 0 } })).toThrow('the classWeight of 0 must be a number above 0, got 0')
  })
})

describe('DecisionTreeRegressor', () => {
  it('without limits fits whatever is consistent, with the mean of equal samples', async () => {
    const x = [[0], [1], [1], [4]]
    for (const y of [
      [1, 5, 7, -3],
      [1e6 + 1, 1e6 + 5, 1e6 + 7, 1e6 - 3],
    ]) {
      const model = await new DecisionTreeRegressor().fit(x, y)
      expect([...(await (await model.predict(x)).read())]).toEqual([y[0], (y[1] + y[2]) / 2, (y[1] + y[2]) / 2, y[3]])
    }
  })

  it('explains diabetes better with each level, and knows the root: the mean and the variance', async () => {
    const { x, y } = data.diabetes()
    let last = 0
    for (const maxDepth of [1, 2, 4, 8]) {
      const model = await new DecisionTreeRegressor({ maxDepth }).fit(x, y)
      const score = await model.score(x, y)
      expect(score).toBeGreaterThan(last)
      last = score
      expect(model.root.value[0]).toBeCloseTo(152.13348416, 6)
      expect(model.root.impurity).toBeCloseTo(5929.884896910383, 2)
    }
    expect(await (await new DecisionTreeRegressor().fit(x, y)).score(x, y)).toBeCloseTo(1, 6)
  })

  it('keeps float64', async () => {
    const y = tensor([0.1, 0.2], { dtype: 'float64' })
    const model = await new DecisionTreeRegressor().fit([[1], [2]], y)
    expect([...(await (await model.predict([[1], [2]])).read())]).toEqual([0.1, 0.2])
  })

  it('says what is wrong', async () => {
    await expect(new DecisionTreeRegressor().fit([[1]], [Infinity])).rejects.toThrow(
      'DecisionTreeRegressor.fit: y must be finite, got Infinity at place 0',
    )
    expect(() => new DecisionTreeRegressor({ criterion: 'gini' as 'mse' })).toThrow("criterion must be one of 'mse'")
  })
})

describe('RandomForestClassifier', () => {
  it('recognises digits as well as scikit-learn, and its out-of-bag score says so beforehand', async () => {
    const [{ testAccuracyRange: range, nEstimators }] = cases.filter(({ op }) => op === 'randomForest')
    const model = await new RandomForestClassifier({ nEstimators, oobScore: true, seed: 3 }).fit(...digitsTrain())
    const score = await model.score(...digitsTest())
    expect(score).toBeGreaterThanOrEqual(range[0] - 0.01)
    expect(model.oobScore).toBeGreaterThan(0.93)
    expect(model.trees.length).toBe(nEstimators)
    const importances = await model.featureImportances.read()
    expect(sum(importances)).toBeCloseTo(1, 5)
    expect(importances[0]).toBe(0) // the pixel in the corner is always 0
  })

  it('is the same for the same seed; its shares are the means of its trees', async () => {
    const [x, y] = part('iris', between(0, 150))
    const one = await new RandomForestClassifier({ nEstimators: 7, seed: 1 }).fit(x, y)
    const same = await new RandomForestClassifier({ nEstimators: 7, seed: 1 }).fit(x, y)
    const other = await new RandomForestClassifier({ nEstimators: 7, seed: 2 }).fit(x, y)
    expect(same.trees).toEqual(one.trees)
    expect(other.trees).not.toEqual(one.trees)
    const proba = await (await one.predictProba(x)).read()
    for (let i = 0; i < 150; i++) expect(proba[3 * i] + proba[3 * i + 1] + proba[3 * i + 2]).toBeCloseTo(1, 6)
  })

  it('without bootstrap and with all features is one tree many times', async () => {
    const [x, y] = part('iris', between(0, 150))
    const forest = await new RandomForestClassifier({ nEstimators: 3, bootstrap: false, maxFeatures: 4 }).fit(x, y)
    const tree = await new DecisionTreeClassifier().fit(x, y)
    expect(forest.trees).toEqual([tree.root, tree.root, tree.root])
    expect(await (await forest.predict(x)).read()).toEqual(await (await tree.predict(x)).read())
  })

  it('says what is wrong', async () => {
    expect(() => new RandomForestClassifier({ nEstimators: 0 })).toThrow(
      'RandomForestClassifier: nEstimators must be an integer of 1 or more, got 0',
    )
    expect(() => new RandomForestClassifier({ bootstrap: false, oobScore: true })).toThrow('oobScore needs bootstrap')
    const model = new RandomForestClassifier({ nEstimators: 2, seed: 1 })
    await expect(model.predict([[1]])).rejects.toThrow('RandomForestClassifier: is not fitted yet')
    await model.fit([[1], [2]], [0, 1])
    expect(() => model.oobScore).toThrow('oobScore was not computed: give the option oobScore: true')
    await expect(model.predict([[1, 2]])).rejects.toThrow('RandomForestClassifier.predict: x has 2 features, fit saw 1')
    await expect(new RandomForestClassifier({ nEstimators: 1, oobScore: true, seed: 4 }).fit([[1], [2]], [0, 1])).rejects.toThrow(
      'every tree has drawn every sample',
    )
  })
})
