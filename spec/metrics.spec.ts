/** Metrics: what a prediction is worth. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, tensor } from '../src/index.ts'
import { oracle } from './support.ts'
import { places, seeds } from './twins.ts'

const { accuracy, confusionMatrix, f1, precision, r2, recall, rocAuc, specificity } = evaluate

type MetricsCase = Record<string, number> & { op: string; yTrue: number[]; yPred: number[]; yScore: number[]; confusion: number[][] }

const cases = oracle<MetricsCase>('classic')
const many = cases.find(({ op }) => op === 'metrics') as MetricsCase
const two = cases.find(({ op }) => op === 'binaryMetrics') as MetricsCase

const labelled = fc
  .record({ n: fc.integer({ min: 1, max: 40 }), classes: fc.integer({ min: 1, max: 5 }), seed: seeds })
  .map(({ n, classes, seed }) => ({
    yTrue: places(seed, n, classes),
    yPred: places(seed + 1, n, classes),
  }))

describe('metrics', () => {
  it('are those of scikit-learn for three classes', async () => {
    const { yTrue, yPred } = many
    expect((await confusionMatrix(yTrue, yPred)).toArray()).toEqual(many.confusion)
    expect(await accuracy(yTrue, yPred)).toBeCloseTo(many.accuracy, 12)
    for (const average of ['macro', 'micro', 'weighted'] as const) {
      expect(await precision(yTrue, yPred, { average })).toBeCloseTo(many[`${average}Precision`], 12)
      expect(await recall(yTrue, yPred, { average })).toBeCloseTo(many[`${average}Recall`], 12)
      expect(await f1(yTrue, yPred, { average })).toBeCloseTo(many[`${average}F1`], 12)
    }
  })

  it('are those of scikit-learn for two classes, also on tensors', async () => {
    for (const of of [(y: number[]) => y, (y: number[]) => tensor(y, { dtype: 'int32' }), (y: number[]) => tensor(y)]) {
      const [yTrue, yPred] = [of(two.yTrue), of(two.yPred)]
      expect(await precision(yTrue, yPred)).toBeCloseTo(two.precision, 12)
      expect(await recall(yTrue, yPred)).toBeCloseTo(two.recall, 12)
      expect(await specificity(yTrue, yPred)).toBeCloseTo(two.specificity, 12)
      expect(await f1(yTrue, yPred)).toBeCloseTo(two.f1, 12)
      expect(await rocAuc(yTrue, two.yScore)).toBeCloseTo(two.rocAuc, 12)
    }
  })

  it('hold the laws: rows of the confusion matrix count the classes, its trace the right ones', async () => {
    await fc.assert(
      fc.asyncProperty(labelled, async ({ yTrue, yPred }) => {
        const matrix = (await confusionMatrix(yTrue, yPred)).toArray() as number[][]
        const classes = [...new Set([...yTrue, ...yPred])].sort()
        for (const [k, label] of classes.entries()) {
          expect(matrix[k].reduce((a, b) => a + b)).toBe(yTrue.filter((y) => y === label).length)
          expect(matrix.reduce((sum, row) => sum + row[k], 0)).toBe(yPred.filter((y) => y === label).length)
        }
        const right = matrix.reduce((sum, row, k) => sum + row[k], 0) / yTrue.length
        expect(await accuracy(yTrue, yPred)).toBeCloseTo(right, 12)
        for (const score of [precision, recall, f1]) expect(await score(yTrue, yPred, { average: 'micro' })).toBeCloseTo(right, 12)
        expect(await recall(yTrue, yPred, { average: 'weighted' })).toBeCloseTo(right, 12)
        const each = [...(await (await recall(yTrue, yPred, { average: null })).read())]
        expect(await recall(yTrue, yPred, { average: 'macro' })).toBeCloseTo(each.reduce((a, b) => a + b) / each.length, 6)
      }),
      { numRuns: 60 },
    )
  })

  it('exchange roles with the classes: the recall of one is the specificity of the other', async () => {
    const { yTrue, yPred } = two
    expect(await specificity(yTrue, yPred, { posLabel: 0 })).toBe(await recall(yTrue, yPred))
    expect(
      await rocAuc(
        yTrue.map((y) => 1 - y),
        two.yScore,
      ),
    ).toBeCloseTo(1 - two.rocAuc, 12)
    expect(await rocAuc([0, 1, 0, 1], [2, 2, 2, 2])).toBe(0.5)
    expect(await rocAuc([-1, 1, -1, 1], [0, 5, 1, 6])).toBe(1)
  })

  it('give 0 / 0 as asked', async () => {
    expect(await precision([1, 0], [0, 0])).toBe(0)
    expect(await precision([1, 0], [0, 0], { zeroDivision: 1 })).toBe(1)
    expect(await recall([0, 0], [0, 0])).toBe(0)
    expect(await specificity([1, 1], [1, 1], { zeroDivision: 1 })).toBe(1)
  })

  it('r2 is 1 for the truth, 0 for its mean, and what scikit-learn says of a constant', async () => {
    expect(await r2([1, 2, 4], [1, 2, 4])).toBe(1)
    expect(await r2([1, 2, 3], [2, 2, 2])).toBe(0)
    expect(await r2([3, -0.5, 2, 7], [2.5, 0, 2, 8])).toBeCloseTo(0.9486081370449679, 12)
    expect(await r2([5, 5], [5, 5])).toBe(1)
    expect(await r2([5, 5], [5, 6])).toBe(0)
  })

  it('say what is wrong', async () => {
    await expect(accuracy([0, 1], [0])).rejects.toThrow('accuracy: yPred must have one number per sample, 2, got 1')
    await expect(accuracy([], [])).rejects.toThrow('accuracy: yTrue is empty')
    await expect(accuracy([0.5], [0])).rejects.toThrow('accuracy: yTrue must hold class labels, integers of 32 bits, got 0.5 at place 0')
    await expect(f1([0, 1, 2], [0, 1, 2])).rejects.toThrow("f1: there are 3 classes, average 'binary' is for two; choose 'macro'")
    await expect(recall([2, 3], [2, 3])).rejects.toThrow('recall: posLabel 1 is none of the classes 2, 3')
    await expect(recall([0], [0], { average: 'mean' as 'macro' })).rejects.toThrow('recall: average must be one of binary, macro')
    await expect(rocAuc([1, 1], [0, 1])).rejects.toThrow('rocAuc: yTrue must have two classes, got 1: 1')
    await expect(rocAuc([0, 1], [0, Number.NaN])).rejects.toThrow('rocAuc: yScore must be finite, got NaN at place 1')
    await expect(r2([1], [1])).rejects.toThrow('r2: needs at least two samples, got 1')
    await expect(confusionMatrix([0, 1], [0, 2], { labels: [0, 1] })).rejects.toThrow(
      'confusionMatrix: class 2 occurs, but labels has only 0, 1',
    )
    await expect(confusionMatrix([0], [0], { labels: [0, 0] })).rejects.toThrow('confusionMatrix: labels must differ, got 0, 0')
    expect((await confusionMatrix([0], [0], { labels: [1, 0] })).toArray()).toEqual([
      [0, 0],
      [0, 1],
    ])
  })
})
