import type { Criterion, SplitKernels } from '../../reference/split.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface SplitExports {
  /** Bytes of scratch that bestSplit needs. */
  bestSplitScratch(m: number, classes: number): number
  bestSplit(
    x: number,
    y: number,
    weights: number,
    samples: number,
    features: number,
    best: number,
    criterion: number,
    n: number,
    m: number,
    f: number,
    classes: number,
    minSamplesLeaf: number,
    maxFeatures: number,
    scratch: number,
  ): void
}

const CODES: Readonly<Record<Criterion, number>> = { gini: 0, entropy: 1, mse: 2 }

export function split({ exports, memory }: Core<SplitExports>): SplitKernels<WasmArray> {
  return {
    bestSplit(x, y, weights, samples, features, { criterion, n, m, classes, minSamplesLeaf, maxFeatures }) {
      memory.begin('bestSplit', x, y, weights, samples, features)
      const best = memory.allocate(x.dtype, 3)
      const scratch = memory.scratch(exports.bestSplitScratch(m, classes))
      const [px, py, pw, ps, pf] = [x, y, weights, samples, features].map((array) => memory.address(array))
      const to = memory.address(best)
      exports.bestSplit(px, py, pw, ps, pf, to, CODES[criterion], n, m, features.length, classes, minSamplesLeaf, maxFeatures, scratch)
      return best
    },
  }
}
