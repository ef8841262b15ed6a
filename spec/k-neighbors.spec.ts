/** Nearest neighbours: the classifier and the regressor. */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type BackendName, classic, data, setBackend, tensor } from '../src/index.ts'
import { expectClose, oracle } from './support.ts'
import { numbers, places, seeds } from './twins.ts'

const { KNeighborsClassifier, KNeighborsRegressor } = classic

interface NeighborsCase {
  op: string
  data: 'iris' | 'digits'
  k: number
  weights: 'uniform' | 'distance'
  train: number[] | string
  test: number[] | string
  predictions: number[]
  proba: number[][]
  accuracy?: number
}

const cases = oracle<NeighborsCase>('classic').filter(({ op }) => op === 'kNearestNeighbors')

/** Rows by number, or as 'rows 0..1199'. */
function numbered(rows: number[] | string): number[] {
  if (typeof rows !== 'string') return rows
  const [first, last] = rows.slice('rows '.length).split('..').map(Number)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

const rowsOf = (values: ArrayLike<number>, d: number): number[][] =>
  Array.from({ length: values.length / d }, (_, i) => Array.from({ length: d }, (_, p) => values[i * d + p]))

afterEach(() => setBackend('wasm'))

describe('KNeighborsClassifier', () => {
  const runs = cases.flatMap((c) =>
    (c.data === 'iris' ? (['wasm', 'reference'] as const) : (['wasm'] as const)).map((b) => [c.data, c.k, c.weights, b, c] as const),
  )
  it.each(runs)('predicts as scikit-learn: %s, k = %i, %s, on %s', async (name, k, weights, backend: BackendName, c) => {
    await setBackend(backend)
    const { x, y } = data[name]()
    const rows = rowsOf(x.data, x.shape[1])
    const pick = (which: number[] | string) => [numbered(which).map((i) => rows[i]), numbered(which).map((i) => y.data[i])] as const
    const model = await new KNeighborsClassifier({ nNeighbors: k, weights }).fit(...pick(c.train))
    const [xTest, yTest] = pick(c.test)
    if (c.accuracy !== undefined) {
      expect(await model.score(xTest, yTest)).toBeCloseTo(c.accuracy, 12)
    } else {
      expect([...(await (await model.predict(xTest)).read())]).toEqual(c.predictions)
      expectClose(await (await model.predictProba(xTest)).read(), c.proba.flat(), { atol: 1e-6 })
    }
  })

  it('predicts the same whatever the order of the samples, ties included', async () => {
    const drawn = fc.record({
      n: fc.integer({ min: 1, max: 30 }),
      k: fc.integer({ min: 1, max: 9 }),
      weights: fc.constantFrom('uniform', 'distance'),
      seed: seeds,
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ n, k, weights, seed }) => {
        fc.pre(k <= n)
        const x = rowsOf(places(seed, 2 * n, 4), 2) // many samples are equally near, or the same
        const y = [...places(seed + 1, n, 3)]
        fc.pre(new Set(y).size > 1)
        const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => ((i * 7919 + seed) % 101) - ((j * 7919 + seed) % 101))
        const asked = rowsOf(numbers(seed, 20), 2)
        const options = { nNeighbors: k, weights: weights as 'uniform' | 'distance' }
        const one = await new KNeighborsClassifier(options).fit(x, y)
        const other = await new KNeighborsClassifier(options).fit(
          order.map((i) => x[i]),
          order.map((i) => y[i]),
        )
        for (const rows of [asked, x]) expect(await (await other.predict(rows)).read()).toEqual(await (await one.predict(rows)).read())
      }),
      { numRuns: 60 },
    )
  })

  it('knows its own samples with one neighbour, and by weights of distance with any number', async () => {
    const x = rowsOf(numbers(3, 80), 2)
    const y = [...places(4, 40, 3)].map((label) => 10 * label - 5) // labels are any integers
    expect(await (await new KNeighborsClassifier({ nNeighbors: 1 }).fit(x, y)).score(x, y)).toBe(1)
    const model = await new KNeighborsClassifier({ nNeighbors: 11, weights: 'distance' }).fit(x, y)
    expect(await model.score(x, y)).toBe(1)
    expect([...(await model.classes.read())]).toEqual([-5, 5, 15])
  })

  it('names the neighbours and their distances; of equally near ones the smaller label is nearer, then the first', async () => {
    const model = await new KNeighborsClassifier({ nNeighbors: 3 }).fit([[3], [1], [-1], [1], [4]], [0, 2, 1, 1, 0])
    const [distances, indices] = await model.kneighbors([[0]])
    expect([...(await indices.read())]).toEqual([2, 3, 1])
    expect([...(await distances.read())]).toEqual([1, 1, 1])
    expect((await model.kneighbors([[0]], 5))[1].shape).toEqual([1, 5])
    expect([...(await (await model.predictProba([[0]])).read())]).toEqual([0, Math.fround(2 / 3), Math.fround(1 / 3)])
  })

  it('says what is wrong', async () => {
    const model = new KNeighborsClassifier({ nNeighbors: 2 })
    await expect(model.predict([[1]])).rejects.toThrow('KNeighborsClassifier: is not fitted yet')
    await expect(new KNeighborsClassifier({ nNeighbors: 3 }).fit([[1], [2]], [0, 1])).rejects.toThrow(
      'KNeighborsClassifier.fit: nNeighbors 3 is more than the 2 samples',
    )
    await expect(model.fit([[1], [2]], [0])).rejects.toThrow('KNeighborsClassifier.fit: y must have one number per sample, 2, got 1')
    await expect(model.fit([[1], [2]], [0, 0.5])).rejects.toThrow('y must hold class labels, integers of 32 bits, got 0.5 at place 1')
    await expect(model.fit([[1], [2]], [0, Number.NaN])).rejects.toThrow('y must be finite, got NaN at place 1')
    await expect(model.fit([[1], [2]], ['a', 'b'] as unknown as number[])).rejects.toThrow('y[0] must be a number, got "a"')
    await expect(model.fit([[1], [2]], tensor([[0], [1]]))).rejects.toThrow('y must be [samples], at least one, got shape [2, 1]')
    await expect(model.fit([[1], [2]], [7, 7])).rejects.toThrow('KNeighborsClassifier.fit: y holds one class only, 7')
    await model.fit([[1], [2]], [7, 8])
    await expect(model.predict([[1, 2]])).rejects.toThrow('KNeighborsClassifier.predict: x has 2 features, fit saw 1')
    await expect(model.kneighbors([[1]], 3)).rejects.toThrow('nNeighbors 3 is more than the 2 samples that were fitted')
    expect(() => new KNeighborsClassifier({ nNeighbors: 1.5 })).toThrow('nNeighbors must be an integer of 1 or more, got 1.5')
    expect(() => new KNeighborsClassifier({ weights: 'near' as 'uniform' })).toThrow("weights must be one of 'uniform', 'distance'")
  })
})

describe('KNeighborsRegressor', () => {
  it('gives the mean of the neighbours, weighted by 1 / distance if asked', async () => {
    const [x, y] = [
      [[0], [1], [3]],
      [10, 20, 40],
    ]
    const mean = await new KNeighborsRegressor({ nNeighbors: 2 }).fit(x, y)
    expect([...(await (await mean.predict([[0.5], [2.9]])).read())]).toEqual([15, 30])
    const weighted = await new KNeighborsRegressor({ nNeighbors: 2, weights: 'distance' }).fit(x, y)
    expectClose(await (await weighted.predict([[0.25], [1]])).read(), [(10 / 0.25 + 20 / 0.75) / (1 / 0.25 + 1 / 0.75), 20])
    expect(await weighted.score(x, y)).toBe(1)
  })

  it('predicts the same whatever the order of the samples', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3, max: 25 }), seeds, async (n, seed) => {
        const x = rowsOf(places(seed, n, 4), 1)
        const y = [...numbers(seed, n)]
        const one = await new KNeighborsRegressor({ nNeighbors: 3 }).fit(x, y)
        const other = await new KNeighborsRegressor({ nNeighbors: 3 }).fit([...x].reverse(), [...y].reverse())
        expectClose(await (await other.predict(x)).read(), await (await one.predict(x)).read())
      }),
      { numRuns: 40 },
    )
  })

  it('keeps float64', async () => {
    const x = tensor([[1], [2]], { dtype: 'float64' })
    const model = await new KNeighborsRegressor({ nNeighbors: 1 }).fit(x, tensor([0.1, 0.2], { dtype: 'float64' }))
    expect([...(await (await model.predict(x)).read())]).toEqual([0.1, 0.2])
  })
})
