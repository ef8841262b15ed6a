import type { RowsOptions, SoftmaxKernels } from '../../reference/softmax.ts'
import { exp, log, special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { ROW_THREADS, rowReductions } from '../workgroup.ts'

/** A workgroup for each row: its threads go through the C numbers in turn. Losses of rows begin in the same way. */
export const rows = {
  params: { rows: 'u32', c: 'u32' },
  workgroup: [ROW_THREADS, 1, 1],
  subgroups: true,
  declarations: `${special}${exp}${log}${rowReductions}`,
} as const

const start = `
  if (group >= p.rows) { return; }
  let row = group * p.c;`

/** `greatest`, max x, and `sum`, Σ e^(x_j - max x), of the row. */
export const sumOfExp = `${start}
  var most = -infinity();
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) { most = greater(most, x[row + i]); }
  let greatest = rowMax(local, subgroup, most);
  var part = 0.0;
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) { part += exp_(x[row + i] - greatest); }
  let sum = rowSum(local, subgroup, part);`

const forward = (name: string, y: string): Source => ({
  ...rows,
  name,
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  main: `${sumOfExp}
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) { y[row + i] = ${y}; }`,
})

const backward = (name: string, term: string, dx: string): Source => ({
  ...rows,
  name,
  reads: { dy: 'f32', y: 'f32' },
  writes: { dx: 'f32' },
  main: `${start}
  var part = 0.0;
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) { part += ${term}; }
  let sum = rowSum(local, subgroup, part);
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) { dx[row + i] = ${dx}; }`,
})

const softmaxSource = forward('softmax', 'exp_(x[row + i] - greatest) / sum')
const softmaxBackwardSource = backward('softmaxBackward', 'dy[row + i] * y[row + i]', 'y[row + i] * (dy[row + i] - sum)')
const logSoftmaxSource = forward('logSoftmax', 'x[row + i] - greatest - log_(sum)')
const logSoftmaxBackwardSource = backward('logSoftmaxBackward', 'dy[row + i]', 'dy[row + i] - exp_(y[row + i]) * sum')

export function softmax(gpu: Gpu): SoftmaxKernels<GpuArray> {
  const ofRows =
    (source: Source) =>
    (x: GpuArray, { n, c }: RowsOptions) => {
      const y = gpu.allocate(source.name, x.dtype, x.length)
      gpu.run(source, { x, y }, { rows: n, c }, n)
      return y
    }
  const back =
    (source: Source) =>
    (dy: GpuArray, y: GpuArray, { n, c }: RowsOptions) => {
      const dx = gpu.allocate(source.name, y.dtype, y.length)
      gpu.run(source, { dy, y, dx }, { rows: n, c }, n)
      return dx
    }
  return {
    softmax: ofRows(softmaxSource),
    softmaxBackward: back(softmaxBackwardSource),
    logSoftmax: ofRows(logSoftmaxSource),
    logSoftmaxBackward: back(logSoftmaxBackwardSource),
  }
}
