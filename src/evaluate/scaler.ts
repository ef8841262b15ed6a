import { expectFeatures, fitted, inTypeOf, type Rows, readRows, type Samples } from '../classic/input.ts'
import type { FloatArray } from '../random.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'

/** How each feature is moved and stretched: x' = (x - centre) / scale + low        each [D] */
export interface Scaling {
  readonly centre: Float64Array
  readonly scale: Float64Array
  readonly low: number
}

/** What scalers have in common. They learn from the training samples alone, then change any samples in the same way. */
export abstract class Scaler<S extends Scaling> {
  readonly #name: string
  #scaling: S | null = null
  #as: FloatArray = new Float32Array(0)

  constructor(name: string) {
    this.#name = name
  }

  protected abstract measure(samples: Samples): S

  /** Measures the features.        x: [N, D] */
  async fit(x: Rows): Promise<this> {
    const samples = await readRows(`${this.#name}.fit`, x)
    this.#scaling = this.measure(samples)
    this.#as = like(samples.data, 0)
    return this
  }

  /** x' = (x - centre) / scale + low        [N, D] -> [N, D] */
  transform(x: Rows): Promise<Tensor> {
    return this.#map('transform', x, (v, centre, scale, low) => (v - centre) / scale + low)
  }

  /** x = (x' - low) · scale + centre        [N, D] -> [N, D] */
  inverseTransform(x: Rows): Promise<Tensor> {
    return this.#map('inverseTransform', x, (v, centre, scale, low) => (v - low) * scale + centre)
  }

  /** fit, then transform of the same samples        [N, D] -> [N, D] */
  async fitTransform(x: Rows): Promise<Tensor> {
    await this.fit(x)
    return this.transform(x)
  }

  protected get scaling(): S {
    return fitted(this.#name, this.#scaling)
  }

  /** Numbers of the features as a tensor: [D] */
  protected ofFeatures(values: Float64Array): Tensor {
    return fromHost(this.#name, inTypeOf(this.#as, values), [values.length])
  }

  async #map(method: string, x: Rows, f: (v: number, centre: number, scale: number, low: number) => number): Promise<Tensor> {
    const { centre, scale, low } = this.scaling
    const samples = await readRows(`${this.#name}.${method}`, x)
    const { data, n, d } = samples
    expectFeatures(`${this.#name}.${method}`, samples, centre.length)
    const y = like(data)
    for (let i = 0; i < n; i++) {
      for (let p = 0; p < d; p++) y[i * d + p] = f(data[i * d + p], centre[p], scale[p], low) // [N, D]
    }
    return fromHost(`${this.#name}.${method}`, y, [n, d])
  }
}
