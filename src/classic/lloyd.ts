import type { FloatArray } from '../random.ts'
import { like } from '../reference/array.ts'
import type { BackendArray, HostBackend } from '../tensor/backend.ts'
import type { Samples } from './input.ts'

export interface LloydOptions {
  maxIter: number
  /** Converged when the squared ways of all centres together are at most this. */
  tolerance: number
}

/** What one run of k-means ends with. */
export interface Clustering {
  /** [K, D] */
  readonly centers: FloatArray
  /** The cluster of each sample: [N] */
  readonly labels: Int32Array
  /** Σ_i ‖x_i - μ_label(i)‖² */
  readonly inertia: number
  /** How often centres were computed. */
  readonly nIter: number
}

/**
 * Lloyd's algorithm: by turns each sample joins the nearest centre, and each centre becomes the mean of its samples. Neither step can raise the
 * inertia (S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 1982). `array` is the samples on `kernels`.
 */
export function lloyd(
  kernels: HostBackend,
  array: BackendArray,
  x: Samples,
  start: FloatArray,
  { maxIter, tolerance }: LloydOptions,
): Clustering {
  const clusters = new Clusters(x, start.length / x.d)
  let centers = start // [K, D]
  for (let nIter = 1; ; nIter++) {
    const changed = clusters.join(assign(kernels, array, x, centers))
    const moved = clusters.means(centers)
    const way = squaredDistance(moved, 0, centers, 0, centers.length)
    centers = moved
    if (changed && way > tolerance && nIter < maxIter) continue
    const labels = changed ? assign(kernels, array, x, centers) : clusters.labels // what predict will say
    return { centers, labels, inertia: inertia(x, labels, centers), nIter }
  }
}

/** label_i = argmin_c ‖x_i - μ_c‖², the first of equally near centres        -> [N] */
export function assign(kernels: HostBackend, array: BackendArray, { n, d }: Samples, centers: FloatArray): Int32Array {
  const to = kernels.upload(centers)
  const nearest = kernels.nearest(array, to, { n, m: centers.length / d, d, k: 1 })
  const labels = kernels.download(nearest, 'nearest')
  kernels.release(to)
  kernels.release(nearest)
  return Int32Array.from(labels)
}

/** Which samples are in which cluster, and their sums: samples that stay where they are cost nothing. */
class Clusters {
  readonly #x: Samples
  readonly #sums: Float64Array // [K, D]
  readonly #counts: Int32Array // [K]
  /** [N]; -1 before the first time */
  labels: Int32Array

  constructor(x: Samples, k: number) {
    this.#x = x
    this.#sums = new Float64Array(k * x.d)
    this.#counts = new Int32Array(k)
    this.labels = new Int32Array(x.n).fill(-1)
  }

  /** Each sample joins its cluster. Whether any changed. */
  join(labels: Int32Array): boolean {
    let changed = false
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === this.labels[i]) continue
      if (this.labels[i] >= 0) this.#add(this.#sums, this.#counts, i, this.labels[i], -1)
      this.#add(this.#sums, this.#counts, i, labels[i], 1)
      changed = true
    }
    this.labels = labels
    return changed
  }

  /**
   * μ_c = the mean of the samples of cluster c, summed in float64        -> [K, D]
   *
   * A cluster without samples takes the one that lies farthest from its centre away from its cluster, as in scikit-learn; several take the farthest ones in turn.
   */
  means(old: FloatArray): FloatArray {
    const { data, d } = this.#x
    const sums = this.#sums.slice()
    const counts = this.#counts.slice()
    const empty = Array.from(counts.keys()).filter((c) => counts[c] === 0)
    if (empty.length > 0) {
      const far = Float64Array.from(this.labels, (label, i) => squaredDistance(data, i * d, old, label * d, d))
      const farthest = Array.from(far.keys()).sort((i, j) => far[j] - far[i])
      for (const [rank, c] of empty.entries()) {
        this.#add(sums, counts, farthest[rank], this.labels[farthest[rank]], -1)
        this.#add(sums, counts, farthest[rank], c, 1)
      }
    }
    const centers = like(old)
    for (let at = 0; at < sums.length; at++) {
      const count = counts[Math.floor(at / d)]
      centers[at] = count > 0 ? sums[at] / count : old[at]
    }
    return centers
  }

  /** Sample i joins cluster c (sign 1), or leaves it (-1). */
  #add(sums: Float64Array, counts: Int32Array, i: number, c: number, sign: number): void {
    const { data, d } = this.#x
    counts[c] += sign
    for (let p = 0; p < d; p++) sums[c * d + p] += sign * data[i * d + p]
  }
}

/** Σ_i ‖x_i - μ_label(i)‖² */
export function inertia({ data, d }: Samples, labels: Int32Array, centers: FloatArray): number {
  let total = 0
  for (let i = 0; i < labels.length; i++) total += squaredDistance(data, i * d, centers, labels[i] * d, d)
  return total
}

/** ‖a - b‖² of d numbers of a, from place i on, and of b, from place j on; in float64. */
export function squaredDistance(a: FloatArray, i: number, b: FloatArray, j: number, d: number): number {
  let sum = 0
  for (let p = 0; p < d; p++) sum += (a[i + p] - b[j + p]) ** 2
  return sum
}
