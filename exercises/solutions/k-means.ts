/**
 * k-means finds k groups in data that nobody has labelled. Each group has a
 * centre, and two steps take turns (Lloyd 1957, published 1982; the name is
 * MacQueen's, 1967):
 *
 *     assign    each sample joins the cluster of the nearest centre
 *     update    each centre becomes the mean of its samples
 *
 * Both lower the inertia, Σ_i ‖x_i - μ_c(i)‖², or leave it: so it comes to a
 * rest. Where, depends on the start. k-means++ (Arthur & Vassilvitskii 2007)
 * draws one whose centres lie far apart.
 */
import { classic, data, evaluate, F, fit, manualSeed, nn, noGrad, optim, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { bars, images, lines, regions, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** Samples, or centres.        N rows of [D] */
export type Rows = readonly Float64Array[]

/** How far two places lie apart, squared.  ‖a - b‖² = Σ_p (a_p - b_p)²        a, b: [D] -> number */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0 // worked: read it, then go on
  for (let p = 0; p < a.length; p++) sum += (a[p] - b[p]) ** 2
  return sum
}

/** Which centre is the nearest; of equally near ones the first.  argmin_c ‖x - μ_c‖²        x: [D], centres: K rows of [D] -> 0 to K - 1 */
export function nearestCentre(x: Float64Array, centres: Rows): number {
  let nearest = 0
  let least = squaredDistance(x, centres[0])
  for (let c = 1; c < centres.length; c++) {
    const distance = squaredDistance(x, centres[c])
    if (distance < least) [nearest, least] = [c, distance]
  }
  return nearest
}

/** The first step: every sample joins a cluster.  c(i) = argmin_c ‖x_i - μ_c‖²        x: N rows of [D], centres: K rows of [D] -> [N] */
export function assign(x: Rows, centres: Rows): Int32Array {
  return Int32Array.from(x, (x_i) => nearestCentre(x_i, centres))
}

/**
 * The second step: every centre becomes the mean of its samples.  μ_c = 1/N_c · Σ_{i: c(i) = c} x_i; a centre without samples stays.
 * x: N rows of [D], clusters: [N], centres: K rows of [D], as they were -> new centres: K rows of [D]
 */
export function updateCentres(x: Rows, clusters: Int32Array, centres: Rows): Rows {
  return centres.map((old, c) => {
    const members = x.filter((_, i) => clusters[i] === c)
    if (members.length === 0) return old.slice()
    return old.map((_, p) => members.reduce((sum, x_i) => sum + x_i[p], 0) / members.length)
  })
}

/** How far the samples lie from their own centres, all in all.  J = Σ_i ‖x_i - μ_c(i)‖²        x: N rows of [D], clusters: [N], centres: K rows of [D] -> J: number */
export function inertia(x: Rows, clusters: Int32Array, centres: Rows): number {
  return x.reduce((sum, x_i, i) => sum + squaredDistance(x_i, centres[clusters[i]]), 0)
}

/**
 * k-means++: which sample becomes the next centre. D_i² is the squared distance of sample i to the nearest of the centres so far; it is drawn with
 * the probability D_i² / Σ D². For a u that is uniform from 0 to 1: the first sample i with D_1² + … + D_i² > u · Σ D².
 * x: N rows of [D], not all of them centres; centres: 1 or more rows of [D], 0 ≤ u < 1 -> 0 to N - 1
 */
export function drawCentre(x: Rows, centres: Rows, u: number): number {
  const squared = x.map((x_i) => squaredDistance(x_i, centres[nearestCentre(x_i, centres)])) // [N]
  const total = squared.reduce((sum, d) => sum + d, 0)
  let sum = 0
  return squared.findIndex((d) => {
    sum += d
    return sum > u * total
  })
}

/** What a run of k-means went through: the centres before each update, and the inertia of each; the last are the ones to keep. */
export interface Run {
  readonly centres: Rows[]
  readonly inertias: number[]
  /** The cluster of every sample.        [N] */
  readonly clusters: Int32Array
}

/** Both steps by turns, until no sample changes its cluster.        x: N rows of [D], start: K rows of [D] -> what it went through */
export function kMeans(x: Rows, start: Rows): Run {
  const centres = [start]
  let clusters = assign(x, start)
  const inertias = [inertia(x, clusters, start)]
  for (let iteration = 0; iteration < 300; iteration++) {
    const moved = updateCentres(x, clusters, centres[iteration])
    const joined = assign(x, moved)
    centres.push(moved)
    inertias.push(inertia(x, joined, moved))
    const hasChanged = joined.some((cluster, i) => cluster !== clusters[i])
    clusters = joined
    if (!hasChanged) break
  }
  return { centres, inertias, clusters }
}

/**
 * How pure the clusters are: each is named after the class that most of its samples have, and this is the share of samples with the name of their cluster.
 * purity = 1/N · Σ_c max_t |{i: c(i) = c, t_i = t}|        clusters, t: [N], integers from 0 -> between 0 and 1
 */
export function purity(clusters: Int32Array, t: Int32Array): number {
  const counts = Array.from({ length: Math.max(...clusters) + 1 }, () => new Int32Array(Math.max(...t) + 1)) // [K][classes]
  for (let i = 0; i < t.length; i++) counts[clusters[i]][t[i]]++
  return counts.reduce((sum, ofCluster) => sum + Math.max(...ofCluster), 0) / t.length
}

/** k centres drawn by k-means++, the first one among all samples alike.        x: N rows of [D] -> k rows of [D] */
export function plusPlusStart(x: Rows, k: number, generator: Generator): Rows {
  const centres = [x[generator.randint(0, x.length, 1)[0]]]
  while (centres.length < k) centres.push(x[drawCentre(x, centres, generator.uniform(new Float64Array(1))[0])])
  return centres
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const generator = new Generator(options.seed)

  // Four round heaps of 40 points. A bad start: two centres side by side in the first heap, and none in the last.
  const heaps = [
    [-2, -2],
    [2, -2],
    [-2, 2],
    [2, 2],
  ]
  const points = heaps.flatMap(([px, py]) =>
    Array.from({ length: 40 }, () => generator.normal(new Float64Array(2)).map((v, p) => 0.7 * v + [px, py][p])),
  )
  const bad = kMeans(points, [points[0], points[1], points[40], points[80]])
  const good = kMeans(points, plusPlusStart(points, 4, generator))
  const last = bad.inertias.length - 1
  for (const iteration of new Set([0, 1, Math.ceil(last / 2), last])) {
    const centres = bad.centres[iteration]
    const places = [...points, ...centres]
    const labels = [...assign(points, centres), ...centres.map(() => 4)]
    show(
      regions((px, py) => nearestCentre(Float64Array.of(px, py), centres), {
        title: `${iteration === 0 ? 'the start' : `after iteration ${iteration}`}: inertia ${bad.inertias[iteration].toFixed(1)}`,
        points: places.map((place) => [...place]),
        labels,
        classes: ['cluster 0', 'cluster 1', 'cluster 2', 'cluster 3', 'centre'],
        x: [-5, 5],
        y: [-4.5, 4.5],
        height: 12,
      }),
    )
  }
  print('')
  const longest = Math.max(2, bad.inertias.length, good.inertias.length) - 1
  const curves = { 'two centres in one heap': bad.inertias, 'k-means++': good.inertias }
  show(lines(curves, { title: 'inertia: it never rises', xLabel: 'iteration', x: [0, longest], height: 9 }))
  const [badly, well] = [bad, good].map(({ inertias }) => inertias[inertias.length - 1])
  print(
    `They come to rest at ${badly.toFixed(1)} and at ${well.toFixed(1)}. ${Math.abs(badly - well) < 0.01 * well ? 'This time both found the heaps.' : 'A rest need not be the best there is.'}`,
    '',
  )

  // The elbow: how much inertia is left with k clusters, the best of five starts.
  const best = (x: Rows, k: number, starts: number) =>
    Array.from({ length: starts }, () => kMeans(x, plusPlusStart(x, k, generator))).reduce((a, b) =>
      b.inertias[b.inertias.length - 1] < a.inertias[a.inertias.length - 1] ? b : a,
    )
  const ks = [1, 2, 3, 4, 5, 6, 7, 8]
  const left = ks.map((k) => Math.min(...best(points, k, 5).inertias))
  show(
    bars(
      ks.map((k) => `k = ${k}`),
      left,
      { title: 'what inertia is left: look for the elbow', digits: 1 },
    ),
  )
  print('More clusters always leave less. At the number of heaps the gain breaks off.', '')

  // The digits, without their labels; a fifth is kept back.
  const { x, y } = data.digits()
  const [xTrain, xTest, yTrain, yTest] = await evaluate.trainTestSplit(x, y, { testSize: 0.2, stratify: y, seed: options.seed })
  const rowsOf = (flat: ArrayLike<number>): Rows =>
    Array.from({ length: flat.length / 64 }, (_, i) => Float64Array.from({ length: 64 }, (_, p) => flat[64 * i + p]))
  const [train, test] = [rowsOf(await xTrain.read()), rowsOf(await xTest.read())]
  const [truth, unseen] = [Int32Array.from(await yTrain.read()), Int32Array.from(await yTest.read())]
  const flatten = (centres: Rows) => tensor(centres.map((centre) => [...centre]))

  /** Groups the digits, names each centre after the digit nearest to it, and reads the unseen ones by the nearest centre. */
  function cluster(k: number, starts: number) {
    status(`${k} clusters of ${train.length} digits`)
    const began = performance.now()
    const run = best(train, k, starts)
    const seconds = (performance.now() - began) / 1000
    const centres = run.centres[run.centres.length - 1]
    // One label is asked for: that of the digit nearest to the centre.
    const names = centres.map((centre) => truth[nearestCentre(centre, train)])
    const read = assign(test, centres).map((c) => names[c])
    const right = read.filter((digit, i) => digit === unseen[i]).length
    return { run, centres, names, seconds, right }
  }

  const ten = cluster(10, options.quick ? 1 : 3)
  show(
    images(
      ten.centres.map((centre, c) => ({ pixels: centre, caption: `named ${ten.names[c]}` })),
      { shape: [8, 8], range: [0, 16], scale: 1, title: 'ten centres of digits, each named after the digit nearest to it' },
    ),
  )
  const lost = [...'0123456789'].filter((digit) => !ten.names.includes(Number(digit)))
  print(
    lost.length === 0
      ? 'Every digit has a cluster.'
      : `No centre is named ${lost.join(' or ')}: k-means was never told that there is such a digit.`,
  )

  const began = performance.now()
  const library = await new classic.KMeans({ nClusters: 10, init: flatten(ten.run.centres[0]), tol: 0 }).fit(xTrain)
  const took = performance.now() - began
  const theirs = await library.labels.read()
  const same = theirs.filter((c, i) => c === ten.run.clusters[i]).length
  print(
    `classic.KMeans from the same start: ${same} of ${train.length} digits in the same cluster,`,
    `inertia ${library.inertia.toFixed(0)} (here ${ten.run.inertias[ten.run.inertias.length - 1].toFixed(0)}), in ${took.toFixed(0)} ms.`,
    '',
  )

  // Beside it: a network that sees the labels.
  status('the network learns')
  const start = performance.now()
  manualSeed(options.seed)
  const model = new nn.Sequential(new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 10))
  await fit(model, {
    train: new data.DataLoader(new data.TensorDataset(xTrain.div(16), yTrain), { batchSize: 32, shuffle: true }),
    epochs: options.epochs ?? (options.quick ? 5 : 30),
    optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
    loss: F.crossEntropy,
    quiet: true,
  })
  const answers = await noGrad(() => model.forward(xTest.div(16)).argmax(1)).read()
  const learning = (performance.now() - start) / 1000
  const learnt = answers.filter((digit, i) => digit === unseen[i]).length

  const percent = (right: number) => (100 * right) / test.length
  const more = options.quick ? [] : [30, 100].map((k) => [k, cluster(k, 1)] as const)
  const rows = [[10, ten] as const, ...more].map(([k, { run, right, seconds }]) => [
    `k-means, k = ${k}`,
    'pixels',
    `${k}`,
    (100 * purity(run.clusters, truth)).toFixed(1),
    percent(right).toFixed(1),
    seconds.toFixed(1),
  ])
  rows.push(['MLP 64-64-10', 'pixels, labels', `${train.length}`, '-', percent(learnt).toFixed(1), learning.toFixed(1)])
  show(
    table(['what', 'learns from', 'labels used', 'purity %', 'unseen right %', 'seconds'], rows, {
      title: 'who reads digits that were kept back?',
    }),
  )
  print(
    'k-means asks for one label per cluster, not one per digit. But it cannot know',
    'which differences matter: two ways to write a 1 are as far apart as two digits.',
  )
})
