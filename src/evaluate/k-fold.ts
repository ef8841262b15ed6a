import { type Column, encode, expectCount, generatorOf, type Rows, readLabels } from '../classic/input.ts'
import { expect } from '../errors.ts'
import { fromHost } from '../tensor/creation.ts'
import { Tensor } from '../tensor/index.ts'

export interface KFoldOptions {
  /** Default 5. */
  nSplits?: number
  /** In random order. Default false. */
  shuffle?: boolean
  /** For shuffle; without one, the generator of `manualSeed` draws. */
  seed?: number
}

/** The numbers of the samples to learn from and of those to be judged on: [N - n], [n], int32 */
export type Fold = readonly [train: Tensor, test: Tensor]

/** Ways to part samples, one after the other, so that each sample is tested once. */
export interface Splitter {
  split(x: Rows, y?: Column): Promise<Fold[]>
}

/**
 * Parts samples into k folds as equal as can be, each of which is the test once (M. Stone, "Cross-validatory choice and assessment of statistical
 * predictions", J. R. Stat. Soc. B 36(2), 1974). Without shuffle, folds are consecutive samples; the first N mod k have one more.
 */
export class KFold implements Splitter {
  readonly options: Readonly<KFoldOptions>

  constructor(options: KFoldOptions = {}) {
    checkOptions('KFold', options)
    this.options = options
  }

  /** x: [N, ...] */
  async split(x: Rows): Promise<Fold[]> {
    const { nSplits = 5, shuffle = false, seed } = this.options
    const n = count('KFold.split', x)
    expect(nSplits <= n, 'KFold.split', () => `nSplits ${nSplits} is more than the ${n} samples`)
    const order = shuffle ? generatorOf(seed).randperm(n) : Int32Array.from({ length: n }, (_, i) => i)
    const foldOf = new Int32Array(n)
    let start = 0
    for (let k = 0; k < nSplits; k++) {
      const size = Math.floor(n / nSplits) + (k < n % nSplits ? 1 : 0)
      for (const i of order.subarray(start, start + size)) foldOf[i] = k
      start += size
    }
    return folds(foldOf, nSplits)
  }
}

/** KFold whose folds have the classes of y in the same shares, as far as whole samples allow. */
export class StratifiedKFold implements Splitter {
  readonly options: Readonly<KFoldOptions>

  constructor(options: KFoldOptions = {}) {
    checkOptions('StratifiedKFold', options)
    this.options = options
  }

  /** x: [N, ...], y: [N] integers. Errors: a class has fewer samples than there are folds. */
  async split(x: Rows, y?: Column): Promise<Fold[]> {
    const { nSplits = 5, shuffle = false, seed } = this.options
    const n = count('StratifiedKFold.split', x)
    expect(y !== undefined, 'StratifiedKFold.split', () => 'needs y, the labels')
    const { classes, codes } = encode(await readLabels('StratifiedKFold.split', y, 'y', n))
    const generator = generatorOf(seed)
    const foldOf = new Int32Array(n)
    let next = 0 // goes on from class to class, so that the folds stay equally large
    for (const [c, label] of classes.entries()) {
      const mine = Array.from(codes.keys()).filter((i) => codes[i] === c)
      const m = mine.length
      expect(m >= nSplits, 'StratifiedKFold.split', () => `class ${label} has ${m} samples, fewer than nSplits ${nSplits}`)
      const order = shuffle ? Array.from(generator.randperm(m), (place) => mine[place]) : mine
      // As many for each fold as its turns; consecutive ones stay together.
      const share = new Int32Array(nSplits)
      for (let t = 0; t < m; t++) share[(next + t) % nSplits]++
      next += m
      let start = 0
      for (let k = 0; k < nSplits; k++) {
        for (const i of order.slice(start, start + share[k])) foldOf[i] = k
        start += share[k]
      }
    }
    return folds(foldOf, nSplits)
  }
}

function checkOptions(name: string, { nSplits = 5, shuffle = false, seed }: KFoldOptions): void {
  expectCount(name, 'nSplits', nSplits, 2)
  expect(shuffle || seed === undefined, name, () => 'seed has no effect without shuffle: true')
}

function count(operation: string, x: Rows): number {
  const n = x instanceof Tensor ? x.shape[0] : x?.length
  expect(n !== undefined && n > 0, operation, () => 'x must have samples, [N, ...]')
  return n
}

function folds(foldOf: Int32Array, nSplits: number): Fold[] {
  const all = Int32Array.from(foldOf.keys())
  const numbers = (indices: Int32Array) => fromHost('KFold.split', indices, [indices.length])
  return Array.from({ length: nSplits }, (_, k) => [
    numbers(all.filter((i) => foldOf[i] !== k)),
    numbers(all.filter((i) => foldOf[i] === k)),
  ])
}
