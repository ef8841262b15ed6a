import type { FloatArray, Generator as RandomGenerator } from '../random.ts'
import { dtypeOf, like } from '../reference/array.ts'
import { type Criterion, impurity } from '../reference/split.ts'
import { hostKernelsFor } from '../tensor/backend.ts'
import type { Samples } from './input.ts'

/** A node of a decision tree: where it is not split, its value is the answer. */
export interface TreeNode {
  /** How many samples came here in fit, and how much they weighed. */
  readonly samples: number
  readonly weight: number
  /** 0 where all of them agreed. */
  readonly impurity: number
  /** The share of each class, by weight; in a regression the mean alone. */
  readonly value: readonly number[]
  readonly split: Split | null
}

/** Samples with x_feature <= threshold go left, the others right. */
export interface Split {
  readonly feature: number
  readonly threshold: number
  /** By how much it lowers the impurity. */
  readonly gain: number
  readonly left: TreeNode
  readonly right: TreeNode
}

/** When to stop, and how many features a node asks. */
export interface Limits {
  criterion: Criterion
  maxDepth: number
  minSamplesSplit: number
  minSamplesLeaf: number
  maxFeatures: number
}

/** What a tree learns from. */
export interface Training {
  /** The samples by feature: [D, N] */
  readonly columns: FloatArray
  readonly n: number
  /** A class per sample, or in a regression a number of the columns' type: [N] */
  readonly y: Int32Array | FloatArray
  /** 1 in a regression. */
  readonly classes: number
  /** What each sample counts, 0 for those that are left out: [N] */
  readonly weights: FloatArray
}

/** A node that is still to be split, if need be. */
interface Bud {
  readonly node: TreeNode & { split: Split | null }
  readonly samples: Int32Array
  readonly depth: number
}

/**
 * Grows a decision tree from the root down, left sides first: a node is split where its impurity falls most, until its samples agree or a limit is met
 * (Breiman, Friedman, Olshen & Stone, "Classification and Regression Trees", 1984). Features are asked in their order; where not all of them
 * are asked, each node draws its own.
 */
export function grow(training: Training, limits: Limits, generator: RandomGenerator): TreeNode {
  const { columns, n, y, classes, weights } = training
  const { criterion, maxDepth, minSamplesSplit, minSamplesLeaf, maxFeatures } = limits
  const d = columns.length / n
  const kernels = hostKernelsFor(dtypeOf(columns))
  const [px, py, pw] = [columns, y, weights].map((array) => kernels.upload(array))
  const inOrder = Int32Array.from({ length: d }, (_, f) => f)

  const bestSplit = (samples: Int32Array) => {
    const features = maxFeatures < d ? generator.randperm(d) : inOrder
    const [ps, pf] = [samples, features].map((array) => kernels.upload(array))
    const best = kernels.bestSplit(px, py, pw, ps, pf, { criterion, n, m: samples.length, classes, minSamplesLeaf, maxFeatures })
    const [feature, threshold, gain] = kernels.download(best, 'bestSplit')
    for (const array of [ps, pf, best]) kernels.release(array)
    return { feature, threshold, gain }
  }
  const budOf = (samples: Int32Array, depth: number): Bud => ({ node: leafOf(training, criterion, samples), samples, depth })

  const all = Int32Array.from({ length: n }, (_, i) => i)
  const root = budOf(
    all.filter((i) => weights[i] > 0),
    0,
  )
  const buds = [root]
  for (let bud = buds.pop(); bud !== undefined; bud = buds.pop()) {
    const { node, samples, depth } = bud
    if (node.impurity === 0 || depth >= maxDepth || samples.length < Math.max(minSamplesSplit, 2 * minSamplesLeaf)) continue
    const { feature, threshold, gain } = bestSplit(samples)
    if (feature < 0) continue // samples that differ in y alone
    const isLeft = (i: number) => columns[feature * n + i] <= threshold
    const left = budOf(samples.filter(isLeft), depth + 1)
    const right = budOf(
      samples.filter((i) => !isLeft(i)),
      depth + 1,
    )
    node.split = { feature, threshold, gain, left: left.node, right: right.node }
    buds.push(right, left)
  }
  for (const array of [px, py, pw]) kernels.release(array)
  return root.node
}

function leafOf({ y, classes, weights }: Training, criterion: Criterion, samples: Int32Array): Bud['node'] {
  const value = new Array<number>(classes).fill(0)
  let weight = 0
  let agree = true
  for (const i of samples) {
    weight += weights[i]
    if (criterion === 'mse') value[0] += weights[i] * y[i]
    else value[y[i]] += weights[i]
    agree &&= y[i] === y[samples[0]]
  }
  for (let c = 0; c < classes; c++) value[c] /= weight
  return {
    samples: samples.length,
    weight,
    impurity: agree ? 0 : impurity(y, weights, samples, { criterion, classes }),
    value,
    split: null,
  }
}

/** The samples by feature        [N, D] -> [D, N] */
export function columnsOf({ data, n, d }: Samples): FloatArray {
  const columns = like(data)
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < d; f++) columns[f * n + i] = data[i * d + f]
  }
  return columns
}

/** The leaf that sample i comes to. */
export function leafFor(root: TreeNode, { data, d }: Samples, i: number): TreeNode {
  let node = root
  while (node.split !== null) {
    const { feature, threshold, left, right } = node.split
    node = data[i * d + feature] <= threshold ? left : right
  }
  return node
}

/** All nodes with their depth, each before those below it, left before right. */
export function* nodesOf(root: TreeNode): Generator<{ node: TreeNode; depth: number }> {
  const stack = [{ node: root, depth: 0 }]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    yield top
    const { split } = top.node
    if (split) stack.push({ node: split.right, depth: top.depth + 1 }, { node: split.left, depth: top.depth + 1 })
  }
}

/** How much each feature lowers the impurity, over all nodes, by weight; as shares of the whole, all 0 where nothing does        -> [D] */
export function importancesOf(root: TreeNode, d: number): Float64Array {
  const importances = new Float64Array(d)
  for (const { node } of nodesOf(root)) if (node.split) importances[node.split.feature] += node.weight * node.split.gain
  return shares(importances)
}

/** Numbers as shares of their sum. */
export function shares(values: Float64Array): Float64Array {
  const sum = values.reduce((a, b) => a + b, 0)
  return sum > 0 ? values.map((value) => value / sum) : values
}
