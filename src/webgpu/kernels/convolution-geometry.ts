import { type ConvolutionOptions, convolvedShape, type Pair } from '../../reference/convolution.ts'
import type { Parameter } from '../program.ts'
import { windowAxes, windows } from '../windows.ts'

/** Beside the sizes that all windows have: which channels and filters belong together. */
export const geometryParams = {
  axes: 'axes',
  channels: 'u32',
  filters: 'u32',
  groupChannels: 'u32',
  groupFilters: 'u32',
} as const satisfies Record<string, Parameter>

/** Their values. */
export function geometryOf(options: ConvolutionOptions) {
  const { x, w, stride, padding, dilation, groups } = options
  const [, , v, u] = convolvedShape(options)
  const sizes = { image: [x[2], x[3]], output: [v, u], window: [w[2], w[3]], stride, padding } as const
  return {
    axes: windowAxes(sizes, dilation, phasesOf(options)),
    channels: x[1],
    filters: w[0],
    groupChannels: w[1],
    groupFilters: w[0] / groups,
  }
}

/**
 * With a stride of 2, even places of the image meet even taps of the window only, odd ones odd taps: places are cut into as many phases as the stride is long, and each
 * phase goes through its own taps. Where the window is dilated as well, there is one phase of all taps, and what does not meet counts as 0.
 */
export function phasesOf({ stride, dilation }: ConvolutionOptions): Pair {
  return [0, 1].map((d) => (dilation[d] === 1 ? stride[d] : 1)) as unknown as Pair
}

export const geometry = `${windows}
fn dilation() -> vec2u { return vec2u(p.axes[5].xy); }
fn phases() -> vec2u { return vec2u(p.axes[6].xy); }`

/** `lookedAt(n, c, window, tap)`: the number of x at which a window's tap looks. What lies before the image is, without a sign, far behind it. */
export const lookedAt = `
fn lookedAt(n: u32, c: u32, window: vec2u, tap: vec2u) -> f32 {
  let place = window * stride() + tap * dilation() - padding();
  if (any(place >= imageSize())) { return 0.0; }
  return x[numberOf(n * p.channels + c, place, imageSize())];
}`

/** `cameFrom(n, o, place, tap)`: the number of dy whose window has its tap at this place; 0 where there is none. */
export const cameFrom = `
fn cameFrom(n: u32, o: u32, place: vec2u, tap: vec2u) -> f32 {
  let start = place + padding() - tap * dilation();
  let window = start / stride();
  if (any(start % stride() != vec2u()) || any(window >= outputSize())) { return 0.0; }
  return dy[numberOf(n * p.filters + o, window, outputSize())];
}`
