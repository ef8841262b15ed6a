import type { RowsOptions, SoftmaxKernels } from '../../reference/softmax.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface SoftmaxExports {
  softmax(x: number, y: number, n: number, c: number): void
  softmaxBackward(dy: number, y: number, dx: number, n: number, c: number): void
  logSoftmax(x: number, y: number, n: number, c: number): void
  logSoftmaxBackward(dy: number, y: number, dx: number, n: number, c: number): void
}

export function softmax({ exports, memory }: Core<SoftmaxExports>): SoftmaxKernels<WasmArray> {
  const forward =
    (operation: string, run: SoftmaxExports['softmax']) =>
    (x: WasmArray, { n, c }: RowsOptions) => {
      memory.begin(operation, x)
      const y = memory.allocate(x.dtype, x.length)
      run(memory.address(x), memory.address(y), n, c)
      return y
    }
  const backward =
    (operation: string, run: SoftmaxExports['softmaxBackward']) =>
    (dy: WasmArray, y: WasmArray, { n, c }: RowsOptions) => {
      memory.begin(operation, dy, y)
      const dx = memory.allocate(y.dtype, y.length)
      run(memory.address(dy), memory.address(y), memory.address(dx), n, c)
      return dx
    }

  return {
    softmax: forward('softmax', exports.softmax),
    softmaxBackward: backward('softmaxBackward', exports.softmaxBackward),
    logSoftmax: forward('logSoftmax', exports.logSoftmax),
    logSoftmaxBackward: backward('logSoftmaxBackward', exports.logSoftmaxBackward),
  }
}
