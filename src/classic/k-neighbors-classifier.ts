import { accuracy } from '../evaluate/accuracy.ts'
import type { FloatArray } from '../random.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { mostLikely } from './classes.ts'
import type { Estimator } from './estimator.ts'
import { type Column, type encode, fitted, type Rows, readClasses, readRows } from './input.ts'
import { type KNeighborsOptions, NearestNeighbors } from './neighbors.ts'

/**
 * The class that most of the k nearest samples have. Of classes with equal shares the smallest wins.
 *
 *     p_c = Σ_{j near x, y_j = c} w_j / Σ_{j near x} w_j
 */
export class KNeighborsClassifier extends NearestNeighbors implements Estimator {
  readonly kind = 'classifier'
  #labels: ReturnType<typeof encode> | null = null

  constructor(options: KNeighborsOptions = {}) {
    super('KNeighborsClassifier', options)
  }

  /** Remembers the samples.        x: [N, D], y: [N] integers */
  async fit(x: Rows, y: Column): Promise<this> {
    const samples = await readRows('KNeighborsClassifier.fit', x)
    const labels = await readClasses('KNeighborsClassifier.fit', y, samples.n)
    this.remember(samples, labels.codes)
    this.#labels = labels
    return this
  }

  /** The share of each class among the neighbours        x: [N, D] -> [N, C] */
  async predictProba(x: Rows): Promise<Tensor> {
    const { shares, shape } = await this.#shares('predictProba', x)
    return fromHost('KNeighborsClassifier.predictProba', shares, shape)
  }

  /** x: [N, D] -> [N], int32 */
  async predict(x: Rows): Promise<Tensor> {
    const { shares, shape } = await this.#shares('predict', x)
    return fromHost('KNeighborsClassifier.predict', mostLikely(shares, this.#fitted.classes), [shape[0]])
  }

  /** The accuracy on these samples. */
  async score(x: Rows, y: Column): Promise<number> {
    return accuracy(y, await this.predict(x))
  }

  clone(): KNeighborsClassifier {
    return new KNeighborsClassifier(this.options)
  }

  /** The classes that fit saw, ascending: [C], int32 */
  get classes(): Tensor {
    const { classes } = this.#fitted
    return fromHost('KNeighborsClassifier', classes, [classes.length])
  }

  get #fitted(): ReturnType<typeof encode> {
    return fitted('KNeighborsClassifier', this.#labels)
  }

  async #shares(method: string, x: Rows): Promise<{ shares: FloatArray; shape: [n: number, c: number] }> {
    const { classes, codes } = this.#fitted
    const { samples, k, places, weights } = await this.neighborsOf(method, x)
    const c = classes.length
    const shares = like(samples.data, samples.n * c)
    for (let i = 0; i < samples.n; i++) {
      const votes = new Float64Array(c)
      let all = 0
      for (let j = i * k; j < (i + 1) * k; j++) {
        votes[codes[places[j]]] += weights[j]
        all += weights[j]
      }
      shares.set(
        votes.map((vote) => vote / all),
        i * c,
      ) // [N, C]
    }
    return { shares, shape: [samples.n, c] }
  }
}
