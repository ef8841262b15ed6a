/** WebGPU's flags, by the numbers that its specification gives them: outside browsers there are no global names for them. */
export const USAGE = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const

/** A buffer of the pool. */
export interface Slot {
  /** Tells buffers apart in the keys of bind groups. */
  readonly id: number
  readonly buffer: GPUBuffer
  readonly size: number
  /** The last batch of commands that it takes part in. */
  batch: number
}

const SMALLEST = 256

/** The size of the buffer that holds so many bytes: four sizes for each doubling, so at most a fifth is air. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2)
  return Math.ceil(bytes / step) * step
}

/** Free buffers that wait for the next array of their size: a loop that does the same in every step creates buffers in the first one only. */
export class Pool {
  readonly #create: (size: number) => GPUBuffer
  readonly #isBroken: (buffer: GPUBuffer) => boolean
  readonly #free = new Map<number, Slot[]>()
  #count = 0
  /** Bytes in buffers that an array holds, and in those that wait. */
  usedBytes = 0
  freeBytes = 0

  /** create: a buffer of so many bytes. isBroken: it came to nothing, and must not be used again. */
  constructor(create: (size: number) => GPUBuffer, isBroken: (buffer: GPUBuffer) => boolean = () => false) {
    this.#create = create
    this.#isBroken = isBroken
  }

  /** A buffer of exactly this size; one that no command after `batch` waits for, if it is said. Its numbers are whatever lay there before. */
  take(size: number, batch = Number.POSITIVE_INFINITY): Slot {
    const waiting = this.#free.get(size) ?? []
    const place = waiting.findLastIndex((slot) => slot.batch <= batch)
    const [found] = place < 0 ? [] : waiting.splice(place, 1)
    if (found) this.freeBytes -= size
    const slot = found ?? { id: this.#count++, buffer: this.#create(size), size, batch: -1 }
    this.usedBytes += size
    return slot
  }

  give(slot: Slot): void {
    this.usedBytes -= slot.size
    if (this.#isBroken(slot.buffer)) return
    this.freeBytes += slot.size
    const waiting = this.#free.get(slot.size)
    if (waiting) waiting.push(slot)
    else this.#free.set(slot.size, [slot])
  }

  /** Destroys what waits. The commands that use it must have been submitted. */
  trim(): void {
    for (const waiting of this.#free.values()) for (const { buffer } of waiting) buffer.destroy()
    this.#free.clear()
    this.freeBytes = 0
  }
}
