import type { ConvolutionOptions } from '../../src/reference/convolution.ts'
import type { Family, OperationBench } from './operation.ts'

interface Layer {
  label: string
  options: ConvolutionOptions
  /** Places of an output. */
  places: number
}

/** A layer of c channels to o, its window square, its output as large as its input divided by the stride. */
function layer(label: string, n: number, c: number, o: number, size: number, window: number, { stride = 1, groups = 1 } = {}): Layer {
  const half = (window - 1) / 2
  return {
    label,
    places: Math.ceil(size / stride) ** 2,
    options: {
      x: [n, c, size, size],
      w: [o, c / groups, window, window],
      stride: [stride, stride],
      padding: [half, half],
      dilation: [1, 1],
      groups,
    },
  }
}

const LAYERS: readonly Layer[] = [
  layer('1→32 3×3 28²', 128, 1, 32, 28, 3),
  layer('32→64 3×3 14²', 128, 32, 64, 14, 3),
  layer('64→64 1×1 14²', 32, 64, 64, 14, 1),
  layer('32→64 5×5 s2 28²', 32, 32, 64, 28, 5, { stride: 2 }),
  layer('64 depthwise 28²', 32, 64, 64, 28, 3, { groups: 64 }),
]

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function passes({ label, options, places }: Layer): OperationBench[] {
  const [[n], [o]] = [options.x, options.w]
  const [x, w, y] = [product(options.x), product(options.w), n * o * places]
  const flops = 2 * n * places * w // each weight meets each place
  return [
    {
      name: `conv ${label}`,
      flops,
      task: (k, inputs) => {
        const [ax, aw, ab] = [inputs.numbers(x), inputs.numbers(w), inputs.numbers(o)]
        return () => k.conv2d(ax, aw, ab, options)
      },
    },
    {
      name: `conv dx ${label}`,
      flops,
      task: (k, inputs) => {
        const [dy, aw] = [inputs.numbers(y), inputs.numbers(w)]
        return () => k.conv2dInputGradient(dy, aw, options)
      },
    },
    {
      name: `conv dw ${label}`,
      flops,
      task: (k, inputs) => {
        const [dy, ax] = [inputs.numbers(y), inputs.numbers(x)]
        return () => k.conv2dWeightGradient(dy, ax, options)
      },
    },
  ]
}

export const convolution: Family = { name: 'convolution: forward, input, weight gradient', operations: LAYERS.flatMap(passes) }
