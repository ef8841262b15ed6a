import type { LayerNormKernels } from '../../reference/layer-norm.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { type MemoryExports, orFilled } from './memory.ts'

export interface LayerNormExports {
  layerNorm(x: number, w: number, b: number, y: number, n: number, c: number, eps: number): void
  /** Bytes of scratch that layerNormBackward needs. */
  layerNormScratch(c: number): number
  layerNormBackward(
    dy: number,
    x: number,
    w: number,
    dx: number,
    dw: number,
    db: number,
    n: number,
    c: number,
    eps: number,
    scratch: number,
  ): void
}

export function layerNorm(core: Core<LayerNormExports & MemoryExports>): LayerNormKernels<WasmArray> {
  const { exports, memory } = core
  return {
    layerNorm(x, w, b, { n, c, eps }) {
      memory.begin('layerNorm')
      const [px, pw, pb] = [memory.address(x), orFilled(core, w, c, 1), orFilled(core, b, c, 0)]
      const y = memory.allocate(x.dtype, x.length)
      exports.layerNorm(px, pw, pb, memory.address(y), n, c, eps)
      return y
    },
    layerNormBackward(dy, x, w, { n, c, eps }) {
      memory.begin('layerNormBackward')
      const [pdy, px, pw] = [memory.address(dy), memory.address(x), orFilled(core, w, c, 1)]
      const scratch = memory.scratch(exports.layerNormScratch(c))
      const [dx, dw, db] = [memory.allocate(x.dtype, x.length), memory.allocate(x.dtype, c), memory.allocate(x.dtype, c)]
      exports.layerNormBackward(pdy, px, pw, memory.address(dx), memory.address(dw), memory.address(db), n, c, eps, scratch)
      if (w) return [dx, dw, db]
      memory.release(dw)
      memory.release(db)
      return [dx, null, null]
    },
  }
}
