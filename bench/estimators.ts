import { classic, data } from '../src/index.ts'
import type { Work } from './serve.ts'
import { CLUSTERS, labels, NEIGHBOURS, numbers } from './work.ts'

const rows = (n: number, d: number, seed: number): number[][] => {
  const values = numbers(n * d, seed)
  return Array.from({ length: n }, (_, i) => [...values.subarray(i * d, (i + 1) * d)])
}

/** Trains on all digits; the result is the accuracy on them. */
function onDigits(make: () => classic.DecisionTreeClassifier | classic.RandomForestClassifier) {
  const { x, y } = data.digits()
  const run = () => make().fit(x, y)
  return { run, result: async () => [await (await run()).score(x, y)] }
}

/** Whole estimators, fitted from the numbers that a caller has; what the peers' are called, too. */
export const estimatorWork: Work = {
  'k-means 10000×16, k = 10': () => {
    const { n, d, k, maxIter } = CLUSTERS
    const x = rows(n, d, 1)
    const run = () => new classic.KMeans({ nClusters: k, init: x.slice(0, k), maxIter, tol: 0 }).fit(x)
    return { run, result: async () => [(await run()).inertia / n] }
  },
  'KNN 5000×64, 500 queries': () => {
    const { n, d, queries, k } = NEIGHBOURS
    const [x, y, asked] = [rows(n, d, 1), [...labels(n, 2, 2)], rows(queries, d, 3)]
    const run = async () => (await new classic.KNeighborsClassifier({ nNeighbors: k }).fit(x, y)).predict(asked)
    return { run, result: async () => (await (await run()).read()).slice(0, 20) }
  },
  'decision tree, digits': () => onDigits(() => new classic.DecisionTreeClassifier({ seed: 1 })),
  'random forest, 100 trees, digits': () => onDigits(() => new classic.RandomForestClassifier({ nEstimators: 100, seed: 1 })),
}
