import { type LstmKernels, lstmSize } from '../../reference/lstm.ts'
import { type AffineKernels, affineBackward } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { projectInputs, runSteps, type SequenceExports, stepsScratch } from './sequence.ts'

export interface LstmExports extends SequenceExports {
  lstm(
    h0: number,
    c0: number,
    wHh: number,
    bIh: number,
    bHh: number,
    y: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    from: number,
    rows: number,
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
    from: number,
    rows: number,
    scratch: number,
  ): void
}

export function lstm(core: Core<LstmExports>, affine: AffineKernels<WasmArray>): LstmKernels<WasmArray> {
  const { exports, memory } = core
  return {
    lstm(x, h0, c0, wIh, wHh, bIh, bHh, options) {
      const { t, n, h, reverse = false } = options
      memory.begin('lstm', x, h0, c0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, lstmSize(options))
      const scratch = memory.scratch(stepsScratch(core, options, 4 * h))
      const [px, ph0, pc0, pwIh, pwHh, pbIh, pbHh, py] = [x, h0, c0, wIh, wHh, bIh, bHh, y].map((array) => memory.address(array))
      const gates = py + 2 * 4 * t * n * h // behind the states h and c
      projectInputs(core, { x: px, wIh: pwIh, a: gates, width: 4 * h }, options, 4 * h, scratch)
      runSteps(core, exports.lstm, [ph0, pc0, pwHh, pbIh, pbHh, py, t, n, h, Number(reverse)], options, 4 * h, scratch)
      return y
    },
    lstmBackward(dy, x, h0, c0, wIh, wHh, y, options, needs) {
      const { t, n, h, reverse = false } = options
      memory.begin('lstmBackward', dy, h0, c0, wHh, y)
      const da = memory.allocate(x.dtype, t * n * 4 * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const dc0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(stepsScratch(core, options, 4 * h))
      const [pdy, ph0, pc0, pwHh, py] = [dy, h0, c0, wHh, y].map((array) => memory.address(array))
      const [pda, pBefore, pdh0, pdc0] = [da, before, dh0, dc0].map((array) => memory.address(array))
      const args = [pdy, ph0, pc0, pwHh, py, pda, pBefore, pdh0, pdc0, t, n, h, Number(reverse)]
      runSteps(core, exports.lstmBackward, args, options, 4 * h, scratch)
      const [dx, ...dw] = affineBackward(affine, da, da, x, before, wIh, options, [needs[0], ...needs.slice(3)], 4 * h)
      for (const array of [da, before, ...(needs[1] ? [] : [dh0]), ...(needs[2] ? [] : [dc0])]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, needs[2] ? dc0 : null, ...dw]
    },
  }
}
