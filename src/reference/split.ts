import { type HostArray, like } from './array.ts'
import { argsort } from './gather.ts'

/** The search of a decision tree: which question about one feature parts a node's samples best. */
export interface SplitKernels<A> {
  bestSplit(x: A, y: A, weights: A, samples: A, features: A, options: SplitOptions): A
}

/** What a node's impurity is measured by; see `impurity`. */
export type Criterion = 'gini' | 'entropy' | 'mse'

export interface SplitOptions {
  criterion: Criterion
  /** How many samples x has; how many of them are in the node. */
  n: number
  m: number
  /** How many classes y tells apart; 1 with mse. */
  classes: number
  /** Each side keeps at least so many samples. */
  minSamplesLeaf: number
  /** So many features are tried, in the order in which they are given; more only until one of them can part the samples. */
  maxFeatures: number
}

/** A part of a node: its weight W, and per class the weight of its samples s_c (with mse the sum of their deviations, s_0). */
interface Part {
  weight: number
  sums: Float64Array
}

/**
 * How pure a part is, times its weight, up to what both parts of a node share:
 *
 *     gini, mse   Σ_c s_c² / W                    (Breiman, Friedman, Olshen & Stone, "Classification and Regression Trees", 1984)
 *     entropy     Σ_c s_c · log2(s_c / W)         (Quinlan, "Induction of Decision Trees", 1986)
 *
 * One formula does for gini and mse, because the Gini impurity is the variance of labels written one-hot.
 */
function purity(criterion: Criterion, { weight, sums }: Part): number {
  let total = 0
  for (const s of sums) {
    if (criterion !== 'entropy') total += (s * s) / weight
    else if (s > 0) total += s * Math.log2(s / weight)
  }
  return total
}

/** A node seen from its samples: the sums of all, what each of them adds to a part, and its impurity. */
function look(y: HostArray, weights: HostArray, samples: HostArray, { criterion, classes }: Pick<SplitOptions, 'criterion' | 'classes'>) {
  const node: Part = { weight: 0, sums: new Float64Array(classes) }
  let mean = 0
  for (const i of samples) {
    node.weight += weights[i]
    mean += weights[i] * y[i]
  }
  mean /= node.weight
  const add = (part: Part, i: number) => {
    if (criterion === 'mse') part.sums[0] += weights[i] * (y[i] - mean)
    else part.sums[y[i]] += weights[i]
  }
  let squares = 0
  for (const i of samples) {
    add(node, i)
    squares += weights[i] * (criterion === 'mse' ? (y[i] - mean) ** 2 : 1)
  }
  const impurity = criterion === 'entropy' ? -purity(criterion, node) : squares - purity(criterion, node)
  return { node, add, impurity: Math.max(0, impurity / node.weight) }
}

/**
 * The impurity of a node, 0 where all its samples agree. With p_c the share of class c, in weight, and ȳ the weighted mean:
 *
 *     gini       1 - Σ_c p_c²
 *     entropy    -Σ_c p_c · log2 p_c              bits
 *     mse        Σ w (y - ȳ)² / Σ w
 */
export function impurity(
  y: HostArray,
  weights: HostArray,
  samples: HostArray,
  options: Pick<SplitOptions, 'criterion' | 'classes'>,
): number {
  return look(y, weights, samples, options).impurity
}

/** Gains that differ by less than this share of the node's impurity are ties, which rounding shall not decide. */
const TIE = 1e-10

/**
 * The split x_feature <= threshold of a node's samples that lowers its impurity most:
 *
 *     gain = impurity(node) - W_left / W · impurity(left) - W_right / W · impurity(right) = (purity(left) + purity(right) - purity(node)) / W
 *
 * The threshold is the middle between two neighbouring values. Of equal gains the first counts: the feature that comes first, then the lowest threshold.
 *
 *     x: [F, N], y, weights: [N], samples: [M], features: [F] -> [feature, threshold, gain]        feature -1 where no split is possible
 */
export function bestSplit(
  x: HostArray,
  y: HostArray,
  weights: HostArray,
  samples: HostArray,
  features: HostArray,
  options: SplitOptions,
): HostArray {
  const { criterion, n, m, classes, minSamplesLeaf, maxFeatures } = options
  const { node, add, impurity } = look(y, weights, samples, options)
  const best = like(x, 3)
  best[0] = -1
  let bestGain = -Infinity
  for (let tried = 0; tried < features.length && (tried < maxFeatures || best[0] < 0); tried++) {
    const feature = features[tried]
    const values = like(x, m)
    for (let j = 0; j < m; j++) values[j] = x[feature * n + samples[j]] // [M]
    const order = argsort(values, { n: 1, c: m })
    const left: Part = { weight: 0, sums: new Float64Array(classes) }
    for (let j = 0; j + 1 < m; j++) {
      const i = samples[order[j]]
      left.weight += weights[i]
      add(left, i)
      const [value, next] = [values[order[j]], values[order[j + 1]]]
      if (value === next || j + 1 < minSamplesLeaf || m - j - 1 < minSamplesLeaf) continue
      const right: Part = { weight: node.weight - left.weight, sums: node.sums.map((s, c) => s - left.sums[c]) }
      const gain = (purity(criterion, left) + purity(criterion, right) - purity(criterion, node)) / node.weight
      if (gain <= bestGain + TIE * impurity) continue
      bestGain = gain
      best.set([feature, value / 2 + next / 2, Math.max(0, gain)])
      if (best[1] >= next) best[1] = value // the middle of neighbouring numbers may round to the upper one
    }
  }
  return best
}
