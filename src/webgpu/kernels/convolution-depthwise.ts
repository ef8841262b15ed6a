import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, type ConvolutionOptions, convolvedShape } from '../../reference/convolution.ts'
import { eachSource, runEach } from '../each.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { channelSums, runChannelSums } from '../sums.ts'
import { activate, perActivation } from './activation.ts'
import { geometry, geometryOf, geometryParams, gradientAt, lookedAt } from './convolution-geometry.ts'

/** Each filter sees one channel: products of matrices would have rows of one number, so each thread multiplies for itself. */
export const isDepthwise = ({ w, groups }: ConvolutionOptions): boolean => groups > 1 && w[1] === 1

const eachTap = (visit: string) => `
  for (var t = 0u; t < windowSize().x; t++) {
    for (var q = 0u; q < windowSize().y; q++) {
      let tap = vec2u(t, q);
      ${visit}
    }
  }`

const forward = perActivation((o) =>
  eachSource('conv2d', {
    reads: { x: 'f32', w: 'f32', b: 'f32' },
    writes: { y: 'f32' },
    params: { ...geometryParams, hasB: 'u32' },
    declarations: `${geometry}${lookedAt}
${activate(o, 'f32')}`,
    body: `let window = placeOf(i, outputSize());
  let n = window.x / p.filters;
  let o = window.x % p.filters;
  var sum = select(0.0, b[o], p.hasB == 1);
  ${eachTap('sum += w[numberOf(o, tap, windowSize())] * lookedAt(n, o / p.groupFilters, window.yz, tap);')}
  y[i] = activate(sum);`, // [N, O, V, U]
  }),
)

const inputGradient = eachSource('conv2dInputGradient', {
  reads: { dy: 'f32', w: 'f32' },
  writes: { dx: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${gradientAt}
/** The number of dy whose window has its tap at this place. */
fn cameFrom(n: u32, o: u32, place: vec2u, tap: vec2u) -> f32 {
  let start = place + padding() - tap * dilation();
  if (any(start % stride() != vec2u())) { return 0.0; }
  return gradientAt(n, o, start / stride());
}`,
  body: `let place = placeOf(i, imageSize());
  let n = place.x / p.channels;
  let first = place.x % p.channels * p.groupFilters;
  var sum = 0.0;
  for (var o = first; o < first + p.groupFilters; o++) {
    ${eachTap('sum += w[numberOf(o, tap, windowSize())] * cameFrom(n, o, place.yz, tap);')}
  }
  dx[i] = sum;`, // [N, C, H, W]
})

/** Each weight has a sum over all windows of all images: it is a channel of [N, O · I · J, V · U]. */
const weightGradient = channelSums({
  name: 'conv2dWeightGradient',
  reads: { dy: 'f32', x: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${lookedAt}`,
  channel: 'let tap = placeOf(c, windowSize());', // of filter tap.x
  terms: {
    dw: `dy[(n * p.filters + tap.x) * p.s + place] * lookedAt(n, tap.x / p.groupFilters, placeOf(place, outputSize()).yz, tap.yz)`,
  },
})

export function depthwise(gpu: Gpu): ConvolutionKernels<GpuArray> {
  return {
    conv2d(x, w, b, options) {
      const y = gpu.allocate('conv2d', x.dtype, sizeOf(convolvedShape(options)))
      runEach(gpu, forward(options), y.length, { x, w, b: b ?? w, y }, { ...geometryOf(options), hasB: Number(b !== null) })
      return y
    },
    conv2dInputGradient(dy, w, options) {
      const dx = gpu.allocate('conv2dInputGradient', dy.dtype, sizeOf(options.x))
      runEach(gpu, inputGradient, dx.length, { dy, w, dx }, geometryOf(options))
      return dx
    },
    conv2dWeightGradient(dy, x, options) {
      const [n, , v, u] = convolvedShape(options)
      const [dw] = runChannelSums(gpu, weightGradient, { n, c: sizeOf(options.w), s: v * u }, { dy, x }, geometryOf(options))
      return dw
    },
  }
}
