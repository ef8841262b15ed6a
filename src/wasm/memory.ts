import { expect } from '../errors.ts'
import { type DType, dtypeOf, type HostArray } from '../reference/array.ts'
import { gone } from '../reference/memory.ts'
import { ArrayQueue, BYTES, bytesOf, WasmArray } from './array.ts'
import { type Block, blockSize } from './blocks.ts'
import { Budget } from './budget.ts'
import { Heap, MAX_BYTES } from './heap.ts'
import type { MemoryStats } from './stats.ts'

export { WasmArray } from './array.ts'

const FIRST_BUDGET = 2 ** 19 // 512 KiB
/** Arrays of finished graphs up to 8 KiB are copied out when they go, so that losses and logits stay readable. */
const SMALL = 8192
/** A kept array is overdue when it has gone unused for this many times its period: its model has probably been dropped. */
const OVERDUE = 1.25
/** From this part of the budget on, what is given up leaves at once, not only when room is needed. */
const NEARLY_FULL = 0.75
/** So many times in a row weights are used as they lie before they are packed in place: packing and undoing it costs about as much as that many packings. */
const PATIENCE = 12

/**
 * The memory of the wasm backend: a cache of arrays that JavaScript owns. JavaScript cannot tell which of them are garbage, so every array may
 * leave the heap and come back. `docs/design/memory.md` says who leaves first, and when the heap grows.
 *
 * A kernel call is `begin(operation, ...inputs)`, then `allocate` and `scratch`, then `address`: blocks may still move for what is allocated, until
 * their addresses are known. The views (`float32`, ...) are new objects after the memory has grown: take them last. They stay within src/wasm.
 */
export class WasmMemory {
  readonly #heap: Heap
  readonly #budget: Budget
  #call = 0
  #operation = ''
  /** Graphs finished so far. */
  #graph = 0
  #lastRetired = 0 // the call before which the last one was retired

  // Every array in the heap is in one of three queues. They leave in this order.
  readonly #retired = new ArrayQueue()
  readonly #fresh = new ArrayQueue()
  readonly #kept = new ArrayQueue()

  /** The running call's result has taken the place of an array that the call may still read. */
  #succession: { from: WasmArray; to: WasmArray } | null = null

  #scratch: Block | null = null
  #scratchUsed = 0 // bytes of the block that the running call has
  #scratchWanted = 0 // bytes that it has asked for in all
  readonly #outgrown: Block[] = []

  #arrays = 0
  #evictions = 0
  #evictedBytes = 0
  #faults = 0
  #recycled = 0

  /** heapBase: the first byte that the module leaves free. budget: bytes to begin with. */
  constructor(memory: WebAssembly.Memory, heapBase: number, { budget = FIRST_BUDGET }: { budget?: number } = {}) {
    this.#heap = new Heap(memory, heapBase)
    this.#budget = new Budget(budget)
  }

  get float32(): Float32Array {
    return this.#heap.float32
  }

  get float64(): Float64Array {
    return this.#heap.float64
  }

  get int32(): Int32Array {
    return this.#heap.int32
  }

  get uint8(): Uint8Array {
    return this.#heap.uint8
  }

  /**
   * A kernel call starts, on these arrays: they come in, and stay until the next call. What the calls before it used may move or leave.
   * `operation` names what the call makes, for messages.
   */
  begin(operation: string, ...inputs: WasmArray[]): void {
    this.#call++
    this.#operation = operation
    this.#succession = null
    this.#scratchUsed = 0
    this.#scratchWanted = 0
    for (let block = this.#outgrown.pop(); block !== undefined; block = this.#outgrown.pop()) this.#heap.give(block)
    for (const x of inputs) if (x.block !== null) this.#touch(x, x.block) // before others come in and take their place
    for (const x of inputs) this.#use(x)
  }

  /** Where x lies, in bytes, until the next call. It comes in if it is outside; a GradusError if its memory has been used again. */
  address(x: WasmArray): number {
    const block = this.#use(x === this.#succession?.from ? this.#succession.to : x)
    block.fixed = this.#call
    if (x.uses > 0) this.#endUses(x, block)
    return block.address
  }

  /** The same for weights, rows of k numbers, for a product that can read them packed as well, and reads nothing else of them. Everything else has been addressed before. */
  addressOfWeights(x: WasmArray, k: number): number {
    const block = this.#use(x)
    if (x.packed > 0 && x.packed !== k) this.#endUses(x, block)
    x.uses++
    block.fixed = this.#call
    return block.address
  }

  /**
   * Whether weights that the running call has addressed as such are to be packed where they lie, and x.packed set: they have been asked for again and again, with
   * nothing in between that reads or writes them in another way. Their numbers are outside then.
   */
  packs(x: WasmArray): boolean {
    if (x.block === null || x.packed > 0 || x.uses <= Math.max(PATIENCE, x.usesBefore)) return false
    x.host ??= this.#heap.copyOut(x, x.block)
    return true
  }

  /** A new array for the running call to fill: its numbers are whatever lay there before. */
  allocate(dtype: DType, length: number): WasmArray {
    const x = new WasmArray(dtype, length, null, this.#operation, this.#graph)
    this.#place(x, this.#take(bytesOf(dtype, length, this.#operation), this.#operation))
    return x
  }

  /**
   * A new array like x for the running call to fill. It takes x's place where this call is the last to need x: so y_i must be written after x_i has been read for the
   * last time, whichever thread does it. Until the next call both have one address.
   */
  successor(x: WasmArray): WasmArray {
    const { block } = x
    if (!x.consumed || block === null) return this.allocate(x.dtype, x.length)
    const y = new WasmArray(x.dtype, x.length, null, this.#operation, this.#graph)
    if (x.uses > 0) this.#endUses(x, block)
    this.#succession = { from: x, to: y }
    y.block = block
    this.#move(y, this.#fresh)
    x.queue?.remove(x)
    x.block = null
    x.host = null
    x.consumed = false
    x.state = 'released'
    return y
  }

  /** The running call wrote these in place: copies outside are out of date. They belong together, so the longest pause of one is to be expected of all. */
  written(...arrays: WasmArray[]): void {
    const period = Math.max(...arrays.map((x) => x.period))
    for (const x of arrays) {
      expect(x.block !== null, this.#operation, () => 'an array is written in place that is not in the heap: take its address first')
      x.host = null
      x.period = period
      if (x.kept) continue
      x.kept = true
      this.#move(x, this.#kept)
    }
  }

  /** The address of `bytes` bytes for the length of the running call. Each request of a call has bytes of its own. */
  scratch(bytes: number): number {
    const size = blockSize(bytes)
    this.#scratchWanted += size
    if (this.#scratch === null || this.#scratchUsed + size > this.#scratch.size) {
      if (this.#scratchUsed > 0 && this.#scratch !== null) this.#outgrown.push(this.#scratch)
      else if (this.#scratch !== null) this.#heap.give(this.#scratch)
      this.#scratch = null
      // As much as all requests of this call together: the next such call needs one block only.
      this.#scratch = this.#take(this.#scratchWanted, this.#operation)
      this.#scratchUsed = 0
    }
    this.#scratch.call = this.#call
    this.#scratch.fixed = this.#call
    this.#scratchUsed += size
    return this.#scratch.address + this.#scratchUsed - size
  }

  /** An array with a copy of host. It enters the heap when it is first addressed; as long as nobody writes to it, it leaves without copying. */
  upload(host: HostArray): WasmArray {
    return new WasmArray(dtypeOf(host), host.length, host.slice(), 'tensor', this.#graph)
  }

  /** A copy of x's numbers. A GradusError, naming `operation`, which made x, if its memory has been used again. */
  download(x: WasmArray, operation: string): HostArray {
    if (x.host !== null) return x.host.slice()
    if (x.block === null) throw gone(operation, x)
    return this.#heap.copyOut(x, x.block)
  }

  /** x's numbers, unless their memory has been used again. */
  peek(x: WasmArray): HostArray | null {
    return x.host ?? (x.block === null ? null : this.#heap.copyOut(x, x.block))
  }

  /** Nobody needs x any more: its memory is free at once. */
  release(x: WasmArray): void {
    expect(x.state !== 'released', 'release', () => `an array made by ${x.madeBy} has been released before`)
    if (x.block !== null) this.#remove(x, x.block)
    x.host = null
    x.state = 'released'
  }

  /** Runs the last calls that need x: see `successor`. Then its memory is free; reading it once a result has taken its place is an error. */
  consume<T>(x: WasmArray, run: () => T): T {
    expect(x.state !== 'released', 'consume', () => `an array made by ${x.madeBy} has been released before`)
    x.consumed = true
    try {
      return run()
    } finally {
      if (x.consumed) this.release(x)
    }
  }

  /** Storages of a graph whose backward pass is over: the first to leave, except those that are used again. Not during a call. */
  retire(xs: WasmArray[]): void {
    this.#graph++
    this.supersede(xs)
    // What is kept and has not been used since the last graph may be a dropped model in the way: it will leave.
    this.#budget.finish((this.#kept.oldest?.block?.call ?? Infinity) > this.#lastRetired)
    this.#lastRetired = this.#call
  }

  /** Storages of the graph that is walked back now, which nothing looks at any more: the same, though the graph is not over. */
  supersede(xs: WasmArray[]): void {
    this.#call++ // none runs now: what the last one used may go as well
    for (const x of xs) {
      if (x.evicted) this.#budget.waste(x.length * BYTES[x.dtype])
      x.evicted = false
      if (x.block === null) continue
      x.graph = this.#graph
      this.#move(x, this.#retired)
    }
    if (this.#heap.used <= NEARLY_FULL * this.#budget.bytes) return
    while (this.#recycleGraph()); // at once: what comes next lies in their places, and large free blocks stay whole
  }

  stats(): MemoryStats {
    return {
      heapBytes: this.#heap.bytes,
      usedBytes: this.#heap.used,
      scratchBytes: this.#outgrown.reduce((sum, { size }) => sum + size, this.#scratch?.size ?? 0),
      budget: this.#budget.bytes,
      arrays: this.#arrays,
      evictions: this.#evictions,
      evictedBytes: this.#evictedBytes,
      faults: this.#faults,
      recycled: this.#recycled,
      compactions: this.#heap.compactions,
    }
  }

  /** The running call needs x: it comes in, or has just been used. */
  #use(x: WasmArray): Block {
    if (x.block === null) return this.#enter(x, this.#operation)
    this.#touch(x, x.block)
    return x.block
  }

  #touch(x: WasmArray, block: Block): void {
    if (block.call === this.#call) return
    x.period = Math.max(x.period, this.#call - block.call)
    block.call = this.#call
    this.#move(x, x.kept ? this.#kept : this.#fresh)
  }

  /** x is needed as something else than weights: its rows lie as they were. */
  #endUses(x: WasmArray, block: Block): void {
    x.usesBefore = x.uses
    x.uses = 0
    if (x.packed > 0 && x.host !== null) this.#heap[x.dtype].set(x.host, block.address / BYTES[x.dtype])
    x.packed = 0
  }

  /** x comes in from outside. */
  #enter(x: WasmArray, operation: string): Block {
    if (x.host === null) throw gone(operation, x)
    const bytes = bytesOf(x.dtype, x.length, operation)
    if (x.left) {
      this.#faults++
      this.#budget.fault(blockSize(bytes))
      x.period = Math.max(x.period, this.#call - x.lastCall)
      // It has outlived at least one whole graph: no intermediate result, but something that is needed every now and then.
      if (this.#graph - x.graph >= 2) x.kept = true
    }
    x.evicted = false
    const block = this.#take(bytes, operation)
    this.#place(x, block)
    x.uses = 0
    x.packed = 0
    this.#heap[x.dtype].set(x.host, block.address / BYTES[x.dtype])
    return block
  }

  #place(x: WasmArray, block: Block): void {
    block.call = this.#call
    x.block = block
    this.#move(x, x.kept ? this.#kept : this.#fresh)
    this.#arrays++
    this.#budget.arrive(block.size)
  }

  #move(x: WasmArray, queue: ArrayQueue): void {
    x.queue?.remove(x)
    queue.push(x)
  }

  #take(bytes: number, operation: string): Block {
    const size = blockSize(bytes)
    return this.#fit(size) ?? this.#makeRoom(size, operation)
  }

  /** A block within the budget, or null. */
  #fit(size: number): Block | null {
    return this.#heap.used + size > this.#budget.bytes ? null : this.#heap.take(size, this.#budget.bytes)
  }

  /** A block of `size` bytes where none is free within the budget. */
  #makeRoom(size: number, operation: string): Block {
    const budget = this.#budget
    if (size > budget.bytes && !this.#heap.reserve(size)) throw this.#heap.outOfMemory(size, operation)
    for (;;) {
      const fitting = this.#fit(size)
      if (fitting !== null) return fitting
      if (this.#recycleGraph()) continue
      const wanted = this.#heap.used + size
      if (wanted > budget.bytes) {
        if (this.#evict()) continue
        // The running call alone needs more.
        if (!this.#heap.reserve(wanted)) throw this.#heap.outOfMemory(size, operation)
        budget.bytes = wanted
        continue
      }
      // Enough bytes are free, but scattered. Where addresses that the running call knows are in the way: past these.
      const block = this.#heap.unite(size, budget.bytes, this.#call) ?? this.#heap.take(size, MAX_BYTES)
      if (block !== null) return block
      budget.bytes = Math.min(budget.bytes, this.#heap.bytes)
      if (!this.#evict()) throw this.#heap.outOfMemory(size, operation)
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

  /** One array leaves, or the scratch of earlier calls. False if the running call uses all that there is. */
  #evict(): boolean {
    const kept = this.#kept.oldest
    const unused = kept?.block ? this.#call - kept.block.call : 0
    const overdue = kept !== null && unused > OVERDUE * kept.period + 1 ? kept : null
    const x = overdue ?? this.#idle(this.#fresh) ?? this.#idle(this.#kept)
    if (x?.block) {
      x.evicted = x.host === null
      this.#leave(x, x.block)
      return true
    }
    if (this.#scratch === null || this.#scratch.call === this.#call) return false
    this.#heap.give(this.#scratch)
    this.#scratch = null
    return true
  }

  /** The least recently used array of a queue, unless the running call uses it. */
  #idle({ oldest }: ArrayQueue): WasmArray | null {
    return oldest?.block && oldest.block.call !== this.#call ? oldest : null
  }

  /** x goes to JavaScript's heap. Nothing here holds it any more: it dies with the last tensor that does. */
  #leave(x: WasmArray, block: Block): void {
    x.host ??= this.#heap.copyOut(x, block)
    x.left = true
    x.lastCall = block.call
    this.#evictions++
    this.#evictedBytes += block.size
    this.#remove(x, block)
  }

  #remove(x: WasmArray, block: Block): void {
    x.queue?.remove(x)
    x.block = null
    this.#heap.give(block)
    this.#arrays--
  }
}
