import { expect, GradusError } from '../errors.ts'
import { type DType, dtypeOf, type HostArray } from '../reference/array.ts'
import { ArrayQueue, NEVER, WasmArray } from './array.ts'
import { type Block, Blocks, blockSize } from './blocks.ts'

export { WasmArray } from './array.ts'

const PAGE = 65536
const MAX_BYTES = 2 ** 32 // what a 32-bit pointer reaches
const FIRST_BUDGET = 2 ** 20 // 1 MiB
/** Arrays of finished graphs up to this size are copied out when they go, so that losses and logits stay readable. */
const SMALL = 8192
const ITEM = { float32: 4, int32: 4, float64: 8 } as const

export interface MemoryStats {
  /** The whole WebAssembly memory, in bytes, as the process sees it. */
  heapBytes: number
  /** Bytes in blocks that hold an array or scratch. */
  usedBytes: number
  /** How many bytes may be in use before something has to leave. */
  budget: number
  /** How many arrays are in the heap. */
  arrays: number
  /** How often an array left, and with how many bytes in all. */
  evictions: number
  evictedBytes: number
  /** How often an array was needed again after it had left. */
  faults: number
  /** How many arrays of finished graphs were given up. */
  recycled: number
  compactions: number
}

/**
 * The heap of the wasm backend: a cache of arrays that JavaScript owns. JavaScript cannot tell which of them are garbage, so every array may
 * leave and come back. `docs/design/memory.md` says who leaves first, and when the heap grows.
 *
 * A kernel call is `begin()`, then `address`, `allocate` and `scratch` in any order: what they return stays in place until the next `begin()`.
 * The views (`float32`, ...) are new objects after the memory has grown: take them after the last allocation of a call, and never let them out of src/wasm.
 */
export class WasmMemory {
  float32: Float32Array
  float64: Float64Array
  int32: Int32Array
  uint8: Uint8Array

  readonly #memory: WebAssembly.Memory
  readonly #blocks: Blocks
  #budget: number
  #call = 0
  #operation = 'wasm'
  /** Bytes that have ever come into the heap: the clock by which the absence of an array is measured. */
  #traffic = 0

  readonly #retired = new ArrayQueue()
  readonly #fresh = new ArrayQueue()
  readonly #kept = new ArrayQueue()
  #graph = 0

  #scratch: Block | null = null
  #scratchUsed = 0
  readonly #outgrown: Block[] = []

  #arrays = 0
  #evictions = 0
  #evictedBytes = 0
  #faults = 0
  #recycled = 0
  #compactions = 0

  /** heapBase: the first byte that the module leaves free. budget: bytes to begin with. */
  constructor(memory: WebAssembly.Memory, heapBase: number, { budget = FIRST_BUDGET }: { budget?: number } = {}) {
    this.#memory = memory
    this.#blocks = new Blocks(heapBase)
    this.#budget = budget
    this.float32 = new Float32Array(memory.buffer)
    this.float64 = new Float64Array(memory.buffer)
    this.int32 = new Int32Array(memory.buffer)
    this.uint8 = new Uint8Array(memory.buffer)
  }

  /** A kernel call starts: what the calls before it used may move or leave. `operation` names what it makes in messages. */
  begin(operation = 'wasm'): void {
    this.#call++
    this.#operation = operation
    this.#scratchUsed = 0
    while (this.#outgrown.length > 0) this.#blocks.give(this.#outgrown.pop() as Block)
  }

  /** Where x lies, in bytes. It comes back in if it had left; a GradusError if its memory has been used again. */
  address(x: WasmArray, operation?: string): number {
    const block = x.block ?? this.#enter(x, operation ?? this.#operation)
    if (block.call !== this.#call) this.#touch(x, block)
    return block.address
  }

  /** A new array of the running call. Its numbers are whatever lay there before. */
  allocate(dtype: DType, length: number): WasmArray {
    const x = new WasmArray(dtype, length, null, this.#operation)
    this.#place(x, this.#take(bytesOf(dtype, length, this.#operation), this.#operation), this.#fresh)
    return x
  }

  /** x was written in place: the copy outside is out of date. Whoever is written in place (a parameter, a moment) is there to stay. */
  written(x: WasmArray): void {
    expect(x.block !== null, this.#operation, () => 'an array is written in place that is not in the heap: take its address first')
    x.host = null
    if (!x.kept) {
      x.kept = true
      this.#move(x, this.#kept)
    }
  }

  /** The address of `bytes` bytes for the length of the running call. Each request of a call has its own bytes. */
  scratch(bytes: number): number {
    const size = blockSize(bytes)
    if (this.#scratch === null || this.#scratchUsed + size > this.#scratch.size) {
      // The next call finds room for all requests of this one in a single block.
      const all = this.#scratchUsed + size
      if (this.#scratch !== null) this.#outgrow(this.#scratch)
      this.#scratch = null
      this.#scratch = this.#take(all, this.#operation)
      this.#scratchUsed = 0
    }
    this.#scratch.call = this.#call
    const address = this.#scratch.address + this.#scratchUsed
    this.#scratchUsed += size
    return address
  }

  /** An array with a copy of host. It enters the heap when it is first addressed, and leaves it without copying. */
  upload(host: HostArray): WasmArray {
    return new WasmArray(dtypeOf(host), host.length, host.slice(), 'tensor')
  }

  /** A copy of x's numbers. A GradusError, naming `operation`, which made x, if its memory has been used again. */
  download(x: WasmArray, operation: string): HostArray {
    if (x.host !== null) return x.host.slice()
    if (x.block === null) throw gone(x, operation)
    return this.#copyOut(x, x.block)
  }

  /** x is not needed any more: its memory is free at once. */
  release(x: WasmArray): void {
    expect(x.state !== 'released', 'release', () => `an array of ${x.madeBy} has been released before`)
    if (x.block !== null) this.#remove(x, x.block)
    x.host = null
    x.state = 'released'
  }

  /** The storages of a graph whose backward pass is over. They are the first to go; one that is used again is an array like any other. */
  retire(xs: WasmArray[]): void {
    this.#graph++
    for (const x of xs) {
      if (x.block === null) continue
      x.graph = this.#graph
      this.#move(x, this.#retired)
    }
  }

  stats(): MemoryStats {
    return {
      heapBytes: this.#memory.buffer.byteLength,
      usedBytes: this.#blocks.used,
      budget: this.#budget,
      arrays: this.#arrays,
      evictions: this.#evictions,
      evictedBytes: this.#evictedBytes,
      faults: this.#faults,
      recycled: this.#recycled,
      compactions: this.#compactions,
    }
  }

  /** x has been used by the running call. */
  #touch(x: WasmArray, block: Block): void {
    block.call = this.#call
    this.#move(x, x.kept ? this.#kept : this.#fresh)
  }

  #move(x: WasmArray, queue: ArrayQueue): void {
    x.queue?.remove(x)
    queue.push(x)
  }

  #place(x: WasmArray, block: Block, queue: ArrayQueue): void {
    block.call = this.#call
    x.block = block
    queue.push(x)
    this.#arrays++
    this.#traffic += block.size
  }

  /** x comes in from outside, for the first time or again. */
  #enter(x: WasmArray, operation: string): Block {
    if (x.host === null) throw gone(x, operation)
    const bytes = bytesOf(x.dtype, x.length, operation)
    if (x.leftAt !== NEVER) this.#fault(x, blockSize(bytes))
    const block = this.#take(bytes, operation)
    this.#place(x, block, x.kept ? this.#kept : this.#fresh)
    this.#view(x.dtype).set(x.host, block.address / ITEM[x.dtype])
    return block
  }

  /**
   * x had left and is needed again, so it is kept from now on. Kept arrays that have not been used since x was last used are more likely to
   * be garbage than x: they lose that rank. Without such, the budget is too small if even a kept array had to leave, or if x left only
   * a moment ago; after a long absence it is enough that x is kept from now on.
   */
  #fault(x: WasmArray, size: number): void {
    this.#faults++
    const tooSmall = x.kept || this.#traffic - x.leftAt < this.#budget / 2
    x.kept = true
    let missing = size
    for (let y = this.#kept.oldest; missing > 0 && y?.block && y.block.call < x.lastUse; y = this.#kept.oldest) {
      y.kept = false
      missing -= y.block.size
      this.#kept.remove(y)
      this.#fresh.unshift(y)
    }
    if (tooSmall && missing > 0) this.#budget += missing
  }

  #take(bytes: number, operation: string): Block {
    const size = blockSize(bytes)
    return this.#fit(size) ?? this.#makeRoom(size, operation)
  }

  /** A block within the budget, or null. */
  #fit(size: number): Block | null {
    if (this.#blocks.used + size > this.#budget) return null
    return this.#within(size, this.#blocks.base + this.#budget)
  }

  /** A block below `end`, or null; the memory grows as far as it must. */
  #within(size: number, end: number): Block | null {
    const block = this.#blocks.take(size, end)
    if (block === null || this.#blocks.top <= this.#memory.buffer.byteLength) return block
    if (this.#grow(end)) return block
    this.#blocks.give(block)
    return null
  }

  #grow(end: number): boolean {
    const have = this.#memory.buffer.byteLength
    const pages = Math.ceil((this.#blocks.top - have) / PAGE)
    const generous = Math.floor(Math.min(have / 8, end - have) / PAGE) // fewer, larger steps, but never beyond the budget
    try {
      this.#memory.grow(Math.max(pages, generous))
    } catch {
      return false
    }
    this.float32 = new Float32Array(this.#memory.buffer)
    this.float64 = new Float64Array(this.#memory.buffer)
    this.int32 = new Int32Array(this.#memory.buffer)
    this.uint8 = new Uint8Array(this.#memory.buffer)
    return true
  }

  /** A block of `size` bytes where none is free within the budget. */
  #makeRoom(size: number, operation: string): Block {
    let compacted = false
    for (;;) {
      const block = this.#fit(size)
      if (block !== null) return block
      if (this.#recycleGraph()) continue
      if (this.#blocks.used + size <= this.#budget) {
        // There are enough free bytes, but scattered.
        if (!compacted) {
          this.#compact()
          compacted = true
          continue
        }
        // The arrays of the running call, which cannot move, are in the way: past them, if the memory grows.
        const beyond = this.#within(size, MAX_BYTES)
        if (beyond !== null) return beyond
        compacted = false
        if (!this.#evict()) throw this.#outOfMemory(size, operation)
      } else if (!this.#evict()) {
        // The running call alone needs more than the budget.
        if (this.#blocks.base + this.#blocks.used + size > MAX_BYTES) throw this.#outOfMemory(size, operation)
        this.#budget = this.#blocks.used + size
      }
    }
  }

  /** The arrays of the oldest finished graph go. False if there is none. */
  #recycleGraph(): boolean {
    let x = this.#retired.oldest
    if (x === null) return false
    const { graph } = x
    for (; x?.block && x.graph === graph; x = this.#retired.oldest) {
      if (x.block.call === this.#call) {
        this.#move(x, this.#fresh)
      } else if (x.host !== null || x.block.size <= SMALL) {
        this.#leave(x, x.block)
      } else {
        this.#remove(x, x.block)
        x.state = 'recycled'
        this.#recycled++
      }
    }
    return true
  }

  /** The least recently used array leaves, or the scratch of earlier calls. False if the running call uses all that there is. */
  #evict(): boolean {
    for (const x of [this.#fresh.oldest, this.#kept.oldest]) {
      if (x?.block && x.block.call !== this.#call) {
        this.#leave(x, x.block)
        return true
      }
    }
    if (this.#scratch === null || this.#scratch.call === this.#call) return false
    this.#blocks.give(this.#scratch)
    this.#scratch = null
    return true
  }

  /** x goes to JavaScript's heap. No list of ours holds it any more, so it dies with the last tensor that does. */
  #leave(x: WasmArray, block: Block): void {
    x.host ??= this.#copyOut(x, block)
    x.lastUse = block.call
    x.leftAt = this.#traffic
    this.#evictions++
    this.#evictedBytes += block.size
    this.#remove(x, block)
  }

  #remove(x: WasmArray, block: Block): void {
    x.queue?.remove(x)
    x.block = null
    this.#blocks.give(block)
    this.#arrays--
  }

  #copyOut(x: WasmArray, block: Block): HostArray {
    const start = block.address / ITEM[x.dtype]
    return this.#view(x.dtype).slice(start, start + x.length)
  }

  #view(dtype: DType): HostArray {
    return this[dtype]
  }

  #compact(): void {
    this.#compactions++
    this.#blocks.compact(this.#call, (from, to, bytes) => this.uint8.copyWithin(to, from, from + bytes))
  }

  /** The scratch has become too small; what this call has of it stays until the next one. */
  #outgrow(scratch: Block): void {
    if (scratch.call === this.#call) this.#outgrown.push(scratch)
    else this.#blocks.give(scratch)
  }

  #outOfMemory(size: number, operation: string): GradusError {
    const heap = this.#memory.buffer.byteLength
    return new GradusError(operation, `out of memory: no room for ${show(size)}; the heap has ${show(heap)} and cannot grow any further`)
  }
}

function bytesOf(dtype: DType, length: number, operation: string): number {
  expect(
    Number.isSafeInteger(length) && length >= 0,
    operation,
    () => `the length of an array must be a whole number from 0, got ${length}`,
  )
  const bytes = length * ITEM[dtype]
  expect(
    bytes < MAX_BYTES,
    operation,
    () => `an array of ${length} ${dtype} numbers takes ${show(bytes)}; WebAssembly reaches ${show(MAX_BYTES)}`,
  )
  return bytes
}

function gone(x: WasmArray, operation: string): GradusError {
  if (x.state === 'released') return new GradusError(operation, `an array of ${x.madeBy} is used after it has been released`)
  return new GradusError(
    operation,
    `this result (${x.length} ${x.dtype} numbers, made by ${x.madeBy}) is gone: backward() finished its graph, and its memory was needed again. ` +
      'Read it before backward(), keep it with clone() or detach(), or call backward({ retainGraph: true })',
  )
}

function show(bytes: number): string {
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KiB`
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
