/** k-means: Lloyd's algorithm and where it starts. */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type BackendName, classic, data, setBackend, tensor } from '../src/index.ts'
import { expectClose, oracle } from './support.ts'
import { numbers, places, seeds } from './twins.ts'

const { KMeans } = classic

interface KMeansCase {
  op: string
  data: 'iris' | 'digits'
  initRows: number[]
  inertia: number
  iterations: number
  labels: number[]
  centers: number[][] | null
}

const cases = oracle<KMeansCase>('classic').filter(({ op }) => op === 'kMeans')
const rowsOf = (values: Float32Array, d: number): number[][] =>
  Array.from({ length: values.length / d }, (_, i) => [...values.subarray(i * d, (i + 1) * d)])

/** Groups of samples around k places. */
const groups = fc.record({
  n: fc.integer({ min: 1, max: 40 }),
  d: fc.integer({ min: 1, max: 5 }),
  k: fc.integer({ min: 1, max: 6 }),
  seed: seeds,
})
const samples = groups
  .filter(({ n, k }) => k <= n)
  .map(({ n, d, k, seed }) => {
    const middle = places(seed, n, 4)
    const x = rowsOf(numbers(seed, n * d, { min: -1, max: 1 }), d).map((row, i) => row.map((v) => v + 3 * middle[i]))
    return { x, k, seed: seed % 1000 }
  })

afterEach(() => setBackend('wasm'))

describe('KMeans', () => {
  const runs = cases.flatMap((c) =>
    (c.data === 'iris' ? (['wasm', 'reference'] as const) : (['wasm'] as const)).map((b) => [c.data, b, c] as const),
  )
  it.each(runs)('finds the clusters of scikit-learn: %s on %s', async (name, backend: BackendName, c) => {
    await setBackend(backend)
    const { x } = data[name]()
    const rows = rowsOf(Float32Array.from(x.data), x.shape[1])
    const model = await new KMeans({ nClusters: c.initRows.length, init: c.initRows.map((i) => rows[i]) }).fit(x)
    expect([...(await model.labels.read())]).toEqual(c.labels)
    expect(model.nIter).toBe(c.iterations)
    expect(Math.abs(model.inertia / c.inertia - 1)).toBeLessThan(1e-6)
    if (c.centers) expectClose(await model.clusterCenters.read(), c.centers.flat(), { rtol: 1e-6 })
    expect(await (await model.predict(x)).read()).toEqual(await model.labels.read())
    expect(await model.score(x)).toBeCloseTo(-model.inertia, 6)
  })

  it('has an inertia that never rises with the iterations', async () => {
    await fc.assert(
      fc.asyncProperty(samples, async ({ x, k, seed }) => {
        let last = Infinity
        for (let maxIter = 1; maxIter <= 6; maxIter++) {
          const { inertia } = await new KMeans({ nClusters: k, init: 'random', nInit: 1, maxIter, tol: 0, seed }).fit(x)
          expect(inertia).toBeLessThanOrEqual(last * (1 + 1e-6) + 1e-9)
          last = inertia
        }
      }),
      { numRuns: 40 },
    )
  })

  it('ends with centres that are the means of their samples, and samples at their nearest centre', async () => {
    await fc.assert(
      fc.asyncProperty(samples, async ({ x, k, seed }) => {
        const model = await new KMeans({ nClusters: k, seed, tol: 0 }).fit(x)
        const [labels, centers] = [await model.labels.read(), await model.clusterCenters.read()]
        const distances = await (await model.transform(x)).read()
        const d = x[0].length
        for (const [i, label] of labels.entries()) {
          const nearest = Math.min(...distances.subarray(i * k, (i + 1) * k))
          expect(distances[i * k + label]).toBeLessThanOrEqual(nearest + 1e-5)
        }
        for (let c = 0; c < k; c++) {
          const mine = x.filter((_, i) => labels[i] === c)
          if (mine.length === 0) continue
          for (let p = 0; p < d; p++) expect(centers[c * d + p]).toBeCloseTo(mine.reduce((s, row) => s + row[p], 0) / mine.length, 4)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('gives k-means++ starts that are samples, all different where the samples are, and the same for the same seed', async () => {
    const x = rowsOf(numbers(5, 60), 2)
    const centers = async (seed: number) => (await new KMeans({ nClusters: 30, maxIter: 1, seed }).fit(x)).clusterCenters.read()
    expect(await centers(3)).toEqual(await centers(3))
    const exact = await new KMeans({ nClusters: 30, seed: 1 }).fit(x)
    expect(exact.inertia).toBe(0) // each sample is its own centre
  })

  it('keeps the best of several runs', async () => {
    const x = rowsOf(numbers(9, 120), 2)
    const one = await new KMeans({ nClusters: 7, init: 'random', nInit: 1, seed: 4 }).fit(x)
    const many = await new KMeans({ nClusters: 7, init: 'random', nInit: 12, seed: 4 }).fit(x)
    expect(many.inertia).toBeLessThanOrEqual(one.inertia)
  })

  it('gives an empty cluster the sample that lies farthest from its centre', async () => {
    const x = [[0], [1], [2], [10]]
    const model = await new KMeans({ nClusters: 2, init: [[1], [100]] }).fit(x)
    expect([...(await model.labels.read())]).toEqual([0, 0, 0, 1])
    expect([...(await model.clusterCenters.read())]).toEqual([1, 10])
    const same = await new KMeans({ nClusters: 3, seed: 1 }).fit([[2], [2], [2], [2]])
    expect(same.inertia).toBe(0)
  })

  it('computes in float64 where the samples are float64', async () => {
    const x = tensor([[1e8], [1e8 + 1], [1e8 + 10], [1e8 + 11]], { dtype: 'float64' })
    const model = await new KMeans({ nClusters: 2, seed: 1 }).fit(x)
    expect(model.clusterCenters.dtype).toBe('float64')
    expect([...(await model.clusterCenters.read())].sort()).toEqual([1e8 + 0.5, 1e8 + 10.5])
  })

  it('says what is wrong', async () => {
    const x = [
      [1, 2],
      [3, 4],
    ]
    await expect(new KMeans({ nClusters: 3 }).fit(x)).rejects.toThrow('KMeans.fit: nClusters 3 is more than the 2 samples')
    await expect(new KMeans().predict(x)).rejects.toThrow('KMeans: is not fitted yet: await its fit() first')
    expect(() => new KMeans().inertia).toThrow('KMeans: is not fitted yet')
    const model = await new KMeans({ nClusters: 1 }).fit(x)
    await expect(model.predict([[1, 2, 3]])).rejects.toThrow('KMeans.predict: x has 3 features, fit saw 2')
    await expect(model.fit([[1, 2], [3]])).rejects.toThrow('KMeans.fit: x is ragged: row 0 has 2 numbers, row 1 has 1')
    await expect(model.fit([])).rejects.toThrow('KMeans.fit: x is empty, expected at least one sample')
    await expect(model.fit([[]])).rejects.toThrow('KMeans.fit: the rows of x are empty')
    await expect(model.fit([[1, Number.NaN]])).rejects.toThrow('KMeans.fit: x must be finite in float32, got NaN in row 0, column 1')
    await expect(model.fit([[1e300, 1]])).rejects.toThrow('KMeans.fit: x must be finite in float32, got Infinity in row 0, column 0')
    await expect(model.fit([[1e30, 1]])).rejects.toThrow('KMeans.fit: squared distances would overflow')
    await expect(model.fit(tensor([1, 2]))).rejects.toThrow('KMeans.fit: x must be [samples, features], neither 0, got shape [2]')
    await expect(model.fit([['a', 1]] as unknown as number[][])).rejects.toThrow('KMeans.fit: x[0][0] must be a number, got "a"')
    await expect(model.fit(undefined as unknown as number[][])).rejects.toThrow(
      'KMeans.fit: x must be a tensor or rows of numbers, got undefined',
    )
    await expect(new KMeans({ nClusters: 2, init: [[1, 2]] }).fit(x)).rejects.toThrow(
      'init must be [nClusters, features] = [2, 2], got [1, 2]',
    )
    expect(() => new KMeans({ nClusters: 0 })).toThrow('KMeans: nClusters must be an integer of 1 or more, got 0')
    expect(() => new KMeans({ maxIter: 2.5 })).toThrow('KMeans: maxIter must be an integer of 1 or more, got 2.5')
    expect(() => new KMeans({ tol: -1 })).toThrow('KMeans: tol must be a number of 0 or more, got -1')
    expect(() => new KMeans({ init: 'kmeans' as 'random' })).toThrow("KMeans: init must be one of 'k-means++', 'random', got \"kmeans\"")
    expect(() => new KMeans({ init: x, nInit: 3 })).toThrow('KMeans: nInit must be 1 where init gives the centres, got 3')
  })
})
