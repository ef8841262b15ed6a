import type { Family } from './operation.ts'

/** 4,096 tokens out of a vocabulary of 10,000 words. */
const OPTIONS = { n: 10_000, width: 128, k: 4096 }
const ROWS = 4096 * 128

export const gather: Family = {
  name: 'embedding',
  operations: [
    {
      name: 'embedding 4096 of [10000, 128]',
      bytes: 8 * ROWS,
      task: (k, inputs) => {
        const [w, index] = [inputs.numbers(10_000 * 128), inputs.indices(4096, 10_000)]
        return () => k.indexSelect(w, index, OPTIONS)
      },
    },
    {
      name: 'its gradient (scatter-add)',
      bytes: 4 * (10_000 * 128 + 3 * ROWS), // the zeros, then each row read, and read and written where it is added
      task: (k, inputs) => {
        const [dy, index] = [inputs.numbers(ROWS), inputs.indices(4096, 10_000)]
        return () => k.indexAdd(dy, index, OPTIONS)
      },
    },
    {
      name: 'gather 1 of [4096, 128]',
      bytes: 12 * 4096,
      task: (k, inputs) => {
        const [x, index] = [inputs.numbers(ROWS), inputs.indices(4096, 128)]
        return () => k.gather(x, index, { outer: 4096, n: 128, inner: 1, k: 1 })
      },
    },
  ],
}
