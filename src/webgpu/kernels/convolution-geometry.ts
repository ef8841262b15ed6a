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
    axes: windowAxes(sizes, dilation, tapStepOf(options)),
    channels: x[1],
    filters: w[0],
    groupChannels: w[1],
    groupFilters: w[0] / groups,
  }
}

/** How far the taps are apart that places of one phase meet: see `inputGradient`. */
export function tapStepOf({ stride, dilation }: ConvolutionOptions): Pair {
  return [dilation[0] === 1 ? stride[0] : 1, dilation[1] === 1 ? stride[1] : 1]
}

export const geometry = `${windows}
fn dilation() -> vec2u { return vec2u(p.axes[5].xy); }
fn tapStep() -> vec2u { return vec2u(p.axes[6].xy); }`

/** `lookedAt(n, c, window, tap)`: the number of x at which a window's tap looks. What lies before the image is, without a sign, far behind it. */
export const lookedAt = `
fn lookedAt(n: u32, c: u32, window: vec2u, tap: vec2u) -> f32 {
  let place = window * stride() + tap * dilation() - padding();
  if (any(place >= imageSize())) { return 0.0; }
  return x[numberOf(n * p.channels + c, place, imageSize())];
}`

/** `gradientAt(n, o, window)`: the number of dy of a window, 0 where there is none. Windows before the first are, without a sign, far behind the last. */
export const gradientAt = `
fn gradientAt(n: u32, o: u32, window: vec2u) -> f32 {
  if (any(window >= outputSize())) { return 0.0; }
  return dy[numberOf(n * p.filters + o, window, outputSize())];
}`
