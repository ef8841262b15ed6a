import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/knn.ts'
import {
  crossValidate,
  distanceWeights,
  folds,
  nearest,
  predict,
  type Rows,
  rowsOf,
  squaredDistance,
  standardise,
  vote,
} from '../solutions/knn.ts'

const SKLEARN = 'scikit-learn 1.2.1'
const WEIGHTS = `${SKLEARN}, the weights of KNeighborsClassifier(weights='distance')`

/** Whole numbers, so that several samples are often equally near. */
const place = (d: number, max = 3) =>
  fc.array(fc.integer({ min: -max, max }), { minLength: d, maxLength: d }).map((v) => Float64Array.from(v))
const rows = (n: number, d: number, max?: number): fc.Arbitrary<Rows> => fc.array(place(d, max), { minLength: n, maxLength: n })
const classes = (n: number, below: number) =>
  fc.array(fc.integer({ min: 0, max: below - 1 }), { minLength: n, maxLength: n }).map((values) => Int32Array.from(values))

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

/** The places of the k rows with the least `far`, equal ones in the order of their places. */
const by = (all: Rows, k: number, far: (row: Float64Array) => number): Int32Array => {
  const distances = all.map(far)
  return Int32Array.from(all.keys())
    .sort((i, j) => distances[i] - distances[j] || i - j)
    .slice(0, k)
}

/** The class with the most of what the neighbours of a class come to. */
function most(t: Int32Array, of: (mine: number[]) => number): number {
  const votes = Array.from({ length: Math.max(...t) + 1 }, (_, c) => {
    const mine = Array.from(t.keys()).filter((j) => t[j] === c)
    return mine.length > 0 ? of(mine) : -1
  })
  return votes.indexOf(Math.max(...votes))
}

/** μ_p and σ_p of each feature, σ with the divisor M - less. */
function measured(known: Rows, less = 0): { mean: Float64Array; sigma: Float64Array } {
  const mean = known[0].map((_, p) => sum(known.map((row) => row[p])) / known.length)
  const sigma = mean.map((mu, p) => Math.sqrt(sum(known.map((row) => (row[p] - mu) ** 2)) / (known.length - less)) || 1)
  return { mean, sigma }
}
const scaledBy = (x: Rows, of: (x_p: number, p: number) => number): Rows => x.map((row) => row.map(of))

/** Features changed by some formula of v, μ and σ of known. */
function rescaled(of: (v: number, mu: number, sigma: number) => number, less?: number): typeof standardise {
  return (x, known) => {
    const { mean, sigma } = measured(known, less)
    return scaledBy(x, (v, p) => of(v, mean[p], sigma[p]))
  }
}

/** Each fold in turn: the samples that are known, and those of the test. */
function validated(
  all: Rows,
  parts: readonly (readonly number[])[],
  score: (known: number[], test: number[], scaled: (i: number) => Float64Array) => number,
  reference: (known: number[], test: number[]) => number[] = (known) => known,
): Float64Array {
  return Float64Array.from(parts, (test) => {
    const known = Array.from(all.keys()).filter((i) => !test.includes(i))
    const from = reference(known, [...test]).map((i) => all[i])
    return score(known, [...test], (i) => standardise([all[i]], from)[0])
  })
}
/** How many of the asked are right. */
function rightOf(t: Int32Array, k: number, known: number[], asked: number[], scaled: (i: number) => Float64Array): number {
  const [near, labels] = [known.map(scaled), Int32Array.from(known, (i) => t[i])]
  return asked.filter((i) => predict(scaled(i), near, labels, Math.min(k, known.length)) === t[i]).length
}
type Fold = [Rows, Int32Array, number[][], number]
/** No two samples are so nearly equally far from a third that rounding would decide. */
function isClear([all, , parts, k]: Fold): boolean {
  return parts.every((test) => {
    const known = all.filter((_, i) => !test.includes(i))
    if (known.length < k) return false
    const near = standardise(known, known)
    const asked = test.map((i) => all[i])
    return standardise(asked, known).every((x) => {
      const sorted = near.map((row) => squaredDistance(x, row)).sort((a, b) => a - b)
      return sorted.every((distance, i) => i === 0 || distance - sorted[i - 1] > 1e-9)
    })
  })
}
/** Rows of two numbers. */
const pairs = (...flat: number[]): Rows => rowsOf(flat, 2)
const EIGHT = pairs(0, 10, 1, 12, 0.5, 30, 3, 15, 2.5, 40, 4, 35, 3.5, 20, 1.5, 22)
const EIGHT_CLASSES = Int32Array.of(0, 0, 1, 1, 0, 1, 1, 0)
const FIVE = pairs(0, 0, 1, 0, 0, 2, 3, 3, 2.5, 2)

export default checks<typeof lesson>({
  nearest: {
    hints: [
      'Measure the distance to every sample first. Then sort the places 0, 1, 2, … by it, and keep the first k of them.',
      'the k places i with the least ‖x - x_i‖², ascending; where two are equal, the smaller i comes first',
      'const squared = Float64Array.from(rows, (row) => squaredDistance(x, row))\nreturn Int32Array.from(squared.keys())\n  .sort((i, j) => … || i - j)\n  .slice(…)',
    ],
    inputs: fc
      .tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 1, max: 2 }))
      .chain(([n, d]) => fc.tuple(place(d), rows(n, d), fc.integer({ min: 1, max: n - 1 }))),
    laws: {
      'who is left out is no nearer than who is in': (f, x, all, k) => {
        const places = [...f(x, all, k)]
        const farthest = squaredDistance(x, all[places[k - 1]])
        return all.every((row, i) => places.includes(i) || squaredDistance(x, row) >= farthest)
      },
      'with k = N everybody is in': (f, x, all) => new Set(f(x, all, all.length)).size === all.length,
    },
    frozen: [
      { args: [Float64Array.of(2, 2), FIVE, 3], gives: [4, 3, 2], from: `${SKLEARN}, NearestNeighbors` },
      { args: [Float64Array.of(0, 0), FIVE, 3], gives: [0, 1, 2], from: `${SKLEARN}, NearestNeighbors` },
    ],
    mutants: {
      'those are the farthest: the order is turned around': (x, all, k) => by(all, k, (row) => -squaredDistance(x, row)),
      'the nearest are right, but they come farthest first': (x, all, k) => nearest(x, all, k).reverse(),
      'of equally near samples the later one comes first': (x, all, k) =>
        by(all, all.length, (row) => squaredDistance(x, row))
          .sort((i, j) => squaredDistance(x, all[i]) - squaredDistance(x, all[j]) || j - i)
          .slice(0, k),
      'those are the distances; the places of the samples are wanted': (x, all, k) =>
        nearest(x, all, k).map((i) => squaredDistance(x, all[i])),
      'the nearest is left out: x is not one of the samples': (x, all, k) => nearest(x, all, k + 1).slice(1),
      'the nearest are right, but sorted by place; the nearest comes first': (x, all, k) => nearest(x, all, k).sort(),
      'only the first feature is compared': (x, all, k) => by(all, k, (row) => (x[0] - row[0]) ** 2),
      'the differences are added without being squared': (x, all, k) => by(all, k, (row) => sum(x) - sum(row)),
      'distances are sorted as words, where 10 stands before 9: give sort() a function': (x, all, k) => {
        const words = all.map((row) => `${squaredDistance(x, row)}`)
        return Int32Array.from(all.keys())
          .sort((i, j) => (words[i] < words[j] ? -1 : words[i] > words[j] ? 1 : i - j))
          .slice(0, k)
      },
    },
  },
  distanceWeights: {
    hints: [
      'Who is twice as far away counts half as much. And who is not away at all?',
      'w_j = 1 / d_j; if any d_j = 0, then w_j = 1 where d_j = 0 and 0 elsewhere',
      'if (d.includes(0)) return d.map((d_j) => (d_j === 0 ? … : …))\nreturn d.map((d_j) => …)',
    ],
    inputs: fc.tuple(
      fc.oneof(
        draw.withLength({ min: 1, max: 4 }, (n) => draw.vector(n, { min: 0.125, max: 4 })),
        draw.withLength({ min: 2, max: 4 }, (n) =>
          fc.tuple(draw.vector(n, { min: 0.125, max: 3 }), classes(n, 2)).map(([d, mask]) => d.map((d_j, j) => d_j * mask[j])),
        ),
      ),
    ),
    laws: {
      'twice as far, half as much': (f, d) => {
        if (d.includes(0)) return true
        const [once, twice] = [f(d), f(d.map((d_j) => 2 * d_j))]
        return once.every((w, j) => close(w, 2 * twice[j]))
      },
      'next to one at distance 0, another one counts nothing': (f, d) => {
        const w = f(Float64Array.of(0, ...d.map((d_j) => d_j + 1)))
        return w[0] === 1 && sum(w) === 1
      },
    },
    frozen: [
      { args: [Float64Array.of(0.5, Math.SQRT2, 2)], gives: [2, 0.7071067811865475, 0.5], from: WEIGHTS },
      { args: [Float64Array.of(0, 0.5, 0, 2)], gives: [1, 0, 1, 0], from: WEIGHTS },
    ],
    mutants: {
      'at distance 0 it gives Infinity; such neighbours count 1, and all others 0': (d) => d.map((d_j) => 1 / d_j),
      'next to one at distance 0, the others still count 1 / d; they should count 0': (d) => d.map((d_j) => (d_j === 0 ? 1 : 1 / d_j)),
      'it divides by d²; it should be by d': (d) => distanceWeights(d.map((d_j) => d_j * d_j)),
      'that is the distance itself: the farther, the more it counts': (d) => d,
      'everybody counts 1; the near ones should count more': (d) => d.map(() => 1),
      'that is 1 / (1 + d); it should be 1 / d': (d) => d.map((d_j) => 1 / (1 + d_j)),
      'of several at distance 0 only the first counts; all of them should': (d) =>
        d.includes(0) ? d.map((_, j) => Number(j === d.indexOf(0))) : distanceWeights(d),
      'one at distance 0 counts nothing; it should count 1, and all others 0': (d) => d.map((d_j) => (d_j === 0 ? 0 : 1 / d_j)),
    },
  },
  vote: {
    hints: [
      'Give every class an account, at first 0. Each neighbour pays its weight into the account of its class.',
      'votes_c = Σ_{j: t_j = c} w_j; the answer is the c with the greatest, the smallest c of several',
      'const votes = new Float64Array(Math.max(...t) + 1)\nfor (let j = 0; j < t.length; j++) votes[…] += …\nreturn votes.indexOf(Math.max(...votes))',
    ],
    inputs: draw.withLength({ min: 2, max: 6 }, (k) =>
      fc.tuple(classes(k, 4), fc.oneof(fc.constant(new Float64Array(k).fill(1)), draw.vector(k, { min: 0.125, max: 2 }))),
    ),
    laws: {
      'one voice decides among one': (f, t, w) => f(t.slice(0, 1), w.slice(0, 1)) === t[0],
      'weights that are all twice as large change nothing': (f, t, w) =>
        f(
          t,
          Float64Array.from(w, (w_j) => 2 * w_j),
        ) === f(t, w),
      'the order of the neighbours does not matter': (f, t, w) => f(t.slice().reverse(), w.slice().reverse()) === f(t, w),
    },
    frozen: [
      { args: [Int32Array.of(2, 1, 1), Float64Array.of(1, 1, 1)], gives: 1, from: `${SKLEARN}, KNeighborsClassifier(3)` },
      {
        args: [Int32Array.of(2, 1, 1), Float64Array.of(2, Math.SQRT1_2, 0.5)],
        gives: 2,
        from: `${SKLEARN}, KNeighborsClassifier(3, weights='distance')`,
      },
      { args: [Int32Array.of(2, 1, 1, 0, 0), Float64Array.of(1, 1, 1, 1, 1)], gives: 0, from: `${SKLEARN}, KNeighborsClassifier(5)` },
    ],
    mutants: {
      'of classes with equal votes it takes the largest; the smallest should win': (t, w) =>
        3 -
        vote(
          Int32Array.from(t, (c) => 3 - c),
          w,
        ),
      'the weights are missing: every neighbour counts 1': (t) => vote(t, new Float64Array(t.length).fill(1)),
      'the heaviest neighbour decides alone; the weights of a class add up': (t, w) =>
        most(t, (mine) => Math.max(...mine.map((j) => w[j]))),
      'that is the mean weight of a class; it should be the sum, so that many count more': (t, w) =>
        most(t, (mine) => sum(mine.map((j) => w[j])) / mine.length),
      'the first neighbour decides alone': (t) => t[0],
      'the classes are averaged: their numbers are only names': (t, w) => Math.round(sum(t.map((c, j) => c * w[j])) / sum(w)),
      'those are the votes of the winner; its class is wanted': (t, w) => sum(w.filter((_, j) => t[j] === vote(t, w))),
      'that is the greatest class, not the one with the greatest votes': (t) => Math.max(...t),
    },
  },
  standardise: {
    hints: [
      'Mean and standard deviation come from `known`, one for each feature. Then every row of x is shifted and scaled by them.',
      "μ_p = 1/M Σ known_p,  σ_p = √(1/M Σ (known_p - μ_p)²),  x'_p = (x_p - μ_p) / σ_p, with σ_p = 1 where the feature is constant",
      'const mean = known[0].map((_, p) => known.reduce((sum, row) => sum + row[p], 0) / …)\nconst sigma = mean.map((mu, p) => Math.sqrt(…))\nreturn x.map((row) => row.map((x_p, p) => (x_p - …) / (sigma[p] === 0 ? 1 : …)))',
    ],
    inputs: fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }))
      .chain(([n, m, d]) => fc.tuple(rows(n, d), rows(m, d))),
    laws: {
      'known itself gets mean 0, and variance 1 or 0': (f, _, known) => {
        const { mean } = measured(f(known, known))
        const squares = f(known, known)
        return mean.every((mu, p) => {
          const variance = sum(squares.map((row) => row[p] ** 2)) / known.length
          return close(mu, 0) && (close(variance, 1) || close(variance, 0))
        })
      },
      'another unit changes nothing': (f, x, known) => {
        const inUnits = (all: Rows) => scaledBy(all, (v) => 8 * v + 3)
        const isConstant = (p: number) => known.every((row) => row[p] === known[0][p])
        const [before, after] = [f(x, known), f(inUnits(x), inUnits(known))]
        return before.every((row, i) => row.every((v, p) => isConstant(p) || close(v, after[i][p])))
      },
    },
    frozen: [
      {
        args: [pairs(1, 5, 7, 6), pairs(1, 5, 3, 5, 5, 5)],
        gives: pairs(-1.224744871391589, 0, 2.449489742783178, 1),
        from: `${SKLEARN}, StandardScaler`,
      },
      {
        args: [pairs(1, 1, 2, 2), FIVE],
        gives: pairs(-0.24019223070763074, -0.33333333333333326, 0.560448538317805, 0.5),
        from: `${SKLEARN}, StandardScaler`,
      },
    ],
    mutants: {
      'x is measured by itself; mean and deviation should be those of known': (x) => standardise(x, x),
      'x and known are measured together: what is asked may not be used': (x, known) => standardise(x, [...x, ...known]),
      'the variance is divided by M - 1; here it is divided by M': rescaled((v, mu, sigma) => (v - mu) / sigma, 1),
      'the root is missing: it is divided by σ², it should be by σ': rescaled((v, mu, sigma) => (v - mu) / sigma ** 2),
      'the mean is not subtracted': rescaled((v, _, sigma) => v / sigma),
      'it is not divided by σ': rescaled((v, mu) => v - mu),
      'it is multiplied by σ; it should be divided': rescaled((v, mu, sigma) => (v - mu) * sigma),
      'brackets are missing: x - μ / σ divides first': rescaled((v, mu, sigma) => v - mu / sigma),
      'a feature that is constant in known becomes 0; it should be x - μ, with σ = 1': (x, known) => {
        const all = standardise(x, known)
        return scaledBy(all, (v, p) => (known.every((row) => row[p] === known[0][p]) ? 0 : v))
      },
    },
  },
  folds: {
    hints: [
      'Deal the places 0, 1, …, n - 1 out in one go: each fold takes the next few. How many, if n is no multiple of k?',
      'fold f has ⌊n/k⌋ places, and one more if f < n mod k; it begins where the one before it has ended',
      'let start = 0\nreturn Array.from({ length: k }, (_, fold) => {\n  const size = Math.floor(n / k) + (… ? 1 : 0)\n  start += size\n  return Array.from({ length: size }, (_, j) => …)\n})',
    ],
    inputs: fc.integer({ min: 2, max: 5 }).chain((k) => fc.tuple(fc.integer({ min: k, max: 14 }), fc.constant(k))),
    laws: {
      'every place is in one fold': (f, n, k) => {
        const all = f(n, k).flat()
        return all.length === n && new Set(all).size === n
      },
      'no fold has two more than another': (f, n, k) => {
        const sizes = f(n, k).map((fold) => fold.length)
        return sizes.length === k && Math.max(...sizes) - Math.min(...sizes) <= 1
      },
    },
    frozen: [
      { args: [10, 4], gives: [range(0, 3), range(3, 6), range(6, 8), range(8, 10)], from: `${SKLEARN}, KFold(4)` },
      { args: [7, 3], gives: [range(0, 3), range(3, 5), range(5, 7)], from: `${SKLEARN}, KFold(3)` },
    ],
    mutants: {
      'the last fold takes all that is left; folds should differ by one at most': (n, k) =>
        Array.from({ length: k }, (_, f) => {
          const size = Math.floor(n / k)
          return range(f * size, f === k - 1 ? n : (f + 1) * size)
        }),
      'what is left of n / k is lost: some samples are in no fold': (n, k) =>
        Array.from({ length: k }, (_, f) => range(f * Math.floor(n / k), (f + 1) * Math.floor(n / k))),
      'places are dealt out like cards; a fold should have neighbours': (n, k) =>
        Array.from({ length: k }, (_, f) => range(0, n).filter((i) => i % k === f)),
      'the last folds have one more; it should be the first': (n, k) =>
        folds(n, k)
          .map((fold) => fold.map((i) => n - 1 - i).reverse())
          .reverse(),
      'those are the places to learn from; a fold has those to be tested': (n, k) =>
        folds(n, k).map((fold) => range(0, n).filter((i) => !fold.includes(i))),
      'places are counted from 1; they are counted from 0': (n, k) => folds(n, k).map((fold) => fold.map((i) => i + 1)),
      'all folds are ⌈n/k⌉ long, so that the last ones run short': (n, k) =>
        Array.from({ length: k }, (_, f) => range(Math.min(n, f * Math.ceil(n / k)), Math.min(n, (f + 1) * Math.ceil(n / k)))),
      'a fold has its last place from the next one: they overlap': (n, k) =>
        folds(n, k).map((fold) => (fold[fold.length - 1] + 1 < n ? [...fold, fold[fold.length - 1] + 1] : fold)),
    },
  },
  crossValidate: {
    hints: [
      'For each fold: who is not in it, is known. By the known alone everything is measured; then each sample of the fold is asked.',
      'score_f = |{i in fold f: predict(x_i) = t_i}| / |fold f|, where x_i and the known samples are standardised by the known',
      'return Float64Array.from(parts, (test) => {\n  const others = Array.from(rows.keys()).filter((i) => !test.includes(i))\n  const known = others.map((i) => rows[i])\n  const train = standardise(known, …)\n  const asked = standardise(test.map((i) => rows[i]), …)\n  const classes = Int32Array.from(others, (i) => t[i])\n  return asked.filter((x, j) => predict(x, train, classes, k) === …).length / …\n})',
    ],
    inputs: fc
      .tuple(fc.integer({ min: 6, max: 9 }), fc.integer({ min: 2, max: 3 }), fc.integer({ min: 1, max: 3 }))
      .chain(([n, parts, k]) =>
        fc.tuple(
          rows(n, 2, 12).map((all) => scaledBy(all, (v, p) => (p === 1 ? 8 * v : v))),
          classes(n, 2),
          fc.constant(folds(n, parts)),
          fc.constant(k),
        ),
      )
      .filter(isClear),
    laws: {
      'where all samples have one class, all answers are right': (f, all, t, parts, k) =>
        f(all, new Int32Array(t.length), parts, k).every((score) => score === 1),
      'another ruler changes nothing': (f, all, t, parts, k) => {
        const inches = scaledBy(all, (v, p) => (p === 0 ? 4 * v : v))
        const [before, after] = [f(all, t, parts, k), f(inches, t, parts, k)]
        return before.every((score, i) => close(score, after[i]))
      },
    },
    frozen: [
      {
        args: [EIGHT, EIGHT_CLASSES, folds(8, 4), 1],
        gives: [1, 0.5, 0.5, 1],
        from: `${SKLEARN}, cross_val_score(make_pipeline(StandardScaler(), KNeighborsClassifier(1)), cv=KFold(4))`,
      },
      {
        args: [EIGHT, EIGHT_CLASSES, folds(8, 4), 3],
        gives: [0, 0, 0.5, 0.5],
        from: `${SKLEARN}, cross_val_score(make_pipeline(StandardScaler(), KNeighborsClassifier(3)), cv=KFold(4))`,
      },
    ],
    mutants: {
      'nothing is standardised': (all, t, parts, k) =>
        validated(all, parts, (known, test) => rightOf(t, k, known, test, (i) => all[i]) / test.length),
      'all samples are measured, those of the test, too: what is tested may not be used; measure the known alone': (all, t, parts, k) =>
        validated(
          all,
          parts,
          (known, test, scaled) => rightOf(t, k, known, test, scaled) / test.length,
          (known, test) => [...known, ...test],
        ),
      'the fold is measured by itself; it should be by the known samples': (all, t, parts, k) =>
        validated(all, parts, (known, test, scaled) => {
          const own = test.map((i) => all[i])
          return rightOf(t, k, known, test, (i) => (test.includes(i) ? standardise([all[i]], own)[0] : scaled(i))) / test.length
        }),
      'the samples of the fold are among the known: each is its own neighbour': (all, t, parts, k) =>
        validated(all, parts, (known, test, scaled) => rightOf(t, k, [...known, ...test].sort(), test, scaled) / test.length),
      'those are numbers of right answers; divide by how many the fold has': (all, t, parts, k) =>
        validated(all, parts, (known, test, scaled) => rightOf(t, k, known, test, scaled)),
      'that is the share of wrong answers': (all, t, parts, k) => crossValidate(all, t, parts, k).map((score) => 1 - score),
      'the mean stands in place of every fold; each has its own score': (all, t, parts, k) => {
        const scores = crossValidate(all, t, parts, k)
        return scores.map(() => sum(scores) / scores.length)
      },
      'k is not passed on: one neighbour decides': (all, t, parts) => crossValidate(all, t, parts, 1),
    },
  },
})

/** low, low + 1, …, high - 1 */
function range(low: number, high: number): number[] {
  return Array.from({ length: high - low }, (_, i) => low + i)
}
