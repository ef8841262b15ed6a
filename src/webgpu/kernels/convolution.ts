import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, convolvedShape } from '../../reference/convolution.ts'
import { type Gemm, runGemm } from '../gemm.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { depthwise, isDepthwise } from './convolution-depthwise.ts'
import { cameFrom, geometry, geometryOf, geometryParams, lookedAt, phasesOf } from './convolution-geometry.ts'

/*
 * Each of the three is a product of two matrices, for each group, of which one is never laid out: it is found in the image while it is read (Chetlur et al. 2014,
 * "cuDNN: Efficient primitives for deep learning").
 */

/** y = w · windows        [O / groups, C / groups · I · J] · [C / groups · I · J, N · V · U] */
const forward: Gemm = {
  name: 'conv2d',
  reads: { x: 'f32', w: 'f32', b: 'f32' },
  writes: { y: 'f32' },
  params: { ...geometryParams, hasB: 'u32' },
  declarations: `${geometry}${lookedAt}`,
  a: { along: 'k', load: 'return w[(s * p.m + i) * p.k + k];' },
  b: {
    along: 'across',
    load: `let window = placeOf(i, outputSize());
  let tap = placeOf(k, windowSize());
  return lookedAt(window.x, s * p.groupChannels + tap.x, window.yz, tap.yz);`,
  },
  store: `let window = placeOf(j, outputSize());
  let o = s * p.m + i;
  y[numberOf(window.x * p.filters + o, window.yz, outputSize())] = value + select(0.0, b[o], p.hasB == 1);`,
}

/** dx = wᵀ · what came from each place, for each phase        [C / groups, O / groups · taps] · [O / groups · taps, N · places] */
const inputGradient: Gemm = {
  name: 'conv2dInputGradient',
  reads: { dy: 'f32', w: 'f32' },
  writes: { dx: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${cameFrom}
/** The group of product s, and its phase. */
fn phaseOf(s: u32) -> vec3u { return placeOf(s, phases()); }
/** Filter (within the group) and tap of step k. */
fn tapOf(k: u32, phase: vec2u) -> vec3u {
  let step = placeOf(k, (windowSize() + phases() - 1) / phases());
  return vec3u(step.x, step.yz * phases() + phase);
}
/** Image and place of column j: the first place of a phase is the one at which tap \`phase\` of some window can look. */
fn placeOfPhase(j: u32, phase: vec2u) -> vec3u {
  let step = placeOf(j, (imageSize() + phases() - 1) / phases());
  let first = (phase + phases() - padding() % phases()) % phases();
  return vec3u(step.x, step.yz * phases() + first);
}`,
  a: {
    along: 'k',
    load: `let phase = phaseOf(s);
  let tap = tapOf(k, phase.yz);
  if (any(tap.yz >= windowSize())) { return 0.0; }
  return w[numberOf((phase.x * p.groupFilters + tap.x) * p.m + i, tap.yz, windowSize())];`,
  },
  b: {
    along: 'across',
    load: `let phase = phaseOf(s);
  let tap = tapOf(k, phase.yz);
  let place = placeOfPhase(i, phase.yz);
  if (any(tap.yz >= windowSize())) { return 0.0; }
  return cameFrom(place.x, phase.x * p.groupFilters + tap.x, place.yz, tap.yz);`,
  },
  store: `let phase = phaseOf(s);
  let place = placeOfPhase(j, phase.yz);
  if (any(place.yz >= imageSize())) { return; }
  dx[numberOf(place.x * p.channels + phase.x * p.m + i, place.yz, imageSize())] = value;`,
}

/** dw = dy · windowsᵀ        [O / groups, N · V · U] · [N · V · U, C / groups · I · J] */
const weightGradient: Gemm = {
  name: 'conv2dWeightGradient',
  reads: { dy: 'f32', x: 'f32' },
  writes: { dw: 'f32' },
  params: geometryParams,
  declarations: `${geometry}${lookedAt}`,
  a: {
    along: 'k',
    load: `let window = placeOf(k, outputSize());
  return dy[numberOf(window.x * p.filters + s * p.m + i, window.yz, outputSize())];`,
  },
  b: {
    along: 'k',
    load: `let window = placeOf(k, outputSize());
  let tap = placeOf(i, windowSize());
  return lookedAt(window.x, s * p.groupChannels + tap.x, window.yz, tap.yz);`,
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
      runGemm(gpu, forward, sizes, { x, w, b: b ?? w, y }, { ...geometryOf(options), hasB: Number(b !== null) })
      return y
    },
    conv2dInputGradient(dy, w, options) {
      if (isDepthwise(options)) return apart.conv2dInputGradient(dy, w, options)
      const { x, groups } = options
      const dx = gpu.allocate('conv2dInputGradient', dy.dtype, sizeOf(x))
      const [o, c, ...window] = options.w
      const [down, across] = phasesOf(options)
      const steps = (lengths: readonly number[]) => Math.ceil(lengths[0] / down) * Math.ceil(lengths[1] / across)
      const sizes = { m: c, n: x[0] * steps(x.slice(2)), k: (o / groups) * steps(window), batch: groups * down * across }
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
