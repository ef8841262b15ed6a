import { expect } from '../errors.ts'
import { accuracy } from '../evaluate/accuracy.ts'
import { type FloatArray, Generator } from '../random.ts'
import { like } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { checkClassWeight, weightsOf } from './class-weight.ts'
import { mostLikely } from './classes.ts'
import { checkTreeOptions, limitsOf } from './decision-tree.ts'
import type { DecisionTreeClassifierOptions } from './decision-tree-classifier.ts'
import type { Estimator } from './estimator.ts'
import {
  type Column,
  expectCount,
  expectFeatures,
  expectOneOf,
  expectVariety,
  fitted,
  generatorOf,
  inTypeOf,
  type Rows,
  readClasses,
  readRows,
  type Samples,
} from './input.ts'
import { columnsOf, grow, importancesOf, leafFor, shares, type TreeNode } from './tree.ts'

export interface RandomForestClassifierOptions extends DecisionTreeClassifierOptions {
  /** How many trees. Default 100. */
  nEstimators?: number
  /** Each tree learns from N samples drawn with replacement (bagging); if false, from all of them. Default true. */
  bootstrap?: boolean
  /** Judges each sample by the trees that have not seen it: see `oobScore`. Default false. */
  oobScore?: boolean
}

interface Forest {
  readonly trees: readonly TreeNode[]
  readonly classes: Int32Array
  readonly d: number
  readonly oobScore: number | null
}

/**
 * Many decision trees, each grown on samples drawn with replacement and asking in each node but a few features, drawn anew. Their errors differ, so
 * their mean errs less (L. Breiman, "Random Forests", Machine Learning 45, 2001). The shares of the classes are averaged over the trees; of
 * equally likely classes the smallest counts.
 */
export class RandomForestClassifier implements Estimator {
  readonly kind = 'classifier'
  readonly options: Readonly<RandomForestClassifierOptions>
  #forest: Forest | null = null

  constructor(options: RandomForestClassifierOptions = {}) {
    const { nEstimators = 100, bootstrap = true, oobScore = false } = options
    checkTreeOptions('RandomForestClassifier', options)
    expectOneOf('RandomForestClassifier', 'criterion', options.criterion ?? 'gini', ['gini', 'entropy'])
    checkClassWeight('RandomForestClassifier', options.classWeight)
    expectCount('RandomForestClassifier', 'nEstimators', nEstimators)
    expect(bootstrap || !oobScore, 'RandomForestClassifier', () => 'oobScore needs bootstrap: without it every tree sees every sample')
    this.options = options
  }

  /** Grows the trees.        x: [N, D], y: [N] integers */
  async fit(x: Rows, y: Column): Promise<this> {
    const operation = 'RandomForestClassifier.fit'
    const {
      nEstimators = 100,
      bootstrap = true,
      oobScore = false,
      criterion = 'gini',
      classWeight,
      seed,
      maxFeatures = 'sqrt',
    } = this.options
    const samples = await readRows(operation, x)
    const { n, d } = samples
    expectVariety(operation, samples)
    const { classes, codes } = await readClasses(operation, y, n)
    const limits = limitsOf(operation, { ...this.options, maxFeatures }, criterion, d)
    const generator = generatorOf(seed)
    const whole = inTypeOf(samples.data, weightsOf(operation, classWeight, codes, classes))
    const training = { columns: columnsOf(samples), n, y: codes, classes: classes.length }
    const outside = new Float64Array(n * classes.length) // what the trees that have not seen a sample say of it: [N, C]
    const trees = Array.from({ length: nEstimators }, () => {
      const own = new Generator(generator.random32())
      const weights = bootstrap ? bagged(whole, own) : whole
      const tree = grow({ ...training, weights }, limits, own)
      if (oobScore) for (let i = 0; i < n; i++) if (weights[i] === 0) addValue(outside, i, leafFor(tree, samples, i))
      return tree
    })
    this.#forest = { trees, classes, d, oobScore: oobScore ? outsideAccuracy(outside, codes, classes.length) : null }
    return this
  }

  /** The shares of the classes in the leaves, averaged over the trees        x: [N, D] -> [N, C] */
  async predictProba(x: Rows): Promise<Tensor> {
    const proba = await this.#proba('predictProba', x)
    const c = this.#fitted.classes.length
    return fromHost('RandomForestClassifier.predictProba', proba, [proba.length / c, c])
  }

  /** x: [N, D] -> [N], int32 */
  async predict(x: Rows): Promise<Tensor> {
    const labels = mostLikely(await this.#proba('predict', x), this.#fitted.classes)
    return fromHost('RandomForestClassifier.predict', labels, [labels.length])
  }

  /** The accuracy on these samples. */
  async score(x: Rows, y: Column): Promise<number> {
    return accuracy(y, await this.predict(x))
  }

  clone(): RandomForestClassifier {
    return new RandomForestClassifier(this.options)
  }

  /** The roots of the trees. */
  get trees(): readonly TreeNode[] {
    return this.#fitted.trees
  }

  /** The classes that fit saw, ascending: [C], int32 */
  get classes(): Tensor {
    const { classes } = this.#fitted
    return fromHost('RandomForestClassifier', classes, [classes.length])
  }

  /** The accuracy on the samples, each judged by the trees that had not drawn it (out of bag): an estimate for new samples. */
  get oobScore(): number {
    const { oobScore } = this.#fitted
    expect(oobScore !== null, 'RandomForestClassifier', () => 'oobScore was not computed: give the option oobScore: true')
    return oobScore
  }

  /** What share of the fall of impurity is due to each feature, averaged over the trees: [D] */
  get featureImportances(): Tensor {
    const { trees, d } = this.#fitted
    const sums = new Float64Array(d)
    for (const tree of trees) for (const [f, share] of importancesOf(tree, d).entries()) sums[f] += share
    return fromHost('RandomForestClassifier', Float32Array.from(shares(sums)), [d])
  }

  get #fitted(): Forest {
    return fitted('RandomForestClassifier', this.#forest)
  }

  async #proba(method: string, x: Rows): Promise<FloatArray> {
    const { trees, classes, d } = this.#fitted
    const samples: Samples = await readRows(`RandomForestClassifier.${method}`, x)
    expectFeatures(`RandomForestClassifier.${method}`, samples, d)
    const sums = new Float64Array(samples.n * classes.length)
    for (const tree of trees) for (let i = 0; i < samples.n; i++) addValue(sums, i, leafFor(tree, samples, i))
    const proba = like(samples.data, sums.length)
    for (let at = 0; at < sums.length; at++) proba[at] = sums[at] / trees.length // [N, C]
    return proba
  }
}

/** N samples drawn with replacement: what each counts, times how often it was drawn        -> [N] */
function bagged(weights: FloatArray, generator: Generator): FloatArray {
  const n = weights.length
  const drawn = like(weights)
  for (const i of generator.randint(0, n, n)) drawn[i] += weights[i]
  return drawn
}

/** sums_i += the leaf's shares        sums: [N, C] */
function addValue(sums: Float64Array, i: number, { value }: TreeNode): void {
  for (let c = 0; c < value.length; c++) sums[i * value.length + c] += value[c]
}

/** The accuracy on those samples that some tree had not drawn. */
function outsideAccuracy(sums: Float64Array, codes: Int32Array, classes: number): number {
  const best = mostLikely(
    sums,
    Int32Array.from({ length: classes }, (_, c) => c),
  )
  const judged = Array.from(codes.keys()).filter((i) => sums.subarray(i * classes, (i + 1) * classes).some((sum) => sum > 0))
  expect(judged.length > 0, 'RandomForestClassifier.fit', () => 'oobScore: every tree has drawn every sample; grow more trees')
  return judged.filter((i) => best[i] === codes[i]).length / judged.length
}
