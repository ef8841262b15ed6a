import { builtin } from '../node.ts'

/** An array in use costs as much as so many bytes: what JavaScript keeps of it, and what a driver keeps of its buffer. */
const ARRAY_BYTES = 2 ** 14
/** So much may be in use before it is worth while to look for garbage. */
const LEAST_BYTES = 2 ** 28

let run: (() => void) | null | undefined

/** JavaScript's collector, where a program may call it: in Node. */
function collector(): (() => void) | null {
  if (run !== undefined) return run
  builtin?.('node:v8').setFlagsFromString('--expose-gc')
  run = (builtin?.('node:vm').runInNewContext('globalThis.gc') as (() => void) | undefined) ?? null
  return run
}

/**
 * JavaScript does not see how large the device's buffers are: to its collector an array is a small object, and no reason to look for garbage. So whoever reads calls it
 * in Node, when as much is in use as twice what was left the last time. Browsers let nobody do that; theirs comes when it comes.
 */
export class Garbage {
  #due = LEAST_BYTES
  readonly #inUse: () => { bytes: number; arrays: number }

  constructor(inUse: () => { bytes: number; arrays: number }) {
    this.#inUse = inUse
  }

  /** Collects if it is due. What was found is free when this is over. */
  async collectIfDue(): Promise<void> {
    if (this.#weight() >= this.#due) await this.collect()
  }

  async collect(): Promise<void> {
    const gc = collector()
    if (gc === null) return
    this.#due = Number.POSITIVE_INFINITY // one at a time
    gc()
    await new Promise((resolve) => setTimeout(resolve)) // its callbacks get their turn
    this.#due = Math.max(LEAST_BYTES, 2 * this.#weight())
  }

  #weight(): number {
    const { bytes, arrays } = this.#inUse()
    return bytes + ARRAY_BYTES * arrays
  }
}
