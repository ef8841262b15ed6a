import { type Column, encode, generatorOf, type Rows, readLabels } from '../classic/input.ts'
import { expect } from '../errors.ts'
import type { Generator } from '../random.ts'
import type { Tensor } from '../tensor/index.ts'
import { columnToTake, rowsToTake } from './rows.ts'

export interface TrainTestSplitOptions {
  /** A share between 0 and 1 (rounded up), or a count. Default: what trainSize leaves, else 0.25. */
  testSize?: number
  /** A share between 0 and 1 (rounded down), or a count. Default: what testSize leaves. */
  trainSize?: number
  /** In random order. Default true; without, the first samples train and the last test. */
  shuffle?: boolean
  /** Labels, mostly y: both parts have their classes in the same shares, as far as whole samples allow. */
  stratify?: Column
  /** Without one, the generator of `manualSeed` draws. */
  seed?: number
}

/**
 * Parts samples in two: one to learn from, one to be judged on        x: [N, ...], y: [N] -> [xTrain, xTest, yTrain, yTest]
 *
 *     const [xTrain, xTest, yTrain, yTest] = await trainTestSplit(x, y, { testSize: 0.2, stratify: y, seed: 1 })
 *
 * Errors: a part would be empty, or with stratify have fewer samples than there are classes; a class with one sample only.
 */
export async function trainTestSplit(
  x: Rows,
  y: Column,
  options: TrainTestSplitOptions = {},
): Promise<[xTrain: Tensor, xTest: Tensor, yTrain: Tensor, yTest: Tensor]> {
  const { shuffle = true, stratify, seed } = options
  const rows = await rowsToTake('trainTestSplit', x)
  const labels = await columnToTake('trainTestSplit', y, rows.n)
  const { train, test } = sizes(rows.n, options)
  expect(shuffle || stratify === undefined, 'trainTestSplit', () => 'stratify needs shuffle')
  const generator = generatorOf(seed)
  const parts =
    stratify === undefined
      ? cut(shuffle ? generator.randperm(rows.n) : Int32Array.from({ length: rows.n }, (_, i) => i), train, test, shuffle)
      : await stratified(stratify, rows.n, train, test, generator)
  return [rows.take(parts.train), rows.take(parts.test), labels.take(parts.train), labels.take(parts.test)]
}

interface Parts {
  train: Int32Array
  test: Int32Array
}

/** As in scikit-learn: of shuffled samples the test's come first, of samples in their order last. */
function cut(order: Int32Array, train: number, test: number, shuffled: boolean): Parts {
  if (shuffled) return { test: order.slice(0, test), train: order.slice(test, test + train) }
  return { train: order.slice(0, train), test: order.slice(train, train + test) }
}

function sizes(n: number, { testSize, trainSize }: TrainTestSplitOptions): { train: number; test: number } {
  for (const [name, size] of Object.entries({ testSize, trainSize })) {
    const isRight = size === undefined || (size > 0 && (size < 1 || Number.isInteger(size)))
    expect(isRight, 'trainTestSplit', () => `${name} must be a share between 0 and 1 or a count, got ${size}`)
  }
  const share = (size: number, round: (x: number) => number) => (size < 1 ? round(Number((size * n).toFixed(9))) : size)
  const wanted = trainSize === undefined ? (testSize ?? 0.25) : testSize
  const test = wanted === undefined ? n - share(trainSize ?? 0, Math.floor) : share(wanted, Math.ceil)
  const train = trainSize === undefined ? n - test : share(trainSize, Math.floor)
  expect(train > 0 && test > 0, 'trainTestSplit', () => `of ${n} samples ${train} would train and ${test} test; neither may be empty`)
  expect(train + test <= n, 'trainTestSplit', () => `${train} to train and ${test} to test are more than the ${n} samples`)
  return { train, test }
}

/** Each class is shuffled and cut by itself; then each part is shuffled. */
async function stratified(stratify: Column, n: number, train: number, test: number, generator: Generator): Promise<Parts> {
  const { classes, codes } = encode(await readLabels('trainTestSplit', stratify, 'stratify', n))
  const members = Array.from(classes, (_, c) => Array.from(codes.keys()).filter((i) => codes[i] === c))
  for (const [c, { length }] of members.entries()) {
    expect(length > 1, 'trainTestSplit', () => `class ${classes[c]} has one sample only; stratify needs two or more of each class`)
  }
  for (const [name, size] of Object.entries({ train, test })) {
    expect(size >= classes.length, 'trainTestSplit', () => `the ${name} part would have ${size} samples for ${classes.length} classes`)
  }
  const forTest = apportion(
    members.map(({ length }) => length),
    test,
  )
  const left = members.map(({ length }, c) => length - forTest[c])
  const forTrain = apportion(left, train)
  const parts: { train: number[]; test: number[] } = { train: [], test: [] }
  for (const [c, mine] of members.entries()) {
    const order = Array.from(generator.randperm(mine.length), (place) => mine[place])
    parts.test.push(...order.slice(0, forTest[c]))
    parts.train.push(...order.slice(forTest[c], forTest[c] + forTrain[c]))
  }
  const shuffled = (part: number[]) => Int32Array.from(generator.randperm(part.length), (place) => part[place])
  return { train: shuffled(parts.train), test: shuffled(parts.test) }
}

/** `total` seats in proportion to counts: the whole parts first, the rest to the largest remainders, of equal ones to the first (Hamilton 1792). */
export function apportion(counts: readonly number[], total: number): number[] {
  const all = counts.reduce((a, b) => a + b, 0)
  const exact = counts.map((count) => (count * total) / all)
  const seats = exact.map(Math.floor)
  const remainder = (c: number) => exact[c] - seats[c]
  const order = Array.from(counts.keys()).sort((a, b) => remainder(b) - remainder(a) || a - b)
  const missing = total - seats.reduce((a, b) => a + b, 0)
  for (const c of order.slice(0, missing)) seats[c]++
  return seats
}
