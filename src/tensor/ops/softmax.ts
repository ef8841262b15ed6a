import { expect } from '../../errors.ts'
import type { RowsOptions } from '../../reference/softmax.ts'
import { axisOf, fold } from '../axes.ts'
import { apply, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { transpose } from './view.ts'

const softmaxOperation = define<RowsOptions>({
  name: 'softmax',
  saves: 'y',
  forward: (k, [x], o) => k.softmax(x, o),
  consumes: () => true,
  backward: (k, dy, { y, options }) => [k.softmaxBackward(dy, y, options)],
  composite: (dy, { y }) => [y.mul(dy.sub(dy.mul(y).sum(-1, { keepdim: true })))],
})

const logSoftmaxOperation = define<RowsOptions>({
  name: 'logSoftmax',
  saves: 'y',
  forward: (k, [x], o) => k.logSoftmax(x, o),
  consumes: () => true,
  backward: (k, dy, { y, options }) => [k.logSoftmaxBackward(dy, y, options)],
  composite: (dy, { y }) => [dy.sub(y.exp().mul(dy.sum(-1, { keepdim: true })))],
})

/** The kernels work on rows: another axis is brought to the end, and back. */
function along(operation: Operation<RowsOptions>, x: Tensor, dim: number): Tensor {
  expect(x.dtype !== 'int32', operation.name, () => "expected a float tensor, got int32; convert it with .to('float32')")
  const axis = axisOf(operation.name, dim, x.ndim)
  const last = x.ndim - 1
  if (axis !== last && x.ndim > 0) return transpose(along(operation, transpose(x, axis, last), last), axis, last)
  const { outer, n } = x.ndim > 0 ? fold(x.shape, last) : { outer: 1, n: 1 }
  return apply(operation, [x], x.shape, { n: outer, c: n })
}

/** y_i = e^x_i / Σ_j e^x_j along dim */
export const softmax = (x: Tensor, dim: number) => along(softmaxOperation, x, dim)
/** y_i = x_i - ln Σ_j e^x_j along dim */
export const logSoftmax = (x: Tensor, dim: number) => along(logSoftmaxOperation, x, dim)
