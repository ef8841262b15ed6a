import type { DType, HostArray } from '../reference/array.ts'
import type { Slot } from './pool.ts'

/** Where an array's numbers are. While they are on the device it outlives the array itself: when the collector has taken the array, its buffer goes back to the pool. */
export interface Place {
  readonly dtype: DType
  readonly length: number
  /** The kernel that made it, for messages. */
  readonly madeBy: string
  state: 'live' | 'recycled' | 'released'
  /** On the device; null while the numbers are on the host alone, or gone. */
  slot: Slot | null
  /** On the host, as long as they are up to date: what was uploaded keeps its copy, so it may leave the device for nothing. */
  host: HostArray | null
  /** The batch of commands that wrote it last. */
  written: number
}

/** An array of the webgpu backend. JavaScript owns it; the device holds its numbers. */
export class GpuArray {
  readonly place: Place

  constructor(place: Place) {
    this.place = place
  }

  get dtype(): DType {
    return this.place.dtype
  }

  get length(): number {
    return this.place.length
  }
}
