import { useKernels } from '../src/tensor/backend.ts'
import { backendOn, type Exports } from '../src/wasm/index.ts'
import { load } from '../src/wasm/load.ts'
import { statistics } from './measure.ts'

export interface Overhead {
  /** Milliseconds of a step, and of it within WebAssembly; medians. */
  step: number
  kernels: number
  /** Calls into WebAssembly per step. */
  calls: number
}

/**
 * How much of a training step is not computing: a clock stops the time within each call into WebAssembly. What is left is the tape, the memory's
 * books, copies in and out, and the clock itself (about 0.1 µs a call). So many milliseconds to warm up, as many to measure.
 */
export function measureOverhead(build: () => () => unknown, milliseconds = 1000): Overhead {
  const loaded = load<Exports>()
  let within = 0
  let calls = 0
  const timed =
    (fn: (...args: never[]) => unknown) =>
    (...args: never[]) => {
      const start = performance.now()
      const result = fn(...args)
      within += performance.now() - start
      calls++
      return result
    }
  const exports = Object.fromEntries(
    Object.entries(loaded.exports).map(([name, value]) => [name, typeof value === 'function' ? timed(value) : value]),
  ) as unknown as Exports
  useKernels(backendOn({ ...loaded, exports }).kernels)
  const step = build()
  const repeat = (task: () => void) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; ) task()
  }
  repeat(step) // the compiler and the memory settle
  const totals: number[] = []
  const kernels: number[] = []
  calls = 0
  repeat(() => {
    within = 0
    const start = performance.now()
    step()
    totals.push(performance.now() - start)
    kernels.push(within)
  })
  return { step: statistics(totals).median, kernels: statistics(kernels).median, calls: Math.round(calls / totals.length) }
}
