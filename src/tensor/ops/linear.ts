import { expect } from '../../errors.ts'
import { showShape } from '../../reference/array.ts'
import type { LinearOptions } from '../../reference/linear.ts'
import { expectSameDType } from '../backend.ts'
import { apply, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { matmul } from './matmul.ts'
import { sumTo } from './reduction.ts'
import { reshape, transpose } from './view.ts'

const linearOperation = define<LinearOptions>({
  name: 'linear',
  saves: 'x',
  forward: (kernels, [x, w, b], o) => kernels.linear(x, w, b, o),
  backward: (kernels, dy, { x: [x, w], options, needs }) => kernels.linearBackward(dy, x, w, options, needs),
  composite: (dy, { x: [x, w, b] }) => [matmul(dy, w), matmul(transpose(dy, 0, 1), x), sumTo(dy, b.shape)],
})

/** y = x · wᵀ + b        x: [..., I], w: [O, I], b: [O] -> y: [..., O] */
export function linear(x: Tensor, w: Tensor, b?: Tensor | null): Tensor {
  const [n, k] = w.shape
  expect(w.ndim === 2, 'linear', () => `w must have shape [out, in], got ${showShape(w.shape)}`)
  expect(
    x.ndim > 0 && x.shape.at(-1) === k,
    'linear',
    () => `x ${showShape(x.shape)} must have ${k} numbers on its last axis, as w ${showShape(w.shape)} has`,
  )
  if (!b) return matmul(x, transpose(w, 0, 1))
  expect(b.ndim === 1 && b.size === n, 'linear', () => `b must have shape [${n}], got ${showShape(b.shape)}`)
  expectSameDType('linear', x.dtype, w.dtype)
  expectSameDType('linear', x.dtype, b.dtype)
  const rows = x.ndim === 2 ? x : reshape(x, [x.size / k, k])
  const m = rows.shape[0]
  const y = apply(linearOperation, [rows, w, b], [m, n], { m, k, n })
  return x.ndim === 2 ? y : reshape(y, [...x.shape.slice(0, -1), n])
}
