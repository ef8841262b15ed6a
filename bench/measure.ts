/** Milliseconds per call over all rounds. */
export interface Timing {
  median: number
  least: number
  most: number
}

/** Synchronous where the library is, so that nothing is awaited that need not be. */
export type Task = () => unknown

/** Waits until all that tasks have asked of a device is done. */
export type Settle = () => Promise<void>

/** Milliseconds per call, of so many calls; where a device works behind the program, from when it is idle to when it is idle again. */
export async function time(task: Task, repeats: number, settle?: Settle): Promise<number> {
  await settle?.()
  const start = performance.now()
  for (let i = 0; i < repeats; i++) {
    const result = task()
    if (result instanceof Promise) await result
  }
  await settle?.()
  return (performance.now() - start) / repeats
}

export interface WarmUpOptions {
  /** Milliseconds. */
  atLeast: number
  atMost: number
}

/**
 * Runs a task until it has stopped becoming faster, and gives the milliseconds per call of the last window. WebAssembly is compiled twice (Liftoff
 * at once, TurboFan in the background once a function is hot), JavaScript three or four times, and caches and allocators settle as well; so a fixed
 * number of calls proves nothing. Here windows of a twelfth of `atMost` follow one another until neither of the last two was 2% faster than the best
 * before them.
 */
export async function warmUp(task: Task, { atLeast, atMost }: WarmUpOptions, settle?: Settle): Promise<number> {
  const start = performance.now()
  const windows: number[] = []
  let repeats = 1
  for (;;) {
    const before = performance.now()
    const perCall = await time(task, repeats, settle)
    const now = performance.now()
    if (now - before < atMost / 12 && now - start < atMost) {
      repeats *= 2
      continue
    }
    windows.push(perCall)
    if (now - start >= atMost || (now - start >= atLeast && isSettled(windows))) return perCall
  }
}

/** Whether neither of the last two windows was 2% faster than the best before them. */
export function isSettled(windows: readonly number[]): boolean {
  return windows.length >= 4 && Math.min(...windows.slice(-2)) > 0.98 * Math.min(...windows.slice(0, -2))
}

export function statistics(samples: readonly number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b)
  return { median: median(sorted), least: sorted[0], most: sorted[sorted.length - 1] }
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
