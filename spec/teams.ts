/** Both builds with one, two and three threads, for whom no work is too small: what the specs of threads share. */
import { expect } from 'vitest'
import { createWasm, type Wasm } from '../src/wasm/index.ts'
import { numbers } from './twins.ts'

/** Work is cut however small it is. */
export const TINY = 1e-6

export const createTeams = (): Wasm[] =>
  (['plain', 'relaxed'] as const).flatMap((simd) => [1, 2, 3].map((threads) => createWasm({ simd, threads, grain: TINY })))

/** Waits until all workers are up: before that the caller would do everything by itself. */
export function gather({ kernels, threads }: Wasm): void {
  const x = kernels.upload(numbers(1, 64))
  for (const end = performance.now() + 20_000; (threads.team?.ready ?? 0) < threads.size - 1 && performance.now() < end; ) {
    kernels.release(kernels.neg(x))
  }
  kernels.release(x)
  expect(threads.team?.ready ?? 0).toBe(threads.size - 1)
}
