import { accuracy } from '../evaluate/accuracy.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { type ClassWeight, checkClassWeight, weightsOf } from './class-weight.ts'
import { mostLikely } from './classes.ts'
import { checkTreeOptions, DecisionTree, limitsOf, type TreeOptions } from './decision-tree.ts'
import type { Estimator } from './estimator.ts'
import { type Column, expectOneOf, expectVariety, fitted, generatorOf, inTypeOf, type Rows, readClasses, readRows } from './input.ts'
import { columnsOf, grow } from './tree.ts'

export interface DecisionTreeClassifierOptions extends TreeOptions {
  /** The impurity that splits lower. Default 'gini'. */
  criterion?: 'gini' | 'entropy'
  /** Default: every sample counts 1. */
  classWeight?: ClassWeight
}

/**
 * Questions of the form "is x_feature <= threshold?", one after the other, until a leaf gives the class.
 *
 *     gini       1 - Σ_c p_c²                (Breiman, Friedman, Olshen & Stone, CART, 1984)
 *     entropy    -Σ_c p_c · log2 p_c         (Quinlan, ID3, 1986)
 *
 * Thresholds lie in the middle between two values of the samples. Of equally good splits the first feature's with the lowest threshold counts, of equally likely
 * classes the smallest, so that the order of the samples does not matter.
 */
export class DecisionTreeClassifier extends DecisionTree implements Estimator {
  readonly kind = 'classifier'
  readonly options: Readonly<DecisionTreeClassifierOptions>
  #classes: Int32Array | null = null

  constructor(options: DecisionTreeClassifierOptions = {}) {
    super('DecisionTreeClassifier')
    checkTreeOptions('DecisionTreeClassifier', options)
    expectOneOf('DecisionTreeClassifier', 'criterion', options.criterion ?? 'gini', ['gini', 'entropy'])
    checkClassWeight('DecisionTreeClassifier', options.classWeight)
    this.options = options
  }

  /** Grows the tree.        x: [N, D], y: [N] integers */
  async fit(x: Rows, y: Column): Promise<this> {
    const operation = 'DecisionTreeClassifier.fit'
    const { criterion = 'gini', classWeight, seed } = this.options
    const samples = await readRows(operation, x)
    expectVariety(operation, samples)
    const { classes, codes } = await readClasses(operation, y, samples.n)
    const limits = limitsOf(operation, this.options, criterion, samples.d)
    const weights = inTypeOf(samples.data, weightsOf(operation, classWeight, codes, classes))
    const training = { columns: columnsOf(samples), n: samples.n, y: codes, classes: classes.length, weights }
    this.keep(grow(training, limits, generatorOf(seed)), samples.d)
    this.#classes = classes
    return this
  }

  /** The shares of the classes in the leaves        x: [N, D] -> [N, C] */
  async predictProba(x: Rows): Promise<Tensor> {
    const { samples, values } = await this.leafValues('predictProba', x)
    const proba = like(samples.data, samples.n * this.#fitted.length)
    proba.set(values.flat())
    return fromHost('DecisionTreeClassifier.predictProba', proba, [samples.n, this.#fitted.length])
  }

  /** x: [N, D] -> [N], int32 */
  async predict(x: Rows): Promise<Tensor> {
    const { values } = await this.leafValues('predict', x)
    const labels = mostLikely(Float64Array.from(values.flat()), this.#fitted)
    return fromHost('DecisionTreeClassifier.predict', labels, [labels.length])
  }

  /** The accuracy on these samples. */
  async score(x: Rows, y: Column): Promise<number> {
    return accuracy(y, await this.predict(x))
  }

  clone(): DecisionTreeClassifier {
    return new DecisionTreeClassifier(this.options)
  }

  /** The classes that fit saw, ascending: [C], int32 */
  get classes(): Tensor {
    return fromHost('DecisionTreeClassifier', this.#fitted, [this.#fitted.length])
  }

  get #fitted(): Int32Array {
    return fitted('DecisionTreeClassifier', this.#classes)
  }
}
