import type { MatmulKernels } from '../../reference/matmul.ts'
import type { ReductionKernels } from '../../reference/reduction.ts'
import { affineBackward, type RnnKernels } from '../../reference/rnn.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

/** The kernels that carry all steps of a sequence at once. */
export type AffineKernels = Pick<MatmulKernels<WasmArray> & ReductionKernels<WasmArray>, 'matmul' | 'sum'>

export interface RnnExports {
  /** Bytes of scratch that both need. */
  rnnScratch(t: number, n: number, i: number, h: number): number
  rnn(
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
    relu: number,
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
    scratch: number,
  ): void
}

export function rnn({ exports, memory }: Core<RnnExports>, affine: AffineKernels): RnnKernels<WasmArray> {
  return {
    rnn(x, h0, wIh, wHh, bIh, bHh, { t, n, i, h, reverse = false, nonlinearity }) {
      memory.begin('rnn', x, h0, wIh, wHh, bIh, bHh)
      const y = memory.allocate(x.dtype, t * n * h)
      const scratch = memory.scratch(exports.rnnScratch(t, n, i, h))
      const [px, ph0, pwIh, pwHh, pbIh, pbHh] = [x, h0, wIh, wHh, bIh, bHh].map((array) => memory.address(array))
      exports.rnn(px, ph0, pwIh, pwHh, pbIh, pbHh, memory.address(y), t, n, i, h, Number(reverse), Number(nonlinearity === 'relu'), scratch)
      return y
    },
    rnnBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, i, h, reverse = false, nonlinearity } = options
      memory.begin('rnnBackward', dy, h0, wHh, y)
      const da = memory.allocate(x.dtype, t * n * h)
      const before = memory.allocate(x.dtype, t * n * h)
      const dh0 = memory.allocate(x.dtype, n * h)
      const scratch = memory.scratch(exports.rnnScratch(t, n, i, h))
      const [pdy, ph0, pwHh, py] = [dy, h0, wHh, y].map((array) => memory.address(array))
      const [pda, pBefore, pdh0] = [da, before, dh0].map((array) => memory.address(array))
      const isRelu = Number(nonlinearity === 'relu')
      exports.rnnBackward(pdy, ph0, pwHh, py, pda, pBefore, pdh0, t, n, h, Number(reverse), isRelu, scratch)
      const [dx, ...dw] = affineBackward(affine, da, da, x, before, wIh, options, [needs[0], ...needs.slice(2)])
      for (const array of needs[1] ? [da, before] : [da, before, dh0]) memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
