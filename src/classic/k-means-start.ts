import type { FloatArray, Generator } from '../random.ts'
import { like } from '../reference/array.ts'
import type { BackendArray, HostBackend } from '../tensor/backend.ts'
import type { Samples } from './input.ts'

/** k different samples, all equally likely        -> [K, D] */
export function randomStart({ data, n, d }: Samples, k: number, generator: Generator): FloatArray {
  const centers = like(data, k * d)
  for (const [c, i] of generator.randperm(n).subarray(0, k).entries()) centers.set(data.subarray(i * d, (i + 1) * d), c * d)
  return centers
}

/**
 * k-means++: the first centre is any sample, each next one a sample drawn with a probability that grows as its squared distance to the nearest centre so far
 * (Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007). The greedy variant, as in scikit-learn: of 2 + ⌊ln k⌋ samples
 * drawn, the one that leaves the least sum of distances.        -> [K, D]
 */
export function plusPlusStart(kernels: HostBackend, array: BackendArray, x: Samples, k: number, generator: Generator): FloatArray {
  const { data, n, d } = x
  const centers = like(data, k * d)
  const row = (i: number) => data.subarray(i * d, (i + 1) * d)
  /** The squared distances of all samples to some of them: [chosen, N] */
  const distancesTo = (chosen: readonly number[]): FloatArray => {
    const candidates = like(data, chosen.length * d)
    for (const [c, i] of chosen.entries()) candidates.set(row(i), c * d)
    const from = kernels.upload(candidates)
    const distances = kernels.squaredDistances(from, array, { n: chosen.length, m: n, d })
    const host = kernels.download(distances, 'squaredDistances')
    kernels.release(from)
    kernels.release(distances)
    return host instanceof Int32Array ? Float32Array.from(host) : host
  }

  const [first] = generator.randint(0, n, 1)
  centers.set(row(first))
  let closest = distancesTo([first]) // [N]
  for (let c = 1; c < k; c++) {
    const draws = generator.uniform(new Float64Array(2 + Math.floor(Math.log(k))))
    const candidates = Array.from(draws, (u) => drawn(closest, u))
    const all = distancesTo(candidates)
    let best = { sum: Infinity, sample: 0, closest }
    for (const [t, sample] of candidates.entries()) {
      const nearer = closest.map((distance, i) => Math.min(distance, all[t * n + i]))
      const sum = total(nearer)
      if (sum < best.sum) best = { sum, sample, closest: nearer }
    }
    closest = best.closest
    centers.set(row(best.sample), c * d)
  }
  return centers
}

function total(values: FloatArray): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum
}

/** Place i with probability weights_i / Σ weights, for u uniform on [0, 1). */
function drawn(weights: FloatArray, u: number): number {
  const target = u * total(weights)
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]
    if (sum > target) return i
  }
  return weights.length - 1
}
