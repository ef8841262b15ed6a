import type { Column } from '../classic/input.ts'
import { expect } from '../errors.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { type Confusion, confusion } from './confusion-matrix.ts'

/**
 * How the scores of the classes become one:
 *
 *     'binary'     the score of class posLabel; there are two classes at most
 *     'macro'      the mean over the classes
 *     'weighted'   the mean, each class weighted by how many samples truly belong to it
 *     'micro'      one score for all: the counts of all classes are added first
 *     null         none: a tensor with the score of each class, in ascending order
 */
export type Average = 'binary' | 'macro' | 'weighted' | 'micro' | null

export interface ScoreOptions<A extends Average = Average> {
  /** Default 'binary'. */
  average?: A
  /** The class that counts as positive for 'binary'. Default 1. */
  posLabel?: number
  /** What 0 / 0 gives: a score of a class that is never predicted, or never occurs. Default 0, as in scikit-learn. */
  zeroDivision?: 0 | 1
}

/** What is said of one class against all others. */
interface Counts {
  /** Rightly and wrongly said to be of the class. */
  tp: number
  fp: number
  /** Wrongly and rightly said not to be of it. */
  fn: number
  tn: number
}

/** A score as a fraction of counts; 0 / 0 is left to zeroDivision. */
type Fraction = (counts: Counts) => [numerator: number, denominator: number]

/** A score of predicted classes        yTrue, yPred: [N] */
export interface Score {
  (yTrue: Column, yPred: Column, options: ScoreOptions<null> & { average: null }): Promise<Tensor>
  (yTrue: Column, yPred: Column, options?: ScoreOptions<Exclude<Average, null>>): Promise<number>
}

function score(operation: string, fraction: Fraction): Score {
  async function compute(yTrue: Column, yPred: Column, options: ScoreOptions<null> & { average: null }): Promise<Tensor>
  async function compute(yTrue: Column, yPred: Column, options?: ScoreOptions<Exclude<Average, null>>): Promise<number>
  async function compute(yTrue: Column, yPred: Column, options: ScoreOptions = {}): Promise<Tensor | number> {
    const { average = 'binary', posLabel = 1, zeroDivision = 0 } = options
    const averages: readonly Average[] = ['binary', 'macro', 'weighted', 'micro', null]
    expect(averages.includes(average), operation, () => `average must be one of ${averages.join(', ')}, got ${average}`)
    const matrix = await confusion(operation, yTrue, yPred)
    const each = countsOf(matrix)
    const divide = (counts: Counts): number => {
      const [numerator, denominator] = fraction(counts)
      return denominator === 0 ? zeroDivision : numerator / denominator
    }
    if (average === 'binary') return divide(positive(operation, matrix, each, posLabel))
    if (average === 'micro') return divide(each.reduce(add))
    const scores = each.map(divide)
    if (average === null) return fromHost(operation, Float32Array.from(scores), [scores.length])
    const weights = each.map(({ tp, fn }) => (average === 'weighted' ? tp + fn : 1))
    return scores.reduce((sum, value, c) => sum + weights[c] * value, 0) / weights.reduce((a, b) => a + b)
  }
  return compute
}

/** What is said of each class. */
function countsOf({ classes, counts }: Confusion): Counts[] {
  const c = classes.length
  const n = counts.reduce((a, b) => a + b)
  return Array.from({ length: c }, (_, k) => {
    const tp = counts[k * c + k]
    let truly = 0
    let said = 0
    for (let j = 0; j < c; j++) {
      truly += counts[k * c + j]
      said += counts[j * c + k]
    }
    return { tp, fp: said - tp, fn: truly - tp, tn: n - truly - said + tp }
  })
}

const add = (a: Counts, b: Counts): Counts => ({ tp: a.tp + b.tp, fp: a.fp + b.fp, fn: a.fn + b.fn, tn: a.tn + b.tn })

function positive(operation: string, { classes }: Confusion, each: readonly Counts[], posLabel: number): Counts {
  expect(
    classes.length <= 2,
    operation,
    () => `there are ${classes.length} classes, average 'binary' is for two; choose 'macro', 'weighted', 'micro' or null`,
  )
  const place = classes.indexOf(posLabel)
  if (place >= 0) return each[place]
  // Neither occurs nor is predicted: with one class that is possible, with two the label must be wrong.
  expect(classes.length === 1, operation, () => `posLabel ${posLabel} is none of the classes ${classes.join(', ')}`)
  return { tp: 0, fp: 0, fn: 0, tn: each[0].tp }
}

/** Of those said to be positive, the share that is        TP / (TP + FP) */
export const precision: Score = score('precision', ({ tp, fp }) => [tp, tp + fp])

/** Of the positive ones, the share that is found (sensitivity)        TP / (TP + FN) */
export const recall: Score = score('recall', ({ tp, fn }) => [tp, tp + fn])

/** Of the negative ones, the share that is said to be negative        TN / (TN + FP) */
export const specificity: Score = score('specificity', ({ tn, fp }) => [tn, tn + fp])

/** The harmonic mean of precision and recall (van Rijsbergen 1979)        2 TP / (2 TP + FP + FN) */
export const f1: Score = score('f1', ({ tp, fp, fn }) => [2 * tp, 2 * tp + fp + fn])
