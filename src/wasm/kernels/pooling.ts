import { sizeOf } from '../../reference/array.ts'
import { type PoolingKernels, type PoolingOptions, pooledShape } from '../../reference/pooling.ts'
import type { WasmArray } from '../memory.ts'
import type { ConvolutionExports } from './convolution.ts'
import type { Core } from './core.ts'

export interface PoolingExports extends Pick<ConvolutionExports, 'writeGeometry'> {
  /** Bytes of scratch that each kernel needs. */
  poolingScratch(u: number): number
  maxPool2d(scratch: number, x: number, y: number): void
  maxPool2dBackward(scratch: number, dy: number, x: number, dx: number): void
  maxPool2dIndices(scratch: number, x: number, y: number): void
  avgPool2d(scratch: number, x: number, y: number, countIncludePad: number): void
  avgPool2dBackward(scratch: number, dy: number, dx: number, countIncludePad: number): void
}

export function pooling({ exports, memory }: Core<PoolingExports>): PoolingKernels<WasmArray> {
  /** Writes the sizes to the beginning of the scratch. */
  function scratchFor(options: PoolingOptions): number {
    const { x, window, stride, padding } = options
    const [, v, u] = pooledShape(options)
    const scratch = memory.scratch(exports.poolingScratch(u))
    exports.writeGeometry(scratch, x[0], 1, x[1], x[2], 1, ...window, v, u, ...stride, ...padding, 1, 1, 1)
    return scratch
  }

  /** Runs with the addresses of the scratch, of x and of a new array of `size` numbers. */
  function run(
    operation: string,
    x: WasmArray,
    size: number,
    options: PoolingOptions,
    kernel: (scratch: number, x: number, y: number) => void,
    dtype: WasmArray['dtype'] = x.dtype,
  ): WasmArray {
    memory.begin(operation, x)
    const y = memory.allocate(dtype, size)
    const scratch = scratchFor(options)
    kernel(scratch, memory.address(x), memory.address(y))
    return y
  }

  return {
    maxPool2d: (x, o) => run('maxPool2d', x, sizeOf(pooledShape(o)), o, exports.maxPool2d),
    maxPool2dIndices: (x, o) => run('maxPool2dIndices', x, sizeOf(pooledShape(o)), o, exports.maxPool2dIndices, 'int32'),
    maxPool2dBackward(dy, x, options) {
      memory.begin('maxPool2dBackward', dy, x)
      const dx = memory.allocate(x.dtype, x.length)
      const scratch = scratchFor(options)
      exports.maxPool2dBackward(scratch, memory.address(dy), memory.address(x), memory.address(dx))
      return dx
    },
    avgPool2d: (x, o) =>
      run('avgPool2d', x, sizeOf(pooledShape(o)), o, (scratch, px, py) => exports.avgPool2d(scratch, px, py, Number(o.countIncludePad))),
    avgPool2dBackward: (dy, o) =>
      run('avgPool2dBackward', dy, sizeOf(o.x), o, (scratch, pdy, pdx) =>
        exports.avgPool2dBackward(scratch, pdy, pdx, Number(o.countIncludePad)),
      ),
  }
}
