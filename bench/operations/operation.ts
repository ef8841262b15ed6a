import type { HostKernels, Kernels } from '../../src/kernels.ts'
import type { HostArray } from '../../src/reference/array.ts'
import type { Prepared } from '../serve.ts'
import { labels, numbers } from '../work.ts'

/** One kernel on one shape: what it computes, and how much work that is. */
export interface OperationBench {
  name: string
  /** Floating-point operations per call, for those that compute; bytes that have to be read and written, for those that move. */
  flops?: number
  bytes?: number
  /** Uploads its inputs; gives one call, whose results are released behind it. Updates in place give null. */
  task<A>(kernels: Kernels<A> & HostKernels<A>, inputs: Inputs<A>): () => Results<A>
}

export type Results<A> = A | null | readonly (A | null)[]

/** Arrays to compute with, released when the operation has been measured. */
export interface Inputs<A> {
  /** n numbers in [-scale, scale); scale is 1 where none is given. */
  numbers(n: number, scale?: number): A
  /** n numbers in [0, 1). */
  positive(n: number): A
  zeros(n: number): A
  /** n of the numbers 0 ... below - 1. */
  indices(n: number, below: number): A
  given(host: HostArray): A
}

/** Operations of one kind, shown in one table. */
export interface Family {
  name: string
  /** Of estimators' kernels, which a GPU has not. */
  isOnHost?: boolean
  operations: readonly OperationBench[]
}

/** Makes an operation ready on a backend. */
export function prepareOperation<A>(kernels: Kernels<A> & HostKernels<A>, { task }: OperationBench): Prepared {
  const held: A[] = []
  let seed = 1
  const given = (host: HostArray): A => {
    const array = kernels.upload(host)
    held.push(array)
    return array
  }
  const run = task(kernels, {
    given,
    numbers: (n, scale) => given(numbers(n, seed++, scale)),
    positive: (n) => given(numbers(n, seed++).map(Math.abs)),
    zeros: (n) => given(new Float32Array(n)),
    indices: (n, below) => given(labels(n, below, seed++)),
  })
  const release = (made: Results<A>): void => {
    if (Array.isArray(made)) for (const array of made) release(array)
    else if (made !== null) kernels.release(made as A)
  }
  return {
    run: () => release(run()),
    result: async () => {
      const made = run()
      const first = (Array.isArray(made) ? made[0] : made) as A | null
      const values = first === null ? [] : samples(await kernels.read(first, 'bench'))
      release(made)
      return values
    },
    release: () => {
      for (const array of held) kernels.release(array)
    },
  }
}

/** Some of the numbers, from everywhere. */
export function samples(y: ArrayLike<number>): number[] {
  return [0, 1, 7, y.length >> 1, y.length - 1].filter((i) => i < y.length).map((i) => y[i])
}
