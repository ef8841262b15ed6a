/** Blocks start and end at multiples of 64 bytes: a cache line, and more than any SIMD load asks for. */
const ALIGNMENT = 64

/** How many blocks of about the right size are looked at in search of one that fits exactly. */
const PROBES = 8

/** A stretch of the heap, in use or free. */
export interface Block {
  address: number // in bytes
  size: number // in bytes, a multiple of ALIGNMENT
  free: boolean
  /** The kernel call that used it last: until that call is over, its array must not leave. */
  call: number
  /** The kernel call that was told its address last: until that call is over, it must not move. */
  fixed: number
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
    return block && this.#claim(block, size)
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

  /**
   * A block of `size` bytes where `take` has found none, since what is free is scattered: in the stretch of the heap where the fewest bytes are
   * in the way, the blocks in use slide down and the free ones unite behind them. Blocks whose address the running call knows stay where they
   * are. `move` moves the bytes. Null if no stretch between such blocks has that many free bytes.
   */
  unite(size: number, end: number, call: number, move: (from: number, to: number, bytes: number) => void): Block | null {
    let block = this.#cheapestStretch(size, end, call)
    if (block === null) return null
    let to = block.address
    let free = 0
    for (;;) {
      if (block.free) {
        this.#unstack(block)
        free += block.size
        if (free >= size) {
          block.address = to
          block.size = free
          return this.#claim(block, size)
        }
        this.#unlink(block)
      } else {
        move(block.address, to, block.size)
        block.address = to
        to += block.size
      }
      if (block.after === null) break
      block = block.after
    }
    this.top = to
    const last = this.#extend(size, end)
    return last && this.#claim(last, size)
  }

  /** The first (free) block of the stretch that has `size` free bytes with the fewest bytes in between; the bytes above the top count as free. */
  #cheapestStretch(size: number, end: number, call: number): Block | null {
    let best: Block | null = null
    let fewest = Infinity
    let first: Block | null = null
    let free = 0
    let between = 0
    for (let block = this.#first; ; block = block.after) {
      if (block !== null && !block.free) {
        if (block.fixed === call) first = null
        else between += block.size
        continue
      }
      if (first === null) {
        first = block
        free = 0
        between = 0
      }
      free += block === null ? end - this.top : block.size
      while (first !== null && free - first.size >= size) {
        free -= first.size
        for (first = first.after; first !== null && !first.free; first = first.after) between -= first.size
      }
      if (free >= size && between < fewest) {
        best = first
        fewest = between
      }
      if (block === null) return best
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

  /** The block is in use from now on, with `size` bytes; what is left over stays free. */
  #claim(block: Block, size: number): Block {
    if (block.size > size) this.#split(block, size)
    this.used += size
    return block
  }

  #extend(size: number, end: number): Block | null {
    if (this.top + size > end) return null
    const block = this.#append(this.top, size)
    this.top += size
    return block
  }

  #append(address: number, size: number): Block {
    const block: Block = { address, size, free: false, call: 0, fixed: 0, before: null, after: null, above: null, below: null }
    this.#link(block, this.#last)
    return block
  }

  #split(block: Block, size: number): void {
    const address = block.address + size
    const rest: Block = {
      address,
      size: block.size - size,
      free: false,
      call: 0,
      fixed: 0,
      before: null,
      after: null,
      above: null,
      below: null,
    }
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
