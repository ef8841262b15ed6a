import { type LstmKernels, lstmSize } from '../../reference/lstm.ts'
import { affineBackward } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import type { AffineKernels } from './rnn.ts'

export interface LstmExports {
  /** Bytes of scratch that both need. */
  lstmScratch(t: number, n: number, i: number, h: number): number
  lstm(
    x: number,
    h0: number,
    c0: number,
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
  lstmBackward(
    dy: number,
    h0: number,
    c0: number,
    wHh: number,
    y: number,
    da: number,
    before: number,
    dh0: number,
    dc0: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    scratch: number,
  ): void
}

export function lstm({ exports, memory }: Core<LstmExports>, affine: AffineKernels): LstmKernels<WasmArray> {
  return {
    lstm(x, h0, c0, wIh, wHh, bIh, bHh, options) {
      const { t, n, i, h, reverse = false } = options
      memory.begin('lstm', x, h0, c0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, lstmSize(options))
      const scratch = memory.scratch(exports.lstmScratch(t, n, i, h))
      const [px, ph0, pc0, pwIh, pwHh, pbIh, pbHh] = [x, h0, c0, wIh, wHh, bIh, bHh].map((array) => memory.address(array))
      exports.lstm(px, ph0, pc0, pwIh, pwHh, pbIh, pbHh, memory.address(y), t, n, i, h, Number(reverse), scratch)
      return y
    },
    lstmBackward(dy, x, h0, c0, wIh, wHh, y, options, needs) {
      const { t, n, i, h, reverse = false } = options
      memory.begin('lstmBackward', dy, h0, c0, wHh, y)
      const da = memory.allocate(x.dtype, t * n * 4 * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const dc0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(exports.lstmScratch(t, n, i, h))
      const [pdy, ph0, pc0, pwHh, py] = [dy, h0, c0, wHh, y].map((array) => memory.address(array))
      const [pda, pBefore, pdh0, pdc0] = [da, before, dh0, dc0].map((array) => memory.address(array))
      exports.lstmBackward(pdy, ph0, pc0, pwHh, py, pda, pBefore, pdh0, pdc0, t, n, h, Number(reverse), scratch)
      const [dx, ...dw] = affineBackward(affine, da, da, x, before, wIh, options, [needs[0], ...needs.slice(3)], 4 * h)
      for (const array of [da, before, ...(needs[1] ? [] : [dh0]), ...(needs[2] ? [] : [dc0])]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, needs[2] ? dc0 : null, ...dw]
    },
  }
}
