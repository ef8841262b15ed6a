import type { RowsOptions, SoftmaxKernels } from '../../reference/softmax.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'

export interface SoftmaxExports {
  softmax(x: number, y: number, n: number, c: number): void
  softmaxBackward(dy: number, y: number, dx: number, n: number, c: number): void
  logSoftmax(x: number, y: number, n: number, c: number): void
  logSoftmaxBackward(dy: number, y: number, dx: number, n: number, c: number): void
}

export function softmax({ exports, memory, threads }: Core<SoftmaxExports>): SoftmaxKernels<WasmArray> {
  const forward =
    (operation: string, run: SoftmaxExports['softmax']) =>
    (x: WasmArray, { n, c }: RowsOptions) => {
      memory.begin(operation, x)
      const y = memory.successor(x)
      const [px, py] = [memory.address(x), memory.address(y)]
      threads.run(run, { n, cost: n * c * COST.function }, (from, to) => [px + 4 * c * from, py + 4 * c * from, to - from, c])
      return y
    }
  const backward =
    (operation: string, run: SoftmaxExports['softmaxBackward']) =>
    (dy: WasmArray, y: WasmArray, { n, c }: RowsOptions) => {
      memory.begin(operation, dy, y)
      const dx = memory.successor(dy)
      const [pdy, py, pdx] = [memory.address(dy), memory.address(y), memory.address(dx)]
      threads.run(run, { n, cost: n * c * COST.update }, (from, to) => {
        const row = 4 * c * from
        return [pdy + row, py + row, pdx + row, to - from, c]
      })
      return dx
    }

  return {
    softmax: forward('softmax', exports.softmax),
    softmaxBackward: backward('softmaxBackward', exports.softmaxBackward),
    logSoftmax: forward('logSoftmax', exports.logSoftmax),
    logSoftmaxBackward: backward('logSoftmaxBackward', exports.logSoftmaxBackward),
  }
}
