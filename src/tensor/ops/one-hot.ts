import { expect } from '../../errors.ts'
import { full } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import { indices, scatterAdd } from './gather.ts'
import { reshape } from './view.ts'

/** 1 at the label, 0 elsewhere.        labels: [...S] -> [...S, C], int32; C is the greatest label + 1 where it is missing */
export function oneHot(labels: Tensor, numClasses?: number): Tensor {
  const c = numClasses ?? greatest(labels) + 1
  expect(Number.isInteger(c) && c > 0, 'oneHot', () => `numClasses must be an integer above 0, got ${c}`)
  const places = reshape(indices('oneHot', labels, c), [labels.size, 1])
  const ones = full([labels.size, 1], 1, { dtype: 'int32' })
  return reshape(scatterAdd(ones, places, [labels.size, c], { outer: labels.size, n: c, inner: 1, k: 1 }), [...labels.shape, c])
}

/** The greatest label, or -1. On webgpu labels that were computed there must be read for it: give numClasses instead. */
function greatest(labels: Tensor): number {
  let most = -1
  for (const label of labels.peek() ?? labels.data) most = Math.max(most, label)
  return most
}
