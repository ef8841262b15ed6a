import { expect } from '../../errors.ts'
import { type Shape, showShape, sizeOf } from '../../reference/array.ts'
import type { AxisOptions, CumsumOptions } from '../../reference/reduction.ts'
import { axesOf, axisOf, fold, reducedShape, runsOf } from '../axes.ts'
import type { Backend, BackendArray } from '../backend.ts'
import { apply, define, type Operation } from '../operation.ts'
import { noGrad } from '../tape.ts'
import type { Tensor } from '../tensor.ts'
import { gatherAlong } from './gather.ts'
import { expand, reshape } from './view.ts'

export interface ReduceOptions {
  /** Keep the reduced axes, with length 1. Default false. */
  keepdim?: boolean
}

interface SumOptions {
  axes: readonly number[]
}

/** The sum over axes, run by run: each call folds the axes around one run of neighbours. */
function sumArray(kernels: Backend, x: BackendArray, shape: Shape, axes: readonly number[]): BackendArray {
  let y = x
  let rest = shape
  for (const [from, to] of runsOf(axes)) {
    const next = kernels.sum(y, fold(rest, from, to))
    if (y !== x) kernels.release(y)
    y = next
    rest = rest.filter((_, axis) => axis < from || axis > to)
  }
  return y === x ? kernels.copy(x) : y
}

/** y = Σ x over some axes,  dx = dy, repeated along them */
const sumOperation = define<SumOptions>({
  name: 'sum',
  forward: (k, [x], { axes }, [shape]) => sumArray(k, x, shape, axes),
  backward: (k, dy, { options, shapes: [shape] }) => [k.strided(dy, repeat(shape, options.axes))],
  composite: (dy, { options, shapes: [shape] }) => [expand(reshape(dy, reducedShape(shape, options.axes, true)), shape)],
})

/** The view of a reduced array that repeats it along the axes that were summed over. */
function repeat(shape: Shape, axes: readonly number[]) {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = axes.includes(axis) ? 0 : step
    if (!axes.includes(axis)) step *= shape[axis]
  }
  return { shape, strides, offset: 0 }
}

/** Σ x over dim (all axes where it is missing). */
export function sum(x: Tensor, dim?: number | readonly number[], { keepdim = false }: ReduceOptions = {}): Tensor {
  const axes = axesOf('sum', dim, x.ndim)
  return apply(sumOperation, [x], reducedShape(x.shape, axes, keepdim), { axes })
}

/** y = Σ x / n over a run of axes,  dx = dy / n, repeated along them */
const meanOperation = define<AxisOptions & { reduced: Shape }>({
  name: 'mean',
  forward: (k, [x], o) => k.mean(x, o),
  backward: (k, dy, { options }) => [k.meanBackward(dy, options)],
  composite: (dy, { options: { n, reduced }, shapes: [shape] }) => [expand(reshape(dy.div(n), reduced), shape)],
})

/** The mean over dim: Σ x / n. */
export function mean(x: Tensor, dim?: number | readonly number[], { keepdim = false }: ReduceOptions = {}): Tensor {
  expect(x.dtype !== 'int32', 'mean', () => "expected a float tensor, got int32; convert it with .to('float32')")
  const axes = axesOf('mean', dim, x.ndim)
  const reduced = reducedShape(x.shape, axes, true)
  const shape = keepdim ? reduced : reducedShape(x.shape, axes, false)
  if (axes.length === x.ndim) return apply(meanOperation, [x], shape, { outer: 1, n: x.size, inner: 1, reduced })
  const isRun = axes.length > 0 && axes[axes.length - 1] - axes[0] === axes.length - 1
  if (isRun) return apply(meanOperation, [x], shape, { ...fold(x.shape, axes[0], axes[axes.length - 1]), reduced })
  return sum(x, dim, { keepdim }).div(sizeOf(axes.map((axis) => x.shape[axis])))
}

export interface VarianceOptions extends ReduceOptions {
  /** Divides by n - correction: 1 estimates the variance of what was sampled from (Bessel), 0 gives that of the numbers themselves. Default 1. */
  correction?: number
}

/** The variance over dim: Σ (x - mean)² / (n - correction). */
export function variance(x: Tensor, dim?: number | readonly number[], { correction = 1, keepdim = false }: VarianceOptions = {}): Tensor {
  const n = sizeOf(axesOf('variance', dim, x.ndim).map((axis) => x.shape[axis]))
  return x
    .sub(mean(x, dim, { keepdim: true }))
    .pow(2)
    .sum(dim, { keepdim })
    .div(n - correction)
}

/** The Euclidean norm over dim: √(Σ x²). */
export function norm(x: Tensor, dim?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return x.pow(2).sum(dim, options).sqrt()
}

const cumsumOperation: Operation<CumsumOptions> = define({
  name: 'cumsum',
  forward: (k, [x], options) => k.cumsum(x, options),
  backward: (k, dy, { options }) => [k.cumsum(dy, { ...options, reverse: !options.reverse })],
  composite: (dy, { options, shape }) => [apply(cumsumOperation, [dy], shape, { ...options, reverse: !options.reverse })],
})

/** y_j = x_0 + ... + x_j along dim,  dx_j = dy_j + ... + dy_n */
export function cumsum(x: Tensor, dim: number): Tensor {
  return apply(cumsumOperation, [x], x.shape, fold(x.shape, axisOf('cumsum', dim, x.ndim)))
}

const argmaxOperation = define<AxisOptions>({ name: 'argmax', dtype: 'int32', forward: (k, [x], o) => k.argmax(x, o) })
const argminOperation = define<AxisOptions>({ name: 'argmin', dtype: 'int32', forward: (k, [x], o) => k.argmin(x, o) })

function argbest(operation: typeof argmaxOperation, x: Tensor, dim: number | undefined, { keepdim = false }: ReduceOptions): Tensor {
  const { name } = operation
  const axes = axesOf(name, dim, x.ndim)
  expect(
    sizeOf(axes.map((axis) => x.shape[axis])) > 0,
    name,
    () => `has no answer for an axis of length 0, got shape ${showShape(x.shape)}`,
  )
  return apply(
    operation,
    [x],
    reducedShape(x.shape, axes, keepdim),
    axes.length > 0 ? fold(x.shape, axes[0], axes[axes.length - 1]) : fold([1], 0),
  )
}

/** The place of the greatest element along dim (in the flattened tensor where it is missing), int32. */
export const argmax = (x: Tensor, dim?: number, options: ReduceOptions = {}) => argbest(argmaxOperation, x, dim, options)
/** The place of the least element along dim (in the flattened tensor where it is missing), int32. */
export const argmin = (x: Tensor, dim?: number, options: ReduceOptions = {}) => argbest(argminOperation, x, dim, options)

/** Values along an axis, and where they stood. */
export interface ValuesAndIndices {
  values: Tensor
  indices: Tensor
}

/** The greatest (or least) along dim, and its place; the gradient goes to that place. */
export function extreme(arg: typeof argmax, x: Tensor, dim: number, { keepdim = false }: ReduceOptions = {}): ValuesAndIndices {
  const indices = arg(x, dim, { keepdim: true })
  const values = gatherAlong(x, dim, indices)
  if (keepdim) return { values, indices }
  const shape = reducedShape(x.shape, axesOf('max', dim, x.ndim), false)
  return { values: reshape(values, shape), indices: reshape(indices, shape) }
}

/** The greatest (or least) of all elements. The mean over those that are equal to it spreads the gradient evenly. */
export function extremeOfAll(arg: typeof argmax, x: Tensor): Tensor {
  const flat = reshape(x, [-1])
  const value = noGrad(() => gatherAlong(flat, 0, arg(flat, 0, { keepdim: true }))) // [1]
  if (!x.requiresGrad) return reshape(value, [])
  const ties = flat.eq(value) // [n]
  return flat.maskedFill(ties.eq(0), 0).sum().div(ties.sum())
}

/** The sum of x over the axes along which `shape` was repeated to give x's: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const axes = repeatedAxes(x.shape, shape)
  return axes.length === 0 && x.ndim === shape.length ? x : reshape(sum(x, axes), shape)
}

/** The same on arrays. Gives x itself where nothing was repeated. */
export function sumArrayTo(kernels: Backend, x: BackendArray, from: Shape, to: Shape): BackendArray {
  const axes = repeatedAxes(from, to)
  return axes.length === 0 ? x : sumArray(kernels, x, from, axes)
}

function repeatedAxes(from: Shape, to: Shape): number[] {
  const missing = from.length - to.length
  return from.flatMap((n, axis) => (axis < missing || (to[axis - missing] === 1 && n !== 1) ? [axis] : []))
}
