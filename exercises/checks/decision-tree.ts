import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/decision-tree.ts'
import {
  bestCut,
  bestQuestion,
  type Cut,
  entropy,
  gini,
  type Question,
  type Rows,
  rowsOf,
  shares,
  type TreeNode,
} from '../solutions/decision-tree.ts'

const SKLEARN = 'scikit-learn 1.2.1'
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)
const whole = (max: number, min = 0) => fc.integer({ min, max })
const wholes = (n: number, max: number) => fc.array(whole(max), { minLength: n, maxLength: n })

/** Shares of classes, some of them 0. */
const drawnShares = draw
  .withLength({ min: 2, max: 4 }, (c) => wholes(c, 4))
  .filter((counts) => sum(counts) > 0)
  .map((counts) => Float64Array.from(counts, (count) => count / sum(counts)))

type Column = [x: Float64Array, t: number[], classes: number]
/** Values of a feature and classes, such that one cut is clearly the best, or two mirror each other. */
const column = fc.oneof(
  {
    arbitrary: draw
      .withLength({ min: 2, max: 7 }, (n) => fc.tuple(wholes(n, 12), wholes(n, 2)))
      .map(([x, t]): Column => [Float64Array.from(x), t, 3])
      .filter(([x, t, classes]) => isClear(cutsOf(x, t, classes).map(({ gain }) => gain))),
    weight: 4,
  },
  {
    arbitrary: fc
      .tuple(fc.uniqueArray(whole(12), { minLength: 4, maxLength: 4 }), fc.constantFrom<number[]>([0, 1, 1, 0], [1, 0, 0, 1]))
      .map(([x, t]): Column => [Float64Array.from(x).sort(), t, 2]),
    weight: 1,
  },
)
function isClear(gains: readonly number[]): boolean {
  const sorted = gains.toSorted((a, b) => b - a)
  return sorted.length < 2 || sorted[0] - sorted[1] > 1e-6
}

interface Way {
  of: (p: Float64Array) => number
  values: (x: Float64Array) => number[]
  threshold: (low: number, high: number) => number
  gain: (before: number, left: number, right: number, l: number, r: number) => number
}
const increasing = (x: Float64Array) => [...new Set(x)].sort((a, b) => a - b)
const weighted: Way['gain'] = (before, left, right, l, r) => before - (l * left + r * right) / (l + r)

/** All cuts of a feature, each with its gain: by the book, or in another way. */
function cutsOf(x: Float64Array, t: readonly number[], classes: number, way: Partial<Way> = {}): Cut[] {
  const { of = gini, values = increasing, threshold: between = (low, high) => (low + high) / 2, gain = weighted } = way
  const all = values(x)
  return all.slice(1).flatMap((high, i) => {
    const middle = (all[i] + high) / 2
    const [left, right] = [true, false].map((isLeft) => t.filter((_, j) => x[j] <= middle === isLeft))
    if (left.length === 0 || right.length === 0) return []
    const [before, below, above] = [t, left, right].map((part) => of(shares(part, classes)))
    return [{ threshold: between(all[i], high), gain: gain(before, below, above, left.length, right.length) }]
  })
}
/** The first of the greatest; null of none. */
const greatest = <T extends { gain: number }>(all: readonly T[]): T | null =>
  all.reduce((best: T | null, one) => (best === null || one.gain > best.gain + 1e-10 ? one : best), null)
const by =
  (way: Partial<Way>): typeof bestCut =>
  (x, t, classes) =>
    greatest(cutsOf(x, t, classes, way))

/** Samples with two or three features, of which the last may be a copy of the first or constant, and some of the features in any order. */
const asked = fc
  .tuple(whole(6, 3), whole(3, 2), fc.constantFrom('any', 'copied', 'constant'))
  .chain(([n, d, last]) =>
    fc.tuple(
      fc
        .array(wholes(d, 3), { minLength: n, maxLength: n })
        .map((all) => all.map((v) => (last === 'any' ? v : v.with(d - 1, last === 'copied' ? v[0] : 1)))),
      wholes(n, 2),
      fc.shuffledSubarray(
        Array.from({ length: d }, (_, p) => p),
        { minLength: 1 },
      ),
    ),
  )
  .map(([all, t, features]): [Rows, number[], number, number[]] => [all.map((v) => Float64Array.from(v)), t, 3, features])
  .filter(([all, t, classes, features]) => {
    const different = new Map(features.map((p) => [all.map((row) => row[p]).join(), questionOf(all, t, classes, p)?.gain ?? -1]))
    return isClear([...different.values()])
  })
function questionOf(all: Rows, t: readonly number[], classes: number, feature: number): Question | null {
  const values = Float64Array.from(all, (row) => row[feature])
  const cut = bestCut(values, t, classes)
  return cut && { feature, ...cut }
}
const questions = (all: Rows, t: readonly number[], classes: number, features: ArrayLike<number>): Question[] =>
  Array.from(features).flatMap((p) => questionOf(all, t, classes, p) ?? [])

/** A tree that asks about three features; thresholds are whole, and so is x, so that some are met exactly. */
function trees(depth: number): fc.Arbitrary<TreeNode> {
  const leaf = fc
    .tuple(whole(9, 1), drawnShares, draw.number({ min: 0.125, max: 1 }))
    .map(([samples, p, impurity]): TreeNode => ({ samples, weight: samples, impurity, value: [...p], split: null }))
  if (depth === 0) return leaf
  const split = fc.record({
    feature: whole(2),
    threshold: whole(2),
    gain: draw.number({ min: 0.125, max: 1 }),
    left: trees(depth - 1),
    right: trees(depth - 1),
  })
  return fc.oneof(
    { arbitrary: leaf, weight: 1 },
    { arbitrary: fc.tuple(leaf, split).map(([node, split]) => ({ ...node, split })), weight: 4 },
  )
}
type Asked = NonNullable<TreeNode['split']>
/** The leaf that x comes to, if `isLeft` says where to go. */
function walk(node: TreeNode, isLeft: (split: Asked, depth: number) => boolean, depth = 0): TreeNode {
  if (node.split === null) return node
  return walk(isLeft(node.split, depth) ? node.split.left : node.split.right, isLeft, depth + 1)
}
/** What the splits add up to, by some formula, for each feature. */
function gained(
  root: TreeNode,
  d: number,
  of: (node: TreeNode, split: Asked) => number,
  below: (split: Asked) => TreeNode[] = ({ left, right }) => [left, right],
): Float64Array {
  const totals = new Float64Array(d)
  const visit = (node: TreeNode): void => {
    if (node.split === null) return
    totals[node.split.feature] += of(node, node.split)
    for (const other of below(node.split)) visit(other)
  }
  visit(root)
  return totals
}
const normalised = (values: Float64Array) => values.map((value) => value / (sum(values) || 1))
const byGain = ({ samples }: TreeNode, { gain }: Asked) => samples * gain

const EIGHT = rowsOf([1, 1, 2, 2, 3, 1.5, 4, 2.5, 1.5, 5, 2.5, 6, 3.5, 7, 4.5, 5.5], 2)
const node = (samples: number, impurity: number, value: number[], split: TreeNode['split'] = null): TreeNode => ({
  samples,
  weight: samples,
  impurity,
  value,
  split,
})
/** The tree that scikit-learn grows on these eight, of the classes 0, 0, 0, 0, 1, 1, 2, 2. */
const GROWN = node(8, 0.625, [0.5, 0.25, 0.25], {
  feature: 1,
  threshold: 3.75,
  gain: 0.375,
  left: node(4, 0, [1, 0, 0]),
  right: node(4, 0.5, [0, 0.5, 0.5], { feature: 0, threshold: 3, gain: 0.5, left: node(2, 0, [0, 1, 0]), right: node(2, 0, [0, 0, 1]) }),
})

export default checks<typeof lesson>({
  gini: {
    hints: [
      'Draw two samples from the node. How likely is it that both are of class c? And that they are of the same class, whichever?',
      '1 - (p_1² + p_2² + … + p_C²)',
      'return 1 - p.reduce((sum, p_c) => sum + …, 0)',
    ],
    inputs: fc.tuple(drawnShares),
    laws: {
      'where all agree it is 0': (f, p) => close(f(p.map((_, c) => Number(c === 0))), 0),
      'C classes of equal shares have 1 - 1/C': (f, p) => close(f(p.map(() => 1 / p.length)), 1 - 1 / p.length),
      'it is the chance that two differ, Σ_c p_c · (1 - p_c)': (f, p) => close(f(p), sum(p.map((p_c) => p_c * (1 - p_c)))),
    },
    frozen: [
      {
        args: [Float64Array.of(3 / 7, 2 / 7, 2 / 7)],
        gives: 0.653061224489796,
        from: `${SKLEARN}, DecisionTreeClassifier, tree_.impurity`,
      },
      { args: [Float64Array.of(9 / 14, 5 / 14)], gives: 0.4591836734693877, from: `${SKLEARN}, DecisionTreeClassifier, tree_.impurity` },
    ],
    mutants: {
      'that is the chance that two agree, Σ p²; it should be 1 - Σ p²': (p) => 1 - gini(p),
      'the shares are not squared, and sum to 1: 0 is left': (p) => 1 - sum(p),
      'that is the share of errors, 1 - max p; it should be 1 - Σ p²': (p) => 1 - Math.max(...p),
      'that is the entropy': (p) => entropy(p),
      'the sign is flipped': (p) => gini(p) * -1,
      'the root is taken: 1 - √Σ p²': (p) => 1 - Math.sqrt(sum(p.map((p_c) => p_c * p_c))),
      'the shares are cubed; square them': (p) => 1 - sum(p.map((p_c) => p_c ** 3)),
    },
  },
  entropy: {
    hints: [
      'A class of share p is worth log2(1/p) bits of surprise. How many are they on average? What if nobody is of that class?',
      '-(p_1 · log2 p_1 + … + p_C · log2 p_C); where p_c = 0 nothing is added: log2 0 is -Infinity, and 0 · -Infinity is NaN',
      'return p.reduce((sum, p_c) => (p_c > 0 ? sum - … * Math.log2(…) : sum), 0)',
    ],
    inputs: fc.tuple(drawnShares),
    laws: {
      'where all agree it is 0': (f, p) => close(f(p.map((_, c) => Number(c === 0))), 0),
      'C classes of equal shares have log2 C bits': (f, p) => close(f(p.map(() => 1 / p.length)), Math.log2(p.length)),
      'a class of which there is nobody changes nothing': (f, p) => close(f(Float64Array.of(...p, 0)), f(p)),
    },
    frozen: [
      {
        args: [Float64Array.of(9 / 14, 5 / 14)],
        gives: 0.940285958670631,
        from: 'SciPy, stats.entropy; in Quinlan, Induction of Decision Trees, 1986, as 0.940 bits',
      },
      { args: [Float64Array.of(0.25, 0.25, 0.5)], gives: 1.5, from: 'SciPy, stats.entropy(base=2)' },
    ],
    mutants: {
      'that is in nats: the logarithm is Math.log2, not Math.log': (p) => entropy(p) * Math.LN2,
      'that is to the base 10: the logarithm is Math.log2': (p) => entropy(p) * Math.log10(2),
      'the minus is missing: logarithms of shares are negative': (p) => -entropy(p),
      'p_c is missing before the logarithm': (p) => sum([...p].filter((p_c) => p_c > 0).map((p_c) => -Math.log2(p_c))),
      'that is the Gini impurity': (p) => gini(p),
      'the shares are squared before the logarithm': (p) => 2 * entropy(p),
      'it is divided by the number of classes; it is a sum': (p) => entropy(p) / p.length,
      'the logarithm is of 1 - p_c; it should be of p_c': (p) => sum([...p].map((p_c) => (p_c < 1 ? -p_c * Math.log2(1 - p_c) : 0))),
    },
  },
  bestCut: {
    hints: [
      'Sort the different values. Between each two neighbours lies one threshold: try them all, and remember the best so far.',
      'gain = gini(all) - (N_l · gini(left) + N_r · gini(right)) / N, where left has x_i ≤ (v_k + v_k+1) / 2',
      'const values = [...new Set(x)].sort((a, b) => a - b)\nlet best: Cut | null = null\nfor (let i = 0; i + 1 < values.length; i++) {\n  const threshold = …\n  const left = t.filter((_, j) => x[j] <= threshold)\n  const right = …\n  const gain = gini(shares(t, classes)) - …\n  if (best === null || gain > best.gain + 1e-10) best = { threshold, gain }\n}\nreturn best',
    ],
    inputs: column,
    laws: {
      'values that are all equal cannot be cut': (f, x, t, classes) => f(new Float64Array(x.length), t, classes) === null,
      'a cut has samples on both sides': (f, x, t, classes) => {
        const cut = f(x, t, classes)
        return cut === null || (x.some((v) => v <= cut.threshold) && x.some((v) => v > cut.threshold))
      },
    },
    frozen: [
      {
        args: [Float64Array.of(2, 3, 4, 5, 6, 8, 9), [0, 0, 1, 1, 0, 2, 2], 3],
        gives: { threshold: 7, gain: 0.3102040816326531 },
        from: `${SKLEARN}, DecisionTreeClassifier(max_depth=1)`,
      },
      {
        args: [Float64Array.of(1, 2, 3, 4, 5), [0, 1, 1, 0, 0], 2],
        gives: { threshold: 3.5, gain: 0.21333333333333332 },
        from: `${SKLEARN}, DecisionTreeClassifier(max_depth=1)`,
      },
    ],
    mutants: {
      'of equal gains it takes the highest threshold; it should be the lowest': (x, t, classes) =>
        greatest(cutsOf(x, t, classes).reverse()),
      'the threshold is the lower of two values; it should be the middle': by({ threshold: (low) => low }),
      'the threshold is the upper of two values; it should be the middle': by({ threshold: (_, high) => high }),
      'both sides count in full; each should count by its share of the samples': by({
        gain: (before, left, right) => before - left - right,
      }),
      'both sides count half; each should count by its share of the samples': by({
        gain: (before, left, right) => before - (left + right) / 2,
      }),
      'the gain is measured by the entropy; it should be by gini': by({ of: entropy }),
      'that is the impurity that is left, not the gain': (x, t, classes) => {
        const cut = bestCut(x, t, classes)
        return cut && { ...cut, gain: gini(shares(t, classes)) - cut.gain }
      },
      'the last threshold is never tried: the loop ends too soon': (x, t, classes) => greatest(cutsOf(x, t, classes).slice(0, -1)),
      'the values are sorted as words, where 10 stands before 9: give sort() a function': by({
        values: (x) => [...new Set(x)].map(String).sort().map(Number),
      }),
      'it takes the first threshold, whatever it gains': (x, t, classes) => cutsOf(x, t, classes)[0] ?? null,
    },
  },
  bestQuestion: {
    hints: [
      'Take the values of one feature after the other, and let bestCut look at them. Which feature has gained most?',
      'argmax over p in features of bestCut(x_1p, …, x_Np).gain; a feature without a cut is passed over',
      'let best: Question | null = null\nfor (const feature of Array.from(features)) {\n  const cut = bestCut(Float64Array.from(rows, (row) => …), t, classes)\n  if (cut !== null && (best === null || … > … + 1e-10)) best = { feature, ...cut }\n}\nreturn best',
    ],
    inputs: asked,
    laws: {
      'where no feature differs, there is no question': (f, all, t, classes, features) => {
        const same = all.map(() => all[0])
        return f(same, t, classes, features) === null
      },
      'it asks one of the features, and none of them gains more': (f, all, t, classes, features) => {
        const best = f(all, t, classes, features)
        const others = questions(all, t, classes, features)
        return best === null
          ? others.length === 0
          : Array.from(features).includes(best.feature) && others.every(({ gain }) => gain <= best.gain + 1e-9)
      },
    },
    frozen: [
      {
        args: [EIGHT, [0, 0, 0, 0, 1, 1, 2, 2], 3, [0, 1]],
        gives: { feature: 1, threshold: 3.75, gain: 0.375 },
        from: `${SKLEARN}, DecisionTreeClassifier(), the root`,
      },
      {
        args: [EIGHT.slice(4), [1, 1, 2, 2], 3, [0, 1]],
        gives: { feature: 0, threshold: 3, gain: 0.5 },
        from: `${SKLEARN}, DecisionTreeClassifier(), the right child of the root`,
      },
    ],
    mutants: {
      'all features are asked; only those in `features` may be': (all, t, classes) =>
        bestQuestion(all, t, classes, [0, 1, 2].slice(0, all[0].length)),
      'of features that gain the same it takes the last; it should be the first': (all, t, classes, features) =>
        greatest(questions(all, t, classes, features).reverse()),
      'that is the place within `features`; the number of the feature is wanted': (all, t, classes, features) => {
        const best = bestQuestion(all, t, classes, features)
        return best && { ...best, feature: Array.from(features).indexOf(best.feature) }
      },
      'only the first feature is asked': (all, t, classes, features) => bestQuestion(all, t, classes, [features[0]]),
      'the last feature is never asked': (all, t, classes, features) => greatest(questions(all, t, classes, features).slice(0, -1)),
      'a feature that cannot be cut ends the search; pass over it': (all, t, classes, features) =>
        questions(all, t, classes, features).length < features.length ? null : bestQuestion(all, t, classes, features),
      'the features are asked by their numbers; of equal ones the first in `features` counts': (all, t, classes, features) =>
        bestQuestion(all, t, classes, Array.from(features).sort()),
    },
  },
  answer: {
    hints: [
      'Begin at the root. As long as the node has a split, go to one of its two sides.',
      'left if x[feature] ≤ threshold, else right; where split is null, the answer is value',
      'let node = root\nwhile (node.split !== null) node = x[…] <= … ? node.split.left : …\nreturn node.value',
    ],
    inputs: fc.tuple(
      trees(2),
      wholes(3, 2).map((v) => Float64Array.from(v)),
    ),
    laws: {
      'it is the answer of one of the two sides': (f, root, x) => {
        if (root.split === null) return true
        const { feature, threshold, left, right } = root.split
        const side = x[feature] > threshold ? right : left
        return f(root, x).every((share, c) => share === f(side, x)[c])
      },
    },
    frozen: [
      { args: [GROWN, Float64Array.of(2, 3)], gives: [1, 0, 0], from: `${SKLEARN}, DecisionTreeClassifier().predict_proba` },
      { args: [GROWN, Float64Array.of(3, 6)], gives: [0, 1, 0], from: `${SKLEARN}, DecisionTreeClassifier().predict_proba` },
      { args: [GROWN, Float64Array.of(3.2, 3.9)], gives: [0, 0, 1], from: `${SKLEARN}, DecisionTreeClassifier().predict_proba` },
    ],
    mutants: {
      'left and right are turned around: left is x ≤ threshold': (root, x) =>
        walk(root, ({ feature, threshold }) => x[feature] > threshold).value,
      'a sample at the threshold goes right: it should go left, by ≤': (root, x) =>
        walk(root, ({ feature, threshold }) => x[feature] < threshold).value,
      'it stops after one question; go on until there is no split': (root, x) =>
        root.split === null ? root.value : (x[root.split.feature] <= root.split.threshold ? root.split.left : root.split.right).value,
      'that is the value of the root: no question is asked': (root) => root.value,
      'it always goes left': (root) => walk(root, () => true).value,
      'it always goes right': (root) => walk(root, () => false).value,
      'it always looks at the first feature; it should be at split.feature': (root, x) =>
        walk(root, ({ threshold }) => x[0] <= threshold).value,
      'the features are asked in turn; it should be split.feature': (root, x) =>
        walk(root, ({ threshold }, depth) => x[depth] <= threshold).value,
    },
  },
  importances: {
    hints: [
      'Go through all nodes that ask. Each one adds to the account of its feature: how many samples came, times what the split gained.',
      'importance_p = Σ_{nodes that ask about p} samples · gain, divided by the sum over all p',
      'const gained = new Float64Array(d)\nconst visit = ({ samples, split }: TreeNode) => {\n  if (split === null) return\n  gained[…] += …\n  visit(split.left)\n  visit(…)\n}\nvisit(root)\nconst all = gained.reduce((sum, gain) => sum + gain, 0)\nreturn all > 0 ? gained.map((gain) => …) : gained',
    ],
    inputs: fc.tuple(trees(2), fc.constant(3)),
    laws: {
      'they sum to 1, or to 0 for a leaf': (f, root, d) => close(sum(f(root, d)), root.split === null ? 0 : 1),
      'a feature that is never asked has none': (f, root, d) => f(root, d + 1)[d] === 0,
    },
    frozen: [{ args: [GROWN, 2], gives: [0.4, 0.6], from: `${SKLEARN}, DecisionTreeClassifier().feature_importances_` }],
    mutants: {
      'the samples are missing: a question near the root matters to more of them': (root, d) =>
        normalised(gained(root, d, (_, { gain }) => gain)),
      'the questions are counted; each should add samples · gain': (root, d) => normalised(gained(root, d, () => 1)),
      'the gain is missing: each question adds its samples alone': (root, d) => normalised(gained(root, d, ({ samples }) => samples)),
      'they are not divided by their sum': (root, d) => gained(root, d, byGain),
      'they are divided by the samples of the root; it should be by their sum': (root, d) =>
        gained(root, d, byGain).map((gain) => gain / root.samples),
      'only the root counts: the nodes below are never visited': (root, d) => normalised(gained(root, d, byGain, () => [])),
      'the right sides are never visited': (root, d) => normalised(gained(root, d, byGain, ({ left }) => [left])),
      'the left sides are never visited': (root, d) => normalised(gained(root, d, byGain, ({ right }) => [right])),
      'it adds the impurity of the node; it should be by how much the split lowers it': (root, d) =>
        normalised(gained(root, d, ({ samples, impurity }) => samples * impurity)),
      'a later question about a feature replaces the earlier ones: = where it should be +=': (root, d) => {
        const last = new Float64Array(d)
        gained(root, d, (node, split) => (last[split.feature] = byGain(node, split)))
        return normalised(last)
      },
    },
  },
})
