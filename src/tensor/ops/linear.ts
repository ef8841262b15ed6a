import { expect } from '../../errors.ts'
import type { Activated } from '../../reference/activation.ts'
import { showShape } from '../../reference/array.ts'
import type { LinearOptions } from '../../reference/linear.ts'
import { expectSameDType } from '../backend.ts'
import { define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { activating, expectActivation } from './activating.ts'
import { matmul } from './matmul.ts'
import { sumTo } from './reduction.ts'
import { reshape, transpose } from './view.ts'

const linearOperation = define<LinearOptions & Activated>({
  name: 'linear',
  saves: 'x',
  forward: (kernels, [x, w, b], o) => kernels.linear(x, w, b, o),
  backward: (kernels, dy, { x: [x, w], options, needs }) => kernels.linearBackward(dy, x, w, options, needs),
  composite: (dy, { x: [x, w, b] }) => [matmul(dy, w), matmul(transpose(dy, 0, 1), x), sumTo(dy, b.shape)],
})
const applyLinear = activating(linearOperation)

/**
 * y = f(x · wᵀ + b), where f is an activation or nothing        x: [..., I], w: [O, I], b: [O] -> y: [..., O]
 *
 * `{ activation: 'relu' }` gives what `linear(x, w, b).relu()` gives, in one kernel.
 */
export function linear(x: Tensor, w: Tensor, b?: Tensor | null, { activation }: Activated = {}): Tensor {
  const [n, k] = w.shape
  expect(w.ndim === 2, 'linear', () => `w must have shape [out, in], got ${showShape(w.shape)}`)
  expect(
    x.ndim > 0 && x.shape.at(-1) === k,
    'linear',
    () => `x ${showShape(x.shape)} must have ${k} numbers on its last axis, as w ${showShape(w.shape)} has`,
  )
  expectActivation('linear', activation)
  if (!b) {
    const y = matmul(x, transpose(w, 0, 1))
    return activation ? y[activation]() : y
  }
  expect(b.ndim === 1 && b.size === n, 'linear', () => `b must have shape [${n}], got ${showShape(b.shape)}`)
  expectSameDType('linear', x.dtype, w.dtype)
  expectSameDType('linear', x.dtype, b.dtype)
  expect(
    activation === undefined || x.dtype !== 'int32',
    'linear',
    () => "an activation needs float tensors, got int32; convert them with .to('float32')",
  )
  const rows = x.ndim === 2 ? x : reshape(x, [x.size / k, k])
  const m = rows.shape[0]
  const y = applyLinear([rows, w, b], [m, n], { m, k, n }, activation)
  return x.ndim === 2 ? y : reshape(y, [...x.shape.slice(0, -1), n])
}
