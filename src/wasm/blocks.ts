/** Blocks start and end at multiples of 64 bytes: a cache line, and more than any SIMD load asks for. */
const ALIGNMENT = 64

/** How many blocks of about the right size are looked at in search of one that fits exactly. */
const PROBES = 8

/** A stretch of the heap, in use or free. */
export interface Block {
  address: number // in bytes
  size: number // in bytes, a multiple of ALIGNMENT
  free: boolean
  /** The kernel call that used it last: until that call is over, the block stays where it is. */
  call: number
  before: Block | null // its neighbours in the heap
  after: Block | null
  above: Block | null // its neighbours in the stack of free blocks of about its size
  below: Block | null
}

/** Bytes rounded up to whole blocks; an empty array has a block too, so that it has an address. */
export function blockSize(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT
}

/** Sizes below 1 KiB have a stack of their own; above, eight stacks share each power of two. */
function binOf(size: number): number {
  const units = size / ALIGNMENT
  if (units < 16) return units
  const exponent = 31 - Math.clz32(units)
  return 16 + (exponent - 4) * 8 + ((units >>> (exponent - 3)) & 7)
}

const BINS = binOf(2 ** 32) + 1

/**
 * Hands out the heap in blocks, and takes them back. Free neighbours merge at once, so two free blocks never touch and none touches
 * the top. The freshest free block of exactly the wanted size comes first: its lines are still in the processor's cache. Then the tightest
 * fit among the stacks (as in TLSF, Masmano et al. 2004), then fresh bytes at the top. It only keeps the books: no byte is read or written.
 */
export class Blocks {
  readonly base: number
  /** Where the last block in use ends. */
  top: number
  /** Bytes in blocks that are in use; the rest between base and top is free. */
  used = 0
  #first: Block | null = null
  #last: Block | null = null
  readonly #bins: (Block | null)[] = new Array(BINS).fill(null)

  constructor(base: number) {
    this.base = blockSize(base)
    this.top = this.base
  }

  /** A block of `size` bytes that ends at or below `end`, or null. */
  take(size: number, end: number): Block | null {
    const block = this.#find(size) ?? this.#extend(size, end)
    if (block === null) return null
    if (block.size > size) this.#split(block, size)
    this.used += size
    return block
  }

  /** The block is free from now on; it merges with its free neighbours. */
  give(block: Block): void {
    this.used -= block.size
    const { before, after } = block
    let merged = block
    if (before?.free) {
      this.#unstack(before)
      before.size += block.size
      this.#unlink(block)
      merged = before
    }
    if (after?.free) {
      this.#unstack(after)
      merged.size += after.size
      this.#unlink(after)
    }
    if (merged === this.#last) {
      this.top = merged.address
      this.#unlink(merged)
    } else {
      this.#stack(merged)
    }
  }

  /** Slides the blocks together, all but those of the running call, so that the free bytes lie at the top. `move` moves the bytes. */
  compact(call: number, move: (from: number, to: number, bytes: number) => void): void {
    this.#bins.fill(null)
    let block = this.#first
    this.#first = null
    this.#last = null
    this.top = this.base
    while (block !== null) {
      const next: Block | null = block.after
      if (!block.free) {
        if (block.call === call) {
          if (block.address > this.top) this.#stack(this.#append(this.top, block.address - this.top))
        } else if (block.address > this.top) {
          move(block.address, this.top, block.size)
          block.address = this.top
        }
        this.#link(block, this.#last)
        this.top = block.address + block.size
      }
      block = next
    }
  }

  #find(size: number): Block | null {
    const bin = binOf(size)
    let fit: Block | null = null
    let block = this.#bins[bin]
    for (let i = 0; block !== null && i < PROBES; i++) {
      if (block.size === size) {
        fit = block
        break
      }
      if (fit === null && block.size > size) fit = block
      block = block.below
    }
    for (let i = bin + 1; fit === null && i < BINS; i++) fit = this.#bins[i]
    if (fit !== null) this.#unstack(fit)
    return fit
  }

  #extend(size: number, end: number): Block | null {
    if (this.top + size > end) return null
    const block = this.#append(this.top, size)
    this.top += size
    return block
  }

  #append(address: number, size: number): Block {
    const block: Block = { address, size, free: false, call: 0, before: null, after: null, above: null, below: null }
    this.#link(block, this.#last)
    return block
  }

  /** The block keeps its first `size` bytes; what is left over stays free. */
  #split(block: Block, size: number): void {
    const address = block.address + size
    const rest: Block = { address, size: block.size - size, free: false, call: 0, before: null, after: null, above: null, below: null }
    block.size = size
    this.#link(rest, block)
    this.#stack(rest)
  }

  #link(block: Block, before: Block | null): void {
    const after = before === null ? null : before.after
    block.before = before
    block.after = after
    if (before === null) this.#first = block
    else before.after = block
    if (after === null) this.#last = block
    else after.before = block
  }

  #unlink(block: Block): void {
    if (block.before === null) this.#first = block.after
    else block.before.after = block.after
    if (block.after === null) this.#last = block.before
    else block.after.before = block.before
  }

  #stack(block: Block): void {
    const bin = binOf(block.size)
    const below = this.#bins[bin]
    block.free = true
    block.above = null
    block.below = below
    if (below !== null) below.above = block
    this.#bins[bin] = block
  }

  #unstack(block: Block): void {
    block.free = false
    if (block.above === null) this.#bins[binOf(block.size)] = block.below
    else block.above.below = block.below
    if (block.below !== null) block.below.above = block.above
  }
}
