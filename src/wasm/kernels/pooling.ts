import { sizeOf } from '../../reference/array.ts'
import { type PoolingKernels, type PoolingOptions, pooledShape } from '../../reference/pooling.ts'
import type { WasmArray } from '../memory.ts'
import type { Kernel } from '../worker.ts'
import type { ConvolutionExports } from './convolution.ts'
import { COST, type Core } from './core.ts'

export interface PoolingExports extends Pick<ConvolutionExports, 'writeGeometry'> {
  /** Bytes of scratch that each kernel needs. */
  poolingScratch(u: number): number
  maxPool2d(scratch: number, x: number, y: number): void
  maxPool2dBackward(scratch: number, dy: number, x: number, dx: number): void
  maxPool2dIndices(scratch: number, x: number, y: number): void
  avgPool2d(scratch: number, x: number, y: number, countIncludePad: number): void
  avgPool2dBackward(scratch: number, dy: number, dx: number, countIncludePad: number): void
}

export function pooling({ exports, memory, threads }: Core<PoolingExports>): PoolingKernels<WasmArray> {
  /** Runs with the addresses of scratch that begins with the sizes, of the inputs, and of a new array of `size` numbers. Planes are cut among the threads. */
  function run(
    operation: string,
    kernel: Kernel,
    inputs: readonly WasmArray[],
    size: number,
    options: PoolingOptions,
    parameters: readonly number[] = [],
    dtype: WasmArray['dtype'] = 'float32',
  ): WasmArray {
    const { x, window, stride, padding } = options
    const [planes, h, w] = x
    const [, v, u] = pooledShape(options)
    memory.begin(operation, ...inputs)
    const y = memory.allocate(dtype, size)
    const arrays = [...inputs, y]
    const addresses = arrays.map((array) => memory.address(array))
    const work = { n: planes, cost: planes * v * u * window[0] * window[1] * COST.simple }
    threads.run(kernel, work, (from, to) => {
      const scratch = memory.scratch(exports.poolingScratch(u)) // of each part: its number of planes is among the sizes
      exports.writeGeometry(scratch, to - from, 1, h, w, 1, ...window, v, u, ...stride, ...padding, 1, 1, 1)
      return [scratch, ...addresses.map((address, i) => address + 4 * from * (arrays[i].length / Math.max(1, planes))), ...parameters]
    })
    return y
  }

  return {
    maxPool2d: (x, o) => run('maxPool2d', exports.maxPool2d, [x], sizeOf(pooledShape(o)), o),
    maxPool2dIndices: (x, o) => run('maxPool2dIndices', exports.maxPool2dIndices, [x], sizeOf(pooledShape(o)), o, [], 'int32'),
    maxPool2dBackward: (dy, x, o) => run('maxPool2dBackward', exports.maxPool2dBackward, [dy, x], x.length, o),
    avgPool2d: (x, o) => run('avgPool2d', exports.avgPool2d, [x], sizeOf(pooledShape(o)), o, [Number(o.countIncludePad)]),
    avgPool2dBackward: (dy, o) => run('avgPool2dBackward', exports.avgPool2dBackward, [dy], sizeOf(o.x), o, [Number(o.countIncludePad)]),
  }
}
