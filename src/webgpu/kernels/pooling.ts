import { sizeOf } from '../../reference/array.ts'
import { type AvgPoolingOptions, type PoolingKernels, type PoolingOptions, pooledShape } from '../../reference/pooling.ts'
import { type EachSource, eachSource, runEach } from '../each.ts'
import { special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { windowAxes, windows } from '../windows.ts'

const geometry = `${windows}
struct Span { first: vec2u, end: vec2u }
/** The places of the image that a window sees. */
fn placesOf(window: vec2u) -> Span {
  let first = window * stride();
  return Span(max(first, padding()) - padding(), min(first + windowSize() - padding(), imageSize()));
}
/** The windows that see a place: the first of them ends just behind it, the last begins at or before it. */
fn windowsOf(place: vec2u) -> Span {
  let at = place + padding();
  let end = at + stride();
  return Span((max(end, windowSize()) - windowSize()) / stride(), min(end / stride(), outputSize()));
}`

const source = (name: string, { params, declarations = '', ...rest }: EachSource): Source =>
  eachSource(name, { ...rest, params: { axes: 'axes', ...params }, declarations: `${geometry}${declarations}` })

const ofWindow = `
  let window = placeOf(i, outputSize());
  let seen = placesOf(window.yz);`
const eachPlace = (visit: string) => `
  for (var h = seen.first.x; h < seen.end.x; h++) {
    for (var k = seen.first.y; k < seen.end.y; k++) {
      let at = numberOf(window.x, vec2u(h, k), imageSize());
      ${visit}
    }
  }`

/** A place gathers from the windows that see it, in the order of their numbers: so no two threads add to the same number. */
const gather = (add: string) => `
  let place = placeOf(i, imageSize());
  let seeing = windowsOf(place.yz);
  var sum = 0.0;
  for (var v = seeing.first.x; v < seeing.end.x; v++) {
    for (var u = seeing.first.y; u < seeing.end.y; u++) {
      let at = numberOf(place.x, vec2u(v, u), outputSize());
      ${add}
    }
  }
  dx[i] = sum;`

const beats = `${special}
/** Whether a is greater, a NaN being the greatest. It is asked for first: a compiler that knows no NaN may turn a > b into !(a <= b). */
fn beats(a: f32, b: f32) -> bool {
  if (isNan(b)) { return false; }
  return isNan(a) || a > b;
}`

/** `best`: where the greatest number of the window stands, the first where there are several. */
const findBest = `${ofWindow}
  var best = numberOf(window.x, seen.first, imageSize());
  ${eachPlace('if (beats(x[at], x[best])) { best = at; }')}`

const maxSource = source('maxPool2d', {
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  declarations: beats,
  body: `${findBest}
  y[i] = x[best];`,
})
const indicesSource = source('maxPool2dIndices', {
  reads: { x: 'f32' },
  writes: { indices: 'i32' },
  declarations: beats,
  body: `${findBest}
  indices[i] = i32(best - numberOf(window.x, vec2u(), imageSize()));`,
})
const maxBackwardSource = source('maxPool2dBackward', {
  reads: { dy: 'f32', indices: 'i32' },
  writes: { dx: 'f32' },
  body: gather('if (indices[at] == i32(i - numberOf(place.x, vec2u(), imageSize()))) { sum += dy[at]; }'),
})

const counting: Pick<EachSource, 'params' | 'declarations'> = {
  params: { countIncludePad: 'u32' },
  declarations: `
/** How many numbers the mean of a window is of. */
fn countOf(seen: Span) -> f32 {
  let size = select(seen.end - seen.first, windowSize(), p.countIncludePad == 1);
  return f32(size.x * size.y);
}`,
}
const avgSource = source('avgPool2d', {
  ...counting,
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  body: `${ofWindow}
  var sum = 0.0;
  ${eachPlace('sum += x[at];')}
  y[i] = sum / countOf(seen);`,
})
const avgBackwardSource = source('avgPool2dBackward', {
  ...counting,
  reads: { dy: 'f32' },
  writes: { dx: 'f32' },
  body: gather('sum += dy[at] / countOf(placesOf(vec2u(v, u)));'),
})

export function pooling(gpu: Gpu): PoolingKernels<GpuArray> {
  const geometryOf = (o: PoolingOptions) => {
    const [[, h, w], [, v, u]] = [o.x, pooledShape(o)]
    return { axes: windowAxes({ image: [h, w], output: [v, u], ...o }) }
  }
  const countingOf = (o: AvgPoolingOptions) => ({ ...geometryOf(o), countIncludePad: Number(o.countIncludePad) })

  function maxPool2dIndices(x: GpuArray, options: PoolingOptions): GpuArray {
    const indices = gpu.allocate('maxPool2dIndices', 'int32', sizeOf(pooledShape(options)))
    runEach(gpu, indicesSource, indices.length, { x, indices }, geometryOf(options))
    return indices
  }

  return {
    maxPool2d(x, options) {
      const y = gpu.allocate('maxPool2d', x.dtype, sizeOf(pooledShape(options)))
      runEach(gpu, maxSource, y.length, { x, y }, geometryOf(options))
      return y
    },
    maxPool2dBackward(dy, x, options) {
      const indices = maxPool2dIndices(x, options)
      const dx = gpu.allocate('maxPool2dBackward', x.dtype, x.length)
      runEach(gpu, maxBackwardSource, dx.length, { dy, indices, dx }, geometryOf(options))
      gpu.memory.release(indices)
      return dx
    },
    maxPool2dIndices,
    avgPool2d(x, options) {
      const y = gpu.allocate('avgPool2d', x.dtype, sizeOf(pooledShape(options)))
      runEach(gpu, avgSource, y.length, { x, y }, countingOf(options))
      return y
    },
    avgPool2dBackward(dy, options) {
      const dx = gpu.allocate('avgPool2dBackward', dy.dtype, sizeOf(options.x))
      runEach(gpu, avgBackwardSource, dx.length, { dy, dx }, countingOf(options))
      return dx
    },
  }
}
