import { type Block, Blocks } from './blocks.ts'

const PAGE = 65536
/** What a 32-bit pointer reaches. */
export const MAX_BYTES = 2 ** 32

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

  /** A block of `size` bytes, or null. The memory grows to `budget` bytes for it, or just beyond if `beyond` allows. */
  take(size: number, budget: number, beyond = false): Block | null {
    const end = beyond ? MAX_BYTES : this.#end(budget)
    return this.#backed(this.#blocks.take(size, end), budget)
  }

  /** The same, out of scattered free blocks: blocks in use move, except those whose address the running call knows. */
  unite(size: number, budget: number, call: number): Block | null {
    this.compactions++
    const block = this.#blocks.unite(size, this.#end(budget), call, (from, to, bytes) => this.uint8.copyWithin(to, from, from + bytes))
    return this.#backed(block, budget)
  }

  give(block: Block): void {
    this.#blocks.give(block)
  }

  /** Where blocks may lie. Memory that is there already is used, even beyond the budget: room to manoeuvre. */
  #end(budget: number): number {
    return Math.min(MAX_BYTES, Math.max(this.#blocks.base + budget, this.bytes))
  }

  /** The block, if there is memory behind it or the memory can grow. */
  #backed(block: Block | null, budget: number): Block | null {
    if (block === null || this.#blocks.top <= this.bytes || this.#grow(budget)) return block
    this.#blocks.give(block)
    return null
  }

  /** By an eighth as long as that stays within the budget (fewer steps), else by what is missing. */
  #grow(budget: number): boolean {
    const missing = Math.ceil((this.#blocks.top - this.bytes) / PAGE)
    const eighth = Math.floor(Math.min(this.bytes / 8, this.#blocks.base + budget - this.bytes) / PAGE)
    try {
      this.#memory.grow(Math.max(missing, eighth))
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
