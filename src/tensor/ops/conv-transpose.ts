import { expect } from '../../errors.ts'
import { showShape } from '../../reference/array.ts'
import type { ConvolutionOptions } from '../../reference/convolution.ts'
import { expectSameDType } from '../backend.ts'
import type { Tensor } from '../tensor.ts'
import { expectAxes, pairOf, type Size } from '../window.ts'
import { expectBias, expectGroups, inputGradient, type WindowOptions } from './convolution.ts'
import { reshape } from './view.ts'

export interface ConvTranspose2dOptions extends WindowOptions {
  /** Rows and columns more, below stride: several sizes are convolved to one, and this chooses among them. Default 0. */
  outputPadding?: Size
}

/**
 * The transposed convolution: the adjoint of conv2d with the same w, so <convTranspose2d(x, w), z> = <x, conv2d(z, w)>. It is what conv2d's backward pass does to dy;
 * its own backward pass is conv2d. Each x_ncvu places its filter, scaled, at (v·s - p, u·s - p), and where they overlap they are summed.
 *
 *     x: [N, C, V, U], w: [C, O / groups, I, J], b: [O] -> y: [N, O, H, W],
 *     H = (V - 1)·stride - 2·padding + dilation·(I - 1) + outputPadding + 1, W likewise from U and J
 *
 * Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin & Visin 2016, relationship 14.
 */
export function convTranspose2d(x: Tensor, w: Tensor, b: Tensor | null = null, options: ConvTranspose2dOptions = {}): Tensor {
  const operation = 'convTranspose2d'
  const { stride: s = 1, padding: p = 0, outputPadding: q = 0, dilation: d = 1, groups = 1 } = options
  expectAxes(operation, 'x', x, 'N, C, V, U')
  expectAxes(operation, 'w', w, 'C, O / groups, I, J')
  const [n, c, v, u] = x.shape
  const [channels, perGroup, i, j] = w.shape
  const filters = perGroup * groups
  const sizes = {
    stride: pairOf(operation, 'stride', s, 1),
    padding: pairOf(operation, 'padding', p, 0),
    dilation: pairOf(operation, 'dilation', d, 1),
  }
  const outputPadding = pairOf(operation, 'outputPadding', q, 0)
  expectGroups(operation, groups, { channels: c })
  expect(channels === c, operation, () => `x ${showShape(x.shape)} has ${c} channels, but w ${showShape(w.shape)} takes ${channels}`)
  expect(
    v > 0 && u > 0 && i > 0 && j > 0,
    operation,
    () => `images and windows must not be empty, got x ${showShape(x.shape)} and w ${showShape(w.shape)}`,
  )
  expect(
    outputPadding.every((more, axis) => more < sizes.stride[axis]),
    operation,
    () => `outputPadding must be less than stride ${showShape(sizes.stride)}, got ${showShape(outputPadding)}`,
  )
  expectBias(operation, b, filters)
  expectSameDType(operation, x.dtype, w.dtype)
  if (b) expectSameDType(operation, x.dtype, b.dtype)

  const [h, width] = [v, u].map((length, axis) => {
    const covered = (length - 1) * sizes.stride[axis] + sizes.dilation[axis] * (w.shape[axis + 2] - 1) + 1
    return covered - 2 * sizes.padding[axis] + outputPadding[axis]
  })
  expect(h > 0 && width > 0, operation, () => `padding ${showShape(sizes.padding)} leaves nothing of the output: it would be ${h}×${width}`)
  const all: ConvolutionOptions = { x: [n, filters, h, width], w: [c, perGroup, i, j], ...sizes, groups } // of the convolution that this transposes
  const y = inputGradient(x, w, all)
  return b === null ? y : y.add(reshape(b, [1, filters, 1, 1]))
}
