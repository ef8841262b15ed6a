import { sizeOf } from '../../reference/array.ts'
import { type ConvolutionKernels, type ConvolutionOptions, convolvedShape } from '../../reference/convolution.ts'
import type { WasmArray } from '../memory.ts'
import type { Work } from '../threads.ts'
import type { Scratch } from '../worker.ts'
import { codeOf } from './activation.ts'
import { COST, type Core } from './core.ts'

export interface ConvolutionExports {
  /** Bytes of the sizes of a convolution, and writes them. */
  geometryBytes(): number
  writeGeometry(geometry: number, ...sizes: number[]): void
  /** Bytes of scratch that each kernel needs; it writes to `scratch` while it finds out. */
  convolutionScratch(geometry: number, scratch: number): number
  conv2d(geometry: number, x: number, w: number, b: number, activation: number, y: number, from: number, to: number, scratch: number): void
  conv2dInputGradient(geometry: number, dy: number, w: number, dx: number, from: number, to: number, scratch: number): void
  /** How many parts the images are cut into, and how many numbers the sums of each are. */
  weightGradientParts(geometry: number): number
  weightGradientSums(geometry: number): number
  conv2dWeightGradientSums(geometry: number, dy: number, x: number, sums: number, from: number, to: number, scratch: number): void
  conv2dWeightGradient(geometry: number, sums: number, dw: number): void
}

/** Filters may be transformed anew for every part, so they are few. */
const SHARES = 2

export function convolution({ exports, memory, threads }: Core<ConvolutionExports>): ConvolutionKernels<WasmArray> {
  /** Runs with the addresses of the sizes, of the inputs (0 for none), of a new array of `size` numbers, and of the scratch; and with the work that all images are. */
  function run(
    operation: string,
    inputs: readonly (WasmArray | null)[],
    size: number,
    options: ConvolutionOptions,
    kernel: (geometry: number, inputs: number[], y: number, scratch: number, work: Work & { scratch: Scratch }) => void,
  ): WasmArray {
    const { x, w, stride, padding, dilation, groups } = options
    const y = convolvedShape(options)
    const [filters, , i, j] = w
    memory.begin(operation, ...inputs.filter((input) => input !== null))
    const result = memory.allocate('float32', size)
    const geometry = memory.scratch(exports.geometryBytes() * 3)
    exports.writeGeometry(geometry, ...x, filters, i, j, y[2], y[3], ...stride, ...padding, ...dilation, groups)
    const bytes = (exports.convolutionScratch(geometry, geometry + exports.geometryBytes()) + 63) & ~63
    const cost = (sizeOf(y) * sizeOf(w) * COST.product) / Math.max(1, filters)
    const work = { n: x[0], cost, shares: SHARES, scratch: { argument: 6, bytes } }
    const scratch = memory.scratch(threads.scratchOf(work))
    const addresses = inputs.map((input) => (input === null ? 0 : memory.address(input)))
    kernel(geometry, addresses, memory.address(result), scratch, work)
    return result
  }

  return {
    conv2d: (x, w, b, options) =>
      run('conv2d', [x, w, b], sizeOf(convolvedShape(options)), options, (geometry, [px, pw, pb], py, scratch, images) => {
        const work = { ...images, scratch: { ...images.scratch, argument: 8 } }
        threads.run(exports.conv2d, work, (from, to) => [geometry, px, pw, pb, codeOf(options), py, from, to, scratch])
      }),
    conv2dInputGradient: (dy, w, options) =>
      run('conv2dInputGradient', [dy, w], sizeOf(options.x), options, (geometry, [pdy, pw], pdx, scratch, images) => {
        threads.run(exports.conv2dInputGradient, images, (from, to) => [geometry, pdy, pw, pdx, from, to, scratch])
      }),
    conv2dWeightGradient: (dy, x, options) =>
      run('conv2dWeightGradient', [dy, x], sizeOf(options.w), options, (geometry, [pdy, px], pdw, scratch, images) => {
        const parts = exports.weightGradientParts(geometry)
        const sums = memory.scratch(4 * parts * exports.weightGradientSums(geometry))
        const work = { ...images, n: parts }
        threads.run(exports.conv2dWeightGradientSums, work, (from, to) => [geometry, pdy, px, sums, from, to, scratch])
        exports.conv2dWeightGradient(geometry, sums, pdw)
      }),
  }
}
