import type { LayerNormKernels } from '../../reference/layer-norm.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'
import { type MemoryExports, orFilled, present } from './memory.ts'

export interface LayerNormExports {
  layerNorm(x: number, w: number, b: number, y: number, n: number, c: number, eps: number): void
  /** Bytes of scratch that layerNormBackward needs, in which it leaves what addLayerNormSums adds. */
  layerNormScratch(c: number): number
  layerNormBackward(dy: number, x: number, w: number, dx: number, n: number, c: number, eps: number, scratch: number): void
  addLayerNormSums(scratch: number, parts: number, dw: number, db: number, c: number): void
}

/** dw and db are sums over all rows. So that their bits do not depend on the threads, the sizes alone say which rows are summed together: multiples of 16, about a quarter. */
const GROUP = 16
const PARTS = 4

export function layerNorm(core: Core<LayerNormExports & MemoryExports>): LayerNormKernels<WasmArray> {
  const { exports, memory, threads } = core
  return {
    layerNorm(x, w, b, { n, c, eps }) {
      memory.begin('layerNorm', ...present(x, w, b))
      const y = memory.allocate(x.dtype, x.length)
      const [pw, pb] = [orFilled(core, w, c, 1), orFilled(core, b, c, 0)]
      const [px, py] = [memory.address(x), memory.address(y)]
      threads.run(exports.layerNorm, { n, cost: n * c * COST.update }, (from, to) => {
        const row = 4 * c * from
        return [px + row, pw, pb, py + row, to - from, c, eps]
      })
      return y
    },
    layerNormBackward(dy, x, w, { n, c, eps }) {
      memory.begin('layerNormBackward', ...present(dy, x, w))
      const [dx, dw, db] = [memory.successor(dy), memory.allocate(x.dtype, c), memory.allocate(x.dtype, c)]
      const rows = GROUP * Math.max(1, Math.ceil(n / (GROUP * PARTS)))
      const parts = Math.max(1, Math.ceil(n / rows))
      const bytes = exports.layerNormScratch(c)
      const scratch = memory.scratch(parts * bytes)
      const pw = orFilled(core, w, c, 1)
      const [pdy, px, pdx, pdw, pdb] = [dy, x, dx, dw, db].map((array) => memory.address(array))
      threads.runEach(exports.layerNormBackward, { n: parts, cost: n * c * COST.function }, (part) => {
        const [from, to] = [part * rows, Math.min(n, (part + 1) * rows)]
        const at = 4 * c * from
        return [pdy + at, px + at, pw, pdx + at, to - from, c, eps, scratch + part * bytes]
      })
      exports.addLayerNormSums(scratch, parts, pdw, pdb, c)
      if (w) return [dx, dw, db]
      memory.release(dw)
      memory.release(db)
      return [dx, null, null]
    },
  }
}
