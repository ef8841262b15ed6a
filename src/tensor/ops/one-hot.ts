import { expect } from '../../errors.ts'
import { zerosOf } from '../../reference/array.ts'
import { kernelsFor } from '../backend.ts'
import { Storage } from '../storage.ts'
import { Tensor } from '../tensor.ts'
import { indices } from './gather.ts'

/** 1 at the label, 0 elsewhere.        labels: [...S] -> [...S, C], int32; C is the greatest label + 1 where it is missing */
export function oneHot(labels: Tensor, numClasses?: number): Tensor {
  const data = labels.data
  let greatest = -1
  for (const label of data) greatest = Math.max(greatest, label)
  const c = numClasses ?? greatest + 1
  expect(Number.isInteger(c) && c > 0, 'oneHot', () => `numClasses must be an integer above 0, got ${c}`)
  const checked = indices('oneHot', labels, c).data
  const y = zerosOf('int32', data.length * c)
  for (const [i, label] of checked.entries()) y[i * c + label] = 1
  return new Tensor(Storage.from(y, kernelsFor('int32'), 'oneHot'), [...labels.shape, c])
}
