import { expect } from '../errors.ts'
import type { DType, HostArray } from '../reference/array.ts'
import { showBytes } from '../reference/memory.ts'
import type { Block } from './blocks.ts'
import { MAX_BYTES } from './heap.ts'

export const BYTES = { float32: 4, int32: 4, float64: 8 } as const

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
  /** How often its numbers have been asked for as weights since anything else asked for them, and how often it was in the row before. */
  uses = 0
  usesBefore = 0
  /** The length of its rows, if in its place in the heap they are packed into panels, which only a product can read. Then its numbers are outside as well. */
  packed = 0
  /** It is written in place, or came back long after it was made: a parameter, a moment, a data set. One of the last to leave. */
  kept = false
  /** The calls that run now are the last to need it: a result may take its place. */
  consumed = false
  /** How many graphs had been finished when it was made; of a finished graph's arrays, the number of that graph. */
  graph: number
  /** It has been in the heap before. */
  left = false
  /** It was copied out to make room, though nobody had given it up, and has not come back. */
  evicted = false
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

/** What so many numbers take; an error for `operation` where there cannot be so many. */
export function bytesOf(dtype: DType, length: number, operation: string): number {
  expect(
    Number.isSafeInteger(length) && length >= 0,
    operation,
    () => `the length of an array must be a whole number from 0, got ${length}`,
  )
  const bytes = length * BYTES[dtype]
  expect(
    bytes < MAX_BYTES,
    operation,
    () => `an array of ${length} ${dtype} numbers takes ${showBytes(bytes)}; WebAssembly reaches ${showBytes(MAX_BYTES)}`,
  )
  return bytes
}
