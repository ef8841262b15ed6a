import { expect } from '../../errors.ts'
import { showShape } from '../../reference/array.ts'
import { axisOf } from '../axes.ts'
import { fromHost, full } from '../creation.ts'
import { apply, contiguous, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { where } from './arithmetic.ts'
import { slice, unsqueeze } from './view.ts'

const catOperation = define<{ dim: number; sizes: readonly number[] }>({
  name: 'cat',
  forward: (k, x, { dim, sizes }, shapes) => {
    const total = shapes[0].with(
      dim,
      sizes.reduce((a, b) => a + b, 0),
    )
    const inner = shapes[0].slice(dim + 1).reduce((a, b) => a * b, 1)
    const outer = shapes[0].slice(0, dim).reduce((a, b) => a * b, 1)
    const y = k.fill(
      x[0],
      total.reduce((a, b) => a * b, 1),
      0,
    )
    let start = 0
    for (const [i, part] of x.entries()) {
      k.stridedInto(y, part, { shape: [outer, sizes[i] * inner], strides: [total[dim] * inner, 1], offset: start * inner })
      start += sizes[i]
    }
    return y
  },
  backward: (k, dy, { options: { dim, sizes }, needs, shape }) => {
    const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1)
    const outer = shape.slice(0, dim).reduce((a, b) => a * b, 1)
    let start = 0
    return sizes.map((size, i) => {
      const offset = start * inner
      start += size
      return needs[i] ? k.strided(dy, { shape: [outer, size * inner], strides: [shape[dim] * inner, 1], offset }) : null
    })
  },
  composite: (dy, { options: { dim, sizes } }) => {
    let start = 0
    return sizes.map((size) => {
      start += size
      return slice(dy, start - size, start, { dim })
    })
  },
})

/** Tensors one after the other along dim; all other lengths equal. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  expect(tensors.length > 0, 'cat', () => 'expected at least one tensor')
  const [first] = tensors
  const axis = axisOf('cat', dim, first.ndim)
  expect(first.ndim > 0, 'cat', () => 'tensors of shape [] have no axis to join; use stack')
  for (const [i, t] of tensors.entries()) {
    const fits = t.ndim === first.ndim && t.shape.every((n, a) => a === axis || n === first.shape[a])
    expect(
      fits,
      'cat',
      () => `tensors[${i}] has shape ${showShape(t.shape)}, which differs from ${showShape(first.shape)} on an axis other than ${axis}`,
    )
    expect(t.dtype === first.dtype, 'cat', () => `tensors[${i}] is ${t.dtype}, tensors[0] is ${first.dtype}`)
  }
  if (tensors.length === 1) return clone(first)
  const sizes = tensors.map((t) => t.shape[axis])
  return apply(
    catOperation,
    tensors,
    first.shape.with(
      axis,
      sizes.reduce((a, b) => a + b, 0),
    ),
    { dim: axis, sizes },
  )
}

/** Tensors of one shape side by side on a new axis. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  expect(tensors.length > 0, 'stack', () => 'expected at least one tensor')
  return cat(
    tensors.map((t) => unsqueeze(t, dim)),
    dim,
  )
}

/** x with `value` around it: [before, after] of the last axis, then of the one before it, and so on, as PyTorch counts. */
export function pad(x: Tensor, padding: readonly number[], value = 0): Tensor {
  const fits = padding.length % 2 === 0 && padding.length <= 2 * x.ndim && padding.every((n) => Number.isInteger(n) && n >= 0)
  expect(fits, 'pad', () => `padding must be pairs of integers of 0 or more, at most ${x.ndim} pairs, got ${showShape(padding)}`)
  let y = x
  for (let pair = 0; pair < padding.length / 2; pair++) {
    const axis = x.ndim - 1 - pair
    const border = (n: number) => (n > 0 ? [full(y.shape.with(axis, n), value, { dtype: x.dtype })] : [])
    y = cat([...border(padding[2 * pair]), y, ...border(padding[2 * pair + 1])], axis)
  }
  return y
}

const cloneOperation = define<null>({
  name: 'clone',
  forward: (k, [x]) => k.copy(x),
  backward: (_, dy) => [dy],
  composite: (dy) => [dy],
})

/** A copy with its own memory; gradients flow through it. */
export function clone(x: Tensor): Tensor {
  return x.isContiguous ? apply(cloneOperation, [x], x.shape, null) : contiguous(x) // which is a copy then
}

/** x at and below a diagonal (0 the main one, 1 the next above it), zeros above it.        [..., N, M] */
export function tril(x: Tensor, diagonal = 0): Tensor {
  expect(x.ndim >= 2, 'tril', () => `expected at least 2 axes, got shape ${showShape(x.shape)}`)
  const [n, m] = x.shape.slice(-2)
  const kept = Float32Array.from({ length: n * m }, (_, i) => ((i % m) - Math.floor(i / m) <= diagonal ? 1 : 0))
  return where(fromHost('tril', kept, [n, m]), x, 0)
}
