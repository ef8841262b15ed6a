import { GradusError } from '../errors.ts'
import type { DType, HostArray } from '../reference/array.ts'
import { showBytes } from '../reference/memory.ts'
import { type Block, Blocks } from './blocks.ts'

const PAGE = 65536
/** What a 32-bit pointer reaches. */
export const MAX_BYTES = 2 ** 32
/** Where free bytes lie scattered, blocks may reach so far beyond their limit before others are moved. */
const SLACK = 17 / 16

/** Blocks with memory behind them: the WebAssembly memory grows as far as the blocks in use reach, and the views are kept up to date. */
export class Heap {
  float32: Float32Array
  float64: Float64Array
  int32: Int32Array
  uint8: Uint8Array
  /** How often scattered free blocks had to be united. */
  compactions = 0
  readonly #memory: WebAssembly.Memory
  readonly #blocks: Blocks

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory
    this.#blocks = new Blocks(base)
    this.float32 = new Float32Array(memory.buffer)
    this.float64 = new Float64Array(memory.buffer)
    this.int32 = new Int32Array(memory.buffer)
    this.uint8 = new Uint8Array(memory.buffer)
  }

  /** The whole memory, in bytes. */
  get bytes(): number {
    return this.uint8.length
  }

  /** Bytes in blocks that are in use. */
  get used(): number {
    return this.#blocks.used
  }

  /** A block of `size` bytes within the first `limit`, or null. The memory grows for it. */
  take(size: number, limit: number): Block | null {
    return this.#backed(this.#blocks.take(size, this.#end(limit)), limit)
  }

  /** The same where free blocks are scattered: a little beyond the limit; or blocks in use move, except those whose address the running call knows. */
  unite(size: number, limit: number, call: number): Block | null {
    const beyond = this.take(size, limit * SLACK)
    if (beyond !== null) return beyond
    this.compactions++
    const block = this.#blocks.unite(size, this.#end(limit), call, (from, to, bytes) => this.uint8.copyWithin(to, from, from + bytes))
    return this.#backed(block, limit)
  }

  /** Whether there is memory for `bytes` bytes of blocks in all; it grows to that size. */
  reserve(bytes: number): boolean {
    const end = this.#blocks.base + bytes
    return end <= this.bytes || (end <= MAX_BYTES && this.#grow(end, end))
  }

  give(block: Block): void {
    this.#blocks.give(block)
  }

  /** Where blocks must end. Memory that is there already is used in any case. */
  #end(limit: number): number {
    return Math.min(MAX_BYTES, Math.max(this.#blocks.base + limit, this.bytes))
  }

  /** The block, if there is memory behind it or the memory can grow. */
  #backed(block: Block | null, limit: number): Block | null {
    const { top } = this.#blocks
    if (block === null || top <= this.bytes || this.#grow(top, Math.min(this.#end(limit), this.bytes * (9 / 8)))) return block
    this.#blocks.give(block)
    return null
  }

  /** A copy of the numbers in a block. */
  copyOut({ dtype, length }: { dtype: DType; length: number }, block: Block): HostArray {
    const all = this[dtype]
    const start = block.address / all.BYTES_PER_ELEMENT
    return all.slice(start, start + length)
  }

  /** The error for `size` bytes that it has no room for. */
  outOfMemory(size: number, operation: string): GradusError {
    const state = `the heap has ${showBytes(this.bytes)}, of which ${showBytes(this.used)} are in use, and cannot grow enough`
    return new GradusError(operation, `out of memory: no room for ${showBytes(size)} (${state}). Use smaller batches or a smaller model`)
  }

  /** As far as `least` must lie within the memory, or to `most` if that is further: fewer, larger steps. */
  #grow(least: number, most: number): boolean {
    const pages = Math.max(Math.ceil((least - this.bytes) / PAGE), Math.floor((most - this.bytes) / PAGE))
    try {
      this.#memory.grow(pages)
    } catch {
      return false
    }
    // Views of a shared memory do not grow with it.
    this.float32 = new Float32Array(this.#memory.buffer)
    this.float64 = new Float64Array(this.#memory.buffer)
    this.int32 = new Int32Array(this.#memory.buffer)
    this.uint8 = new Uint8Array(this.#memory.buffer)
    return true
  }
}
