import { expect } from '../../errors.ts'
import type { Activated, Activation } from '../../reference/activation.ts'
import { showShape } from '../../reference/array.ts'
import { type ConvolutionOptions, convolvedShape } from '../../reference/convolution.ts'
import { expectSameDType } from '../backend.ts'
import { apply, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { across, expectAxes, expectFits, pairOf, type Size } from '../window.ts'
import { activating, expectActivation } from './activating.ts'
import { sum, sumArrayTo } from './reduction.ts'
import { reshape } from './view.ts'

/**
 * The three are linear in each argument, and the derivatives of any one are the other two:
 * y = conv2d(x, w),  dx = conv2dInputGradient(dy, w),  dw = conv2dWeightGradient(dy, x),  db = Σ_nvu dy
 */
const convolution: Operation<ConvolutionOptions & Activated> = define({
  name: 'conv2d',
  saves: 'x',
  forward: (k, [x, w, b], o) => k.conv2d(x, w, b ?? null, o),
  backward: (k, dy, { x: [x, w], options, needs, shape: [n, filters, v, u] }) => [
    needs[0] ? k.conv2dInputGradient(dy, w, options) : null,
    needs[1] ? k.conv2dWeightGradient(dy, x, options) : null,
    needs[2] ? sumArrayTo(k, dy, [n, filters, v * u], [filters, 1]) : null,
  ],
  composite: (dy, { x: [x, w], options, needs }) => [
    inputGradient(dy, w, options),
    weightGradient(dy, x, options),
    needs[2] ? sum(dy, [0, 2, 3]) : null,
  ],
})

const inputGradientOperation: Operation<ConvolutionOptions> = define({
  name: 'conv2dInputGradient',
  saves: 'x',
  forward: (k, [dy, w], o) => k.conv2dInputGradient(dy, w, o),
  backward: (k, ddx, { x: [dy, w], options, needs }) => [
    needs[0] ? k.conv2d(ddx, w, null, options) : null,
    needs[1] ? k.conv2dWeightGradient(dy, ddx, options) : null,
  ],
  composite: (ddx, { x: [dy, w], options }) => [convolve(ddx, w, null, options), weightGradient(dy, ddx, options)],
})

const weightGradientOperation: Operation<ConvolutionOptions> = define({
  name: 'conv2dWeightGradient',
  saves: 'x',
  forward: (k, [dy, x], o) => k.conv2dWeightGradient(dy, x, o),
  backward: (k, ddw, { x: [dy, x], options, needs }) => [
    needs[0] ? k.conv2d(x, ddw, null, options) : null,
    needs[1] ? k.conv2dInputGradient(dy, ddw, options) : null,
  ],
  composite: (ddw, { x: [dy, x], options }) => [convolve(x, ddw, null, options), inputGradient(dy, ddw, options)],
})

const applyConvolution = activating(convolution)

const convolve = (x: Tensor, w: Tensor, b: Tensor | null, options: ConvolutionOptions, activation?: Activation): Tensor =>
  applyConvolution(b === null ? [x, w] : [x, w, b], convolvedShape(options), options, activation)

/** dx for conv2d, and so the transposed convolution of dy. */
export const inputGradient = (dy: Tensor, w: Tensor, options: ConvolutionOptions): Tensor =>
  apply(inputGradientOperation, [dy, w], options.x, options)

const weightGradient = (dy: Tensor, x: Tensor, options: ConvolutionOptions): Tensor =>
  apply(weightGradientOperation, [dy, x], options.w, options)

export interface WindowOptions {
  /** How far the window moves from one output to the next. Default 1. */
  stride?: Size
  /** Zeros before and behind each row and column. Default 0. */
  padding?: Size
  /** How far the numbers that the window looks at are apart. Default 1. */
  dilation?: Size
  /** Channels and filters in so many groups that do not see one another; as many as there are channels: depthwise. Default 1. */
  groups?: number
}

export interface Conv2dOptions extends WindowOptions, Activated {}

/**
 * y_novu = f(b_o + Σ_cij w_ocij · x_n,c,v·s+i·d-p,u·s+j·d-p)        x: [N, C, H, W], w: [O, C / groups, I, J], b: [O] -> y: [N, O, V, U],
 * V = ⌊(H + 2·padding - dilation·(I - 1) - 1) / stride⌋ + 1, U likewise from W and J. f is the activation, or nothing: `{ activation: 'relu' }` gives what
 * `conv2d(x, w, b).relu()` gives, in one kernel.
 */
export function conv2d(x: Tensor, w: Tensor, b?: Tensor | null, options: Conv2dOptions = {}): Tensor {
  return convolveNamed('conv2d', x, w, b, options)
}

export interface Conv1dOptions extends Conv2dOptions {
  stride?: number
  padding?: number
  dilation?: number
}

/** The same over sequences, one row high.        x: [N, C, L], w: [O, C / groups, K], b: [O] -> y: [N, O, U] */
export function conv1d(x: Tensor, w: Tensor, b?: Tensor | null, options: Conv1dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups, activation } = options
  expectAxes('conv1d', 'x', x, 'N, C, L')
  expectAxes('conv1d', 'w', w, 'O, C / groups, K')
  const row = (t: Tensor) => reshape(t, [t.shape[0], t.shape[1], 1, t.shape[2]])
  const y = convolveNamed('conv1d', row(x), row(w), b, {
    stride: [1, across('conv1d', 'stride', stride, 1)],
    padding: [0, across('conv1d', 'padding', padding, 0)],
    dilation: [1, across('conv1d', 'dilation', dilation, 1)],
    groups,
    activation,
  })
  return reshape(y, [y.shape[0], y.shape[1], y.shape[3]])
}

function convolveNamed(
  operation: string,
  x: Tensor,
  w: Tensor,
  b: Tensor | null = null,
  { stride = 1, padding = 0, dilation = 1, groups = 1, activation }: Conv2dOptions,
): Tensor {
  expectAxes(operation, 'x', x, 'N, C, H, W')
  expectAxes(operation, 'w', w, 'O, C / groups, I, J')
  const [n, c, h, width] = x.shape
  const [filters, channels, i, j] = w.shape
  const all: ConvolutionOptions = {
    x: [n, c, h, width],
    w: [filters, channels, i, j],
    stride: pairOf(operation, 'stride', stride, 1),
    padding: pairOf(operation, 'padding', padding, 0),
    dilation: pairOf(operation, 'dilation', dilation, 1),
    groups,
  }
  expectGroups(operation, groups, { channels: c, filters })
  expect(
    channels * groups === c,
    operation,
    () => `x ${showShape(x.shape)} has ${c} channels, but w ${showShape(w.shape)} with groups ${groups} looks at ${channels * groups}`,
  )
  expect(i > 0 && j > 0, operation, () => `the window of w must not be empty, got shape ${showShape(w.shape)}`)
  expectFits(operation, [h, width], [i, j], all.padding, all.dilation)
  expectBias(operation, b, filters)
  expectActivation(operation, activation)
  expectSameDType(operation, x.dtype, w.dtype)
  if (b) expectSameDType(operation, x.dtype, b.dtype)
  return convolve(x, w, b, all, activation)
}

/** groups is an integer above 0 that divides what is counted. */
export function expectGroups(operation: string, groups: number, counts: Readonly<Record<string, number>>): void {
  expect(Number.isInteger(groups) && groups > 0, operation, () => `groups must be an integer above 0, got ${groups}`)
  for (const [name, n] of Object.entries(counts)) {
    expect(n % groups === 0, operation, () => `groups must divide ${name}, ${n}, got ${groups}`)
  }
}

/** b has one number for each filter, or is absent. */
export function expectBias(operation: string, b: Tensor | null, filters: number): void {
  expect(
    b === null || (b.ndim === 1 && b.size === filters),
    operation,
    () => `b must have shape [${filters}], got ${showShape(b?.shape ?? [])}`,
  )
}
