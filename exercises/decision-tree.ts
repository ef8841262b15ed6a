/**
 * A decision tree asks one question after the other, "is petal width ≤ 0.8?",
 * until it knows enough (Breiman, Friedman, Olshen & Stone, "CART", 1984;
 * Quinlan, "ID3", 1986). How mixed the samples at a node are, its impurity,
 * says which question is the best:
 *
 *     gini  1 - Σ p_c²            entropy  -Σ p_c · log2 p_c
 *     gain = impurity(node) - N_l/N · impurity(left) - N_r/N · impurity(right)
 *
 * A tree that may ask on learns its samples by heart. Many of them, each grown
 * on other samples, err differently; a forest is their mean (Breiman 2001).
 */
import { classic, data, evaluate, F, fit, manualSeed, nn, noGrad, optim } from '../src/index.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { images, lines, regions, table, tree } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/** Samples.        N rows of [D] */
export type Rows = readonly Float64Array[]

/** The library's node, too: { samples, weight, impurity, value: [C] shares, split: null or { feature, threshold, gain, left, right } }. */
export type TreeNode = classic.TreeNode

/** A question about one feature, x ≤ threshold, and by how much it lowers the impurity. */
export interface Cut {
  readonly threshold: number
  readonly gain: number
}

/** A cut, and which feature it asks. */
export interface Question extends Cut {
  readonly feature: number
}

/** The share of each class.  p_c = |{i: t_i = c}| / N        t: [N] classes 0 to C - 1, N ≥ 1 -> p: [C] */
export function shares(t: readonly number[], classes: number): Float64Array {
  const counts = new Float64Array(classes) // worked: read it, then go on
  for (const c of t) counts[c]++
  return counts.map((count) => count / t.length)
}

/** The Gini impurity: how often two samples drawn from the node differ.  1 - Σ_c p_c²        p: [C] shares -> 0, where all agree, or more */
export function gini(p: Float64Array): number {
  return blank('gini', p)
}

/** The entropy: how many bits tell the class of a sample.  -Σ_c p_c · log2 p_c, where 0 · log2 0 is 0        p: [C] shares -> 0, where all agree, or more */
export function entropy(p: Float64Array): number {
  return blank('entropy', p)
}

/**
 * The best cut of one feature. Thresholds lie in the middle between two neighbouring values.
 * gain = gini(all) - N_l/N · gini(left) - N_r/N · gini(right), left: x_i ≤ threshold. A later threshold must gain more by 1e-10: of equal ones the lowest.
 * x: [N] values of the feature, t: [N] classes 0 to C - 1 -> threshold and gain, or null where all values are equal
 */
export function bestCut(x: Float64Array, t: readonly number[], classes: number): Cut | null {
  return blank('bestCut', x, t, classes)
}

/**
 * The best question about some features: the feature whose best cut gains most, by more than 1e-10; of equal ones the first in `features`.
 * rows: N of [D], t: [N] classes 0 to C - 1, features: numbers from 0 to D - 1 -> feature, threshold and gain, or null where no feature can be cut
 */
export function bestQuestion(rows: Rows, t: readonly number[], classes: number, features: ArrayLike<number>): Question | null {
  return blank('bestQuestion', rows, t, classes, features)
}

/** When a tree stops, and which features a node asks about. */
export interface Growth {
  /** How many questions one after the other; Infinity for no limit. */
  readonly maxDepth: number
  /** Chosen anew at every node; all of them, if not given. */
  readonly features?: () => ArrayLike<number>
}

/** Grows a tree from the root down, until the samples of a node agree, or nothing can be asked.        rows: N of [D], t: [N] -> its root */
export function grow(rows: Rows, t: readonly number[], classes: number, growth: Growth): TreeNode {
  const value = shares(t, classes)
  const leaf = { samples: t.length, weight: t.length, impurity: gini(value), value: [...value], split: null }
  if (growth.maxDepth === 0 || t.every((c) => c === t[0])) return leaf
  const question = bestQuestion(rows, t, classes, growth.features?.() ?? Array.from(rows[0].keys()))
  if (question === null) return leaf
  const part = (isLeft: boolean) => {
    const isHere = (row: Float64Array) => row[question.feature] <= question.threshold === isLeft
    return grow(
      rows.filter(isHere),
      t.filter((_, i) => isHere(rows[i])),
      classes,
      { ...growth, maxDepth: growth.maxDepth - 1 },
    )
  }
  return { ...leaf, split: { ...question, left: part(true), right: part(false) } }
}

/** Down from the root to a leaf, left where x_feature ≤ threshold.        x: [D] -> the shares of the classes there: [C] */
export function answer(root: TreeNode, x: Float64Array): readonly number[] {
  return blank('answer', root, x)
}

/** The class with the greatest share, the smallest of several.        value: [C] -> class */
export function likeliest(value: readonly number[]): number {
  return value.indexOf(Math.max(...value))
}

/**
 * What share of all that was gained is due to each feature. A split adds samples · gain to its feature; in the end all are divided by their sum.
 * root: a tree, d: how many features -> [d], which sum to 1; all 0 for a leaf alone
 */
export function importances(root: TreeNode, d: number): Float64Array {
  return blank('importances', root, d)
}

/** How many samples the tree gets right.        rows: N of [D], t: [N] -> 0 to N */
export function rightOf(root: TreeNode, rows: Rows, t: readonly number[]): number {
  return rows.filter((x, i) => likeliest(answer(root, x)) === t[i]).length
}

/** Numbers one after the other as rows.        flat: [N · d] -> N rows of [d] */
export function rowsOf(flat: ArrayLike<number>, d: number): Rows {
  return Array.from({ length: flat.length / d }, (_, i) => Float64Array.from({ length: d }, (_, p) => flat[d * i + p]))
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const p = Array.from({ length: 61 }, (_, i) => i / 60)
  const two = (of: (p: Float64Array) => number) => p.map((p_1) => of(Float64Array.of(p_1, 1 - p_1)))
  const curves = { gini: two(gini), 'entropy / 2': two(entropy).map((bits) => bits / 2) }
  show(lines(curves, { title: 'two classes: how impure a node is, by the share of one of them', x: [0, 1], height: 7 }))
  print('')

  // Irises: what the root asks, and the tree that grows below it.
  const iris = data.iris()
  const names = { featureNames: iris.featureNames, classNames: iris.targetNames }
  const flowers = rowsOf(await iris.x.read(), 4)
  const species = Array.from(await iris.y.read())
  const cuts = iris.featureNames.map((name, p) => {
    const column = Float64Array.from(flowers, (flower) => flower[p])
    const cut = bestCut(column, species, 3)
    return [name, cut?.threshold.toFixed(2) ?? '-', cut?.gain.toFixed(4) ?? '-']
  })
  show(table(['feature', 'x ≤', 'gain'], cuts, { title: 'the best cut of each feature, 150 irises: the root asks the best' }))
  print('')
  show(tree({ kind: 'classifier', root: grow(flowers, species, 3, { maxDepth: 3 }) }, { ...names, title: 'three questions deep' }))
  print('')

  // The sepals alone do not part two of the species: a tree that may ask on cuts out single flowers.
  const sepals = flowers.map((flower) => flower.slice(0, 2))
  for (const maxDepth of [2, Infinity]) {
    const root = grow(sepals, species, 3, { maxDepth })
    show(
      regions((length, width) => likeliest(answer(root, Float64Array.of(length, width))), {
        title: `by the sepals, ${maxDepth === Infinity ? 'without a limit' : `${maxDepth} questions deep`}: ${rightOf(root, sepals, species)} of these 150 are right`,
        xLabel: 'sepal length (cm)',
        yLabel: 'sepal width (cm)',
        points: sepals.map((flower) => [...flower]),
        labels: species,
        classes: iris.targetNames,
        x: [4, 8.2],
        y: [1.8, 4.6],
        height: 12,
      }),
    )
  }
  print('')

  // Depth: trees on random halves, judged on the other halves.
  const generator = new Generator(options.seed)
  const depths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const halves = Array.from({ length: options.quick ? 8 : 30 }, () => {
    const order = Array.from(generator.randperm(150))
    return [order.slice(0, 75), order.slice(75)].map((part) => ({
      x: part.map((i) => sepals[i]),
      t: part.map((i) => species[i]),
    }))
  })
  const accuracies = depths.map((maxDepth) => {
    const runs = halves.map(([training, validation]) => {
      const root = grow(training.x, training.t, 3, { maxDepth })
      return [rightOf(root, training.x, training.t), rightOf(root, validation.x, validation.t)].map((right) => (100 * right) / 75)
    })
    return [0, 1].map((part) => runs.reduce((sum, run) => sum + run[part], 0) / runs.length)
  })
  const [training, validation] = [0, 1].map((part) => accuracies.map((pair) => pair[part]))
  show(
    lines(
      { training, validation },
      { title: `% right by depth: sepals, mean of ${halves.length} random halves`, xLabel: 'questions one after the other', height: 9 },
    ),
  )
  const best = validation.indexOf(Math.max(...validation))
  print(
    `The other half is read best at depth ${best}, ${validation[best].toFixed(1)}%; at depth 10 it is ${validation[10].toFixed(1)}%,`,
    `while the tree has ${training[10].toFixed(1)}% of its own half by heart. It over-fits.`,
    '',
  )

  // Digits: a tree, a forest and a network on the same split.
  const digits = data.digits()
  const [xTrain, xTest, yTrain, yTest] = await evaluate.trainTestSplit(digits.x, digits.y, {
    testSize: 0.2,
    stratify: digits.y,
    seed: options.seed,
  })
  const [train, test] = [rowsOf(await xTrain.read(), 64), rowsOf(await xTest.read(), 64)]
  const [classes, truth] = [Array.from(await yTrain.read()), Array.from(await yTest.read())]
  const percent = (right: number) => ((100 * right) / truth.length).toFixed(1)
  const agreeing = (answers: ArrayLike<number>, others: ArrayLike<number>) =>
    Array.from(answers).filter((digit, i) => digit === others[i]).length
  const timed = async <T>(what: () => T | Promise<T>): Promise<[T, seconds: string]> => {
    const start = performance.now()
    return [await what(), ((performance.now() - start) / 1000).toFixed(2)]
  }

  status(`a tree on ${train.length} digits`)
  const [root, treeTime] = await timed(() => grow(train, classes, 10, { maxDepth: Infinity }))
  const [library, libraryTime] = await timed(() => new classic.DecisionTreeClassifier().fit(xTrain, yTrain))
  const same = agreeing(
    test.map((digit) => likeliest(answer(root, digit))),
    await (await library.predict(xTest)).read(),
  )

  const [trees, forestTime] = await timed(() =>
    Array.from({ length: options.quick ? 10 : 40 }, (_, i) => {
      status(`tree ${i + 1} of the forest`)
      const drawn = generator.randint(0, train.length, train.length) // with replacement: about a third is left out
      const features = () => generator.randperm(64).slice(0, 8)
      const root = grow(
        Array.from(drawn, (i) => train[i]),
        Array.from(drawn, (i) => classes[i]),
        10,
        { maxDepth: Infinity, features },
      )
      return { root, drawn: new Set(drawn) }
    }),
  )
  /** The mean of what trees say. */
  const together = (roots: readonly TreeNode[], x: Float64Array) => {
    const sums = new Array<number>(10).fill(0)
    for (const root of roots) for (const [c, share] of answer(root, x).entries()) sums[c] += share
    return likeliest(sums)
  }
  const roots = trees.map(({ root }) => root)
  const outside = train.map((x, i) => ({ t: classes[i], x, roots: trees.filter(({ drawn }) => !drawn.has(i)).map(({ root }) => root) }))
  const judged = outside.filter(({ roots }) => roots.length > 0)
  const outOfBag = judged.filter(({ t, x, roots }) => together(roots, x) === t).length / judged.length
  const forestRight = test.filter((digit, i) => together(roots, digit) === truth[i]).length
  const [forest, libraryForestTime] = await timed(() =>
    new classic.RandomForestClassifier({ nEstimators: roots.length, oobScore: true, seed: options.seed }).fit(xTrain, yTrain),
  )

  status('the network learns')
  manualSeed(options.seed)
  const model = new nn.Sequential(new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 10))
  const [, networkTime] = await timed(() =>
    fit(model, {
      train: new data.DataLoader(new data.TensorDataset(xTrain.div(16), yTrain), { batchSize: 32, shuffle: true }),
      epochs: options.epochs ?? (options.quick ? 5 : 30),
      optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
      loss: F.crossEntropy,
      quiet: true,
    }),
  )
  const read = async (x: typeof xTest, t: readonly number[]) => agreeing(await noGrad(() => model.forward(x.div(16)).argmax(1)).read(), t)
  const seen = (right: number) => ((100 * right) / train.length).toFixed(1)
  const all = (roots: readonly TreeNode[]) => train.filter((digit, i) => together(roots, digit) === classes[i]).length
  const rows = [
    ['your tree', seen(rightOf(root, train, classes)), '-', percent(rightOf(root, test, truth)), treeTime],
    [
      'DecisionTreeClassifier',
      seen(train.length * (await library.score(xTrain, yTrain))),
      '-',
      percent(truth.length * (await library.score(xTest, yTest))),
      libraryTime,
    ],
    [`your forest of ${roots.length}`, seen(all(roots)), (100 * outOfBag).toFixed(1), percent(forestRight), forestTime],
    [
      'RandomForestClassifier',
      seen(train.length * (await forest.score(xTrain, yTrain))),
      (100 * forest.oobScore).toFixed(1),
      percent(truth.length * (await forest.score(xTest, yTest))),
      libraryForestTime,
    ],
    ['MLP 64-64-10', seen(await read(xTrain, classes)), '-', percent(await read(xTest, truth)), networkTime],
  ]
  show(
    table(['digits read by', 'seen %', 'out of bag %', `unseen %`, 'seconds'], rows, {
      title: `${train.length} to learn from, ${truth.length} kept back`,
    }),
  )
  print(`Your tree and the library's give the same answer for ${same} of ${truth.length} unseen digits.`, '')

  const shareOf = (roots: readonly TreeNode[]) => {
    const each = roots.map((root) => importances(root, 64))
    return Array.from({ length: 64 }, (_, p) => each.reduce((sum, of) => sum + of[p] / each.length, 0))
  }
  const pictures = [
    { pixels: shareOf([root]), caption: 'the tree' },
    { pixels: shareOf(roots), caption: 'the forest' },
  ]
  show(images(pictures, { shape: [8, 8], title: 'which pixels are asked: importances' }))
})
