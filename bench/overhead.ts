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

/** Milliseconds. */
const [WARM_UP, MEASURED] = [5000, 2000]

/**
 * How much of a training step is not computing: a clock stops the time within each call into WebAssembly. What is left is the tape, the memory's
 * books, copies in and out, and the clock itself (about 0.1 µs a call). The compiler and the memory's budget settle
 * over a thousand steps: hence the long warm-up.
 */
export function measureOverhead(build: () => () => unknown): Overhead {
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
  const repeat = (milliseconds: number, task: () => void) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; ) task()
  }
  repeat(WARM_UP, step)
  const totals: number[] = []
  const kernels: number[] = []
  calls = 0
  repeat(MEASURED, () => {
    within = 0
    const start = performance.now()
    step()
    totals.push(performance.now() - start)
    kernels.push(within)
  })
  return { step: statistics(totals).median, kernels: statistics(kernels).median, calls: Math.round(calls / totals.length) }
}
