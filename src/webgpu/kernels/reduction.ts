import type { DType } from '../../reference/array.ts'
import type { AxisOptions, ReductionKernels } from '../../reference/reduction.ts'
import { eachSource, runEach, typed } from '../each.ts'
import { special } from '../functions.ts'
import type { Argument, Gpu } from '../gpu.ts'
import { groupsOf, lineSum, linesOf, params, start, THREADS } from '../lines.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'

/** Σ along each chunk of a line. `y`: what becomes of `sum`. */
const total = (name: string, y: string) =>
  typed((T) => ({
    name,
    reads: { x: T },
    writes: { y: T },
    params: { ...params, whole: 'f32' },
    subgroups: true,
    declarations: lineSum(T),
    main: `${start}
  var part = ${T}(0);
  if (isThere) { for (var j = begin + lane; j < end; j += p.lanes) { part += x[line + j * p.inner]; } }
  let sum = lineSum(local, subgroup, lane, part);
  if (isThere && lane == 0u) { y[result] = ${y}; }`,
  }))

const sumSource = total('sum', 'sum')
const meanSource = total('mean', 'sum / p.whole')('float32')

const meanBackwardSource = eachSource('meanBackward', {
  reads: { dy: 'f32' },
  writes: { dx: 'f32' },
  params: { count: 'u32', inner: 'u32' },
  body: 'dx[i] = dy[i / (p.count * p.inner) * p.inner + i % p.inner] / f32(p.count);',
})

/**
 * Running sums of the numbers of a chunk, as many at a time as there are lanes, each time by doubling the distance over which they are added (Hillis & Steele 1986).
 * `before` holds the running sums of whole chunks.
 */
const cumsumSource = typed((T) => ({
  name: 'cumsum',
  reads: { x: T, before: T },
  writes: { y: T },
  params: { ...params, reverse: 'u32' },
  declarations: `var<workgroup> partial: array<${T}, ${THREADS}>;`,
  main: `${start}
  let isReverse = p.reverse == 1u;
  var total = ${T}(0);
  if (isThere && !isReverse && chunk > 0u) { total = before[result - p.inner]; }
  if (isThere && isReverse && chunk < p.chunks - 1u) { total = before[result + p.inner]; }
  for (var first = 0u; first < p.length; first += p.lanes) {
    let step = first + lane;
    let isOne = isThere && begin + step < end;
    let place = line + select(begin + step, end - 1u - step, isReverse) * p.inner;
    var sum = ${T}(0);
    if (isOne) { sum = x[place]; }
    for (var distance = 1u; distance < p.lanes; distance *= 2u) {
      partial[local] = sum;
      workgroupBarrier();
      if (lane >= distance) { sum += partial[local - distance * p.width]; }
      workgroupBarrier();
    }
    partial[local] = sum;
    workgroupBarrier();
    if (isOne) { y[place] = total + sum; }
    total += partial[local + (p.lanes - 1u - lane) * p.width];
    workgroupBarrier();
  }`,
}))

/** The place of the best number of each chunk; or, given the best places of all chunks, the best of these. A thread without a number takes the last one. */
const bestSource = (name: string, than: '>' | '<', ofPlaces: boolean) =>
  typed((T) => ({
    name,
    reads: { x: T, ...(ofPlaces && { places: 'i32' as const }) },
    writes: { y: 'i32' },
    params: { ...params, whole: 'u32' },
    declarations: `${special}
var<workgroup> values: array<${T}, ${THREADS}>;
var<workgroup> numbers: array<i32, ${THREADS}>;
fn isBetter(v: ${T}, place: i32, best: ${T}, bestPlace: i32) -> bool {
  ${T === 'f32' ? 'if (isNan(v) || isNan(best)) { return isNan(v) && (!isNan(best) || place < bestPlace); }' : ''}
  return v ${than} best || (v == best && place < bestPlace);
}`,
    main: `${start}
  var best = ${T}(0);
  var bestPlace = 0;
  if (isThere) {
    for (var j = min(begin + lane, end - 1u); j < end; j += p.lanes) {
      let place = ${ofPlaces ? 'places[line + j * p.inner]' : 'i32(j)'};
      let v = x[(o * p.whole + u32(place)) * p.inner + column];
      if (j < begin + p.lanes || isBetter(v, place, best, bestPlace)) {
        best = v;
        bestPlace = place;
      }
    }
  }
  values[local] = best;
  numbers[local] = bestPlace;
  for (var half = p.lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    let other = local + half * p.width;
    if (lane < half && isBetter(values[other], numbers[other], values[local], numbers[local])) {
      values[local] = values[other];
      numbers[local] = numbers[other];
    }
  }
  if (isThere && lane == 0u) { y[result] = numbers[local]; }`,
  }))

const bests = {
  argmax: [bestSource('argmax', '>', false), bestSource('argmax', '>', true)],
  argmin: [bestSource('argmin', '<', false), bestSource('argmin', '<', true)],
} as const

export function reduction(gpu: Gpu): ReductionKernels<GpuArray> {
  const { memory } = gpu

  /** One pass along the lines of x: [outer, n, inner] -> [outer, chunks, inner] */
  function pass(
    source: Source,
    dtype: DType,
    arrays: Readonly<Record<string, GpuArray>>,
    axis: AxisOptions,
    more: Record<string, Argument>,
  ) {
    const lines = linesOf(axis)
    const y = gpu.allocate(source.name, dtype, axis.outer * lines.chunks * axis.inner)
    gpu.run(source, { ...arrays, y }, { ...lines, ...more }, groupsOf(lines))
    return y
  }

  /** Sums chunks, and the sums of chunks, until one is left of each line: the last pass is by `source`. */
  function sumBy(source: Source, x: GpuArray, axis: AxisOptions, whole: number): GpuArray {
    const { chunks } = linesOf(axis)
    if (chunks === 1) return pass(source, x.dtype, { x }, axis, { whole })
    const sums = pass(sumSource(x.dtype), x.dtype, { x }, axis, { whole })
    const y = sumBy(source, sums, { ...axis, n: chunks }, whole)
    memory.release(sums)
    return y
  }

  function running(x: GpuArray, axis: AxisOptions, reverse: boolean): GpuArray {
    const lines = linesOf(axis)
    const y = gpu.allocate('cumsum', x.dtype, x.length)
    const run = (before: GpuArray) =>
      gpu.run(cumsumSource(x.dtype), { x, before, y }, { ...lines, reverse: Number(reverse) }, groupsOf(lines))
    if (lines.chunks === 1)
      run(x) // no chunk comes before another: it is not read
    else {
      const sums = pass(sumSource(x.dtype), x.dtype, { x }, axis, { whole: axis.n })
      const before = running(sums, { ...axis, n: lines.chunks }, reverse)
      run(before)
      memory.release(sums)
      memory.release(before)
    }
    return y
  }

  function best(name: keyof typeof bests, x: GpuArray, axis: AxisOptions): GpuArray {
    const [ofNumbers, ofPlaces] = bests[name]
    const whole = axis.n
    let places = pass(ofNumbers(x.dtype), 'int32', { x }, axis, { whole })
    for (let n = linesOf(axis).chunks; n > 1; n = linesOf({ ...axis, n }).chunks) {
      const fewer = pass(ofPlaces(x.dtype), 'int32', { x, places }, { ...axis, n }, { whole })
      memory.release(places)
      places = fewer
    }
    return places
  }

  return {
    sum: (x, axis) => sumBy(sumSource(x.dtype), x, axis, axis.n),
    mean: (x, axis) => sumBy(meanSource, x, axis, axis.n),
    meanBackward(dy, { outer, n, inner }) {
      const dx = gpu.allocate('meanBackward', dy.dtype, outer * n * inner)
      runEach(gpu, meanBackwardSource, dx.length, { dy, dx }, { count: n, inner })
      return dx
    },
    argmax: (x, axis) => best('argmax', x, axis),
    argmin: (x, axis) => best('argmin', x, axis),
    cumsum: (x, { outer, n, inner, reverse = false }) => running(x, { outer, n, inner }, reverse),
  }
}
