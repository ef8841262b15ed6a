/** Splits, cross-validation and scalers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classic, data, evaluate, manualSeed, tensor } from '../src/index.ts'
import { expectClose, oracle } from './support.ts'
import { numbers, places, seeds } from './twins.ts'

const { crossValScore, KFold, MinMaxScaler, StandardScaler, StratifiedKFold, trainTestSplit } = evaluate
const { KMeans, KNeighborsClassifier, KNeighborsRegressor } = classic

const rowsOf = (values: Float32Array, d: number): number[][] =>
  Array.from({ length: values.length / d }, (_, i) => [...values.subarray(i * d, (i + 1) * d)])
const countUp = (n: number) => Array.from({ length: n }, (_, i) => i)
const tally = (labels: Iterable<number>) => {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

describe('trainTestSplit', () => {
  it('parts the samples, keeps each with its label, and does the same for the same seed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 40 }), seeds, async (n, seed) => {
        const x = countUp(n).map((i) => [i, -i])
        const parts = await trainTestSplit(x, countUp(n), { seed, testSize: 0.3 })
        const [xTrain, xTest, yTrain, yTest] = await Promise.all(parts.map((part) => part.read()))
        expect(yTest.length).toBe(Math.ceil(n * 0.3 - 1e-9))
        expect([...yTrain, ...yTest].sort((a, b) => a - b)).toEqual(countUp(n))
        expect([...xTrain].filter((_, i) => i % 2 === 0)).toEqual([...yTrain])
        expect([...xTest].filter((_, i) => i % 2 === 1)).toEqual([...yTest].map((y) => -y))
        const again = await trainTestSplit(x, countUp(n), { seed, testSize: 0.3 })
        expect(await again[3].read()).toEqual(yTest)
      }),
      { numRuns: 40 },
    )
  })

  it('keeps the shares of the classes where it is stratified', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 5, max: 20 }), { minLength: 1, maxLength: 4 }), seeds, async (counts, seed) => {
        const y = counts.flatMap((count, label) => new Array<number>(count).fill(label * 3))
        const n = y.length
        const [, , yTrain, yTest] = await trainTestSplit(
          y.map((label) => [label]),
          y,
          { testSize: 0.4, stratify: y, seed },
        )
        const [train, test] = [tally(await yTrain.read()), tally(await yTest.read())]
        for (const [label, count] of tally(y)) {
          expect(Math.abs((test.get(label) ?? 0) - (count * yTest.size) / n)).toBeLessThan(1)
          expect((test.get(label) ?? 0) + (train.get(label) ?? 0)).toBe(count)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('takes counts and shares as scikit-learn does', async () => {
    const sizes = async (options: evaluate.TrainTestSplitOptions) =>
      (
        await trainTestSplit(
          countUp(10).map((i) => [i]),
          countUp(10),
          options,
        )
      )
        .slice(2)
        .map((t) => t.size)
    expect(await sizes({})).toEqual([7, 3])
    expect(await sizes({ testSize: 0.2 })).toEqual([8, 2])
    expect(await sizes({ testSize: 4 })).toEqual([6, 4])
    expect(await sizes({ trainSize: 0.55 })).toEqual([5, 5])
    expect(await sizes({ trainSize: 3, testSize: 2 })).toEqual([3, 2])
    expect(await sizes({ testSize: 0.3, trainSize: 0.7 })).toEqual([7, 3])
    const [xTrain, , , yTest] = await trainTestSplit(tensor([[1], [2], [3], [4]]), tensor([1, 2, 3, 4]), { shuffle: false })
    expect([[...xTrain.data], [...yTest.data]]).toEqual([[1, 2, 3], [4]])
  })

  it('keeps the types and axes of tensors; plain integers become int32', async () => {
    const images = tensor(numbers(1, 24)).reshape(4, 2, 3)
    const [xTrain, xTest, yTrain] = await trainTestSplit(images, tensor([0, 1, 2, 3], { dtype: 'int32' }), { testSize: 1 })
    expect([xTrain.shape, xTest.shape, yTrain.dtype]).toEqual([[3, 2, 3], [1, 2, 3], 'int32'])
    expect((await trainTestSplit(images, images, { testSize: 1 }))[2].shape).toEqual([3, 2, 3])
    const plain = await trainTestSplit([[1], [2]], [0.5, 1])
    expect([plain[0].dtype, plain[2].dtype]).toEqual(['float32', 'float32'])
    expect((await trainTestSplit([[1], [2]], [0, 1]))[2].dtype).toBe('int32')
  })

  it('says what is wrong', async () => {
    const x = countUp(4).map((i) => [i])
    await expect(trainTestSplit(x, [0, 1, 2])).rejects.toThrow('trainTestSplit: y must have one number per sample, 4, got 3')
    await expect(trainTestSplit(x, tensor([0, 1]))).rejects.toThrow('trainTestSplit: y must have one row per sample, 4, got shape [2]')
    await expect(trainTestSplit(x, countUp(4), { testSize: 4 })).rejects.toThrow(
      'of 4 samples 0 would train and 4 test; neither may be empty',
    )
    await expect(trainTestSplit(x, countUp(4), { testSize: 1.5 })).rejects.toThrow(
      'testSize must be a share between 0 and 1 or a count, got 1.5',
    )
    await expect(trainTestSplit(x, countUp(4), { testSize: 3, trainSize: 2 })).rejects.toThrow(
      '2 to train and 3 to test are more than the 4 samples',
    )
    await expect(trainTestSplit(x, [0, 0, 0, 1], { stratify: [0, 0, 0, 1] })).rejects.toThrow('class 1 has one sample only')
    await expect(trainTestSplit(x, [0, 0, 1, 1], { stratify: [0, 0, 1, 1], testSize: 1 })).rejects.toThrow(
      'the test part would have 1 samples for 2 classes',
    )
    await expect(trainTestSplit(x, countUp(4), { stratify: [0, 0, 1, 1], shuffle: false })).rejects.toThrow('stratify needs shuffle')
  })
})

describe('KFold and StratifiedKFold', () => {
  it('cut consecutive folds as scikit-learn does', async () => {
    const [frozen] = oracle<{ op: string; n: number; nSplits: number; folds: number[][] }>('classic').filter(({ op }) => op === 'kFold')
    const folds = await new KFold({ nSplits: frozen.nSplits }).split(countUp(frozen.n).map((i) => [i]))
    expect(folds.map(([, test]) => [...test.data])).toEqual(frozen.folds)
  })

  it('test each sample once, learn from all the others, and stratify', async () => {
    const drawn = fc.record({
      n: fc.integer({ min: 10, max: 60 }),
      nSplits: fc.integer({ min: 2, max: 4 }),
      shuffle: fc.boolean(),
      seed: seeds,
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ n, nSplits, shuffle, seed }) => {
        const y = [...places(seed, n - 8, 2), 0, 0, 0, 0, 1, 1, 1, 1]
        const x = tensor(numbers(seed, 2 * n)).reshape(n, 2)
        const options = shuffle ? { nSplits, shuffle, seed } : { nSplits }
        for (const splitter of [new KFold(options), new StratifiedKFold(options)]) {
          const folds = (await splitter.split(x, y)).map((fold) => fold.map(({ data }) => [...data]))
          expect(folds.flatMap(([, test]) => test).sort((a, b) => a - b)).toEqual(countUp(n))
          for (const [train, test] of folds) {
            expect([...train, ...test].sort((a, b) => a - b)).toEqual(countUp(n))
            expect(Math.abs(test.length - n / nSplits)).toBeLessThan(1)
            if (splitter instanceof StratifiedKFold) {
              const ones = y.filter((label) => label === 1).length / nSplits
              expect(Math.abs(test.filter((i) => y[i] === 1).length - ones)).toBeLessThan(1)
            }
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('say what is wrong', async () => {
    expect(() => new KFold({ nSplits: 1 })).toThrow('KFold: nSplits must be an integer of 2 or more, got 1')
    expect(() => new KFold({ seed: 1 })).toThrow('KFold: seed has no effect without shuffle: true')
    await expect(new KFold({ nSplits: 3 }).split([[1], [2]])).rejects.toThrow('KFold.split: nSplits 3 is more than the 2 samples')
    await expect(new StratifiedKFold({ nSplits: 2 }).split([[1], [2], [3]], [0, 0, 1])).rejects.toThrow(
      'class 1 has 1 samples, fewer than nSplits 2',
    )
    await expect(new StratifiedKFold().split([[1]])).rejects.toThrow('StratifiedKFold.split: needs y, the labels')
  })
})

describe('crossValScore', () => {
  it('scores fresh copies on what they have not seen', async () => {
    const { x, y } = data.iris()
    const model = new KNeighborsClassifier({ nNeighbors: 5 })
    const scores = await crossValScore(model, x, y)
    expectClose(await scores.read(), [0.9666666, 1, 0.9333333, 0.9666666, 1]) // scikit-learn 1.2.1
    expect(() => model.classes).toThrow('not fitted')
    const shuffled = await crossValScore(model, x, y, { cv: new KFold({ nSplits: 3, shuffle: true, seed: 2 }) })
    expect(Math.min(...shuffled.data)).toBeGreaterThan(0.9)
  })

  it('takes plain folds for what is no classifier', async () => {
    const x = countUp(12).map((i) => [i])
    const scores = await crossValScore(new KNeighborsRegressor({ nNeighbors: 2 }), x, countUp(12), { cv: 3 })
    expect(scores.shape).toEqual([3])
    expect((await crossValScore(new KMeans({ nClusters: 2, seed: 1 }), x, countUp(12), { cv: 2 })).data.every((score) => score < 0)).toBe(
      true,
    )
    await expect(crossValScore(new KMeans(), x, countUp(12), { cv: 1 })).rejects.toThrow(
      'crossValScore: cv must be an integer of 2 or more, got 1',
    )
  })
})

describe('scalers', () => {
  it('measure what scikit-learn measures', async () => {
    const [frozen] = oracle<{ op: string; mean: number[]; scale: number[]; dataMin: number[]; dataMax: number[] }>('classic').filter(
      ({ op }) => op === 'scalers',
    )
    const { x } = data.iris()
    const standard = await new StandardScaler().fit(x)
    expectClose(await standard.mean.read(), frozen.mean)
    expectClose(await standard.scale.read(), frozen.scale)
    const range = await new MinMaxScaler().fit(x)
    expectClose(await range.dataMin.read(), frozen.dataMin)
    expectClose(await range.dataMax.read(), frozen.dataMax)
  })

  it('go there and back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 4 }), seeds, async (n, d, seed) => {
        const x = rowsOf(numbers(seed, n * d), d)
        for (const scaler of [new StandardScaler(), new MinMaxScaler({ featureRange: [-1, 2] })]) {
          const scaled = await scaler.fitTransform(x)
          expectClose(await (await scaler.inverseTransform(scaled)).read(), x.flat(), { atol: 1e-5 })
        }
      }),
      { numRuns: 40 },
    )
  })

  it('give mean 0 and variance 1, or the range asked for', async () => {
    const x = tensor(numbers(3, 300, { min: 50, max: 90 })).reshape(100, 3)
    const z = await new StandardScaler().fitTransform(x)
    expectClose(z.mean(0).data, [0, 0, 0], { atol: 1e-5 })
    expectClose(z.mul(z).mean(0).data, [1, 1, 1])
    const r = await new MinMaxScaler({ featureRange: [-1, 1] }).fitTransform(x)
    expectClose(r.min(0).values.data, [-1, -1, -1])
    expectClose(r.max(0).values.data, [1, 1, 1])
  })

  it('leave constant features at 0, or at the lower end', async () => {
    const x = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1].map((v) => [v, 7])
    expect(new Set((await new StandardScaler().fitTransform(x)).data)).toEqual(new Set([0]))
    expect(new Set((await new MinMaxScaler({ featureRange: [2, 3] }).fitTransform(x)).data)).toEqual(new Set([2]))
  })

  it('say what is wrong', async () => {
    await expect(new StandardScaler().transform([[1]])).rejects.toThrow('StandardScaler: is not fitted yet')
    const scaler = await new MinMaxScaler().fit([[1, 2]])
    await expect(scaler.transform([[1]])).rejects.toThrow('MinMaxScaler.transform: x has 1 features, fit saw 2')
    await expect(scaler.fit([[Infinity, 2]])).rejects.toThrow(
      'MinMaxScaler.fit: x must be finite in float32, got Infinity in row 0, column 0',
    )
    expect(() => new MinMaxScaler({ featureRange: [1, 1] })).toThrow(
      'MinMaxScaler: featureRange must be [low, high] with low < high, got [1, 1]',
    )
  })

  it('leave the generator of manualSeed to those without a seed', async () => {
    const split = async () =>
      (
        await trainTestSplit(
          countUp(30).map((i) => [i]),
          countUp(30),
        )
      )[3].data
    manualSeed(5)
    const first = await split()
    expect(await split()).not.toEqual(first)
    manualSeed(5)
    expect(await split()).toEqual(first)
  })
})
