import { expect } from '../../errors.ts'
import type { DType } from '../../reference/array.ts'
import { kernelsFor } from '../backend.ts'
import { convert } from '../creation.ts'
import { contiguous } from '../operation.ts'
import { Storage } from '../storage.ts'
import { begins, nextId } from '../tape.ts'
import { Tensor } from '../tensor.ts'

/** The same numbers in another dtype, by way of the host. int32 takes integers only. Gradients flow between float dtypes. */
export function convertTo(x: Tensor, dtype: DType): Tensor {
  if (dtype === x.dtype) return x
  expect(
    ['float32', 'float64', 'int32'].includes(dtype),
    'to',
    () => `expected 'float32', 'float64' or 'int32', got ${JSON.stringify(dtype)}`,
  )
  const y = new Tensor(Storage.from(convert('to', x.data, dtype), kernelsFor(dtype), 'to'), x.shape)
  if (dtype !== 'int32' && begins([x])) {
    y.node = {
      id: nextId(),
      finished: false,
      visit: 0,
      operation: 'to',
      inputs: [contiguous(x)],
      saves: [],
      isView: false,
      backward: (dy) => [kernelsFor(x.dtype).upload(convert('to', kernelsFor(dtype).download(dy, 'to'), x.dtype))],
      composite: (dy) => [dy.to(x.dtype)],
    }
  }
  return y
}
