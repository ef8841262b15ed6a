/** Where things stand on the board, the shared memory through which the caller and its workers speak. What changes hands often has a cache line of its own. */
export const layout = {
  /** The number of the job, times 256, plus how many of its parts nobody has taken: one word, so that who takes a part knows of which job. */
  TICKET: 0,
  /** How many parts of the job workers have finished. */
  DONE: 16,
  /** The job: which kernel, how many arguments it takes, which of them points to scratch (-1: none), and how many bytes of that each thread has. */
  KERNEL: 32,
  ARITY: 33,
  SCRATCH: 34,
  SCRATCH_BYTES: 35,
  /** How many workers have come up. */
  READY: 48,
  WORDS: 64,
  /** Behind the words, in float64, the arguments of each part: at most so many, of at most so many parts. */
  ARGUMENTS: 24,
  PARTS: 64,
} as const

/** A function that assembly/ exports. */
export type Kernel = (...args: number[]) => void

/** Which argument of a kernel points to scratch, and how many bytes of it each thread has, one behind the other. */
export interface Scratch {
  argument: number
  bytes: number
}

export interface WorkerData {
  module: WebAssembly.Module
  memory: WebAssembly.Memory
  board: SharedArrayBuffer
  layout: typeof layout
  /** Which thread it is; the caller is 0. */
  thread: number
  /** How often it looks for a part before it goes to sleep. */
  spins: number
}

/**
 * What a worker does all its life: take a part of a job, run the kernel on it, say so. No event ever reaches it. It is sent to the worker as text, since no
 * file would be found by Node, tsx, vitest and bundlers alike; so it may use nothing that stands outside it.
 */
export function work({ module, memory, board, layout, thread, spins }: WorkerData): never {
  const { TICKET, DONE, KERNEL, ARITY, SCRATCH, SCRATCH_BYTES, READY, WORDS, ARGUMENTS } = layout
  const kernels = Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports) as Kernel[]
  const words = new Int32Array(board, 0, WORDS)
  const numbers = new Float64Array(board, 4 * WORDS)
  const args: number[] = []
  let looks = 0
  Atomics.add(words, READY, 1)
  for (;;) {
    const ticket = Atomics.load(words, TICKET)
    const left = ticket & 255
    if (left === 0) {
      if (++looks < spins) continue
      Atomics.wait(words, TICKET, ticket)
      looks = 0
      continue
    }
    if (Atomics.compareExchange(words, TICKET, ticket, ticket - 1) !== ticket) continue
    // The part is ours, and its job does not end without us: now the board may be read.
    args.length = words[ARITY]
    for (let i = 0; i < args.length; i++) args[i] = numbers[(left - 1) * ARGUMENTS + i]
    if (words[SCRATCH] >= 0) args[words[SCRATCH]] += thread * words[SCRATCH_BYTES]
    kernels[words[KERNEL]](...args)
    Atomics.add(words, DONE, 1)
    Atomics.notify(words, DONE)
    looks = 0
  }
}
