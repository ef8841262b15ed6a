import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/k-means.ts'
import { drawCentre, inertia, nearestCentre, purity, type Rows, squaredDistance, updateCentres } from '../solutions/k-means.ts'

const SKLEARN = 'scikit-learn 1.2.1'

/** Whole numbers, so that several centres are often equally near. */
const place = (d: number) => fc.array(fc.integer({ min: -3, max: 3 }), { minLength: d, maxLength: d }).map((v) => Float64Array.from(v))
const rows = (n: number, d: number): fc.Arbitrary<Rows> => fc.array(place(d), { minLength: n, maxLength: n })
const indices = (n: number, below: number) =>
  fc.array(fc.integer({ min: 0, max: below - 1 }), { minLength: n, maxLength: n }).map((values) => Int32Array.from(values))
/** Samples, their clusters (some may be empty) and the centres. */
const clustered = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 4 }))
  .chain(([n, d, k]) => fc.tuple(rows(n, d), indices(n, k), rows(k, d)))

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
const argmin = (values: readonly number[]) => values.indexOf(Math.min(...values))
const argmax = (values: readonly number[]) => values.indexOf(Math.max(...values))
const squares = (x: Float64Array, centres: Rows) => centres.map((centre) => squaredDistance(x, centre))
const meanOf = (x: Rows) => x[0].map((_, p) => x.reduce((sum, x_i) => sum + x_i[p], 0) / x.length)

/** Every centre by its members, `empty` where there are none. */
function centresBy(x: Rows, clusters: Int32Array, centres: Rows, of: (members: Rows, old: Float64Array) => Float64Array): Rows {
  return centres.map((old, c) => {
    const members = x.filter((_, i) => clusters[i] === c)
    return members.length > 0 ? of(members, old) : old
  })
}

/** The first place whose running sum is above u · Σ weights. */
function drawn(weights: readonly number[], u: number, isAbove = (sum: number, mark: number) => sum > mark): number {
  const total = weights.reduce((a, b) => a + b, 0)
  let sum = 0
  return weights.findIndex((weight) => {
    sum += weight
    return isAbove(sum, u * total)
  })
}
const leastSquares = (x: Rows, centres: Rows) => x.map((x_i) => Math.min(...squares(x_i, centres)))
/** u is 0, or no running sum lies so near to u · Σ D² that rounding would decide. */
function isClear([x, centres, u]: [Rows, Rows, number]): boolean {
  const weights = leastSquares(x, centres)
  const total = weights.reduce((a, b) => a + b, 0)
  const marks = weights.map((_, i) => weights.slice(0, i + 1).reduce((a, b) => a + b, 0))
  return total > 0 && (u === 0 || marks.every((mark) => Math.abs(mark - u * total) > 1e-6))
}

const tableOf = (clusters: Int32Array, t: Int32Array) =>
  Array.from({ length: Math.max(...clusters) + 1 }, (_, c) =>
    Array.from({ length: Math.max(...t) + 1 }, (_, k) => t.filter((t_i, i) => t_i === k && clusters[i] === c).length),
  )
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

const POINTS: Rows = [Float64Array.of(0, 0), Float64Array.of(2, 2), Float64Array.of(4, 1), Float64Array.of(0.5, 1)]
const CENTRES: Rows = [Float64Array.of(1, 0), Float64Array.of(0, 2), Float64Array.of(3, 3)]
/** The example of scikit-learn's documentation. */
const SIX: Rows = [
  [1, 2],
  [1, 4],
  [1, 0],
  [10, 2],
  [10, 4],
  [10, 0],
].map((v) => Float64Array.from(v))

export default checks<typeof lesson>({
  nearestCentre: {
    hints: [
      'Go through the centres, and remember the nearest one so far: its number, and how far away it is.',
      'argmin_c ‖x - μ_c‖²: the number c, not the distance. A later centre wins only if it is nearer, not if it is as near.',
      'let nearest = 0\nfor (let c = 1; c < centres.length; c++) {\n  if (squaredDistance(x, centres[c]) < squaredDistance(x, …)) nearest = …\n}\nreturn nearest',
    ],
    inputs: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 4 })).chain(([d, k]) => fc.tuple(place(d), rows(k, d))),
    laws: {
      'no centre is nearer, and none before it is as near': (f, x, centres) => {
        const c = f(x, centres)
        const all = squares(x, centres)
        return all.every((distance, other) => (other < c ? distance > all[c] : distance >= all[c]))
      },
      'a sample that is a centre itself is at its own': (f, x, centres) => squaredDistance(x, [x, ...centres][f(x, [x, ...centres])]) === 0,
    },
    frozen: [
      { args: [POINTS[1], CENTRES], gives: 2, from: `${SKLEARN}, pairwise_distances_argmin` },
      { args: [POINTS[3], CENTRES], gives: 0, from: `${SKLEARN}, pairwise_distances_argmin` },
    ],
    mutants: {
      'that is the farthest centre: the sign of the comparison is flipped': (x, centres) => argmax(squares(x, centres)),
      'of equally near centres it takes the last; the first should stay: compare with <, not with ≤': (x, centres) =>
        squares(x, centres).lastIndexOf(Math.min(...squares(x, centres))),
      'that is the least distance; the number of the centre is wanted': (x, centres) => Math.min(...squares(x, centres)),
      'centres are counted from 1; they are counted from 0': (x, centres) => nearestCentre(x, centres) + 1,
      'the first centre is never asked': (x, centres) => nearestCentre(x, centres.slice(1)) + 1,
      'the last centre is never asked: the loop ends too soon': (x, centres) => nearestCentre(x, centres.slice(0, -1)),
      'each centre is compared with the one before it; it should be compared with the nearest so far': (x, centres) => {
        const all = squares(x, centres)
        return all.reduce((nearest, distance, c) => (c > 0 && distance < all[c - 1] ? c : nearest), 0)
      },
      'the differences are added with their signs; square them first, as squaredDistance does': (x, centres) =>
        argmin(centres.map((centre) => sum([...x].map((x_p, p) => x_p - centre[p])))),
      'only the first coordinate is compared': (x, centres) => argmin(centres.map((centre) => (x[0] - centre[0]) ** 2)),
      'it looks for the greatest product x · μ_c; it should be the least distance': (x, centres) =>
        argmax(centres.map((centre) => sum([...x].map((x_p, p) => x_p * centre[p])))),
    },
  },
  updateCentres: {
    hints: [
      'For each centre, gather the samples of its cluster. Their mean is taken coordinate by coordinate. What if there are none?',
      'μ_cp = 1/N_c · Σ_{i: c(i) = c} x_ip, and the old μ_c where N_c = 0: 0/0 would be NaN',
      'return centres.map((old, c) => {\n  const members = x.filter((_, i) => clusters[i] === …)\n  if (members.length === 0) return old.slice()\n  return old.map((_, p) => members.reduce((sum, x_i) => sum + …, 0) / …)\n})',
    ],
    inputs: clustered,
    laws: {
      'around its centre, a cluster is balanced: Σ (x_i - μ_c) = 0': (f, x, clusters, centres) => {
        const moved = f(x, clusters, centres)
        return moved.every((mu, c) => mu.every((mu_p, p) => close(sum(x.map((x_i, i) => (clusters[i] === c ? x_i[p] - mu_p : 0))), 0)))
      },
      'the inertia does not rise': (f, x, clusters, centres) =>
        inertia(x, clusters, f(x, clusters, centres)) <= inertia(x, clusters, centres) + 1e-9,
    },
    frozen: [
      {
        args: [SIX, Int32Array.of(0, 0, 0, 1, 1, 1), [SIX[1], SIX[5]]],
        gives: [
          [1, 2],
          [10, 2],
        ],
        from: "the example of KMeans in scikit-learn's documentation",
      },
      {
        args: [POINTS, Int32Array.of(0, 0, 1, 0), [CENTRES[0], CENTRES[2]]],
        gives: [
          [0.8333333333333334, 1],
          [4, 1],
        ],
        from: `${SKLEARN}, KMeans.cluster_centers_`,
      },
    ],
    mutants: {
      'a centre without samples is put at 0; it should stay where it was': (x, clusters, centres) =>
        updateCentres(
          x,
          clusters,
          centres.map((old) => old.map(() => 0)),
        ),
      'a centre without samples is put in the middle of all samples; it should stay where it was': (x, clusters, centres) =>
        updateCentres(
          x,
          clusters,
          centres.map(() => meanOf(x)),
        ),
      'the samples are added up, but not divided by their number': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members) => meanOf(members).map((v) => v * members.length)),
      'it divides by the number of all samples; each centre by that of its own': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members) => meanOf(members).map((v) => (v * members.length) / x.length)),
      'it divides by the number of centres; it should be that of the samples in the cluster': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members) => meanOf(members).map((v) => (v * members.length) / centres.length)),
      'the old centre counts as one of the samples': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members, old) => meanOf([...members, old])),
      'centres go only half of the way': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members, old) => meanOf([meanOf(members), old])),
      'every centre is the mean of all samples; it should be that of its own': (x, clusters, centres) =>
        centresBy(x, clusters, centres, () => meanOf(x)),
      'the centres stay where they were': (_, __, centres) => centres,
      'a centre is its first sample; it should be the mean of all of them': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members) => members[0]),
      'the last sample of a cluster is left out of the sum': (x, clusters, centres) =>
        centresBy(x, clusters, centres, (members) => meanOf(members).map((v, p) => v - members[members.length - 1][p] / members.length)),
    },
  },
  inertia: {
    hints: [
      'Every sample adds the squared distance to one centre: that of its own cluster.',
      'J = Σ_i ‖x_i - μ_c(i)‖²: the centre of sample i is centres[clusters[i]]',
      'return x.reduce((sum, x_i, i) => sum + squaredDistance(x_i, centres[…]), 0)',
    ],
    inputs: clustered,
    laws: {
      'it stays if all is moved by the same way': (f, x, clusters, centres) => {
        const moved = (all: Rows) => all.map((row) => row.map((v) => v + 2))
        return close(f(moved(x), clusters, moved(centres)), f(x, clusters, centres))
      },
      'twice as large, all distances squared are four times as large': (f, x, clusters, centres) => {
        const doubled = (all: Rows) => all.map((row) => row.map((v) => 2 * v))
        return close(f(doubled(x), clusters, doubled(centres)), 4 * f(x, clusters, centres))
      },
    },
    frozen: [
      {
        args: [SIX, Int32Array.of(0, 0, 0, 1, 1, 1), [Float64Array.of(1, 2), Float64Array.of(10, 2)]],
        gives: 16,
        from: `${SKLEARN}, KMeans.inertia_`,
      },
      {
        args: [POINTS, Int32Array.of(0, 0, 1, 0), [Float64Array.of(0.8333333333333334, 1), Float64Array.of(4, 1)]],
        gives: 4.166666666666666,
        from: `${SKLEARN}, KMeans.inertia_`,
      },
    ],
    mutants: {
      'distances are added; it should be their squares': (x, clusters, centres) =>
        sum(x.map((x_i, i) => Math.sqrt(squaredDistance(x_i, centres[clusters[i]])))),
      'the sum is divided by the number of samples; the inertia is the sum itself': (x, clusters, centres) =>
        inertia(x, clusters, centres) / x.length,
      'every sample is measured from the nearest centre; it should be that of its own cluster, clusters[i]': (x, _, centres) =>
        sum(leastSquares(x, centres)),
      'every sample is measured from all centres; only its own counts': (x, _, centres) => sum(x.flatMap((x_i) => squares(x_i, centres))),
      'every sample is measured from the first centre': (x, _, centres) => sum(x.map((x_i) => squaredDistance(x_i, centres[0]))),
      'samples are measured from the mean of all; it should be from their centres': (x) =>
        sum(x.map((x_i) => squaredDistance(x_i, meanOf(x)))),
      'a half stands before the sum': (x, clusters, centres) => inertia(x, clusters, centres) / 2,
      'that is only the farthest sample; all of them add up': (x, clusters, centres) =>
        Math.max(...x.map((x_i, i) => squaredDistance(x_i, centres[clusters[i]]))),
      'the sign is flipped': (x, clusters, centres) => -inertia(x, clusters, centres),
      'the first sample is left out': (x, clusters, centres) => inertia(x.slice(1), clusters.slice(1), centres),
    },
  },
  drawCentre: {
    hints: [
      'Lay the squared distances end to end on a line, and put a mark at u of its length. On which piece does it lie?',
      'D_i² = min_c ‖x_i - μ_c‖²; the first i with D_1² + … + D_i² > u · Σ D². A centre has D = 0, and is never drawn again.',
      'const squared = x.map((x_i) => squaredDistance(x_i, centres[nearestCentre(x_i, centres)]))\nconst total = squared.reduce((sum, d) => sum + d, 0)\nlet sum = 0\nreturn squared.findIndex((d) => {\n  sum += …\n  return sum > …\n})',
    ],
    inputs: fc
      .tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }))
      .chain(([n, d, k]) =>
        fc.tuple(
          rows(n, d),
          fc.array(fc.integer({ min: 0, max: n - 1 }), { minLength: k, maxLength: k }),
          fc.oneof({ arbitrary: fc.constant(0), weight: 1 }, { arbitrary: draw.number({ min: 0.125, max: 0.875 }), weight: 4 }),
        ),
      )
      .map(([x, chosen, u]): [Rows, Rows, number] => [x, chosen.map((i) => x[i]), u])
      .filter(isClear),
    laws: {
      'a sample that is a centre is not drawn': (f, x, centres, u) => Math.min(...squares(x[f(x, centres, u)], centres)) > 0,
      'over all u, a sample is drawn as often as D² says': (f, x, centres) => {
        const weights = leastSquares(x, centres)
        const us = Array.from({ length: 64 }, (_, j) => (j + 0.5) / 64)
        const counts = weights.map(() => 0)
        for (const u of us) counts[f(x, centres, u)]++
        return counts.every((count, i) => Math.abs(count / 64 - weights[i] / sum(weights)) <= 1.01 / 64)
      },
    },
    frozen: [
      {
        args: [POINTS, [CENTRES[0]], 0.1],
        gives: 1,
        from: 'NumPy 1.24: searchsorted(cumsum(D²), u · ΣD²), as kmeans_plusplus of scikit-learn draws',
      },
      {
        args: [POINTS, [CENTRES[0]], 0.5],
        gives: 2,
        from: 'NumPy 1.24: searchsorted(cumsum(D²), u · ΣD²), as kmeans_plusplus of scikit-learn draws',
      },
    ],
    mutants: {
      'all samples are drawn alike; far ones should be drawn more often: by D²': (x, _, u) => Math.floor(u * x.length),
      'D is not squared: the probability is D² / Σ D²': (x, centres, u) => drawn(leastSquares(x, centres).map(Math.sqrt), u),
      'D² is squared once more': (x, centres, u) =>
        drawn(
          leastSquares(x, centres).map((d) => d * d),
          u,
        ),
      'it always takes the farthest sample; it should be drawn, so that an outlier is not certain': (x, centres) =>
        argmax(leastSquares(x, centres)),
      'D is the distance to the first centre; it should be that to the nearest': (x, centres, u) =>
        drawn(
          x.map((x_i) => squaredDistance(x_i, centres[0])),
          u,
        ),
      'D is the distance to the last centre; it should be that to the nearest': (x, centres, u) =>
        drawn(
          x.map((x_i) => squaredDistance(x_i, centres[centres.length - 1])),
          u,
        ),
      'D is the distance to the farthest centre; it should be that to the nearest': (x, centres, u) =>
        drawn(
          x.map((x_i) => Math.max(...squares(x_i, centres))),
          u,
        ),
      'the distances to all centres are added up; only the nearest counts': (x, centres, u) =>
        drawn(
          x.map((x_i) => sum(squares(x_i, centres))),
          u,
        ),
      'with u = 0 a centre can be drawn again: the sum must be greater than u · Σ D², not equal': (x, centres, u) =>
        drawn(leastSquares(x, centres), u, (sum, mark) => sum >= mark),
      'u is compared with the sum itself; it should be with u · Σ D²': (x, centres, u) => drawn(leastSquares(x, centres), u, (s) => s > u),
      'that is the distance at which it was drawn; the number of the sample is wanted': (x, centres, u) =>
        leastSquares(x, centres)[drawCentre(x, centres, u)],
      'near samples are drawn more often than far ones: 1 - u in place of u': (x, centres, u) => drawn(leastSquares(x, centres), 1 - u),
    },
  },
  purity: {
    hints: [
      'Count, for each cluster, how many samples of each class it has. The greatest of these counts are right.',
      'n_ct = |{i: c(i) = c, t_i = t}|;  purity = 1/N · Σ_c max_t n_ct',
      'const counts = Array.from({ length: Math.max(...clusters) + 1 }, () => new Int32Array(Math.max(...t) + 1))\nfor (let i = 0; i < t.length; i++) counts[…][…]++\nreturn counts.reduce((sum, ofCluster) => sum + …, 0) / …',
    ],
    inputs: fc
      .tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 2, max: 3 }), fc.integer({ min: 2, max: 3 }))
      .chain(([n, k, classes]) => fc.tuple(indices(n, k), indices(n, classes))),
    laws: {
      'it does not matter how clusters are numbered': (f, clusters, t) =>
        close(
          f(
            clusters.map((c) => 3 - c),
            t,
          ),
          f(clusters, t),
        ),
      'clusters that are the classes are pure': (f, _, t) => close(f(t, t), 1),
      'one cluster for each sample is pure, too': (f, _, t) => close(f(Int32Array.from(t.keys()), t), 1),
    },
    frozen: [
      {
        args: [
          Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2),
          Int32Array.of(0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 2, 0, 0, 2, 2, 2),
        ],
        gives: 12 / 17,
        from: 'Manning, Raghavan & Schütze, Introduction to Information Retrieval, 2008, figure 16.4: (5 + 4 + 3) / 17',
      },
    ],
    mutants: {
      'it counts where cluster and class have the same number; the numbers of clusters mean nothing': (clusters, t) =>
        sum(Array.from(t, (t_i, i) => Number(t_i === clusters[i]))) / t.length,
      'that is a number of samples; divide by all of them': (clusters, t) => purity(clusters, t) * t.length,
      'it takes the largest cluster of each class; it should be the largest class of each cluster': (clusters, t) => purity(t, clusters),
      'every cluster counts the same; they should count by their size': (clusters, t) => {
        const rows = tableOf(clusters, t).filter((row) => sum(row) > 0)
        return sum(rows.map((row) => Math.max(...row) / sum(row))) / rows.length
      },
      'that is the purest cluster alone': (clusters, t) =>
        Math.max(
          ...tableOf(clusters, t)
            .filter((row) => sum(row) > 0)
            .map((row) => Math.max(...row) / sum(row)),
        ),
      'it is divided by the number of clusters; it should be by that of the samples': (clusters, t) =>
        (purity(clusters, t) * t.length) / (Math.max(...clusters) + 1),
      'only the largest count of all is taken; each cluster has one': (clusters, t) => Math.max(...tableOf(clusters, t).flat()) / t.length,
      'the least class of each cluster is counted; it should be the greatest': (clusters, t) =>
        sum(tableOf(clusters, t).map((row) => Math.min(...row))) / t.length,
      'that is the share of what is wrong: 1 - purity': (clusters, t) => 1 - purity(clusters, t),
      'the last cluster is left out': (clusters, t) =>
        sum(
          tableOf(clusters, t)
            .slice(0, -1)
            .map((row) => Math.max(...row)),
        ) / t.length,
    },
  },
})
