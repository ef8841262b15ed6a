import { r2 } from '../evaluate/r2.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { checkTreeOptions, DecisionTree, limitsOf, type TreeOptions } from './decision-tree.ts'
import type { Estimator } from './estimator.ts'
import { type Column, expectOneOf, expectVariety, generatorOf, type Rows, readRows, readTargets } from './input.ts'
import { columnsOf, grow } from './tree.ts'

export interface DecisionTreeRegressorOptions extends TreeOptions {
  /** The impurity that splits lower: the mean squared distance from the mean. */
  criterion?: 'mse'
}

/**
 * A decision tree whose leaves give a number, the mean of their samples. Splits lower the variance.
 *
 *     mse        Σ_i (y_i - ȳ)² / N        (Breiman, Friedman, Olshen & Stone, CART, 1984)
 *
 * Thresholds and ties as in `DecisionTreeClassifier`.
 */
export class DecisionTreeRegressor extends DecisionTree implements Estimator {
  readonly kind = 'regressor'
  readonly options: Readonly<DecisionTreeRegressorOptions>
  #single = true

  constructor(options: DecisionTreeRegressorOptions = {}) {
    super('DecisionTreeRegressor')
    checkTreeOptions('DecisionTreeRegressor', options)
    expectOneOf('DecisionTreeRegressor', 'criterion', options.criterion ?? 'mse', ['mse'])
    this.options = options
  }

  /** Grows the tree.        x: [N, D], y: [N] */
  async fit(x: Rows, y: Column): Promise<this> {
    const operation = 'DecisionTreeRegressor.fit'
    const samples = await readRows(operation, x)
    expectVariety(operation, samples)
    const targets = await readTargets(operation, y, samples.n)
    const { n, d } = samples
    const limits = limitsOf(operation, this.options, 'mse', d)
    const single = samples.data instanceof Float32Array && targets instanceof Float32Array
    const [columns, numbers] = single ? [columnsOf(samples), targets] : [Float64Array.from(columnsOf(samples)), Float64Array.from(targets)]
    const weights = like(columns, n).fill(1)
    this.keep(grow({ columns, n, y: numbers, classes: 1, weights }, limits, generatorOf(this.options.seed)), d)
    this.#single = single
    return this
  }

  /** x: [N, D] -> [N] */
  async predict(x: Rows): Promise<Tensor> {
    const { samples, values } = await this.leafValues('predict', x)
    const means = values.flat()
    return fromHost('DecisionTreeRegressor.predict', this.#single ? Float32Array.from(means) : Float64Array.from(means), [samples.n])
  }

  /** r² on these samples. */
  async score(x: Rows, y: Column): Promise<number> {
    return r2(y, await this.predict(x))
  }

  clone(): DecisionTreeRegressor {
    return new DecisionTreeRegressor(this.options)
  }
}
