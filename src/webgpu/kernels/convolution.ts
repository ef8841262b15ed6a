import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, convolvedShape, type Pair } from '../../reference/convolution.ts'
import { type Gemm, runGemm } from '../gemm.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { activate, perActivation } from './activation.ts'
import { depthwise, isDepthwise } from './convolution-depthwise.ts'
import { geometry, geometryOf, geometryParams, gradientAt, lookedAt, tapStepOf } from './convolution-geometry.ts'

/*
 * Each of the three is a product of two matrices, for each group, of which one is never laid out: it is found in the image while it is read (Chetlur et al. 2014,
 * "cuDNN: Efficient primitives for deep learning").
 */

/** The load of four numbers: dividing for the first alone, as the others follow it. `value`: of each place among so many of `size`. */
const fourFrom = (first: string, size: string, value: string) => `var four = vec4f();
  var place = placeOf(${first}, ${size});
  for (var x = 0u; x < 4u; x++) {
    four = vec4f(four.yzw, ${value});
    place = next(place, ${size});
  }
  return four;`

/** y = f(w · windows), f the activation        [O / groups, C / groups · I · J] · [C / groups · I · J, N · V · U] */
const forward = perActivation(
  (o): Gemm => ({
    name: 'conv2d',
    reads: { x: 'f32', w: 'f32', b: 'f32' },
    writes: { y: 'f32' },
    params: { ...geometryParams, hasB: 'u32' },
    declarations: `${geometry}${lookedAt}
${activate(o, 'f32')}`,
    a: { along: 'k', load: 'return w[(s * p.m + i) * p.k + k];' },
    b: {
      along: 'across',
      vector: true,
      load: `let tap = placeOf(k, windowSize());
  ${fourFrom('i', 'outputSize()', 'lookedAt(place.x, s * p.groupChannels + tap.x, place.yz, tap.yz)')}`,
    },
    store: `let window = placeOf(j, outputSize());
  let o = s * p.m + i;
  y[numberOf(window.x * p.filters + o, window.yz, outputSize())] = activate(value + select(0.0, b[o], p.hasB == 1));`,
  }),
)

/**
 * dx = wᵀ · what came from each place        [C / groups, O / groups · taps] · [O / groups · taps, N · places]
 *
 * With a stride of 2, the even places of an image meet every other tap only, the odd ones the others: places are cut into phases, as many as the stride is long, and each
 * phase, a product of its own, goes through the taps that it meets. In a window that is dilated as well each goes through all taps, and finds 0 at the others.
 */
const inputGradient: Gemm = {
  name: 'conv2dInputGradient',
  reads: { dy: 'f32', w: 'f32' },
  writes: { dx: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${gradientAt}
/** The group of product s, and its phase. */
fn phaseOf(s: u32) -> vec3u { return placeOf(s, stride()); }
/** How many places, and how many taps, a phase has at most. */
fn places() -> vec2u { return (imageSize() + stride() - 1) / stride(); }
fn taps() -> vec2u { return (windowSize() + tapStep() - 1) / tapStep(); }
fn tapAt(step: vec2u, phase: vec2u) -> vec2u { return step * tapStep() + (phase + padding()) % tapStep(); }
fn weightAt(group: u32, o: u32, c: u32, tap: vec2u) -> f32 {
  if (o >= p.groupFilters || any(tap >= windowSize())) { return 0.0; }
  return w[numberOf((group * p.groupFilters + o) * p.groupChannels + c, tap, windowSize())];
}`,
  a: {
    along: 'k',
    vector: true,
    load: `let phase = phaseOf(s);
  ${fourFrom('k', 'taps()', 'weightAt(phase.x, place.x, i, tapAt(place.yz, phase.yz))')}`,
  },
  b: {
    along: 'across',
    vector: true,
    load: `let phase = phaseOf(s);
  let step = placeOf(k, taps());
  let tap = tapAt(step.yz, phase.yz);
  let start = vec2i(phase.yz + padding()) - vec2i(tap * dilation()); // of the window that has this tap at the first place
  if (any(tap >= windowSize()) || any(start % vec2i(stride()) != vec2i())) { return vec4f(); }
  let first = vec2u(start / vec2i(stride()));
  ${fourFrom('i', 'places()', 'gradientAt(place.x, phase.x * p.groupFilters + step.x, first + place.yz)')}`,
  },
  store: `let phase = phaseOf(s);
  let step = placeOf(j, places());
  let place = step.yz * stride() + phase.yz;
  if (any(place >= imageSize())) { return; }
  dx[numberOf(step.x * p.channels + phase.x * p.m + i, place, imageSize())] = value;`,
}

/** dw = dy · windowsᵀ        [O / groups, N · V · U] · [N · V · U, C / groups · I · J] */
const weightGradient: Gemm = {
  name: 'conv2dWeightGradient',
  reads: { dy: 'f32', x: 'f32' },
  writes: { dw: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${lookedAt}${gradientAt}`,
  a: {
    along: 'k',
    vector: true,
    load: fourFrom('k', 'outputSize()', 'select(0.0, gradientAt(place.x, s * p.m + i, place.yz), k + x < p.k)'),
  },
  b: {
    along: 'k',
    vector: true,
    load: `let tap = placeOf(i, windowSize());
  ${fourFrom('k', 'outputSize()', 'select(0.0, lookedAt(place.x, s * p.groupChannels + tap.x, place.yz, tap.yz), k + x < p.k)')}`,
  },
  store: 'dw[(s * p.m + i) * p.n + j] = value;',
}

export function convolution(gpu: Gpu): ConvolutionKernels<GpuArray> {
  const apart = depthwise(gpu)
  return {
    conv2d(x, w, b, options) {
      if (isDepthwise(options)) return apart.conv2d(x, w, b, options)
      const [n, o, v, u] = convolvedShape(options)
      const { groups } = options
      const y = gpu.allocate('conv2d', x.dtype, n * o * v * u)
      const sizes = { m: o / groups, n: n * v * u, k: sizeOf(options.w.slice(1)), batch: groups }
      runGemm(gpu, forward(options), sizes, { x, w, b: b ?? w, y }, { ...geometryOf(options), hasB: Number(b !== null) })
      return y
    },
    conv2dInputGradient(dy, w, options) {
      if (isDepthwise(options)) return apart.conv2dInputGradient(dy, w, options)
      const { x, stride, groups } = options
      const dx = gpu.allocate('conv2dInputGradient', dy.dtype, sizeOf(x))
      const [o, c, ...window] = options.w
      const steps = (lengths: readonly number[], step: Pair) => Math.ceil(lengths[0] / step[0]) * Math.ceil(lengths[1] / step[1])
      const [places, taps] = [steps(x.slice(2), stride), steps(window, tapStepOf(options))]
      const sizes = { m: c, n: x[0] * places, k: (o / groups) * taps, batch: groups * stride[0] * stride[1] }
      runGemm(gpu, inputGradient, sizes, { dy, w, dx }, geometryOf(options))
      return dx
    },
    conv2dWeightGradient(dy, x, options) {
      if (isDepthwise(options)) return apart.conv2dWeightGradient(dy, x, options)
      const [n, o, v, u] = convolvedShape(options)
      const { w, groups } = options
      const dw = gpu.allocate('conv2dWeightGradient', dy.dtype, sizeOf(w))
      const sizes = { m: o / groups, n: sizeOf(w.slice(1)), k: n * v * u, batch: groups }
      runGemm(gpu, weightGradient, sizes, { dy, x, dw }, geometryOf(options))
      return dw
    },
  }
}
