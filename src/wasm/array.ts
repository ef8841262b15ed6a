import type { DType, HostArray } from '../reference/array.ts'
import type { Block } from './blocks.ts'

/**
 * A storage of the wasm backend: a place in the heap, a copy of its numbers on JavaScript's side, or both. JavaScript owns it; the heap
 * is a cache. Its fields other than dtype and length are the books that WasmMemory keeps on it.
 */
export class WasmArray {
  readonly dtype: DType
  readonly length: number
  /** The kernel that made it, for messages. */
  readonly madeBy: string
  state: 'live' | 'recycled' | 'released' = 'live'
  /** Its place in the heap; null while it is outside. */
  block: Block | null = null
  /** Its numbers on JavaScript's heap, as long as they are up to date. An array outside always has them. */
  host: HostArray | null
  /** It is written in place, or came back long after it was made: a parameter, a moment, a data set. One of the last to leave. */
  kept = false
  /** How many graphs had been finished when it was made; of a finished graph's arrays, the number of that graph. */
  graph: number
  /** It has been in the heap before. */
  left = false
  /** The kernel call that used it last before it left. */
  lastCall = 0
  /** The most kernel calls that ever passed between two uses. */
  period = 0
  queue: ArrayQueue | null = null
  older: WasmArray | null = null
  newer: WasmArray | null = null

  constructor(dtype: DType, length: number, host: HostArray | null, madeBy: string, graph: number) {
    this.dtype = dtype
    this.length = length
    this.host = host
    this.madeBy = madeBy
    this.graph = graph
  }
}

/** A doubly linked list through the arrays themselves, the least recently used first: an array moves to its end in a few stores. */
export class ArrayQueue {
  oldest: WasmArray | null = null
  #newest: WasmArray | null = null

  /** Adds x as the most recently used. */
  push(x: WasmArray): void {
    x.queue = this
    x.older = this.#newest
    x.newer = null
    if (this.#newest === null) this.oldest = x
    else this.#newest.newer = x
    this.#newest = x
  }

  remove(x: WasmArray): void {
    if (x.older === null) this.oldest = x.newer
    else x.older.newer = x.newer
    if (x.newer === null) this.#newest = x.older
    else x.newer.older = x.older
    x.queue = null
    x.older = null
    x.newer = null
  }
}
