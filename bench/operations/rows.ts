import type { Family } from './operation.ts'

const MILLION = 1 << 20
const SOFTMAX = { n: 128, c: 1000 }
const SCORES = { n: 128, c: 10 }

export const rows: Family = {
  name: 'sums, softmax, losses',
  operations: [
    {
      name: 'sum 1M',
      bytes: 4 * MILLION,
      task: (k, inputs) => {
        const x = inputs.numbers(MILLION)
        return () => k.sum(x, { outer: 1, n: MILLION, inner: 1 })
      },
    },
    {
      name: 'sum of columns [1024, 1024]',
      bytes: 4 * MILLION,
      task: (k, inputs) => {
        const x = inputs.numbers(MILLION)
        return () => k.sum(x, { outer: 1, n: 1024, inner: 1024 })
      },
    },
    {
      name: 'mean of rows [1024, 1024]',
      bytes: 4 * MILLION,
      task: (k, inputs) => {
        const x = inputs.numbers(MILLION)
        return () => k.mean(x, { outer: 1024, n: 1024, inner: 1 })
      },
    },
    {
      name: 'argmax [1024, 1024]',
      bytes: 4 * MILLION,
      task: (k, inputs) => {
        const x = inputs.numbers(MILLION)
        return () => k.argmax(x, { outer: 1024, n: 1024, inner: 1 })
      },
    },
    {
      name: 'softmax [128, 1000]',
      bytes: 8 * 128_000,
      task: (k, inputs) => {
        const x = inputs.numbers(128_000)
        return () => k.softmax(x, SOFTMAX)
      },
    },
    {
      name: 'softmaxBackward [128, 1000]',
      bytes: 12 * 128_000,
      task: (k, inputs) => {
        const [dy, y] = [inputs.numbers(128_000), inputs.positive(128_000)]
        return () => k.softmaxBackward(dy, y, SOFTMAX)
      },
    },
    {
      name: 'logSoftmax [128, 1000]',
      bytes: 8 * 128_000,
      task: (k, inputs) => {
        const x = inputs.numbers(128_000)
        return () => k.logSoftmax(x, SOFTMAX)
      },
    },
    {
      name: 'crossEntropy [128, 10]',
      bytes: 4 * 1408,
      task: (k, inputs) => {
        const [x, target] = [inputs.numbers(1280), inputs.indices(128, 10)]
        return () => k.crossEntropy(x, target, SCORES)
      },
    },
    {
      name: 'crossEntropyBackward [128, 10]',
      bytes: 8 * 1280 + 4 * 128,
      task: (k, inputs) => {
        const [dy, x, target] = [inputs.numbers(128), inputs.numbers(1280), inputs.indices(128, 10)]
        return () => k.crossEntropyBackward(dy, x, target, SCORES)
      },
    },
  ],
}
