import { expect } from '../../errors.ts'
import type { DType } from '../../reference/array.ts'
import { cast } from '../../reference/cast.ts'
import { type BackendArray, kernelsFor } from '../backend.ts'
import { contiguous } from '../operation.ts'
import { Storage } from '../storage.ts'
import { begins, nextId } from '../tape.ts'
import { Tensor } from '../tensor.ts'

/**
 * The same numbers in another dtype. int32 takes integers only. Gradients flow between float dtypes. Where one backend computes both types it converts by itself;
 * else the numbers go by way of the host, so they must be at hand: on webgpu what was computed there has to be read before it can become float64.
 */
export function convertTo(x: Tensor, dtype: DType): Tensor {
  if (dtype === x.dtype) return x
  expect(
    ['float32', 'float64', 'int32'].includes(dtype),
    'to',
    () => `expected 'float32', 'float64' or 'int32', got ${JSON.stringify(dtype)}`,
  )
  const y = new Tensor(new Storage(converted(x, dtype), kernelsFor(dtype), dtype, x.size, 'to'), x.shape)
  if (dtype !== 'int32' && begins([x])) {
    y.node = {
      id: nextId(),
      finished: false,
      visit: 0,
      operation: 'to',
      inputs: [contiguous(x)],
      saves: [],
      isView: false,
      backward: (dy) => [converted(new Tensor(new Storage(dy, kernelsFor(dtype), dtype, x.size, 'gradient'), x.shape), x.dtype)],
      composite: (dy) => [dy.to(x.dtype)],
    }
  }
  return y
}

function converted(x: Tensor, dtype: DType): BackendArray {
  const [from, to] = [kernelsFor(x.dtype), kernelsFor(dtype)]
  const options = { dtype, operation: 'to' }
  if (from === to) return from.cast(contiguous(x).storage.on(from), options)
  return to.upload(cast(x.peek() ?? x.data, options)) // data says why there is nothing to peek at
}
