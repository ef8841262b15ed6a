import type { GatherKernels } from '../../reference/gather.ts'
import { eachSource, runEach, typed } from '../each.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { sortRows } from '../sort.ts'

/** What is only moved is moved as bits, whatever they mean. */
const gatherSource = eachSource('gather', {
  reads: { x: 'u32', index: 'u32' },
  writes: { y: 'u32' },
  params: { length: 'u32', k: 'u32', inner: 'u32' },
  body: 'y[i] = x[(i / (p.k * p.inner) * p.length + index[i]) * p.inner + i % p.inner];',
})
const indexSelectSource = eachSource('indexSelect', {
  reads: { x: 'u32', index: 'u32' },
  writes: { y: 'u32' },
  params: { width: 'u32' },
  body: 'y[i] = x[index[i / p.width] * p.width + i % p.width];',
})

/** Index j of a row of [K, I] names place index · I + i of a row of [N, I]. */
const destinationsSource = eachSource('scatterAdd', {
  reads: { index: 'u32' },
  writes: { destination: 'u32' },
  params: { inner: 'u32' },
  body: 'destination[i] = index[i] * p.inner + i % p.inner;',
})

/** Where in a row of sorted destinations the run of each begins; behind the last, where all end. */
const runsSource = eachSource('scatterAdd', {
  reads: { destination: 'u32' },
  writes: { starts: 'u32' },
  params: { c: 'u32', destinations: 'u32' },
  body: `let row = i / (p.destinations + 1u) * p.c;
  let sought = i % (p.destinations + 1u);
  var low = row;
  var high = row + p.c;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (destination[middle] < sought) { low = middle + 1u; } else { high = middle; }
  }
  starts[i] = low;`,
})

/** Runs of more numbers than this are summed by many threads. */
const LONG = 256

const sums = { c: 'u32', destinations: 'u32', width: 'u32' } as const

/** One thread sums a short run, in the order in which its numbers came. */
const shortRuns = typed((T) =>
  eachSource('scatterAdd', {
    reads: { dy: T, starts: 'u32', places: 'u32' },
    writes: { dx: T },
    params: sums,
    body: `let destination = i / p.width;
  let row = destination / p.destinations;
  let start = starts[destination + row];
  let end = starts[destination + row + 1u];
  if (end - start > ${LONG}u) { return; }
  var sum = ${T}();
  for (var j = start; j < end; j++) { sum += dy[(row * p.c + places[j]) * p.width + i % p.width]; }
  dx[i] = sum;`,
  }),
)

const THREADS = 256
/** So many columns at most share a workgroup: neighbours in memory are read together. */
const COLUMNS = 32

/**
 * A workgroup sums a long run, in a few neighbouring columns: the threads of a column take its numbers in turn, then halves are added to halves, always in the same
 * order. Each multiple of LONG is a place that lies in some run; a long run is found by the first that lies in it.
 */
const longRuns = typed(
  (T): Source => ({
    name: 'scatterAdd',
    reads: { dy: T, destination: 'u32', starts: 'u32', places: 'u32' },
    writes: { dx: T },
    params: { ...sums, columns: 'u32', count: 'u32' },
    declarations: `var<workgroup> partial: array<${T}, ${THREADS}>;`,
    main: `
  let tiles = (p.width + p.columns - 1u) / p.columns;
  let found = group / tiles * ${LONG}u;
  if (found >= p.count) { return; }
  let row = found / p.c;
  let run = row * (p.destinations + 1u) + destination[found];
  let start = starts[run];
  let end = starts[run + 1u];
  if (end - start <= ${LONG}u || found - start >= ${LONG}u) { return; }
  let column = group % tiles * p.columns + local % p.columns;
  let parts = ${THREADS}u / p.columns;
  var sum = ${T}();
  if (column < p.width) {
    for (var j = start + local / p.columns; j < end; j += parts) { sum += dy[(row * p.c + places[j]) * p.width + column]; }
  }
  partial[local] = sum;
  for (var half = parts / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half * p.columns) { partial[local] += partial[local + half * p.columns]; }
  }
  if (local < p.columns && column < p.width) { dx[(run - row) * p.width + column] = partial[local]; }`,
  }),
)

interface Runs {
  /** In each of n rows, c of `width` numbers are added at as many destinations. */
  n: number
  c: number
  destinations: number
  width: number
}

/** dx_destination(j) += dy_j without two threads that add to one number: what is added to a destination is brought together by sorting. */
function addRuns(gpu: Gpu, operation: string, dy: GpuArray, destination: GpuArray, { n, c, destinations, width }: Runs): GpuArray {
  const dx = gpu.allocate(operation, dy.dtype, n * destinations * width)
  const [sorted, places] = sortRows(gpu, operation, destination, { n, c })
  const starts = gpu.allocate(operation, 'int32', n * (destinations + 1))
  runEach(gpu, runsSource, starts.length, { destination: sorted, starts }, { c, destinations })
  runEach(gpu, shortRuns(dy.dtype), dx.length, { dy, starts, places, dx }, { c, destinations, width })
  if (c > LONG && dx.length > 0) {
    const columns = Math.min(COLUMNS, 2 ** Math.ceil(Math.log2(width)))
    const groups = Math.ceil((n * c) / LONG) * Math.ceil(width / columns)
    gpu.run(longRuns(dy.dtype), { dy, destination: sorted, starts, places, dx }, { c, destinations, width, columns, count: n * c }, groups)
  }
  for (const array of [sorted, places, starts]) gpu.memory.release(array)
  return dx
}

/** Bits in the order of the numbers that they are: -0 is 0, NaN the greatest. */
const keysSource = typed((T) =>
  eachSource('argsort', {
    reads: { x: 'u32' },
    writes: { key: 'u32' },
    params: { flip: 'u32' },
    declarations: `
fn keyOf_f32(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 0xffffffffu; }
  if (magnitude == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, magnitude != bits);
}
fn keyOf_i32(bits: u32) -> u32 { return bits ^ 0x80000000u; }`,
    body: `key[i] = keyOf_${T}(x[i]) ^ p.flip;`,
  }),
)

export function gather(gpu: Gpu): GatherKernels<GpuArray> {
  return {
    gather(x, index, { outer, n, inner, k }) {
      const y = gpu.allocate('gather', x.dtype, outer * k * inner)
      runEach(gpu, gatherSource, y.length, { x, index, y }, { length: n, k, inner })
      return y
    },
    scatterAdd(dy, index, { outer, n, inner, k }) {
      const destination = gpu.allocate('scatterAdd', 'int32', outer * k * inner)
      runEach(gpu, destinationsSource, destination.length, { index, destination }, { inner })
      const dx = addRuns(gpu, 'scatterAdd', dy, destination, { n: outer, c: k * inner, destinations: n * inner, width: 1 })
      gpu.memory.release(destination)
      return dx
    },
    indexSelect(x, index, { width, k }) {
      const y = gpu.allocate('indexSelect', x.dtype, k * width)
      runEach(gpu, indexSelectSource, y.length, { x, index, y }, { width })
      return y
    },
    indexAdd: (dy, index, { n, width, k }) => addRuns(gpu, 'indexAdd', dy, index, { n: 1, c: k, destinations: n, width }),
    argsort(x, { n, c, descending = false }) {
      const key = gpu.allocate('argsort', 'int32', n * c)
      runEach(gpu, keysSource(x.dtype), n * c, { x, key }, { flip: descending ? 0xffffffff : 0 })
      const [sorted, places] = sortRows(gpu, 'argsort', key, { n, c })
      gpu.memory.release(key)
      gpu.memory.release(sorted)
      return places
    },
  }
}
