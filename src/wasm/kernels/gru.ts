import { type GruKernels, gruSize } from '../../reference/gru.ts'
import { affineBackward } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import type { AffineKernels } from './rnn.ts'

export interface GruExports {
  /** Bytes of scratch that both need. */
  gruScratch(n: number, h: number): number
  gru(
    a: number,
    h0: number,
    wHh: number,
    bIh: number,
    bHh: number,
    y: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    scratch: number,
  ): void
  gruBackward(
    dy: number,
    h0: number,
    wHh: number,
    y: number,
    daIh: number,
    daHh: number,
    before: number,
    dh0: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    scratch: number,
  ): void
}

export function gru({ exports, memory }: Core<GruExports>, affine: AffineKernels): GruKernels<WasmArray> {
  return {
    gru(x, h0, wIh, wHh, bIh, bHh, options) {
      const { t, n, i, h, reverse = false } = options
      const a = affine.matmul(x, wIh, { m: t * n, k: i, n: 3 * h, transB: true }) // [T, N, 3H]
      memory.begin('gru')
      const [pa, ph0, pwHh, pbIh, pbHh] = [a, h0, wHh, bIh, bHh].map((array) => memory.address(array))
      const y = memory.allocate(x.dtype, gruSize(options))
      const scratch = memory.scratch(exports.gruScratch(n, h))
      exports.gru(pa, ph0, pwHh, pbIh, pbHh, memory.address(y), t, n, h, Number(reverse), scratch)
      memory.release(a)
      return y
    },
    gruBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, h, reverse = false } = options
      memory.begin('gruBackward')
      const [pdy, ph0, pwHh, py] = [dy, h0, wHh, y].map((array) => memory.address(array))
      const daIh = memory.allocate(x.dtype, t * n * 3 * h)
      const daHh = memory.allocate(x.dtype, t * n * 3 * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(exports.gruScratch(n, h))
      const [pdaIh, pdaHh, pBefore, pdh0] = [daIh, daHh, before, dh0].map((array) => memory.address(array))
      exports.gruBackward(pdy, ph0, pwHh, py, pdaIh, pdaHh, pBefore, pdh0, t, n, h, Number(reverse), scratch)
      const [dx, ...dw] = affineBackward(affine, daIh, daHh, x, before, wIh, options, [needs[0], ...needs.slice(2)], 3 * h)
      for (const array of [daIh, daHh, before, ...(needs[1] ? [] : [dh0])]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
