import { expect } from '../errors.ts'
import { showShape } from '../reference/array.ts'
import type { Pair } from '../reference/convolution.ts'
import type { Tensor } from './tensor.ts'

/** A number for both directions, or one for each: [down, across]. */
export type Size = number | Pair

/** Both directions of a size; each an integer of `least` or more. */
export function pairOf(operation: string, name: string, size: Size, least: number): Pair {
  const pair = typeof size === 'number' ? ([size, size] as const) : size
  const isRight = Array.isArray(pair) && pair.length === 2 && pair.every((n) => Number.isInteger(n) && n >= least)
  expect(
    isRight,
    operation,
    () => `${name} must be an integer of ${least} or more, or a pair [down, across] of them, got ${JSON.stringify(size) ?? String(size)}`,
  )
  return pair
}

/** One number, as the layers over sequences take it: the window goes across alone. */
export function across(operation: string, name: string, n: number, least: number): number {
  expect(
    Number.isInteger(n) && n >= least,
    operation,
    () => `${name} must be an integer of ${least} or more, got ${JSON.stringify(n) ?? String(n)}`,
  )
  return n
}

/** A float tensor with the axes that are named. */
export function expectAxes(operation: string, name: string, x: Tensor, axes: string): void {
  expect(x.ndim === axes.split(', ').length, operation, () => `${name} must have shape [${axes}], got ${showShape(x.shape)}`)
  expect(x.dtype !== 'int32', operation, () => `${name} must be a float tensor, got int32; convert it with .to('float32')`)
}

/** The window, spread by dilation, must fit into the image with its padding. */
export function expectFits(operation: string, [h, w]: Pair, window: Pair, padding: Pair, dilation: Pair = [1, 1]): void {
  const padded = [h + 2 * padding[0], w + 2 * padding[1]]
  const spread = [dilation[0] * (window[0] - 1) + 1, dilation[1] * (window[1] - 1) + 1]
  expect(
    spread[0] <= padded[0] && spread[1] <= padded[1],
    operation,
    () =>
      `the window ${size(spread)}${spread[0] !== window[0] || spread[1] !== window[1] ? ` (${size(window)} with dilation ${size(dilation)})` : ''}` +
      ` is larger than the padded input ${size(padded)} (${size([h, w])} with padding ${size(padding)})`,
  )
}

const size = ([down, across]: readonly number[]) => `${down}×${across}`
