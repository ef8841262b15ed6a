import { expect } from '../errors.ts'
import type { FloatArray } from '../random.ts'
import { dtypeOf, like } from '../reference/array.ts'
import { hostKernelsFor } from '../tensor/backend.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { expectCount, expectFeatures, expectOneOf, expectSquarable, fitted, inTypeOf, type Rows, readRows, type Samples } from './input.ts'
import { squaredDistance } from './lloyd.ts'

export interface KNeighborsOptions {
  /** How many neighbours decide. Default 5. */
  nNeighbors?: number
  /** Each neighbour counts the same (default), or as 1 / its distance; one at distance 0 then counts alone. */
  weights?: 'uniform' | 'distance'
}

/** The neighbours of some samples, nearest first. */
export interface Neighbors {
  /** Whose neighbours they are: [N, D] */
  readonly samples: Samples
  readonly k: number
  /** Places in the samples that were fitted: [N, K] */
  readonly places: Int32Array
  /** ‖x - neighbour‖: [N, K] */
  readonly distances: Float64Array
  /** What each counts: [N, K] */
  readonly weights: Float64Array
}

/** Where a search's samples lie: sorted by their targets, `order` says where each one stood before. */
interface Store extends Samples {
  readonly order: Int32Array
}

/**
 * What nearest neighbours have in common: they remember the samples, and look for the nearest ones (Fix & Hodges 1951; Cover & Hart, "Nearest neighbor
 * pattern classification", IEEE Trans. Inf. Theory 13(1), 1967).
 *
 * Of equally near samples, the one with the smaller target is the nearer one, then the one that came first. So predictions do not depend on the order of the samples.
 */
export abstract class NearestNeighbors {
  readonly options: Readonly<KNeighborsOptions>
  readonly #name: string
  #store: Store | null = null

  constructor(name: string, options: KNeighborsOptions) {
    const { nNeighbors = 5, weights = 'uniform' } = options
    expectCount(name, 'nNeighbors', nNeighbors)
    expectOneOf(name, 'weights', weights, ['uniform', 'distance'])
    this.#name = name
    this.options = options
  }

  /** The distances to the nearest samples that were fitted, and their places there        x: [N, D] -> [N, K], [N, K] int32 */
  async kneighbors(x: Rows, nNeighbors?: number): Promise<[distances: Tensor, indices: Tensor]> {
    const { samples, k, places, distances } = await this.neighborsOf('kneighbors', x, nNeighbors)
    const operation = `${this.#name}.kneighbors`
    const shape = [samples.n, k]
    return [fromHost(operation, inTypeOf(samples.data, distances), shape), fromHost(operation, places, shape)]
  }

  /** Remembers the samples in the order of their targets, of which `ranks` says the order. */
  protected remember(samples: Samples, ranks: Int32Array): void {
    const { data, n, d } = samples
    const { nNeighbors: k = 5 } = this.options
    expectSquarable(`${this.#name}.fit`, samples)
    expect(k <= n, `${this.#name}.fit`, () => `nNeighbors ${k} is more than the ${n} samples`)
    const order = orderOf(ranks)
    const sorted = like(data)
    for (const [place, i] of order.entries()) sorted.set(data.subarray(i * d, (i + 1) * d), place * d)
    this.#store = { data: sorted, n, d, order }
  }

  protected async neighborsOf(method: string, x: Rows, k = this.options.nNeighbors ?? 5): Promise<Neighbors> {
    const store = fitted(this.#name, this.#store)
    const operation = `${this.#name}.${method}`
    const given = await readRows(operation, x)
    expectFeatures(operation, given, store.d)
    expectSquarable(operation, given)
    expectCount(operation, 'nNeighbors', k)
    expect(k <= store.n, operation, () => `nNeighbors ${k} is more than the ${store.n} samples that were fitted`)
    const found = search(given, store, k) // [N, K]
    const { n, d } = given
    const distances = Float64Array.from(found, (place, at) =>
      Math.sqrt(squaredDistance(given.data, Math.floor(at / k) * d, store.data, place * d, d)),
    )
    const weights = this.options.weights === 'distance' ? inverse(distances, k) : new Float64Array(n * k).fill(1)
    return { samples: given, k, places: found.map((place) => store.order[place]), distances, weights }
  }
}

/** The places in the order of their ranks, equal ones as they come: a counting sort. */
function orderOf(ranks: Int32Array): Int32Array {
  const end = ranks.reduce((most, rank) => Math.max(most, rank), 0) + 1
  const next = new Int32Array(end + 1) // where the next place of each rank goes
  for (const rank of ranks) next[rank + 1]++
  for (let rank = 0; rank < end; rank++) next[rank + 1] += next[rank]
  const order = new Int32Array(ranks.length)
  for (const [i, rank] of ranks.entries()) order[next[rank]++] = i
  return order
}

/** The k rows of y nearest to each row of x        -> [N, K] */
function search(x: Samples, y: Samples, k: number): Int32Array {
  const single = x.data instanceof Float32Array && y.data instanceof Float32Array
  const [from, to] = [x.data, y.data].map((data): FloatArray => (single ? data : Float64Array.from(data)))
  const kernels = hostKernelsFor(dtypeOf(from))
  const arrays = [kernels.upload(from), kernels.upload(to)]
  const nearest = kernels.nearest(arrays[0], arrays[1], { n: x.n, m: y.n, d: x.d, k })
  const places = Int32Array.from(kernels.download(nearest, 'nearest'))
  for (const array of [...arrays, nearest]) kernels.release(array)
  return places
}

/** 1 / distance; where a sample has neighbours at distance 0, 1 for these and 0 for the others. */
function inverse(distances: Float64Array, k: number): Float64Array {
  return distances.map((distance, at) => {
    const first = distances[at - (at % k)] // the nearest: is it the sample itself?
    return first === 0 ? Number(distance === 0) : 1 / distance
  })
}
