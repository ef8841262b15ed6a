import type { BatchNormKernels, ChannelOptions } from '../../reference/batch-norm.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core, LINE } from './core.ts'
import { type MemoryExports, orFilled, present } from './memory.ts'

export interface BatchNormExports {
  /** Bytes of scratch that each of these needs. */
  batchNormScratch(c: number): number
  /** This and what follows, but for batchNorm: for some of the c channels, from where the pointers stand. */
  batchMean(x: number, mean: number, n: number, c: number, channels: number, s: number, scratch: number): void
  batchVariance(x: number, mean: number, variance: number, n: number, c: number, channels: number, s: number, scratch: number): void
  batchNorm(
    x: number,
    mean: number,
    variance: number,
    w: number,
    b: number,
    y: number,
    n: number,
    c: number,
    s: number,
    eps: number,
    scratch: number,
  ): void
  batchNormBackward(
    dy: number,
    x: number,
    mean: number,
    variance: number,
    w: number,
    dx: number,
    dw: number,
    db: number,
    n: number,
    c: number,
    channels: number,
    s: number,
    eps: number,
    training: number,
    scratch: number,
  ): void
}

export function batchNorm(core: Core<BatchNormExports & MemoryExports>): BatchNormKernels<WasmArray> {
  const { exports, memory, threads } = core

  /** What is summed over the samples, as work for the threads: its channels are cut. */
  const workOf = ({ n, c, s }: ChannelOptions, cost: number, argument: number) => ({
    ...(s === 1 ? { n: c, step: LINE, shares: 1 } : { n: c }), // columns are read by rows: the longer, the better
    cost: n * c * s * cost,
    scratch: { argument, bytes: exports.batchNormScratch(c) },
  })

  return {
    batchMean(x, options) {
      const { n, c, s } = options
      memory.begin('batchMean', x)
      const mean = memory.allocate(x.dtype, c)
      const work = workOf(options, COST.simple, 6)
      const scratch = memory.scratch(threads.scratchOf(work))
      const [px, pm] = [memory.address(x), memory.address(mean)]
      threads.run(exports.batchMean, work, (from, to) => [px + 4 * s * from, pm + 4 * from, n, c, to - from, s, scratch])
      return mean
    },
    batchVariance(x, mean, options) {
      const { n, c, s } = options
      memory.begin('batchVariance', x, mean)
      const variance = memory.allocate(x.dtype, c)
      const work = workOf(options, COST.simple, 7)
      const scratch = memory.scratch(threads.scratchOf(work))
      const [px, pm, pv] = [x, mean, variance].map((array) => memory.address(array))
      threads.run(exports.batchVariance, work, (from, to) => {
        const at = 4 * from
        return [px + s * at, pm + at, pv + at, n, c, to - from, s, scratch]
      })
      return variance
    },
    batchNorm(x, mean, variance, w, b, { n, c, s, eps }) {
      memory.begin('batchNorm', ...present(x, mean, variance, w, b))
      const y = memory.allocate(x.dtype, x.length)
      const work = { n, cost: x.length * COST.simple, scratch: { argument: 10, bytes: exports.batchNormScratch(c) } }
      const scratch = memory.scratch(threads.scratchOf(work))
      const [pw, pb] = [orFilled(core, w, c, 1), orFilled(core, b, c, 0)]
      const [px, pm, pv, py] = [x, mean, variance, y].map((array) => memory.address(array))
      threads.run(exports.batchNorm, work, (from, to) => {
        const image = 4 * c * s * from
        return [px + image, pm, pv, pw, pb, py + image, to - from, c, s, eps, scratch]
      })
      return y
    },
    batchNormBackward(dy, x, mean, variance, w, options) {
      const { n, c, s, eps, training } = options
      memory.begin('batchNormBackward', ...present(dy, x, mean, variance, w))
      const [dx, dw, db] = [memory.successor(dy), memory.allocate(x.dtype, c), memory.allocate(x.dtype, c)]
      const work = workOf(options, COST.update, 14)
      const scratch = memory.scratch(threads.scratchOf(work))
      const pw = orFilled(core, w, c, 1)
      const [pdy, px, pm, pv, pdx, pdw, pdb] = [dy, x, mean, variance, dx, dw, db].map((array) => memory.address(array))
      threads.run(exports.batchNormBackward, work, (from, to) => {
        const at = 4 * from
        const arrays = [pdy + s * at, px + s * at, pm + at, pv + at, pw + at, pdx + s * at, pdw + at, pdb + at]
        return [...arrays, n, c, to - from, s, eps, Number(training), scratch]
      })
      if (w) return [dx, dw, db]
      memory.release(dw)
      memory.release(db)
      return [dx, null, null]
    },
  }
}
