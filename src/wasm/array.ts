import type { DType, HostArray } from '../reference/array.ts'
import type { Block } from './blocks.ts'

/** When an array left the heap, for one that never did. */
export const NEVER = -1

/**
 * A storage of the wasm backend: a place in the heap, a copy of its numbers on JavaScript's side, or both. JavaScript owns it; the heap
 * is a cache. Its fields other than dtype and length are WasmMemory's books.
 */
export class WasmArray {
  readonly dtype: DType
  readonly length: number
  /** Its place in the heap; null while it is away. */
  block: Block | null = null
  /** Its numbers on JavaScript's heap, as long as they are up to date. An array that is away always has them. */
  host: HostArray | null
  state: 'live' | 'recycled' | 'released' = 'live'
  /** The kernel that made it, for messages. */
  readonly madeBy: string
  /** It was needed again after it had left, or was written in place: one of the last to leave. */
  kept = false
  /** The finished graph that it belongs to, by number. */
  graph = 0
  /** The kernel call that used it last, before it left, and the traffic of the heap when it left. */
  lastUse = 0
  leftAt = NEVER
  queue: ArrayQueue | null = null
  older: WasmArray | null = null
  newer: WasmArray | null = null

  constructor(dtype: DType, length: number, host: HostArray | null, madeBy: string) {
    this.dtype = dtype
    this.length = length
    this.host = host
    this.madeBy = madeBy
  }
}

/** A doubly linked list through the arrays themselves, the least recently used first: an array moves within it in a few stores. */
export class ArrayQueue {
  oldest: WasmArray | null = null
  newest: WasmArray | null = null

  /** Adds x as the most recently used. */
  push(x: WasmArray): void {
    x.queue = this
    x.older = this.newest
    x.newer = null
    if (this.newest === null) this.oldest = x
    else this.newest.newer = x
    this.newest = x
  }

  /** Adds x as the next to leave. */
  unshift(x: WasmArray): void {
    x.queue = this
    x.older = null
    x.newer = this.oldest
    if (this.oldest === null) this.newest = x
    else this.oldest.older = x
    this.oldest = x
  }

  remove(x: WasmArray): void {
    if (x.older === null) this.oldest = x.newer
    else x.older.newer = x.newer
    if (x.newer === null) this.newest = x.older
    else x.newer.older = x.older
    x.queue = null
    x.older = null
    x.newer = null
  }
}
