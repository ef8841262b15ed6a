import { expect, GradusError } from '../errors.ts'
import { builtin } from '../node.ts'
import type { Loaded } from './load.ts'
import { Team } from './team.ts'
import { type Kernel, layout, type Scratch } from './worker.ts'

export interface ThreadsOptions {
  /** How many threads compute, the caller among them. */
  threads?: number
  /** The least work that a part is made for, in nanoseconds; smaller, and more is cut, down to nothing. */
  grain?: number
  /** After so many milliseconds without a sign of life from the workers a call is given up. */
  deadline?: number
}

/** Work that can be cut: n units, independent of one another. */
export interface Work {
  n: number
  /** About how long all of it takes on one thread, in nanoseconds. */
  cost: number
  /** Cuts fall on multiples of it. Default 1. */
  step?: number
  /** At most so many parts per thread. The more, the less it matters if a thread is late; but each begins anew. Default 4. */
  shares?: number
  scratch?: Scratch
}

/** Dispatching a job takes 2 µs, a worker that sleeps another 50 to wake, in which the caller goes on by itself: see docs/design/threads.md. */
const GRAIN = 8_000
const SHARES = 4
const DEADLINE = 5_000
export const MAX_THREADS = layout.PARTS

/** How many threads are to compute: as many as wished for, as GRADUS_THREADS says, or as there are processors. In browsers it is one. */
export function threadCount(wish?: number): number {
  const os = builtin?.('node:os')
  expect(os !== undefined || wish === undefined || wish === 1, 'threads', () => `a browser computes on 1, got ${wish}`)
  if (os === undefined) return 1
  if (wish !== undefined) return checked('threads', wish, String(wish))
  const asked = process.env.GRADUS_THREADS
  if (asked !== undefined) return checked('GRADUS_THREADS', /^\d+$/.test(asked) ? Number(asked) : Number.NaN, `"${asked}"`)
  return Math.min(os.availableParallelism(), MAX_THREADS)
}

function checked(name: string, threads: number, got: string): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads
  throw new GradusError(name, `expected a whole number from 1 to ${MAX_THREADS}, got ${got}`)
}

/** The threads of a backend: the caller, and workers that start with the first work that is worth it. Parts are cut so that no sum depends on where. */
export class Threads {
  readonly #loaded: Loaded<object>
  readonly #indices: ReadonlyMap<unknown, number>
  readonly #grain: number
  readonly #deadline: number
  #workers: number
  #team: Team | null = null

  constructor(loaded: Loaded<object>, { threads = 1, grain = GRAIN, deadline = DEADLINE }: ThreadsOptions = {}) {
    this.#loaded = loaded
    this.#indices = new Map(Object.values(loaded.exports).map((kernel, i) => [kernel, i]))
    this.#grain = grain
    this.#deadline = deadline
    this.#workers = threads - 1
  }

  /** How many there are. */
  get size(): number {
    return 1 + this.#workers
  }

  set size(threads: number) {
    if (threads === this.size) return
    this.stop()
    this.#workers = threads - 1
  }

  /** The workers, if they have been started. */
  get team(): Team | null {
    return this.#team
  }

  /** Whether work of so many nanoseconds stays on the calling thread. */
  isSmall(cost: number): boolean {
    return this.#workers === 0 || cost < 2 * this.#grain
  }

  /** In how many parts the work is cut. */
  partsOf(work: Work): number {
    if (this.isSmall(work.cost)) return 1
    const { n, cost, step = 1, shares = SHARES } = work
    return Math.max(1, Math.floor(Math.min(shares * this.size, cost / this.#grain, Math.ceil(n / step), layout.PARTS)))
  }

  /** Runs the kernel on all of the work: `argumentsOf` gives its arguments for the units from `from` to before `to`. Returns when all is done. */
  run(kernel: Kernel, work: Work, argumentsOf: (from: number, to: number) => number[]): void {
    const count = this.partsOf(work)
    if (count === 1) {
      kernel(...argumentsOf(0, work.n)) // here: a worker's scratch would lie behind that of the caller, which is all there is
      return
    }
    const { n, step = 1 } = work
    const units = Math.ceil(n / step)
    const cut = (part: number) => Math.min(n, Math.floor((units * part) / count) * step)
    this.runParts(
      kernel,
      Array.from({ length: count }, (_, part) => argumentsOf(cut(part), cut(part + 1))),
      work.scratch,
    )
  }

  /** The same for a kernel that takes one unit at a time. */
  runEach(kernel: Kernel, work: Work, argumentsOf: (unit: number) => number[]): void {
    const units = Array.from({ length: work.n }, (_, unit) => argumentsOf(unit))
    if (this.partsOf(work) === 1) for (const unit of units) kernel(...unit)
    else for (let i = 0; i < work.n; i += layout.PARTS) this.runParts(kernel, units.slice(i, i + layout.PARTS), work.scratch)
  }

  /** Bytes of scratch that all threads need together for the work. */
  scratchOf(work: Work): number {
    const bytes = work.scratch?.bytes ?? 0
    return this.partsOf(work) === 1 ? bytes : bytes * this.size
  }

  /** Runs the kernel once with each list of arguments, at most 64 of them, on whichever thread is free. */
  runParts(kernel: Kernel, parts: number[][], scratch?: Scratch): void {
    const index = this.#indices.get(kernel)
    this.#team ??= this.#start()
    if (this.#team === null || index === undefined) {
      for (const part of parts) kernel(...part) // nobody else is there, or nobody else knows this kernel
      return
    }
    try {
      this.#team.run(kernel, index, parts, scratch)
    } catch (error) {
      this.stop() // nobody is left who could still write: the next work finds a new team
      throw error
    }
  }

  /** Ends the workers; the next work starts new ones. */
  stop(): void {
    this.#team?.dismiss()
    this.#team = null
  }

  #start(): Team | null {
    try {
      const team: Team = new Team(this.#loaded, this.#workers, this.#deadline, (reason) => {
        if (this.#team !== team) return
        this.stop()
        if (team.ready === 0) this.#stayAlone(reason)
      })
      return team
    } catch (error) {
      this.#stayAlone(error)
      return null
    }
  }

  /** Where no worker can be started (too many threads, not permitted), the caller computes the same numbers by itself. */
  #stayAlone(reason: unknown): void {
    this.#workers = 0
    process.emitWarning(`Gradus computes on one thread, since no other can be started: ${reason}`)
  }
}
