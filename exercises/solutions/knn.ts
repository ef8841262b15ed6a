/**
 * The nearest neighbours of a sample say what it is (Fix & Hodges 1951; Cover &
 * Hart 1967). There is nothing to train: all samples are kept, and the k that
 * lie nearest to a new one vote.
 *
 * What is near, depends on the units: a length in millimetres counts ten times
 * as much as in centimetres. So every feature is shifted and scaled first, to
 * mean 0 and standard deviation 1. How many neighbours are best, cannot be said
 * beforehand. Cross-validation (Stone 1974) tries it: each part of the samples
 * is judged once by all the others.
 */
import { classic, data, evaluate, F, fit, manualSeed, nn, noGrad, optim } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { bars, boxPlot, regions, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** Samples.        N rows of [D] */
export type Rows = readonly Float64Array[]

/** How far two samples lie apart, squared.  d² = Σ_p (a_p - b_p)²        a, b: [D] -> d²: number */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0 // worked: read it, then go on
  for (let p = 0; p < a.length; p++) sum += (a[p] - b[p]) ** 2
  return sum
}

/** The k samples that lie nearest to x, nearest first; of equally near ones the one that comes first in rows.        x: [D], rows: N of [D], 1 ≤ k ≤ N -> [k], places in rows */
export function nearest(x: Float64Array, rows: Rows, k: number): Int32Array {
  const squared = Float64Array.from(rows, (row) => squaredDistance(x, row)) // [N]
  return Int32Array.from(squared.keys())
    .sort((i, j) => squared[i] - squared[j] || i - j)
    .slice(0, k)
}

/** What neighbours count.  w_j = 1 / d_j; where some have d = 0, these count 1 and all others 0        d: [k] distances ≥ 0 -> w: [k] */
export function distanceWeights(d: Float64Array): Float64Array {
  if (d.includes(0)) return d.map((d_j) => (d_j === 0 ? 1 : 0))
  return d.map((d_j) => 1 / d_j)
}

/** The class with the most weight among the neighbours, the smallest of several.  argmax_c Σ_{j: t_j = c} w_j        t: [k] classes from 0, w: [k] -> class */
export function vote(t: Int32Array, w: Float64Array): number {
  const votes = new Float64Array(Math.max(...t) + 1) // [C]
  for (let j = 0; j < t.length; j++) votes[t[j]] += w[j]
  return votes.indexOf(Math.max(...votes))
}

/** The class of x by its k nearest neighbours, each of which counts 1.        x: [D], rows: N of [D], t: [N] classes, 1 ≤ k ≤ N -> class */
export function predict(x: Float64Array, rows: Rows, t: Int32Array, k: number): number {
  const neighbours = nearest(x, rows, k)
  return vote(
    neighbours.map((i) => t[i]),
    new Float64Array(k).fill(1),
  )
}

/**
 * Shifts and scales every feature by what the training samples are like.  x'_p = (x_p - μ_p) / σ_p, where μ_p = 1/M Σ known_p and
 * σ_p² = 1/M Σ (known_p - μ_p)²; a feature that is constant there has σ = 1        x: N rows of [D], known: M rows of [D] -> N rows of [D]
 */
export function standardise(x: Rows, known: Rows): Rows {
  const isConstant = known[0].map((first, p) => Number(known.every((row) => row[p] === first))) // [D], 1 or 0
  const mean = known[0].map((_, p) => known.reduce((sum, row) => sum + row[p], 0) / known.length) // [D]
  const variance = mean.map((mu, p) => known.reduce((sum, row) => sum + (row[p] - mu) ** 2, 0) / known.length) // [D]
  return x.map((row) => row.map((x_p, p) => (x_p - mean[p]) / (isConstant[p] ? 1 : Math.sqrt(variance[p]))))
}

/** Parts n samples into k folds of neighbours, as equal as can be: the first n mod k have one more.        n, k: 2 ≤ k ≤ n -> k lists of places */
export function folds(n: number, k: number): number[][] {
  let start = 0
  return Array.from({ length: k }, (_, fold) => {
    const size = Math.floor(n / k) + (fold < n % k ? 1 : 0)
    start += size
    return Array.from({ length: size }, (_, j) => start - size + j)
  })
}

/**
 * Cross-validation: each fold is the test once, and all other samples are what is known. Both are standardised by what is known.
 * rows: N of [D], t: [N] classes, parts: places of the samples in each fold, k: neighbours -> the share that is right, for each fold
 */
export function crossValidate(rows: Rows, t: Int32Array, parts: readonly (readonly number[])[], k: number): Float64Array {
  return Float64Array.from(parts, (test) => {
    const others = Array.from(rows.keys()).filter((i) => !test.includes(i))
    const known = others.map((i) => rows[i])
    const [train, asked] = [
      standardise(known, known),
      standardise(
        test.map((i) => rows[i]),
        known,
      ),
    ]
    const classes = Int32Array.from(others, (i) => t[i])
    return asked.filter((x, j) => predict(x, train, classes, k) === t[test[j]]).length / test.length
  })
}

/** Numbers one after the other as rows.        flat: [N · d] -> N rows of [d] */
export function rowsOf(flat: ArrayLike<number>, d: number): Rows {
  return Array.from({ length: flat.length / d }, (_, i) => Float64Array.from({ length: d }, (_, p) => flat[d * i + p]))
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const { x, y, targetNames } = data.iris()
  const generator = new Generator(options.seed)
  const order = generator.randperm(150)
  const all = rowsOf(await x.read(), 4)
  const species = await y.read()
  const flowers = Array.from(order, (i) => all[i]) // [150][4], in random order
  const t = Int32Array.from(order, (i) => species[i])
  const sepals = flowers.map((flower) => flower.slice(0, 2))
  const mean = (scores: ArrayLike<number>) => Array.from(scores).reduce((sum, score) => sum + score, 0) / scores.length

  // One neighbour makes islands, many make smooth borders. The sepals alone do not part two of the species.
  for (const k of options.quick ? [1, 25] : [1, 5, 25]) {
    show(
      regions((length, width) => predict(Float64Array.of(length, width), sepals, t, k), {
        title: `k = ${k}: ${sepals.filter((flower, i) => predict(flower, sepals, t, k) === t[i]).length} of these 150 flowers are right`,
        xLabel: 'sepal length (cm)',
        yLabel: 'sepal width (cm)',
        points: sepals.map((flower) => [...flower]),
        labels: t,
        classes: targetNames,
        x: [4, 8.2],
        y: [1.8, 4.6],
        height: 12,
      }),
    )
  }
  print(
    'With k = 1 every flower is its own neighbour: that says nothing about new ones.',
    'Some are wrong even so: sepals of one size that belong to two species.',
    '',
  )

  // Units. The second feature, sepal width, says least about the species; in millimetres it counts a hundred times as much in d².
  const tenFolds = folds(150, 10)
  /** Cross-validation of 5 neighbours on features as they are. */
  const unscaled = (rows: Rows) =>
    tenFolds.map((test) => {
      const known = Array.from(rows.keys()).filter((i) => !test.includes(i))
      const [near, classes] = [known.map((i) => rows[i]), Int32Array.from(known, (i) => t[i])]
      return test.filter((i) => predict(rows[i], near, classes, 5) === t[i]).length / test.length
    })
  const inUnits = (factors: readonly number[]) => flowers.map((flower) => flower.map((v, p) => v * factors[p]))
  const units = {
    'all four in cm': inUnits([1, 1, 1, 1]),
    'sepal width in mm': inUnits([1, 10, 1, 1]),
    'sepals mm, petals inches': inUnits([10, 10, 1 / 2.54, 1 / 2.54]),
  }
  const cases = Object.entries(units).map(([name, rows]) => ({
    name,
    raw: 100 * mean(unscaled(rows)),
    scaled: 100 * mean(crossValidate(rows, t, tenFolds, 5)),
  }))
  show(
    bars(
      cases.flatMap(({ name }) => [`${name}`, '  standardised']),
      cases.flatMap(({ raw, scaled }) => [raw, scaled]),
      { title: 'the same irises in other units: % right, 5 neighbours, 10 folds', unit: '%', digits: 1, max: 100 },
    ),
  )
  print('No flower changes with the ruler. Standardised, the answers do not either.', '')

  // Choosing k on 120 flowers, by their sepals. The other 30 are asked once, when k has been chosen.
  const [known, knownClasses] = [sepals.slice(0, 120), t.slice(0, 120)]
  const candidates = options.quick ? [1, 5, 25] : [1, 3, 5, 9, 15, 25, 45, 75]
  const scores = candidates.map((k) => {
    status(`cross-validation of k = ${k}`)
    return crossValidate(known, knownClasses, folds(120, 10), k)
  })
  const groups = Object.fromEntries(candidates.map((k, i) => [`k = ${k}`, scores[i]]))
  show(boxPlot(groups, { title: 'sepals of 120 irises: ten folds for each k', xLabel: 'share that is right' }))
  const means = scores.map(mean)
  const chosen = candidates[means.indexOf(Math.max(...means))]
  const [near, asked] = [standardise(known, known), standardise(sepals.slice(120), known)]
  const right = asked.filter((flower, i) => predict(flower, near, knownClasses, chosen) === t[120 + i]).length
  print(
    `The best mean is ${(100 * Math.max(...means)).toFixed(1)}%, with k = ${chosen}. Where boxes overlap, chance decides.`,
    `Of the 30 flowers that had no part in the choice, ${right} are right: ${((100 * right) / 30).toFixed(1)}%.`,
    '',
  )

  // Digits: neighbours beside a network, on the same split.
  const digits = data.digits()
  const [xTrain, xTest, yTrain, yTest] = await evaluate.trainTestSplit(digits.x, digits.y, {
    testSize: 0.2,
    stratify: digits.y,
    seed: options.seed,
  })
  const [train, test] = [rowsOf(await xTrain.read(), 64), rowsOf(await xTest.read(), 64)]
  const [classes, truth] = [Int32Array.from(await yTrain.read()), Int32Array.from(await yTest.read())]
  const percent = (answers: ArrayLike<number>) =>
    ((100 * truth.filter((digit, i) => answers[i] === digit).length) / truth.length).toFixed(1)
  const timed = async <T>(what: () => T | Promise<T>): Promise<[T, seconds: number]> => {
    const start = performance.now()
    return [await what(), (performance.now() - start) / 1000]
  }

  const k = 3
  status(`${test.length} digits ask ${train.length} for their neighbours`)
  const found = await timed(() => test.map((digit) => nearest(digit, train, k)))
  const own = found[0].map((places) =>
    vote(
      places.map((i) => classes[i]),
      new Float64Array(k).fill(1),
    ),
  )
  const weighted = found[0].map((places, i) => {
    const d = Float64Array.from(places, (j) => Math.sqrt(squaredDistance(test[i], train[j])))
    return vote(
      places.map((j) => classes[j]),
      distanceWeights(d),
    )
  })
  const library = await new classic.KNeighborsClassifier({ nNeighbors: k }).fit(xTrain, yTrain)
  const theirs = await timed(async () => (await library.predict(xTest)).read())

  status('the network learns')
  manualSeed(options.seed)
  const model = new nn.Sequential(new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 10))
  const [, learning] = await timed(() =>
    fit(model, {
      train: new data.DataLoader(new data.TensorDataset(xTrain.div(16), yTrain), { batchSize: 32, shuffle: true }),
      epochs: options.epochs ?? (options.quick ? 5 : 30),
      optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
      loss: F.crossEntropy,
      quiet: true,
    }),
  )
  const answers = await timed(() => noGrad(() => model.forward(xTest.div(16)).argmax(1)).read())
  const ms = (seconds: number) => `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`
  const pixels = train.length * 64
  show(
    table(
      ['digits read by', 'numbers kept', 'learning', 'answering', 'right %'],
      [
        [`yours, k = ${k}`, pixels, 'none', ms(found[1]), percent(own)],
        ['yours, by distance', pixels, 'none', 'the same', percent(weighted)],
        ['KNeighborsClassifier', pixels, 'none', ms(theirs[1]), percent(theirs[0])],
        ['MLP 64-64-10', model.parameters().reduce((sum, p) => sum + p.size, 0), ms(learning), ms(answers[1]), percent(answers[0])],
      ],
      { title: `${test.length} digits that were kept back` },
    ),
  )
  const agree = own.filter((digit, i) => digit === theirs[0][i]).length
  print(
    `Yours and the library's give the same answer for ${agree} of ${test.length} digits.`,
    'Neighbours pay nothing to learn and much to answer; the network, the opposite.',
  )
})
