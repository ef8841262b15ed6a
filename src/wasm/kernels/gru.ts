import { type GruKernels, gruSize } from '../../reference/gru.ts'
import { type AffineKernels, affineBackward } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { projectInputs, runSteps, type SequenceExports, stepsScratch } from './sequence.ts'

export interface GruExports extends SequenceExports {
  gru(
    h0: number,
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
    from: number,
    rows: number,
    scratch: number,
  ): void
}

export function gru(core: Core<GruExports>, affine: AffineKernels<WasmArray>): GruKernels<WasmArray> {
  const { exports, memory } = core
  return {
    gru(x, h0, wIh, wHh, bIh, bHh, options) {
      const { t, n, h, reverse = false } = options
      memory.begin('gru', x, h0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, gruSize(options))
      const scratch = memory.scratch(stepsScratch(core, options, 3 * h))
      const [px, ph0, pwIh, pwHh, pbIh, pbHh, py] = [x, h0, wIh, wHh, bIh, bHh, y].map((array) => memory.address(array))
      const gates = py + 4 * t * n * h // behind the states
      projectInputs(core, { x: px, wIh: pwIh, a: gates, width: 4 * h }, options, 3 * h, scratch)
      runSteps(core, exports.gru, [ph0, pwHh, pbIh, pbHh, py, t, n, h, Number(reverse)], options, 3 * h, scratch)
      return y
    },
    gruBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, h, reverse = false } = options
      memory.begin('gruBackward', dy, h0, wHh, y)
      const daIh = memory.allocate(x.dtype, t * n * 3 * h)
      const daHh = memory.allocate(x.dtype, t * n * 3 * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(stepsScratch(core, options, 3 * h))
      const [pdy, ph0, pwHh, py] = [dy, h0, wHh, y].map((array) => memory.address(array))
      const [pdaIh, pdaHh, pBefore, pdh0] = [daIh, daHh, before, dh0].map((array) => memory.address(array))
      const args = [pdy, ph0, pwHh, py, pdaIh, pdaHh, pBefore, pdh0, t, n, h, Number(reverse)]
      runSteps(core, exports.gruBackward, args, options, 3 * h, scratch)
      const [dx, ...dw] = affineBackward(affine, daIh, daHh, x, before, wIh, options, [needs[0], ...needs.slice(2)], 3 * h)
      for (const array of [daIh, daHh, before, ...(needs[1] ? [] : [dh0])]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
