import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, type ConvolutionOptions, convolvedShape } from '../../reference/convolution.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface ConvolutionExports {
  /** Bytes of scratch that each kernel needs. */
  convolutionScratch(depth: number, filters: number, positions: number): number
  /** Writes the sizes to the beginning of the scratch. */
  writeGeometry(scratch: number, ...sizes: number[]): void
  conv2d(scratch: number, x: number, w: number, b: number, y: number): void
  conv2dInputGradient(scratch: number, dy: number, w: number, dx: number): void
  conv2dWeightGradient(scratch: number, dy: number, x: number, dw: number): void
}

export function convolution({ exports, memory }: Core<ConvolutionExports>): ConvolutionKernels<WasmArray> {
  /** Runs with the address of the scratch, sizes written, those of the inputs (0 for none), and that of a new array of `size` numbers. */
  function run(
    operation: string,
    inputs: readonly (WasmArray | null)[],
    size: number,
    options: ConvolutionOptions,
    kernel: (scratch: number, a: number, b: number, c: number, y: number) => void,
  ): WasmArray {
    const { x, w, stride, padding, dilation, groups } = options
    const [, , v, u] = convolvedShape(options)
    const [filters, channels, i, j] = w
    memory.begin(operation, ...inputs.filter((input) => input !== null))
    const y = memory.allocate('float32', size)
    const scratch = memory.scratch(exports.convolutionScratch(channels * i * j, filters / groups, v * u))
    exports.writeGeometry(scratch, ...x, filters, i, j, v, u, ...stride, ...padding, ...dilation, groups)
    const [a, b, c] = inputs.map((input) => (input === null ? 0 : memory.address(input)))
    kernel(scratch, a, b, c, memory.address(y))
    return y
  }

  return {
    conv2d: (x, w, b, options) => run('conv2d', [x, w, b], sizeOf(convolvedShape(options)), options, exports.conv2d),
    conv2dInputGradient: (dy, w, options) =>
      run('conv2dInputGradient', [dy, w], sizeOf(options.x), options, (scratch, pdy, pw, _, pdx) =>
        exports.conv2dInputGradient(scratch, pdy, pw, pdx),
      ),
    conv2dWeightGradient: (dy, x, options) =>
      run('conv2dWeightGradient', [dy, x], sizeOf(options.w), options, (scratch, pdy, px, _, pdw) =>
        exports.conv2dWeightGradient(scratch, pdy, px, pdw),
      ),
  }
}
