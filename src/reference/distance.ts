import { type HostArray, like } from './array.ts'
import { argsort } from './gather.ts'

/** How far rows lie from rows, for k-means and nearest neighbours. All numbers are finite. */
export interface DistanceKernels<A> {
  squaredDistances(x: A, y: A, options: DistanceOptions): A
  nearest(x: A, y: A, options: NearestOptions): A
}

export interface DistanceOptions {
  /** Rows of x, rows of y, numbers in each row. */
  n: number
  m: number
  d: number
}

export interface NearestOptions extends DistanceOptions {
  /** How many rows of y are wanted for each row of x, at most m. */
  k: number
}

/** D_ij = Σ_p (x_ip - y_jp)²        x: [N, D], y: [M, D] -> [N, M]. Not as ‖x‖² - 2x·y + ‖y‖², where near rows lose their digits. */
export function squaredDistances(x: HostArray, y: HostArray, { n, m, d }: DistanceOptions): HostArray {
  const distances = like(x, n * m)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0
      for (let p = 0; p < d; p++) sum += (x[i * d + p] - y[j * d + p]) ** 2
      distances[i * m + j] = sum // [N, M]
    }
  }
  return distances
}

/** The k rows of y that lie nearest to each row of x, nearest first, equally near ones as they came        x: [N, D], y: [M, D] -> [N, K], int32 */
export function nearest(x: HostArray, y: HostArray, { n, m, d, k }: NearestOptions): HostArray {
  const order = argsort(squaredDistances(x, y, { n, m, d }), { n, c: m }) // [N, M]
  const places = new Int32Array(n * k)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < k; j++) places[i * k + j] = order[i * m + j] // [N, K]
  }
  return places
}
