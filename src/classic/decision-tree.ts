import { expect } from '../errors.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { expectCount, expectFeatures, expectOneOf, fitted, type Rows, readRows, type Samples } from './input.ts'
import { importancesOf, type Limits, leafFor, nodesOf, type TreeNode } from './tree.ts'

/** What trees and forests have in common. */
export interface TreeOptions {
  /** The root has depth 0. Default: no limit. */
  maxDepth?: number
  /** A node with fewer samples is not split. Default 2. */
  minSamplesSplit?: number
  /** Each side of a split keeps at least so many samples. Default 1. */
  minSamplesLeaf?: number
  /** How many features a node asks, drawn anew each time: a count, a share below 1, their square root or their logarithm. Default: all of them in a tree, 'sqrt' in a forest. */
  maxFeatures?: number | 'sqrt' | 'log2'
  /** Draws the features that nodes ask, and a forest's samples. Without one, the generator of `manualSeed` draws. */
  seed?: number
}

/** Checks the options that can be checked without data. */
export function checkTreeOptions(name: string, { maxDepth, minSamplesSplit = 2, minSamplesLeaf = 1, maxFeatures = 1 }: TreeOptions): void {
  if (maxDepth !== undefined && maxDepth !== Infinity) expectCount(name, 'maxDepth', maxDepth)
  expectCount(name, 'minSamplesSplit', minSamplesSplit, 2)
  expectCount(name, 'minSamplesLeaf', minSamplesLeaf)
  if (typeof maxFeatures === 'string') expectOneOf(name, 'maxFeatures', maxFeatures, ['sqrt', 'log2'])
  else {
    const isRight = maxFeatures > 0 && (maxFeatures < 1 || Number.isInteger(maxFeatures))
    expect(isRight, name, () => `maxFeatures must be a count, a share between 0 and 1, 'sqrt' or 'log2', got ${maxFeatures}`)
  }
}

/** The limits of a tree on d features. */
export function limitsOf(operation: string, options: TreeOptions, criterion: Limits['criterion'], d: number): Limits {
  const { maxDepth = Infinity, minSamplesSplit = 2, minSamplesLeaf = 1, maxFeatures = d } = options
  return { criterion, maxDepth, minSamplesSplit, minSamplesLeaf, maxFeatures: countOf(operation, maxFeatures, d) }
}

function countOf(operation: string, maxFeatures: number | 'sqrt' | 'log2', d: number): number {
  if (maxFeatures === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(d)))
  if (maxFeatures === 'log2') return Math.max(1, Math.floor(Math.log2(d)))
  if (maxFeatures < 1) return Math.max(1, Math.floor(maxFeatures * d))
  expect(maxFeatures <= d, operation, () => `maxFeatures ${maxFeatures} is more than the ${d} features`)
  return maxFeatures
}

/** A tree that has been grown, as its estimators share it. */
export abstract class DecisionTree {
  readonly #name: string
  #grown: { root: TreeNode; d: number } | null = null

  constructor(name: string) {
    this.#name = name
  }

  /** The tree itself: its root, from which all nodes hang. */
  get root(): TreeNode {
    return this.#tree.root
  }

  /** The most splits that a sample passes: 0 for a tree of one leaf. */
  get depth(): number {
    let deepest = 0
    for (const { depth } of nodesOf(this.root)) deepest = Math.max(deepest, depth)
    return deepest
  }

  /** How many nodes the tree has, leaves included. */
  get nodeCount(): number {
    let count = 0
    for (const _ of nodesOf(this.root)) count++
    return count
  }

  /** How many of its nodes are leaves. */
  get leafCount(): number {
    return (this.nodeCount + 1) / 2
  }

  /** What share of the fall of impurity is due to each feature (Breiman et al. 1984): [D] */
  get featureImportances(): Tensor {
    const { root, d } = this.#tree
    return fromHost(this.#name, Float32Array.from(importancesOf(root, d)), [d])
  }

  protected keep(root: TreeNode, d: number): void {
    this.#grown = { root, d }
  }

  /** The values of the leaves that the samples come to, one after the other. */
  protected async leafValues(method: string, x: Rows): Promise<{ samples: Samples; values: readonly (readonly number[])[] }> {
    const { root, d } = this.#tree
    const samples = await readRows(`${this.#name}.${method}`, x)
    expectFeatures(`${this.#name}.${method}`, samples, d)
    return { samples, values: Array.from({ length: samples.n }, (_, i) => leafFor(root, samples, i).value) }
  }

  get #tree(): { root: TreeNode; d: number } {
    return fitted(this.#name, this.#grown)
  }
}
