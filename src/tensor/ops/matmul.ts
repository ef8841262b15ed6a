import { expect } from '../../errors.ts'
import { broadcastShape } from '../../reference/arithmetic.ts'
import { isSameShape, type Shape, showShape, sizeOf } from '../../reference/array.ts'
import { type MatmulOptions, matmulBackward } from '../../reference/matmul.ts'
import { expectSameDType } from '../backend.ts'
import { apply, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { expand, reshape, transpose } from './view.ts'

const product = define<MatmulOptions>({
  name: 'matmul',
  saves: 'x',
  forward: (k, [a, b], o) => k.matmul(a, b, o),
  backward: (k, dy, { x: [a, b], options, needs }) => matmulBackward(k, dy, a, b, options, needs),
  composite: (dy, { x: [a, b], options: { transA = false, transB = false } }) => {
    const A = transA ? transpose(a, -2, -1) : a
    const B = transB ? transpose(b, -2, -1) : b
    const dA = matmul(dy, transpose(B, -2, -1))
    const dB = matmul(transpose(A, -2, -1), dy)
    return [transA ? transpose(dA, -2, -1) : dA, transB ? transpose(dB, -2, -1) : dB]
  },
})

/** A factor as the kernel reads it: the contiguous tensor behind a transposed view, with a flag, instead of a copy. */
function factor(x: Tensor): { x: Tensor; trans: boolean } {
  if (x.node?.isView && !x.isContiguous) {
    const source = x.node.inputs[0]
    const [rows, columns] = x.strides.slice(-2)
    const [n, m] = source.shape.slice(-2)
    if (source.isContiguous && source.ndim === x.ndim && rows === 1 && columns === m && x.shape.at(-1) === n && x.shape.at(-2) === m) {
      return { x: source, trans: true }
    }
  }
  return { x, trans: false }
}

/**
 * y = a · b over the last two axes, the axes before them broadcast.        [..., M, K] · [..., K, N] -> [..., M, N]
 * A vector is a row on the left and a column on the right.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  expectSameDType('matmul', a.dtype, b.dtype)
  expect(a.dtype !== 'int32', 'matmul', () => "expected float tensors, got int32; convert them with .to('float32')")
  expect(
    a.ndim > 0 && b.ndim > 0,
    'matmul',
    () => `expected at least one axis on each side, got shapes ${showShape(a.shape)} and ${showShape(b.shape)}`,
  )
  if (a.ndim === 1) return dropAxis(matmul(a.unsqueeze(0), b), b.ndim === 1 ? -1 : -2)
  if (b.ndim === 1) return dropAxis(matmul(a, b.unsqueeze(1)), -1)
  const [m, k] = a.shape.slice(-2)
  const [kb, n] = b.shape.slice(-2)
  expect(k === kb, 'matmul', () => `inner sizes differ: ${showShape(a.shape)} × ${showShape(b.shape)} (${k} ≠ ${kb})`)

  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  expect(batch !== null, 'matmul', () => `the axes before the last two do not broadcast: ${showShape(a.shape)} × ${showShape(b.shape)}`)
  if (b.ndim === 2 && a.ndim > 2) return reshape(matmul(reshape(a, [sizeOf(batch) * m, k]), b), [...batch, m, n]) // one tall product
  const left = factor(a.ndim === 2 && batch.length === 0 ? a : spread(a, [...batch, m, k]))
  const right = factor(b.ndim === 2 && batch.length === 0 ? b : spread(b, [...batch, k, n]))
  return apply(product, [left.x, right.x], [...batch, m, n], { m, k, n, batch: sizeOf(batch), transA: left.trans, transB: right.trans })
}

const spread = (x: Tensor, shape: Shape) => (isSameShape(x.shape, shape) ? x : expand(x, shape))
const dropAxis = (y: Tensor, dim: number) => y.squeeze(y.ndim > 1 || dim === -1 ? dim : 0)
