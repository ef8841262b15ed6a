import { type Column, readColumn } from '../classic/input.ts'
import { expect } from '../errors.ts'

/**
 * The coefficient of determination, the share of the variance that is explained: 1 at best, 0 for always predicting the mean, negative for worse.
 *
 *     r² = 1 - Σ_i (y_i - ŷ_i)² / Σ_i (y_i - ȳ)²        yTrue, yPred: [N]
 *
 * Where all of yTrue is the same: 1 if all is predicted exactly, else 0, as in scikit-learn. Errors: fewer than two samples.
 */
export async function r2(yTrue: Column, yPred: Column): Promise<number> {
  const truth = await readColumn('r2', yTrue, 'yTrue')
  const predicted = await readColumn('r2', yPred, 'yPred', truth.length)
  const n = truth.length
  expect(n > 1, 'r2', () => `needs at least two samples, got ${n}`)
  let mean = 0
  for (const y of truth) mean += y / n
  let residual = 0
  let variance = 0
  for (let i = 0; i < n; i++) {
    residual += (truth[i] - predicted[i]) ** 2
    variance += (truth[i] - mean) ** 2
  }
  if (variance === 0) return residual === 0 ? 1 : 0
  return 1 - residual / variance
}
