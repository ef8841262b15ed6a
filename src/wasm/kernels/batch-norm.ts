import type { BatchNormKernels } from '../../reference/batch-norm.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'
import { type MemoryExports, orFilled, present } from './memory.ts'

export interface BatchNormExports {
  /** Bytes of scratch that each of these needs. */
  batchNormScratch(c: number): number
  batchMean(x: number, mean: number, n: number, c: number, s: number, scratch: number): void
  batchVariance(x: number, mean: number, variance: number, n: number, c: number, s: number, scratch: number): void
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
    s: number,
    eps: number,
    training: number,
    scratch: number,
  ): void
}

export function batchNorm(core: Core<BatchNormExports & MemoryExports>): BatchNormKernels<WasmArray> {
  const { exports, memory, threads } = core
  return {
    batchMean(x, { n, c, s }) {
      memory.begin('batchMean', x)
      const mean = memory.allocate(x.dtype, c)
      const scratch = memory.scratch(exports.batchNormScratch(c))
      exports.batchMean(memory.address(x), memory.address(mean), n, c, s, scratch)
      return mean
    },
    batchVariance(x, mean, { n, c, s }) {
      memory.begin('batchVariance', x, mean)
      const variance = memory.allocate(x.dtype, c)
      const scratch = memory.scratch(exports.batchNormScratch(c))
      exports.batchVariance(memory.address(x), memory.address(mean), memory.address(variance), n, c, s, scratch)
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
    batchNormBackward(dy, x, mean, variance, w, { n, c, s, eps, training }) {
      memory.begin('batchNormBackward', ...present(dy, x, mean, variance, w))
      const [dx, dw, db] = [memory.allocate(x.dtype, x.length), memory.allocate(x.dtype, c), memory.allocate(x.dtype, c)]
      const scratch = memory.scratch(exports.batchNormScratch(c))
      const pw = orFilled(core, w, c, 1)
      const [pdy, px, pm, pv, pdx, pdw, pdb] = [dy, x, mean, variance, dx, dw, db].map((array) => memory.address(array))
      exports.batchNormBackward(pdy, px, pm, pv, pw, pdx, pdw, pdb, n, c, s, eps, Number(training), scratch)
      if (w) return [dx, dw, db]
      memory.release(dw)
      memory.release(db)
      return [dx, null, null]
    },
  }
}
