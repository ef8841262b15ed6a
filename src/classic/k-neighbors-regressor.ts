import { r2 } from '../evaluate/r2.ts'
import type { FloatArray } from '../random.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Estimator } from './estimator.ts'
import { type Column, fitted, placesAmong, type Rows, readRows, readTargets } from './input.ts'
import { type KNeighborsOptions, NearestNeighbors } from './neighbors.ts'

/**
 * The mean of what the k nearest samples have.
 *
 *     ŷ = Σ_{j near x} w_j · y_j / Σ_{j near x} w_j
 */
export class KNeighborsRegressor extends NearestNeighbors implements Estimator {
  readonly kind = 'regressor'
  #targets: FloatArray | null = null

  constructor(options: KNeighborsOptions = {}) {
    super('KNeighborsRegressor', options)
  }

  /** Remembers the samples.        x: [N, D], y: [N] */
  async fit(x: Rows, y: Column): Promise<this> {
    const samples = await readRows('KNeighborsRegressor.fit', x)
    const targets = await readTargets('KNeighborsRegressor.fit', y, samples.n)
    const distinct = Float64Array.from(new Set(targets)).sort()
    this.remember(samples, placesAmong(distinct, targets))
    this.#targets = targets
    return this
  }

  /** x: [N, D] -> [N] */
  async predict(x: Rows): Promise<Tensor> {
    const targets = fitted('KNeighborsRegressor', this.#targets)
    const { samples, k, places, weights } = await this.neighborsOf('predict', x)
    const y = like(targets, samples.n)
    for (let i = 0; i < samples.n; i++) {
      let sum = 0
      let all = 0
      for (let j = i * k; j < (i + 1) * k; j++) {
        sum += weights[j] * targets[places[j]]
        all += weights[j]
      }
      y[i] = sum / all // [N]
    }
    return fromHost('KNeighborsRegressor.predict', y, [samples.n])
  }

  /** r² on these samples. */
  async score(x: Rows, y: Column): Promise<number> {
    return r2(y, await this.predict(x))
  }

  clone(): KNeighborsRegressor {
    return new KNeighborsRegressor(this.options)
  }
}
