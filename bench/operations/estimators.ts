import type { Family } from './operation.ts'

/** k-means' assignment of 10,000 samples to 10 centres; the neighbours of 500 among 5,000. */
const CENTRES = { n: 10_000, m: 10, d: 16, k: 1 }
const NEIGHBOURS = { n: 500, m: 5000, d: 64, k: 5 }
/** A tree's root: 1,797 samples of 64 features in 10 classes. */
const NODE = { n: 1797, m: 1797, classes: 10, minSamplesLeaf: 1, maxFeatures: 64 }

/** A difference, a square and a sum per number. */
const flops = ({ n, m, d }: { n: number; m: number; d: number }): number => 3 * n * m * d

export const estimators: Family = {
  name: 'distances and splits',
  isOnHost: true,
  operations: [
    {
      name: 'squaredDistances 500×5000×64',
      flops: flops(NEIGHBOURS),
      task: (k, inputs) => {
        const [x, y] = [inputs.numbers(500 * 64), inputs.numbers(5000 * 64)]
        return () => k.squaredDistances(x, y, NEIGHBOURS)
      },
    },
    {
      name: 'nearest 5 of 5000, 500×',
      flops: flops(NEIGHBOURS),
      task: (k, inputs) => {
        const [x, y] = [inputs.numbers(500 * 64), inputs.numbers(5000 * 64)]
        return () => k.nearest(x, y, NEIGHBOURS)
      },
    },
    {
      name: 'nearest of 10 centres, 10000×',
      flops: flops(CENTRES),
      task: (k, inputs) => {
        const [x, y] = [inputs.numbers(10_000 * 16), inputs.numbers(10 * 16)]
        return () => k.nearest(x, y, CENTRES)
      },
    },
    {
      name: 'bestSplit [1797, 64]',
      bytes: 4 * 1797 * 64,
      task: (k, inputs) => {
        const [x, y] = [inputs.numbers(64 * 1797), inputs.indices(1797, 10)]
        const weights = inputs.given(new Float32Array(1797).fill(1))
        const samples = inputs.given(Int32Array.from({ length: 1797 }, (_, i) => i))
        const features = inputs.given(Int32Array.from({ length: 64 }, (_, i) => i))
        return () => k.bestSplit(x, y, weights, samples, features, { ...NODE, criterion: 'gini' })
      },
    },
  ],
}
