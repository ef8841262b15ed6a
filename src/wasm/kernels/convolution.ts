import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, type ConvolutionOptions, convolvedShape } from '../../reference/convolution.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface ConvolutionExports {
  /** Bytes of the sizes of a convolution, and writes them. */
  geometryBytes(): number
  writeGeometry(geometry: number, ...sizes: number[]): void
  /** Bytes of scratch that each kernel needs; it writes to `scratch` while it finds out. */
  convolutionScratch(geometry: number, scratch: number): number
  conv2d(geometry: number, x: number, w: number, b: number, y: number, from: number, to: number, scratch: number): void
  conv2dInputGradient(geometry: number, dy: number, w: number, dx: number, from: number, to: number, scratch: number): void
  /** How many parts the images are cut into, and how many numbers the sums of each are. */
  weightGradientParts(geometry: number): number
  weightGradientSums(geometry: number): number
  conv2dWeightGradientSums(geometry: number, dy: number, x: number, sums: number, from: number, to: number, scratch: number): void
  conv2dWeightGradient(geometry: number, sums: number, dw: number): void
}

export function convolution({ exports, memory }: Core<ConvolutionExports>): ConvolutionKernels<WasmArray> {
  /** Runs with the addresses of the sizes, of the inputs (0 for none), of a new array of `size` numbers, and of the scratch. */
  function run(
    operation: string,
    inputs: readonly (WasmArray | null)[],
    size: number,
    options: ConvolutionOptions,
    kernel: (geometry: number, inputs: number[], y: number, scratch: number) => void,
  ): WasmArray {
    const { x, w, stride, padding, dilation, groups } = options
    const [, , v, u] = convolvedShape(options)
    const [filters, , i, j] = w
    memory.begin(operation, ...inputs.filter((input) => input !== null))
    const y = memory.allocate('float32', size)
    const geometry = memory.scratch(exports.geometryBytes() * 3)
    exports.writeGeometry(geometry, ...x, filters, i, j, v, u, ...stride, ...padding, ...dilation, groups)
    const scratch = memory.scratch(exports.convolutionScratch(geometry, geometry + exports.geometryBytes()))
    const addresses = inputs.map((input) => (input === null ? 0 : memory.address(input)))
    kernel(geometry, addresses, memory.address(y), scratch)
    return y
  }

  return {
    conv2d: (x, w, b, options) =>
      run('conv2d', [x, w, b], sizeOf(convolvedShape(options)), options, (geometry, [px, pw, pb], py, scratch) =>
        exports.conv2d(geometry, px, pw, pb, py, 0, options.x[0], scratch),
      ),
    conv2dInputGradient: (dy, w, options) =>
      run('conv2dInputGradient', [dy, w], sizeOf(options.x), options, (geometry, [pdy, pw], pdx, scratch) =>
        exports.conv2dInputGradient(geometry, pdy, pw, pdx, 0, options.x[0], scratch),
      ),
    conv2dWeightGradient: (dy, x, options) =>
      run('conv2dWeightGradient', [dy, x], sizeOf(options.w), options, (geometry, [pdy, px], pdw, scratch) => {
        const parts = exports.weightGradientParts(geometry)
        const sums = memory.scratch(4 * parts * exports.weightGradientSums(geometry))
        exports.conv2dWeightGradientSums(geometry, pdy, px, sums, 0, parts, scratch)
        exports.conv2dWeightGradient(geometry, sums, pdw)
      }),
  }
}
