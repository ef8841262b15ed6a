import { expect } from '../errors.ts'
import type { FloatArray } from '../random.ts'
import { dtypeOf } from '../reference/array.ts'
import { type BackendArray, type HostBackend, hostKernelsFor } from '../tensor/backend.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Estimator } from './estimator.ts'
import {
  expectCount,
  expectFeatures,
  expectOneOf,
  expectSquarable,
  fitted,
  generatorOf,
  inTypeOf,
  type Rows,
  readRows,
  type Samples,
} from './input.ts'
import { plusPlusStart, randomStart } from './k-means-start.ts'
import { assign, type Clustering, inertia, lloyd } from './lloyd.ts'

export interface KMeansOptions {
  /** How many clusters. Default 8. */
  nClusters?: number
  /** Where the centres start: greedy k-means++ (default), random samples, or given centres [K, D]. */
  init?: 'k-means++' | 'random' | Rows
  /** Runs from different starts, of which the one with the least inertia counts. Default 1 for k-means++ and given centres, 10 for random. */
  nInit?: number
  /** Default 300. */
  maxIter?: number
  /** Converged when the squared ways of all centres together are at most tol times the mean variance of the features. Default 1e-4. */
  tol?: number
  /** Without one, the generator of `manualSeed` draws. */
  seed?: number
}

/**
 * k-means: k centres such that the squared distances of the samples to their nearest centre, summed up, become small. That sum is the inertia.
 *
 *     J = Σ_i min_c ‖x_i - μ_c‖²        (MacQueen 1967; by Lloyd's algorithm 1982)
 *
 * An empty cluster takes the sample that lies farthest from its centre.
 */
export class KMeans implements Estimator {
  readonly kind = 'clusterer'
  readonly options: Readonly<KMeansOptions>
  #state: (Clustering & { d: number }) | null = null

  constructor(options: KMeansOptions = {}) {
    const { nClusters = 8, init = 'k-means++', nInit = 1, maxIter = 300, tol = 1e-4 } = options
    expectCount('KMeans', 'nClusters', nClusters)
    expectCount('KMeans', 'nInit', nInit)
    expectCount('KMeans', 'maxIter', maxIter)
    expect(tol >= 0 && tol < Infinity, 'KMeans', () => `tol must be a number of 0 or more, got ${tol}`)
    if (typeof init === 'string') expectOneOf('KMeans', 'init', init, ['k-means++', 'random'])
    else expect(nInit === 1, 'KMeans', () => `nInit must be 1 where init gives the centres, got ${nInit}`)
    this.options = options
  }

  /** Finds the centres.        x: [N, D] */
  async fit(x: Rows): Promise<this> {
    const { nClusters: k = 8, init = 'k-means++', nInit = init === 'random' ? 10 : 1, maxIter = 300, tol = 1e-4, seed } = this.options
    const samples = await readRows('KMeans.fit', x)
    const { n, d } = samples
    expect(k <= n, 'KMeans.fit', () => `nClusters ${k} is more than the ${n} samples`)
    const given = typeof init === 'string' ? null : await givenStart(init, samples, k)
    const generator = generatorOf(seed)
    const best = onKernels('KMeans.fit', samples, (kernels, array) => {
      const start = () =>
        given ?? (init === 'random' ? randomStart(samples, k, generator) : plusPlusStart(kernels, array, samples, k, generator))
      const tolerance = tol * meanVariance(samples)
      const runs = Array.from({ length: nInit }, () => lloyd(kernels, array, samples, start(), { maxIter, tolerance }))
      return runs.reduce((best, run) => (run.inertia < best.inertia ? run : best))
    })
    this.#state = { ...best, d }
    return this
  }

  /** The cluster with the nearest centre        x: [N, D] -> [N], int32 */
  async predict(x: Rows): Promise<Tensor> {
    const { labels } = await this.#assigned('KMeans.predict', x)
    return fromHost('KMeans.predict', labels, [labels.length])
  }

  /** The distances to all centres        x: [N, D] -> [N, K] */
  async transform(x: Rows): Promise<Tensor> {
    const { centers, d } = this.#fitted
    const samples = await readRows('KMeans.transform', x)
    expectFeatures('KMeans.transform', samples, d)
    const m = centers.length / d
    const distances = onKernels('KMeans.transform', samples, (kernels, array) => {
      const to = kernels.upload(inTypeOf(samples.data, centers))
      const squared = kernels.squaredDistances(array, to, { n: samples.n, m, d })
      const host = kernels.download(squared, 'squaredDistances').map(Math.sqrt)
      kernels.release(to)
      kernels.release(squared)
      return host
    })
    return fromHost('KMeans.transform', distances, [samples.n, m])
  }

  /** The negative inertia of these samples. */
  async score(x: Rows): Promise<number> {
    const { samples, labels } = await this.#assigned('KMeans.score', x)
    return -inertia(samples, labels, this.#fitted.centers)
  }

  clone(): KMeans {
    return new KMeans(this.options)
  }

  /** The centres: [K, D] */
  get clusterCenters(): Tensor {
    const { centers, d } = this.#fitted
    return fromHost('KMeans', centers, [centers.length / d, d])
  }

  /** The cluster of each sample that was fitted: [N], int32 */
  get labels(): Tensor {
    const { labels } = this.#fitted
    return fromHost('KMeans', labels, [labels.length])
  }

  /** Σ_i ‖x_i - μ_label(i)‖² over the samples that were fitted. */
  get inertia(): number {
    return this.#fitted.inertia
  }

  /** How often the best run computed its centres. */
  get nIter(): number {
    return this.#fitted.nIter
  }

  get #fitted(): Clustering & { d: number } {
    return fitted('KMeans', this.#state)
  }

  async #assigned(operation: string, x: Rows): Promise<{ samples: Samples; labels: Int32Array }> {
    const { centers, d } = this.#fitted
    const samples = await readRows(operation, x)
    expectFeatures(operation, samples, d)
    return {
      samples,
      labels: onKernels(operation, samples, (kernels, array) => assign(kernels, array, samples, inTypeOf(samples.data, centers))),
    }
  }
}

/** Runs on the samples' array where their type computes, and gives it back. */
function onKernels<T>(operation: string, samples: Samples, run: (kernels: HostBackend, array: BackendArray) => T): T {
  expectSquarable(operation, samples)
  const kernels = hostKernelsFor(dtypeOf(samples.data))
  const array = kernels.upload(samples.data)
  try {
    return run(kernels, array)
  } finally {
    kernels.release(array)
  }
}

async function givenStart(init: Rows, { data, d }: Samples, k: number): Promise<FloatArray> {
  const start = await readRows('KMeans.fit', init, 'init')
  expect(
    start.n === k && start.d === d,
    'KMeans.fit',
    () => `init must be [nClusters, features] = [${k}, ${d}], got [${start.n}, ${start.d}]`,
  )
  return inTypeOf(data, start.data)
}

/** The variance of the features (divided by N), on average. */
function meanVariance({ data, n, d }: Samples): number {
  let total = 0
  for (let p = 0; p < d; p++) {
    let mean = 0
    for (let i = 0; i < n; i++) mean += data[i * d + p] / n
    for (let i = 0; i < n; i++) total += (data[i * d + p] - mean) ** 2 / n
  }
  return total / d
}
