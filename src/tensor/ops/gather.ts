import { expect } from '../../errors.ts'
import { type Shape, showShape } from '../../reference/array.ts'
import type { ArgsortOptions, GatherOptions, IndexSelectOptions } from '../../reference/gather.ts'
import { axisOf, fold } from '../axes.ts'
import { apply, checked, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { slice, transpose } from './view.ts'

const gatherOperation: Operation<GatherOptions> = define({
  name: 'gather',
  saves: 'x',
  forward: (k, [x, index], o) => k.gather(x, index, o),
  backward: (k, dy, { x: [, index], options }) => [k.scatterAdd(dy, index, options), null],
  composite: (dy, { x: [, index], options, shapes: [shape] }) => [apply(scatterAddOperation, [dy, index], shape, options), null],
})

const scatterAddOperation: Operation<GatherOptions> = define({
  name: 'scatterAdd',
  saves: 'x',
  forward: (k, [dy, index], o) => k.scatterAdd(dy, index, o),
  backward: (k, ddx, { x: [, index], options }) => [k.gather(ddx, index, options), null],
  composite: (ddx, { x: [, index], options, shapes: [shape] }) => [apply(gatherOperation, [ddx, index], shape, options), null],
})

/** y_ij = x_i,index(i,j) for dim 1 (and so on): index has x's shape but along dim. */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const axis = axisOf('gather', dim, x.ndim)
  const fits = index.ndim === x.ndim && x.shape.every((n, a) => a === axis || n === index.shape[a])
  expect(fits, 'gather', () => `index must have the shape of x ${showShape(x.shape)} but along dim ${dim}, got ${showShape(index.shape)}`)
  return gatherAlong(x, axis, indices('gather', index, x.shape[axis]))
}

/** The same for an index that is known to be right. */
export function gatherAlong(x: Tensor, dim: number, index: Tensor): Tensor {
  const axis = axisOf('gather', dim, x.ndim)
  return apply(gatherOperation, [x, index], index.shape, { ...fold(x.shape, axis), k: index.shape[axis] ?? 1 })
}

/** Zeros of a shape, to which x is added at the places that index names: the adjoint of gather. For an index that is known to be right. */
export const scatterAdd = (x: Tensor, index: Tensor, shape: Shape, options: GatherOptions): Tensor =>
  apply(scatterAddOperation, [x, index], shape, options)

const indexSelectOperation: Operation<IndexSelectOptions> = define({
  name: 'indexSelect',
  saves: 'x',
  forward: (k, [x, index], o) => k.indexSelect(x, index, o),
  backward: (k, dy, { x: [, index], options }) => [k.indexAdd(dy, index, options), null],
  composite: (dy, { x: [, index], options, shapes: [shape] }) => [apply(indexAddOperation, [dy, index], shape, options), null],
})

const indexAddOperation: Operation<IndexSelectOptions> = define({
  name: 'indexAdd',
  saves: 'x',
  forward: (k, [dy, index], o) => k.indexAdd(dy, index, o),
  backward: (k, ddx, { x: [, index], options }) => [k.indexSelect(ddx, index, options), null],
  composite: (ddx, { x: [, index], options, shapes: [shape] }) => [apply(indexSelectOperation, [ddx, index], shape, options), null],
})

/** The rows of w that index names: y_i = w_index(i).        index: any shape S, w: [N, W] -> y: [...S, W] */
export function embedding(index: Tensor, w: Tensor): Tensor {
  expect(w.ndim === 2, 'embedding', () => `w must have 2 axes, got shape ${showShape(w.shape)}`)
  const [n, width] = w.shape
  return apply(indexSelectOperation, [w, indices('embedding', index, n)], [...index.shape, width], { n, width, k: index.size })
}

const argsortOperation = define<ArgsortOptions>({ name: 'argsort', dtype: 'int32', forward: (k, [x], o) => k.argsort(x, o) })

export interface SortOptions {
  /** Default the last axis. */
  dim?: number
  /** Greatest first. Default false. */
  descending?: boolean
}

/** The elements along dim in order (equal ones as they came, NaN as the greatest), and where they stood. */
export function sort(x: Tensor, { dim = -1, descending = false }: SortOptions = {}): { values: Tensor; indices: Tensor } {
  const axis = axisOf('sort', dim, x.ndim)
  const last = Math.max(x.ndim - 1, 0)
  const rows = x.ndim === 0 ? x : transpose(x, axis, last) // [..., C]
  const { outer: n, n: c } = fold(rows.shape.length > 0 ? rows.shape : [1], last)
  const order = apply(argsortOperation, [rows], rows.shape, { n, c, descending })
  const indices = x.ndim === 0 ? order : transpose(order, axis, last)
  return { values: gatherAlong(x, axis, indices), indices }
}

export interface TopkOptions {
  /** Default the last axis. */
  dim?: number
  /** The greatest (default) or the least. */
  largest?: boolean
}

/** The k greatest along dim, greatest first, and where they stood. */
export function topk(x: Tensor, k: number, { dim = -1, largest = true }: TopkOptions = {}): { values: Tensor; indices: Tensor } {
  const n = x.shape[axisOf('topk', dim, x.ndim)] ?? 1
  expect(Number.isInteger(k) && k >= 0 && k <= n, 'topk', () => `k must be an integer from 0 to the length of the axis, ${n}, got ${k}`)
  const { indices } = sort(x, { dim, descending: largest })
  const first = slice(indices, 0, k, { dim })
  return { values: gatherAlong(x, dim, first), indices: first }
}

/**
 * Labels or indices as int32, each from 0 to n - 1: an int32 tensor as it is, a float one where all its numbers are integral.
 * Errors name the first that does not fit.
 */
export function indices(operation: string, index: Tensor, n: number): Tensor {
  const expected = `labels and indices must be integers from 0 to ${n - 1}`
  return checked(index, { operation, expected, min: 0, max: n - 1, isIntegral: true }).to('int32')
}
