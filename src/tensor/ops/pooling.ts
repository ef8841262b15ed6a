import { expect } from '../../errors.ts'
import { isSameShape, showShape } from '../../reference/array.ts'
import type { Pair } from '../../reference/convolution.ts'
import { type AvgPoolingOptions, type PoolingOptions, pooledShape } from '../../reference/pooling.ts'
import { apply, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { expectAxes, expectFits, pairOf, type Size } from '../window.ts'
import { indices as indicesBelow, scatterAdd } from './gather.ts'

const maxOperation: Operation<PoolingOptions> = define({
  name: 'maxPool2d',
  saves: 'x',
  forward: (k, [x], o) => k.maxPool2d(x, o),
  backward: (k, dy, { x: [x], options }) => [k.maxPool2dBackward(dy, x, options)],
  composite: (dy, { x: [x], options, shape }) => [unpool(dy, apply(indicesOperation, [x], shape, options), options)],
})

const indicesOperation = define<PoolingOptions>({
  name: 'maxPool2dIndices',
  dtype: 'int32',
  forward: (k, [x], o) => k.maxPool2dIndices(x, o),
})

/** Each number of y where its index says, in an image of zeros. */
function unpool(y: Tensor, indices: Tensor, { x: [planes, h, w] }: Pick<PoolingOptions, 'x'>): Tensor {
  const [n, c, v, u] = y.shape
  return scatterAdd(y, indices, [n, c, h, w], { outer: planes, n: h * w, inner: 1, k: v * u })
}

const avgOperation: Operation<AvgPoolingOptions> = define({
  name: 'avgPool2d',
  forward: (k, [x], o) => k.avgPool2d(x, o),
  backward: (k, dy, { options }) => [k.avgPool2dBackward(dy, options)],
  composite: (dy, { options, shapes: [shape] }) => [apply(avgBackwardOperation, [dy], shape, options)],
})

/** It is linear: its derivative is the pooling itself. */
const avgBackwardOperation: Operation<AvgPoolingOptions> = define({
  name: 'avgPool2dBackward',
  forward: (k, [dy], o) => k.avgPool2dBackward(dy, o),
  backward: (k, ddx, { options }) => [k.avgPool2d(ddx, options)],
  composite: (ddx, { options, shapes: [shape] }) => [apply(avgOperation, [ddx], shape, options)],
})

export interface Pool2dOptions {
  /** The window: a number, or [down, across]. */
  kernelSize: Size
  /** How far the window moves. Default: as far as it is long. */
  stride?: Size
  /** How far the window may stand over the edge, at most half of it. Default 0. */
  padding?: Size
}

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether the zeros beyond the edge count as numbers of the window. Default true. */
  countIncludePad?: boolean
}

/** The greatest number of each window        x: [N, C, H, W] -> y: [N, C, V, U],  V = ⌊(H + 2·padding - window) / stride⌋ + 1 */
export function maxPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  const { all, shape } = prepare('maxPool2d', x, options)
  return apply(maxOperation, [x], shape, all)
}

/** The same, and where these numbers stand in their image, row · W + column (int32), as maxUnpool2d takes it. */
export function maxPool2dWithIndices(x: Tensor, options: Pool2dOptions): { values: Tensor; indices: Tensor } {
  const { all, shape } = prepare('maxPool2dWithIndices', x, options)
  return { values: apply(maxOperation, [x], shape, all), indices: apply(indicesOperation, [x], shape, all) }
}

/** The mean of each window        x: [N, C, H, W] -> y: [N, C, V, U] */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  const { all, shape } = prepare('avgPool2d', x, options)
  return apply(avgOperation, [x], shape, { ...all, countIncludePad: options.countIncludePad ?? true })
}

/** The sizes, checked, and the shape of y. */
function prepare(operation: string, x: Tensor, options: Pool2dOptions): { all: PoolingOptions; shape: number[] } {
  expectAxes(operation, 'x', x, 'N, C, H, W')
  const [n, c, h, w] = x.shape
  expect(h > 0 && w > 0, operation, () => `x must have images of at least one row and column, got shape ${showShape(x.shape)}`)
  const sizes = pool2dSizes(operation, options)
  expectFits(operation, [h, w], sizes.window, sizes.padding)
  const all = { x: [n * c, h, w], ...sizes } as const
  const [, v, u] = pooledShape(all)
  return { all, shape: [n, c, v, u] }
}

/** The options of a pooling, checked, as pairs. */
export function pool2dSizes(operation: string, options: Pool2dOptions): Record<'window' | 'stride' | 'padding', Pair> {
  const { kernelSize, stride = kernelSize, padding = 0 } = options ?? {}
  const window = pairOf(operation, 'kernelSize', kernelSize, 1)
  const sizes = { window, stride: pairOf(operation, 'stride', stride, 1), padding: pairOf(operation, 'padding', padding, 0) }
  expect(
    sizes.padding.every((p, d) => 2 * p <= window[d]),
    operation,
    () => `padding must be at most half of kernelSize ${showShape(window)}, got ${showShape(sizes.padding)}`,
  )
  return sizes
}

export interface MaxUnpool2dOptions extends Pool2dOptions {
  /** The size of the image, where several sizes are pooled to one. Default: the least that the windows cover. */
  outputSize?: Pair
}

/**
 * What maxPool2dWithIndices took away, as far as it can be put back: y is 0, but for x at the places that indices names. Where windows overlap, a place that is named
 * more than once gets the sum.        x, indices: [N, C, V, U] -> y: [N, C, H, W],  H = (V - 1) · stride - 2 · padding + window        Zeiler & Fergus 2014
 */
export function maxUnpool2d(x: Tensor, indices: Tensor, options: MaxUnpool2dOptions): Tensor {
  expectAxes('maxUnpool2d', 'x', x, 'N, C, V, U')
  expect(
    isSameShape(indices.shape, x.shape),
    'maxUnpool2d',
    () => `indices must have the shape of x ${showShape(x.shape)}, got ${showShape(indices.shape)}`,
  )
  const { window, stride, padding } = pool2dSizes('maxUnpool2d', options)
  const [n, c, v, u] = x.shape
  const least = [(v - 1) * stride[0] - 2 * padding[0] + window[0], (u - 1) * stride[1] - 2 * padding[1] + window[1]] as const
  const size = options.outputSize === undefined ? least : pairOf('maxUnpool2d', 'outputSize', options.outputSize, 1)
  expect(
    size.every((length, d) => length >= least[d] && length < least[d] + stride[d]),
    'maxUnpool2d',
    () => `outputSize must be from ${showShape(least)} to less than a stride ${showShape(stride)} more, got ${showShape(size)}`,
  )
  const [h, w] = size
  return unpool(x, indicesBelow('maxUnpool2d', indices, h * w), { x: [n * c, h, w] })
}
