import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Loaded, load } from '../src/wasm/load.ts'
import type { Work } from './serve.ts'

/** A loop that does nothing else, to hold work against: GFLOP of a call on one thread, or GB read and written in pieces of so many bytes. */
export interface Yardstick {
  name: string
  work: number
}

export interface Yardsticks {
  multiplyAdd: readonly Yardstick[]
  copy: readonly (Yardstick & { bytes: number })[]
}

/** Independent chains of multiply-adds in registers. Where more of them give no more, the pipes are full. */
const CHAINS = [8, 10, 12, 14] as const
const STEPS = 100_000
export const chainsName = (chains: number): string => `ceiling: ${chains} chains`

/** A copy that stays in every second-level cache but not in a first-level one; and one of the size of a million numbers, as most operations have. */
const COPIES = { 'ceiling: copy 256 KiB': 256 * 1024, 'ceiling: copy 4 MiB': 4 * 1024 * 1024 } as const

/** A call copies so much in all: long enough that calling other threads costs nothing beside it. */
const COPIED = 16 * 1024 * 1024

export const wasmYardsticks: Yardsticks = {
  multiplyAdd: CHAINS.map((chains) => ({ name: chainsName(chains), work: (8 * chains * STEPS) / 1e9 })),
  copy: Object.entries(COPIES).map(([name, bytes]) => ({ name, bytes, work: (2 * COPIED) / 1e9 })),
}

type Chains = (typeof CHAINS)[number]

type CeilingExports = Record<`multiplyAdd${Chains}`, (at: number, steps: number) => void> & {
  copy(to: number, from: number, bytes: number): void
}

/** Each thread's own part of the memory: a factor and a sum for the chains, then what is copied, then the copy. */
const PAGE = 65_536
const LARGEST = Math.max(...Object.values(COPIES))
const REGION = PAGE + 2 * LARGEST

interface Loops {
  /** A loop of so many chains and steps; with 0 chains, copies of so many bytes. */
  run(chains: Chains | 0, size: number): void
  /** The other threads sleep at once: while they look for the next order, what is measured next does not have its processors. */
  rest(): void
}

/**
 * The ceilings as work: on one thread, or on several at once, of which each does the same; then a call is over when all are done, and has done
 * `threads` times the work.
 */
export function ceilingWork(threads: number): Work {
  const loaded: Loaded<CeilingExports> = load()
  let loops: Promise<Loops> | undefined
  const prepare = (chains: Chains | 0, size: number) => async () => {
    loops ??= startThreads(loaded, threads)
    const { run, rest } = await loops
    return { run: () => run(chains, size), rest }
  }
  return Object.fromEntries([
    ...CHAINS.map((chains) => [chainsName(chains), prepare(chains, STEPS)] as const),
    ...Object.entries(COPIES).map(([name, bytes]) => [name, prepare(0, bytes)] as const),
  ])
}

/** What the threads share: the number of the order, how many are not done with it, and what it says, its chains and size. */
const [ORDER, LEFT, ORDER_CHAINS, ORDER_SIZE] = [0, 1, 2, 3]

/** Milliseconds of looking before a thread sleeps: to be woken takes longer than many a loop. */
const PATIENCE = 2

async function startThreads({ exports, memory, module }: Loaded<CeilingExports>, threads: number): Promise<Loops> {
  const words = new Int32Array(new SharedArrayBuffer(16))
  const regions = Array.from({ length: threads }, (_, i) => memory.buffer.byteLength + i * REGION)
  memory.grow((threads * REGION) / PAGE)
  for (const region of regions) new Float32Array(memory.buffer, region, 4).fill(0.5)
  const [own, ...others] = regions.map((region) => ({ region, from: region + PAGE, to: region + PAGE + LARGEST }))
  for (const place of others) {
    const worker = new Worker(new URL('./ceiling-worker.js', import.meta.url), {
      workerData: { module, memory, words, ...place, COPIED, PATIENCE },
    })
    await once(worker, 'message') // it is ready; it could not load while the calling thread waits for it
    worker.unref()
  }
  /** Gives the others an order, does its own part, and waits for them. */
  const order = (chains: Chains | 0, size: number, part: () => void) => {
    words[ORDER_CHAINS] = chains
    words[ORDER_SIZE] = size
    Atomics.store(words, LEFT, others.length)
    Atomics.add(words, ORDER, 1)
    Atomics.notify(words, ORDER)
    part()
    const end = performance.now() + PATIENCE
    for (let left = Atomics.load(words, LEFT); left > 0; left = Atomics.load(words, LEFT)) {
      if (performance.now() > end) Atomics.wait(words, LEFT, left) // somebody else has its processor
    }
  }
  const run = (chains: Chains | 0, size: number) =>
    order(chains, size, () => {
      if (chains === 0) for (let i = 0; i < COPIED / size; i++) exports.copy(own.to, own.from, size)
      else exports[`multiplyAdd${chains}`](own.region, size)
    })
  return { run, rest: () => order(0, 0, () => {}) }
}
