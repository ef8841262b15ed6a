import { type Column, encode, placesAmong, readLabels } from '../classic/input.ts'
import { expect } from '../errors.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'

export interface ConfusionOptions {
  /** The classes and their order. Default: all that occur in either, ascending. */
  labels?: readonly number[]
}

/** How often class i was predicted as class j. */
export interface Confusion {
  readonly classes: Int32Array
  /** [C, C], row: the truth, column: the prediction */
  readonly counts: Int32Array
}

/** M_ij = how many samples of class i were predicted as class j        yTrue, yPred: [N] -> [C, C], int32. Row i sums to the samples of class i. */
export async function confusionMatrix(yTrue: Column, yPred: Column, { labels }: ConfusionOptions = {}): Promise<Tensor> {
  const { classes, counts } = await confusion('confusionMatrix', yTrue, yPred, labels)
  return fromHost('confusionMatrix', counts, [classes.length, classes.length])
}

/** The same on the host, with the classes that its rows stand for. */
export async function confusion(operation: string, yTrue: Column, yPred: Column, labels?: readonly number[]): Promise<Confusion> {
  const truth = await readLabels(operation, yTrue, 'yTrue')
  const predicted = await readLabels(operation, yPred, 'yPred', truth.length)
  const occurring = encode(Int32Array.of(...new Set([...truth, ...predicted]))).classes
  const classes = labels === undefined ? occurring : Int32Array.from(labels)
  expect(new Set(labels).size === (labels?.length ?? 0), operation, () => `labels must differ, got ${labels?.join(', ')}`)
  const stranger = occurring.find((label) => !classes.includes(label))
  expect(stranger === undefined, operation, () => `class ${stranger} occurs, but labels has only ${classes.join(', ')}`)
  const c = classes.length
  const counts = new Int32Array(c * c)
  const [rows, columns] = [truth, predicted].map((values) => placesAmong(classes, values))
  for (let i = 0; i < truth.length; i++) counts[rows[i] * c + columns[i]]++
  return { classes, counts }
}
