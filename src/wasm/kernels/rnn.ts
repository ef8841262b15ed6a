import { type AffineKernels, affineBackward, type RnnKernels } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'
import { projectInputs, runSteps, type SequenceExports, stepsScratch } from './sequence.ts'

export interface RnnExports extends SequenceExports {
  rnn(
    h0: number,
    wHh: number,
    bIh: number,
    bHh: number,
    y: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    relu: number,
    from: number,
    rows: number,
    scratch: number,
  ): void
  rnnBackward(
    dy: number,
    h0: number,
    wHh: number,
    y: number,
    da: number,
    before: number,
    dh0: number,
    t: number,
    n: number,
    h: number,
    reverse: number,
    relu: number,
    from: number,
    rows: number,
    scratch: number,
  ): void
}

export function rnn(core: Core<RnnExports>, affine: AffineKernels<WasmArray>): RnnKernels<WasmArray> {
  const { exports, memory } = core
  return {
    rnn(x, h0, wIh, wHh, bIh, bHh, options) {
      const { t, n, h, reverse = false, nonlinearity } = options
      memory.begin('rnn', x, h0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, t * n * h)
      const scratch = memory.scratch(stepsScratch(core, options, h))
      const [px, ph0, pwIh, pwHh, pbIh, pbHh, py] = [x, h0, wIh, wHh, bIh, bHh, y].map((array) => memory.address(array))
      projectInputs(core, { x: px, wIh: pwIh, a: py, width: h }, options, h, scratch)
      const args = [ph0, pwHh, pbIh, pbHh, py, t, n, h, Number(reverse), Number(nonlinearity === 'relu')]
      runSteps(core, exports.rnn, args, options, h, scratch)
      return y
    },
    rnnBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, h, reverse = false, nonlinearity } = options
      memory.begin('rnnBackward', dy, h0, wHh, y)
      const da = memory.allocate(x.dtype, t * n * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(stepsScratch(core, options, h))
      const [pdy, ph0, pwHh, py] = [dy, h0, wHh, y].map((array) => memory.address(array))
      const [pda, pBefore, pdh0] = [da, before, dh0].map((array) => memory.address(array))
      const args = [pdy, ph0, pwHh, py, pda, pBefore, pdh0, t, n, h, Number(reverse), Number(nonlinearity === 'relu')]
      runSteps(core, exports.rnnBackward, args, options, h, scratch)
      const [dx, ...dw] = affineBackward(affine, da, da, x, before, wIh, options, [needs[0], ...needs.slice(2)])
      for (const array of needs[1] ? [da, before] : [da, before, dh0]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
