import { sizeOf } from '../../reference/array.ts'
import { type AvgPoolingOptions, type PoolingKernels, type PoolingOptions, pooledShape } from '../../reference/pooling.ts'
import { type EachSource, eachSource, runEach } from '../each.ts'
import { special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'

/** Pairs are (down, across): the sizes of an image and of what it is pooled to, and how the window goes over it. */
const geometry = `
fn imageSize() -> vec2i { return p.axes[0].xy; } // H, W
fn pooledSize() -> vec2i { return p.axes[1].xy; } // V, U
fn windowSize() -> vec2i { return p.axes[2].xy; }
fn stride() -> vec2i { return p.axes[3].xy; }
fn padding() -> vec2i { return p.axes[4].xy; }
struct Span { first: vec2i, end: vec2i }
/** The places of the image that a window sees. */
fn placesOf(window: vec2i) -> Span {
  let first = window * stride() - padding();
  return Span(max(first, vec2i()), min(first + windowSize(), imageSize()));
}
/** The windows that see a place: the first of them ends just behind it, the last begins at or before it. */
fn windowsOf(place: vec2i) -> Span {
  let at = place + padding();
  return Span(max(at - windowSize() + stride(), vec2i()) / stride(), min(at / stride() + 1, pooledSize()));
}
/** Row and column of number i in images of this size, and where its image begins in images of that size. */
fn placeOf(i: u32, size: vec2i) -> vec2i { return vec2i(i32(i) / size.y % size.x, i32(i) % size.y); }
fn planeOf(i: u32, size: vec2i, other: vec2i) -> i32 { return i32(i) / (size.x * size.y) * other.x * other.y; }`

const source = (name: string, { params, declarations = '', ...rest }: EachSource): Source =>
  eachSource(name, { ...rest, params: { axes: 'axes', ...params }, declarations: `${geometry}${declarations}` })

const ofWindow = `
  let seen = placesOf(placeOf(i, pooledSize()));
  let plane = planeOf(i, pooledSize(), imageSize());`
const eachPlace = (visit: string) => `
  for (var h = seen.first.x; h < seen.end.x; h++) {
    for (var k = seen.first.y; k < seen.end.y; k++) {
      let at = h * imageSize().y + k;
      ${visit}
    }
  }`

/** A place gathers from the windows that see it, in the order of their numbers: so no two threads add to the same number. */
const gather = (add: string) => `
  let seeing = windowsOf(placeOf(i, imageSize()));
  let plane = planeOf(i, imageSize(), pooledSize());
  var sum = 0.0;
  for (var v = seeing.first.x; v < seeing.end.x; v++) {
    for (var u = seeing.first.y; u < seeing.end.y; u++) {
      let at = plane + v * pooledSize().y + u;
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

/** `best`: where the greatest number of the window stands in its image, the first where there are several. */
const findBest = `${ofWindow}
  var best = seen.first.x * imageSize().y + seen.first.y;
  ${eachPlace('if (beats(x[plane + at], x[plane + best])) { best = at; }')}`

const maxSource = source('maxPool2d', {
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  declarations: beats,
  body: `${findBest}
  y[i] = x[plane + best];`,
})
const indicesSource = source('maxPool2dIndices', {
  reads: { x: 'f32' },
  writes: { indices: 'i32' },
  declarations: beats,
  body: `${findBest}
  indices[i] = best;`,
})
const maxBackwardSource = source('maxPool2dBackward', {
  reads: { dy: 'f32', indices: 'i32' },
  writes: { dx: 'f32' },
  body: `let place = i32(i) % (imageSize().x * imageSize().y);
  ${gather('if (indices[at] == place) { sum += dy[at]; }')}`,
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
  ${eachPlace('sum += x[plane + at];')}
  y[i] = sum / countOf(seen);`,
})
const avgBackwardSource = source('avgPool2dBackward', {
  ...counting,
  reads: { dy: 'f32' },
  writes: { dx: 'f32' },
  body: gather('sum += dy[at] / countOf(placesOf(vec2i(v, u)));'),
})

export function pooling(gpu: Gpu): PoolingKernels<GpuArray> {
  const geometryOf = (o: PoolingOptions) => ({ axes: [o.x.slice(1), pooledShape(o).slice(1), o.window, o.stride, o.padding] })
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
