import type { Family } from './operation.ts'

/** The rows of a Transformer's block; the images of a network. */
const ROWS = { n: 1024, c: 128, eps: 1e-5 }
const IMAGES = { n: 64, c: 32, s: 784, eps: 1e-5 }
const X = 64 * 32 * 784

export const normalization: Family = {
  name: 'norms',
  operations: [
    {
      name: 'layerNorm [1024, 128]',
      bytes: 8 * 131_072,
      task: (k, inputs) => {
        const [x, w, b] = [inputs.numbers(131_072), inputs.numbers(128), inputs.numbers(128)]
        return () => k.layerNorm(x, w, b, ROWS)
      },
    },
    {
      name: 'layerNormBackward',
      bytes: 12 * 131_072,
      task: (k, inputs) => {
        const [dy, x, w] = [inputs.numbers(131_072), inputs.numbers(131_072), inputs.numbers(128)]
        return () => k.layerNormBackward(dy, x, w, ROWS)
      },
    },
    {
      name: 'batchNorm [64, 32, 28, 28]',
      bytes: 4 * 4 * X, // read for the mean, for the variance and once more, and written
      task: (k, inputs) => {
        const [x, w, b] = [inputs.numbers(X), inputs.numbers(32), inputs.numbers(32)]
        return () => {
          const mean = k.batchMean(x, IMAGES)
          const variance = k.batchVariance(x, mean, IMAGES)
          return [k.batchNorm(x, mean, variance, w, b, IMAGES), mean, variance]
        }
      },
    },
    {
      name: 'batchNormBackward',
      bytes: 4 * 5 * X, // both read for the sums and once more, and written
      task: (k, inputs) => {
        const [dy, x, mean, variance, w] = [
          inputs.numbers(X),
          inputs.numbers(X),
          inputs.numbers(32),
          inputs.positive(32),
          inputs.numbers(32),
        ]
        return () => k.batchNormBackward(dy, x, mean, variance, w, { ...IMAGES, training: true })
      },
    },
  ],
}
