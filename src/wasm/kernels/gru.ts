import { type GruKernels, gruSize } from '../../reference/gru.ts'
import { affineBackward } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import type { AffineKernels } from './rnn.ts'

export interface GruExports {
  /** Bytes of scratch that both need. */
  gruScratch(t: number, n: number, i: number, h: number): number
  gru(
    x: number,
    h0: number,
    wIh: number,
    wHh: number,
    bIh: number,
    bHh: number,
    y: number,
    t: number,
    n: number,
    i: number,
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
      memory.begin('gru', x, h0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, gruSize(options))
      const scratch = memory.scratch(exports.gruScratch(t, n, i, h))
      const [px, ph0, pwIh, pwHh, pbIh, pbHh] = [x, h0, wIh, wHh, bIh, bHh].map((array) => memory.address(array))
      exports.gru(px, ph0, pwIh, pwHh, pbIh, pbHh, memory.address(y), t, n, i, h, Number(reverse), scratch)
      return y
    },
    gruBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, i, h, reverse = false } = options
      memory.begin('gruBackward', dy, h0, wHh, y)
      const daIh = memory.allocate(x.dtype, t * n * 3 * h)
      const daHh = memory.allocate(x.dtype, t * n * 3 * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(exports.gruScratch(t, n, i, h))
      const [pdy, ph0, pwHh, py] = [dy, h0, wHh, y].map((array) => memory.address(array))
      const [pdaIh, pdaHh, pBefore, pdh0] = [daIh, daHh, before, dh0].map((array) => memory.address(array))
      exports.gruBackward(pdy, ph0, pwHh, py, pdaIh, pdaHh, pBefore, pdh0, t, n, h, Number(reverse), scratch)
      const [dx, ...dw] = affineBackward(affine, daIh, daHh, x, before, wIh, options, [needs[0], ...needs.slice(2)], 3 * h)
      for (const array of [daIh, daHh, before, ...(needs[1] ? [] : [dh0])]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
