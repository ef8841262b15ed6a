import { type Loaded, load } from '../src/wasm/load.ts'
import type { Timing } from './measure.ts'

interface CeilingExports {
  multiplyAdd8(at: number, steps: number): void
  multiplyAdd10(at: number, steps: number): void
  multiplyAdd12(at: number, steps: number): void
  multiplyAdd14(at: number, steps: number): void
  copy(to: number, from: number, bytes: number): void
}

/** Independent chains of multiply-adds in registers. Where more of them give no more, the pipes are full. */
const CHAINS = [8, 10, 12, 14] as const
const STEPS = 20_000
/** Two of these fit into every second-level cache; one does not fit beside its copy into a first-level one. */
const COPY_BYTES = 256 * 1024

export interface Ceilings {
  /** GFLOP/s by number of chains, in the fastest round: what the core can do, not what it did on average. */
  multiplyAdd: Record<string, number>
  /** The greatest of them. */
  gflops: number
  /** GB/s read and written by a copy within the cache. */
  copyGBs: number
}

export interface CeilingTasks {
  tasks: Record<string, () => void>
  rate(timings: Record<string, Timing>): Ceilings
}

/** The in-register loops as tasks, to be measured in turn with whatever is held against them. */
export function ceilingTasks(): CeilingTasks {
  const { exports, memory }: Loaded<CeilingExports> = load()
  memory.grow((2 * COPY_BYTES) / 65_536 + 1)
  const at = memory.buffer.byteLength - 2 * COPY_BYTES - 65_536
  new Float32Array(memory.buffer, at, 4).fill(0.5)
  const from = at + 65_536
  const tasks: Record<string, () => void> = { copy: () => exports.copy(from + COPY_BYTES, from, COPY_BYTES) }
  for (const chains of CHAINS) tasks[`${chains} chains`] = () => exports[`multiplyAdd${chains}`](at, STEPS)
  return {
    tasks,
    rate: (timings) => {
      const multiplyAdd = Object.fromEntries(CHAINS.map((n) => [`${n} chains`, (8 * n * STEPS) / timings[`${n} chains`].least / 1e6]))
      return { multiplyAdd, gflops: Math.max(...Object.values(multiplyAdd)), copyGBs: (2 * COPY_BYTES) / timings.copy.least / 1e6 }
    },
  }
}
