import { sizeOf, stridesOf } from '../../reference/array.ts'
import { type Axis, isInjective, mergeAxes, sumRepeated } from '../../reference/axes.ts'
import type { MemoryKernels } from '../../reference/memory.ts'
import type { ReductionKernels } from '../../reference/reduction.ts'
import type { StridedKernels } from '../../reference/strided.ts'
import { walk, walkParams } from '../axes.ts'
import { eachSource, runEach, typed } from '../each.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'

const offsets = { fromOffset: 'u32', toOffset: 'u32' } as const

/** Numbers are copied as bits, whatever their dtype. */
const copySource = eachSource('strided', {
  reads: { x: 'u32' },
  writes: { y: 'u32' },
  params: { ...walk.params, ...offsets },
  declarations: walk.declarations,
  body: `let at = placesOf(i) + vec2i(i32(p.fromOffset), i32(p.toOffset));
  y[at.y] = x[at.x];`,
})

/** A tile is so many numbers wide and high; it is read and written by rows of as many threads. */
const TILE = 32
const TILE_ROWS = 8

/**
 * Transposition: along one axis x is contiguous, along another y. A tile is read along the first and written along the second, so that neighbouring threads always
 * reach neighbouring numbers. A column more in the tile keeps those of one column in different banks of the workgroup's memory.
 */
const transposeSource: Source = {
  name: 'strided',
  reads: { x: 'u32' },
  writes: { y: 'u32' },
  params: { ...walk.params, ...offsets, rows: 'u32', columns: 'u32', rowStride: 'i32', columnStride: 'i32', matrices: 'u32' },
  workgroup: [TILE, TILE_ROWS, 1],
  declarations: `${walk.declarations}
var<workgroup> tile: array<array<u32, ${TILE + 1}>, ${TILE}>;`,
  main: `
  let tilesAcross = (p.columns + ${TILE - 1}u) / ${TILE}u;
  let tilesDown = (p.rows + ${TILE - 1}u) / ${TILE}u;
  let matrix = group / (tilesAcross * tilesDown);
  if (matrix >= p.matrices) { return; }
  let at = placesOf(matrix) + vec2i(i32(p.fromOffset), i32(p.toOffset));
  let row = (group / tilesAcross) % tilesDown * ${TILE}u;
  let column = group % tilesAcross * ${TILE}u;
  for (var j = lid.y; j < ${TILE}u; j += ${TILE_ROWS}u) {
    if (column + j < p.columns && row + lid.x < p.rows) { tile[j][lid.x] = x[at.x + i32(column + j) * p.columnStride + i32(row + lid.x)]; }
  }
  workgroupBarrier();
  for (var j = lid.y; j < ${TILE}u; j += ${TILE_ROWS}u) {
    if (row + j < p.rows && column + lid.x < p.columns) { y[at.y + i32(row + j) * p.rowStride + i32(column + lid.x)] = tile[lid.x][j]; }
  }`,
}

/** dx_q = Σ dy_i over all i that the view puts at q. The places are tried on all axes but the longest, on which the one that hits q is computed. */
const overlapSource = typed((T) =>
  eachSource('stridedBackward', {
    reads: { dy: T },
    writes: { dx: T },
    params: { ...walk.params, offset: 'i32', count: 'u32', longest: 'i32', fromStride: 'i32', toStride: 'i32' },
    declarations: walk.declarations,
    body: `var total = ${T}(0);
  for (var k = 0u; k < p.count; k++) {
    let at = placesOf(k);
    let distance = i32(i) - p.offset - at.y;
    let step = distance / p.toStride;
    if (step * p.toStride == distance && step >= 0 && step < p.longest) { total += dy[at.x + step * p.fromStride]; }
  }
  dx[i] = total;`,
  }),
)

export function strided(gpu: Gpu, memory: MemoryKernels<GpuArray>, { sum }: ReductionKernels<GpuArray>): StridedKernels<GpuArray> {
  const { fill, release } = memory

  /** Copies x, walked by the strides a of the axes, into y, walked by b. */
  function copy(x: GpuArray, y: GpuArray, axes: readonly Axis[], fromOffset: number, toOffset: number): void {
    const size = sizeOf(axes.map(({ n }) => n))
    const inX = axes.find(({ a, n }) => a === 1 && n >= TILE_ROWS)
    const inY = axes.find(({ b, n }) => b === 1 && n >= TILE_ROWS)
    if (inX && inY && inX !== inY) {
      const others = axes.filter((axis) => axis !== inX && axis !== inY)
      const matrices = sizeOf(others.map(({ n }) => n))
      const params = { fromOffset, toOffset, rows: inX.n, columns: inY.n, rowStride: inX.b, columnStride: inY.a, matrices }
      const groups = Math.ceil(inX.n / TILE) * Math.ceil(inY.n / TILE) * matrices
      gpu.run(transposeSource, { x, y }, { ...walkParams('strided', others), ...params }, groups)
    } else {
      const order = [...axes].sort((p, q) => Number(p.b === 1) - Number(q.b === 1)) // neighbouring threads write neighbouring numbers
      runEach(gpu, copySource, size, { x, y }, { ...walkParams('strided', order), fromOffset, toOffset })
    }
  }

  return {
    strided(x, { shape, strides, offset }) {
      const y = gpu.allocate('strided', x.dtype, sizeOf(shape))
      copy(x, y, mergeAxes(shape, strides, stridesOf(shape)), offset, 0)
      return y
    },
    stridedInto(x, src, { shape, strides, offset }) {
      const from = src === x ? memory.copy(src) : src // one buffer cannot be read and written at once
      copy(from, x, mergeAxes(shape, stridesOf(shape), strides), 0, offset)
      if (from !== src) release(from)
    },
    stridedBackward(dy, { shape, strides, offset, size }) {
      const { summed, rest } = sumRepeated({ sum, release }, dy, shape, strides)
      const axes = mergeAxes(rest, stridesOf(rest), strides)
      const overlaps = !isInjective(axes)
      const isWhole = overlaps || summed.length === size // no place is left out
      const dx = isWhole ? gpu.allocate('stridedBackward', dy.dtype, size) : fill(dy, size, 0)
      if (overlaps) addOverlaps(summed, dx, axes, offset)
      else copy(summed, dx, axes, 0, offset)
      if (summed !== dy) release(summed)
      return dx
    },
  }

  function addOverlaps(dy: GpuArray, dx: GpuArray, axes: readonly Axis[], offset: number): void {
    const longest = axes.reduce((p, q) => (q.n > p.n ? q : p))
    const others = axes.filter((axis) => axis !== longest)
    const params = { offset, count: sizeOf(others.map(({ n }) => n)), longest: longest.n, fromStride: longest.a, toStride: longest.b }
    runEach(gpu, overlapSource(dx.dtype), dx.length, { dy, dx }, { ...walkParams('stridedBackward', others), ...params })
  }
}
