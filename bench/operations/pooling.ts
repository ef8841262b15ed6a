import type { AvgPoolingOptions } from '../../src/reference/pooling.ts'
import type { Family } from './operation.ts'

/** 128 images of 32 channels of 28², halved. */
const OPTIONS: AvgPoolingOptions = { x: [4096, 28, 28], window: [2, 2], stride: [2, 2], padding: [0, 0], countIncludePad: true }
const X = 4096 * 28 * 28
const Y = 4096 * 14 * 14

export const pooling: Family = {
  name: 'pooling',
  operations: [
    {
      name: 'maxPool2d 2×2 [4096, 28, 28]',
      bytes: 4 * (X + Y),
      task: (k, inputs) => {
        const x = inputs.numbers(X)
        return () => k.maxPool2d(x, OPTIONS)
      },
    },
    {
      name: 'maxPool2dBackward',
      bytes: 4 * (Y + X + X),
      task: (k, inputs) => {
        const [dy, x] = [inputs.numbers(Y), inputs.numbers(X)]
        return () => k.maxPool2dBackward(dy, x, OPTIONS)
      },
    },
    {
      name: 'avgPool2d 2×2 [4096, 28, 28]',
      bytes: 4 * (X + Y),
      task: (k, inputs) => {
        const x = inputs.numbers(X)
        return () => k.avgPool2d(x, OPTIONS)
      },
    },
    {
      name: 'avgPool2dBackward',
      bytes: 4 * (Y + X),
      task: (k, inputs) => {
        const dy = inputs.numbers(Y)
        return () => k.avgPool2dBackward(dy, OPTIONS)
      },
    },
  ],
}
