/** Milliseconds per call over all rounds. */
export interface Timing {
  median: number
  least: number
  most: number
}

export interface MeasureOptions {
  /** How often each task is measured. Default 9. */
  rounds?: number
  /** A measurement repeats its task for at least so many milliseconds. Default 30. */
  atLeast?: number
  /** Before it counts, each task runs for so many milliseconds, past the tiers of the compiler. Default 300. */
  warmUp?: number
}

/**
 * Times tasks in turn, round by round, so that a machine whose speed drifts is the same to all of them. Their ratios hold where their
 * milliseconds do not.
 */
export function measure<Name extends string>(tasks: Record<Name, () => void>, options: MeasureOptions = {}): Record<Name, Timing> {
  const { rounds = 9, atLeast = 30, warmUp = 300 } = options
  const entries = Object.entries<() => void>(tasks)
  const repeats = new Map(entries.map(([name, task]) => [name, calibrate(task, atLeast, warmUp)]))
  const samples = new Map<string, number[]>(entries.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of entries) samples.get(name)?.push(once(task, repeats.get(name) ?? 1))
  }
  return Object.fromEntries(entries.map(([name]) => [name, statistics(samples.get(name) ?? [])])) as Record<Name, Timing>
}

/** Milliseconds per call over so many repetitions. */
function once(task: () => void, repeats: number): number {
  const start = performance.now()
  for (let i = 0; i < repeats; i++) task()
  return (performance.now() - start) / repeats
}

function calibrate(task: () => void, atLeast: number, warmUp: number): number {
  const start = performance.now()
  let calls = 0
  do {
    task()
    calls++
  } while (performance.now() - start < warmUp)
  const perCall = (performance.now() - start) / calls
  return Math.max(1, Math.ceil(atLeast / perCall))
}

export function statistics(samples: readonly number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted[sorted.length - 1] }
}
