import type { BatchNormKernels, ChannelOptions } from '../../reference/batch-norm.ts'
import { eachSource, runEach } from '../each.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { channelSums, runChannelSums } from '../sums.ts'
import { pivot } from '../workgroup.ts'

const deviations = channelSums({
  name: 'batchMean',
  reads: { x: 'f32' },
  declarations: pivot,
  channel: 'let origin = pivot(x[c * p.s]);',
  terms: { sum: 'x[i] - origin' },
})
const meanSource = eachSource('batchMean', {
  reads: { x: 'f32', sum: 'f32' },
  writes: { mean: 'f32' },
  params: { s: 'u32', share: 'f32' },
  declarations: pivot,
  body: 'mean[i] = pivot(x[i * p.s]) + sum[i] * p.share;', // [C]
})

const squares = channelSums({
  name: 'batchVariance',
  reads: { x: 'f32', mean: 'f32' },
  channel: 'let mean_c = mean[c];',
  terms: { sum: '(x[i] - mean_c) * (x[i] - mean_c)' },
})
const varianceSource = eachSource('batchVariance', {
  reads: { sum: 'f32' },
  writes: { variance: 'f32' },
  params: { share: 'f32' },
  body: 'variance[i] = sum[i] * p.share;', // [C]
})

/** Where w or b is not there, another array takes its place among the bindings, and is not read. */
const scale = 'select(1.0, w[c], p.hasW == 1)'
const shift = 'select(0.0, b[c], p.hasB == 1)'

const normSource = eachSource('batchNorm', {
  reads: { x: 'f32', mean: 'f32', variance: 'f32', w: 'f32', b: 'f32' },
  writes: { y: 'f32' },
  params: { c: 'u32', s: 'u32', hasW: 'u32', hasB: 'u32', eps: 'f32' },
  body: `let c = i / p.s % p.c;
  y[i] = (x[i] - mean[c]) * (${scale} * inverseSqrt(variance[c] + p.eps)) + ${shift};`, // [N, C, S]
})

const gradients = channelSums({
  name: 'batchNormBackward',
  reads: { dy: 'f32', x: 'f32', mean: 'f32', variance: 'f32' },
  params: { eps: 'f32' },
  channel: `let mean_c = mean[c];
  let rstd = inverseSqrt(variance[c] + p.eps);`,
  terms: { dw: 'dy[i] * ((x[i] - mean_c) * rstd)', db: 'dy[i]' },
})
const trainingSource = eachSource('batchNormBackward', {
  reads: { dy: 'f32', x: 'f32', mean: 'f32', variance: 'f32', w: 'f32', dw: 'f32', db: 'f32' },
  writes: { dx: 'f32' },
  params: { c: 'u32', s: 'u32', hasW: 'u32', eps: 'f32', share: 'f32' },
  body: `let c = i / p.s % p.c;
  let rstd = inverseSqrt(variance[c] + p.eps);
  let xHat = (x[i] - mean[c]) * rstd;
  dx[i] = ${scale} * rstd * (dy[i] - p.share * (db[c] + xHat * dw[c]));`, // [N, C, S]
})
const evaluationSource = eachSource('batchNormBackward', {
  reads: { dy: 'f32', variance: 'f32', w: 'f32' },
  writes: { dx: 'f32' },
  params: { c: 'u32', s: 'u32', hasW: 'u32', eps: 'f32' },
  body: `let c = i / p.s % p.c;
  dx[i] = ${scale} * inverseSqrt(variance[c] + p.eps) * dy[i];`, // [N, C, S]
})

export function batchNorm(gpu: Gpu): BatchNormKernels<GpuArray> {
  const shareOf = ({ n, s }: ChannelOptions) => 1 / (n * s)
  return {
    batchMean(x, options) {
      const [sum] = runChannelSums(gpu, deviations, options, { x })
      const mean = gpu.allocate('batchMean', x.dtype, options.c)
      runEach(gpu, meanSource, options.c, { x, sum, mean }, { s: options.s, share: shareOf(options) })
      gpu.memory.release(sum)
      return mean
    },
    batchVariance(x, mean, options) {
      const [sum] = runChannelSums(gpu, squares, options, { x, mean })
      const variance = gpu.allocate('batchVariance', x.dtype, options.c)
      runEach(gpu, varianceSource, options.c, { sum, variance }, { share: shareOf(options) })
      gpu.memory.release(sum)
      return variance
    },
    batchNorm(x, mean, variance, w, b, { c, s, eps }) {
      const y = gpu.allocate('batchNorm', x.dtype, x.length)
      const has = { hasW: Number(w !== null), hasB: Number(b !== null) }
      runEach(gpu, normSource, y.length, { x, mean, variance, w: w ?? mean, b: b ?? mean, y }, { c, s, eps, ...has })
      return y
    },
    batchNormBackward(dy, x, mean, variance, w, options) {
      const { c, s, eps, training } = options
      const dx = gpu.allocate('batchNormBackward', x.dtype, x.length)
      const params = { c, s, eps, hasW: Number(w !== null) }
      if (!training) runEach(gpu, evaluationSource, dx.length, { dy, variance, w: w ?? variance, dx }, params)
      if (!training && w === null) return [dx, null, null]
      const [dw, db] = runChannelSums(gpu, gradients, options, { dy, x, mean, variance }, { eps })
      if (training) {
        const arrays = { dy, x, mean, variance, w: w ?? variance, dw, db, dx }
        runEach(gpu, trainingSource, dx.length, arrays, { ...params, share: shareOf(options) })
      }
      if (w !== null) return [dx, dw, db]
      gpu.memory.release(dw)
      gpu.memory.release(db)
      return [dx, null, null]
    },
  }
}
