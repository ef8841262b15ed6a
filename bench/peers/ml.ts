/** The estimators of the ml.js family: ml-kmeans, ml-knn, ml-cart and ml-random-forest. */
import { readFileSync } from 'node:fs'
import { DecisionTreeClassifier } from 'ml-cart'
import { kmeans } from 'ml-kmeans'
import KNN from 'ml-knn'
import { RandomForestClassifier } from 'ml-random-forest'
import { data } from '../../src/index.ts'
import { type Prepared, serve, type Work } from '../serve.ts'
import { CLUSTERS, labels, NEIGHBOURS, numbers } from '../work.ts'

const rows = (n: number, d: number, seed: number): number[][] => {
  const values = numbers(n * d, seed)
  return Array.from({ length: n }, (_, i) => [...values.subarray(i * d, (i + 1) * d)])
}

/** 20 rounds of Lloyd's algorithm from given centres. The result is the inertia per sample. */
function clusters(): Prepared {
  const { n, d, k, maxIter } = CLUSTERS
  const x = rows(n, d, 1)
  const run = () => kmeans(x, k, { initialization: x.slice(0, k), maxIterations: maxIter, tolerance: 0 })
  const result = () => {
    const { clusters, centroids } = run()
    const distance = (row: number[], centre: number[]) => row.reduce((sum, v, p) => sum + (v - centre[p]) ** 2, 0)
    return [x.reduce((sum, row, i) => sum + distance(row, centroids[clusters[i]]), 0) / n]
  }
  return { run, result }
}

function neighbours(): Prepared {
  const { n, d, queries, k } = NEIGHBOURS
  const [x, y, asked] = [rows(n, d, 1), [...labels(n, 2, 2)], rows(queries, d, 3)]
  const run = (): number[] => new KNN(x, y, { k }).predict(asked)
  return { run, result: () => run().slice(0, 20) }
}

/** Trains on all digits; the result is the accuracy on them. */
function digits(make: () => { train(x: number[][], y: number[]): void; predict(x: number[][]): number[] }): Prepared {
  const { x, y } = data.digits()
  const [images, truth] = [x.toArray() as number[][], y.toArray() as number[]]
  const run = () => {
    const model = make()
    model.train(images, truth)
    return model
  }
  const result = () => {
    const predicted = run().predict(images)
    return [predicted.filter((label, i) => label === truth[i]).length / truth.length]
  }
  return { run, result }
}

/** Grown until every leaf is pure, as the others' trees are. */
const FULL_TREE = { gainFunction: 'gini', minNumSamples: 1, gainThreshold: 0 } as const

const work: Work = {
  'k-means 10000×16, k = 10': clusters,
  'KNN 5000×64, 500 queries': neighbours,
  'decision tree, digits': () => digits(() => new DecisionTreeClassifier(FULL_TREE)),
  'random forest, 100 trees, digits': () =>
    digits(
      () =>
        new RandomForestClassifier({ nEstimators: 100, maxFeatures: 8, replacement: false, seed: 1, noOOB: true, treeOptions: FULL_TREE }),
    ),
}

const versions = ['ml-kmeans', 'ml-knn', 'ml-cart', 'ml-random-forest'].map((name) => {
  const { version } = JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), 'utf8'))
  return `${name} ${version}`
})
await serve(work, { version: versions.join(', ') })
