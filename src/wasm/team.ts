import { GradusError } from '../errors.ts'
import { builtin } from '../node.ts'
import type { Loaded } from './load.ts'
import { type Kernel, layout, type Scratch, type WorkerData, work } from './worker.ts'

const { TICKET, DONE, KERNEL, ARITY, SCRATCH, SCRATCH_BYTES, READY, WORDS, ARGUMENTS, PARTS } = layout

/** How often a thread looks at a word before it goes to sleep, about 30 µs: longer than most pauses of a training loop, shorter than waking up takes. */
const SPINS = 20_000
/** So many milliseconds pass between two looks for a sign of life. */
const LISTEN = 100
/** Where kernels that take long count up: assembly/heartbeat.ts. */
const BEAT = 512

/** What is used of node:worker_threads. */
interface Worker {
  on(event: 'error' | 'exit', listener: (reason: unknown) => void): unknown
  unref(): void
  terminate(): Promise<number>
}

/**
 * Workers, and the board that they share with the caller. Parts are taken, not given: a worker that is late, asleep or dead takes none, and the caller does them by
 * itself. It waits only for parts that a worker has taken. If that worker dies, no event can tell the caller so, because it waits; but then neither a part
 * nor a heartbeat comes any more.
 */
export class Team {
  readonly workers: Worker[] = []
  readonly #words: Int32Array
  readonly #numbers: Float64Array
  readonly #beat: Int32Array
  readonly #names: string[]
  readonly #deadline: number

  /** `deadline`: milliseconds without a sign of life. `onLeave` is called when a worker has gone that nobody dismissed. */
  constructor({ exports, module, memory }: Loaded<object>, size: number, deadline: number, onLeave: (reason: unknown) => void) {
    const board = new SharedArrayBuffer(4 * WORDS + 8 * PARTS * ARGUMENTS)
    this.#words = new Int32Array(board, 0, WORDS)
    this.#numbers = new Float64Array(board, 4 * WORDS)
    this.#beat = new Int32Array(memory.buffer, BEAT, 1)
    this.#names = Object.keys(exports)
    this.#deadline = deadline
    const Worker = builtin?.('node:worker_threads').Worker
    if (Worker === undefined) throw new GradusError('threads', 'there are threads in Node only')
    const code = `(${work})(require('node:worker_threads').workerData)`
    for (let thread = 1; thread <= size; thread++) {
      const workerData: WorkerData = { module, memory, board, layout, thread, spins: SPINS }
      const worker: Worker = new Worker(code, { eval: true, workerData, execArgv: [], env: {} })
      worker.unref() // it never keeps the process alive
      let reason: unknown = 'it ended'
      worker.on('error', (error) => {
        reason = error
      })
      worker.on('exit', () => onLeave(reason))
      this.workers.push(worker)
    }
  }

  /** How many workers have come up. */
  get ready(): number {
    return Atomics.load(this.#words, READY)
  }

  dismiss(): void {
    for (const worker of this.workers) void worker.terminate()
  }

  /** Runs the kernel of this index among the exports once with each list of arguments. */
  run(kernel: Kernel, index: number, parts: readonly number[][], scratch?: Scratch): void {
    const words = this.#words
    words[KERNEL] = index
    words[ARITY] = parts[0].length
    words[SCRATCH] = scratch?.argument ?? -1
    words[SCRATCH_BYTES] = scratch?.bytes ?? 0
    for (let part = 0; part < parts.length; part++) {
      for (let i = 0; i < parts[part].length; i++) this.#numbers[part * ARGUMENTS + i] = parts[part][i]
    }
    words[DONE] = 0
    Atomics.store(words, TICKET, ((words[TICKET] & ~255) + 256) | parts.length)
    Atomics.notify(words, TICKET)
    let own = 0
    for (;;) {
      const ticket = Atomics.load(words, TICKET)
      const left = ticket & 255
      if (left === 0) break
      if (Atomics.compareExchange(words, TICKET, ticket, ticket - 1) !== ticket) continue
      kernel(...parts[left - 1])
      own++
    }
    this.#wait(parts.length - own, index)
  }

  /** Until workers have finished so many parts. */
  #wait(count: number, index: number): void {
    const words = this.#words
    for (let i = 0; i < SPINS; i++) if (Atomics.load(words, DONE) === count) return
    let beat = this.#beat[0]
    let silence = 0 // counted, not read from a clock: a process that was stopped for an hour has not waited
    while (silence < this.#deadline) {
      const done = Atomics.load(words, DONE)
      if (done === count) return
      const silent = Atomics.wait(words, DONE, done, LISTEN) === 'timed-out' && this.#beat[0] === beat
      silence = silent ? silence + LISTEN : 0
      beat = this.#beat[0]
    }
    const seconds = this.#deadline / 1000
    throw new GradusError(
      this.#names[index],
      `a worker thread gave no sign of life for ${seconds} s: it has died, or this machine is overloaded. Its result is lost; new workers start with the next call`,
    )
  }
}
