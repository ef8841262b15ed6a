/** Faults within this many budgets of traffic are one spell of trouble; a spell that lasts as long makes the budget grow. */
const SPELL = 4
/** So does one that is violent: more than these budgets of faulted bytes, of which a sixteenth of the traffic is forgiven. */
const VIOLENT = 3
const FORGIVEN = 1 / 16

/** Graphs in a row that copy out in vain before room is made for what they copy. */
const PATIENCE = 8

/**
 * How many bytes may be in use before something has to leave. The budget grows by faults: an array is needed again after it has left.
 * A single fault proves little (an evaluation has just flooded the heap; a model has been dropped, and its arrays still lie around),
 * so only faults that go on make it grow. Time is measured in traffic: bytes that came into the heap.
 */
export class Budget {
  bytes: number
  #traffic = 0
  #lastFault = Number.NEGATIVE_INFINITY
  #spell = 0 // when the present spell of faults began
  #violence = 0
  #wasted = 0 // bytes of the present graph
  #wasteful = 0 // graphs in a row

  constructor(bytes: number) {
    this.bytes = bytes
  }

  /** Bytes came into the heap. */
  arrive(size: number): void {
    this.#traffic += size
  }

  /** An array of `size` bytes is needed again. */
  fault(size: number): void {
    const quiet = this.#traffic - this.#lastFault
    if (quiet > SPELL * this.bytes) this.#spell = this.#traffic
    this.#violence = Math.max(0, this.#violence - FORGIVEN * quiet) + size
    this.#lastFault = this.#traffic
    const lasting = this.#traffic - this.#spell >= SPELL * this.bytes
    if (!lasting && this.#violence < VIOLENT * this.bytes) return
    // A lone small array that comes and goes, step after step, is not worth a hundred steps of growing by its size.
    const step = quiet > this.bytes / 8 ? Math.floor(this.bytes / 64) : 0
    this.bytes += Math.min(Math.max(size, step), Math.floor(this.bytes / 36))
  }

  /** Bytes of the present graph were copied out in vain: a little later they would have been given up. */
  waste(size: number): void {
    this.#wasted += size
  }

  /** A graph is over. Where many in a row waste copies, though all that is kept is in use, room costs less. */
  finish(isAllInUse: boolean): void {
    this.#wasteful = this.#wasted > 0 && isAllInUse ? this.#wasteful + 1 : 0
    if (this.#wasteful > PATIENCE) this.bytes += Math.min(this.#wasted, Math.floor(this.bytes / 36))
    this.#wasted = 0
  }
}
