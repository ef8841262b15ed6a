import type { SequenceOptions } from '../../reference/rnn.ts'
import type { Work } from '../threads.ts'
import type { Kernel } from '../worker.ts'
import { COST, type Core } from './core.ts'
import { type MatmulExports, productScratch, runProduct, TILE } from './matmul.ts'

export interface SequenceExports extends MatmulExports {
  /** Bytes of scratch for the steps of up to n samples, with g rows of weights. */
  sequenceScratch(n: number, h: number, g: number): number
}

/** Steps follow one another, but samples do not know of one another: each thread carries some of them through all steps. */
function workOf({ exports }: Core<SequenceExports>, { t, n, h }: SequenceOptions, g: number, argument: number): Work {
  const cost = t * n * g * (h * COST.product + COST.function)
  return { n, step: TILE, shares: 1, cost, scratch: { argument, bytes: exports.sequenceScratch(n, h, g) } } // every part packs W_hh anew
}

/** W_ih · x of all steps in one product, of which each row of G numbers stands at the beginning of one of `width`. */
export interface Projection {
  x: number
  wIh: number
  a: number
  width: number
}

/** Bytes of scratch that `runSteps` needs, and `projectInputs`. */
export function stepsScratch(core: Core<SequenceExports>, options: SequenceOptions, g: number): number {
  const { t, n, i } = options
  return Math.max(productScratch(core, { m: t * n, k: i, n: g }), core.threads.scratchOf(workOf(core, options, g, 0)))
}

/** x: [T, N, I], wIh: [G, I] -> a: the first G of each [T, N, width] */
export function projectInputs(
  core: Core<SequenceExports>,
  { x, wIh, a, width }: Projection,
  { t, n, i }: SequenceOptions,
  g: number,
  scratch: number,
): void {
  runProduct(core, { a: x, b: wIh, transB: true, c: a, ldc: width, m: t * n, k: i, n: g }, scratch)
}

/** Runs the kernel over all steps. Its last arguments are the first of the samples, how many, and scratch. */
export function runSteps(
  core: Core<SequenceExports>,
  kernel: Kernel,
  args: readonly number[],
  options: SequenceOptions,
  g: number,
  scratch: number,
): void {
  const work = workOf(core, options, g, args.length + 2)
  core.threads.run(kernel, work, (from, to) => [...args, from, to - from, scratch])
}
