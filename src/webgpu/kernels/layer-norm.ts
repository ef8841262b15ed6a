import type { LayerNormKernels } from '../../reference/layer-norm.ts'
import { special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { channelSums, runChannelSums } from '../sums.ts'
import { pivot, ROW_THREADS, rowReductions } from '../workgroup.ts'

/** A workgroup for each row: its threads go through the C numbers in turn. Where w or b is not there, another array takes its place, and is not read. */
const ofRows = {
  params: { rows: 'u32', c: 'u32', hasW: 'u32', hasB: 'u32', eps: 'f32', share: 'f32' },
  workgroup: [ROW_THREADS, 1, 1],
  subgroups: true,
  declarations: `${special}${rowReductions}${pivot}`,
} as const

const eachNumber = `for (var i = local; i < p.c; i += ${ROW_THREADS}u)`

/** `mean` and `rstd` of the row. */
const moments = `
  if (group >= p.rows) { return; }
  let row = group * p.c;
  let origin = pivot(x[row]);
  var part = 0.0;
  ${eachNumber} { part += x[row + i] - origin; }
  let mean = origin + rowSum(local, subgroup, part) * p.share;
  part = 0.0;
  ${eachNumber} { part += (x[row + i] - mean) * (x[row + i] - mean); }
  let rstd = inverseSqrt(rowSum(local, subgroup, part) * p.share + p.eps);`

const forwardSource: Source = {
  ...ofRows,
  name: 'layerNorm',
  reads: { x: 'f32', w: 'f32', b: 'f32' },
  writes: { y: 'f32' },
  main: `${moments}
  ${eachNumber} {
    let xHat = (x[row + i] - mean) * rstd;
    y[row + i] = xHat * select(1.0, w[i], p.hasW == 1) + select(0.0, b[i], p.hasB == 1);
  }`,
}

const g = 'dy[row + i] * select(1.0, w[i], p.hasW == 1)'
const xHat = '(x[row + i] - mean) * rstd'

const backwardSource: Source = {
  ...ofRows,
  name: 'layerNormBackward',
  reads: { dy: 'f32', x: 'f32', w: 'f32' },
  writes: { dx: 'f32', means: 'f32', rstds: 'f32' },
  main: `${moments}
  var partG = 0.0;
  var partGX = 0.0;
  ${eachNumber} {
    partG += ${g};
    partGX += ${g} * (${xHat});
  }
  let meanG = rowSum(local, subgroup, partG) * p.share;
  let along = rowSum(local, subgroup, partGX) * p.share;
  ${eachNumber} { dx[row + i] = rstd * (${g} - meanG - ${xHat} * along); }
  if (local == 0) {
    means[group] = mean;
    rstds[group] = rstd;
  }`,
}

/** The numbers of a column, one from each row, make up a channel. */
const gradients = channelSums({
  name: 'layerNormBackward',
  reads: { dy: 'f32', x: 'f32', means: 'f32', rstds: 'f32' },
  terms: { dw: 'dy[i] * ((x[i] - means[n]) * rstds[n])', db: 'dy[i]' },
})

export function layerNorm(gpu: Gpu): LayerNormKernels<GpuArray> {
  return {
    layerNorm(x, w, b, { n, c, eps }) {
      const y = gpu.allocate('layerNorm', x.dtype, x.length)
      const params = { rows: n, c, hasW: Number(w !== null), hasB: Number(b !== null), eps, share: 1 / c }
      gpu.run(forwardSource, { x, w: w ?? x, b: b ?? x, y }, params, n)
      return y
    },
    layerNormBackward(dy, x, w, { n, c, eps }) {
      const [dx, means, rstds] = [n * c, n, n].map((length) => gpu.allocate('layerNormBackward', x.dtype, length))
      const params = { rows: n, c, hasW: Number(w !== null), hasB: 0, eps, share: 1 / c }
      gpu.run(backwardSource, { dy, x, w: w ?? x, dx, means, rstds }, params, n)
      const [dw, db] = w ? runChannelSums(gpu, gradients, { n, c, s: 1 }, { dy, x, means, rstds }) : [null, null]
      gpu.memory.release(means)
      gpu.memory.release(rstds)
      return [dx, dw, db]
    },
  }
}
