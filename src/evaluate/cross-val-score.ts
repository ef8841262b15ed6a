import type { Estimator } from '../classic/estimator.ts'
import { type Column, expectCount, type Rows } from '../classic/input.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { KFold, type Splitter, StratifiedKFold } from './k-fold.ts'
import { columnToTake, rowsToTake } from './rows.ts'

export interface CrossValOptions {
  /** How many folds (stratified for a classifier), or a splitter such as `new KFold({ shuffle: true, seed: 1 })`. Default 5. */
  cv?: number | Splitter
}

/**
 * Fits a fresh copy of the estimator once per fold, on all other folds, and scores it on this one        x: [N, D], y: [N] -> [k]
 *
 * Each score is that of samples which were not learnt from. The estimator itself stays as it is.
 */
export async function crossValScore(estimator: Estimator, x: Rows, y: Column, { cv = 5 }: CrossValOptions = {}): Promise<Tensor> {
  const rows = await rowsToTake('crossValScore', x)
  const labels = await columnToTake('crossValScore', y, rows.n)
  const scores: number[] = []
  for (const [train, test] of await splitterOf(estimator, cv).split(x, y)) {
    const [mine, others] = [await train.read(), await test.read()]
    const model = await estimator.clone().fit(rows.take(mine), labels.take(mine))
    scores.push(await model.score(rows.take(others), labels.take(others)))
  }
  return fromHost('crossValScore', Float32Array.from(scores), [scores.length])
}

function splitterOf({ kind }: Estimator, cv: number | Splitter): Splitter {
  if (typeof cv !== 'number') return cv
  expectCount('crossValScore', 'cv', cv, 2)
  return kind === 'classifier' ? new StratifiedKFold({ nSplits: cv }) : new KFold({ nSplits: cv })
}
