import { GradusError } from '../errors.ts'
import { type DType, dtypeOf, type HostArray } from '../reference/array.ts'
import { gone, showBytes } from '../reference/memory.ts'
import { GpuArray, type Place } from './array.ts'
import type { Commands } from './commands.ts'
import type { Failures } from './failures.ts'
import { Pool, type Slot, USAGE } from './pool.ts'

export { GpuArray } from './array.ts'

const BYTES = 4
/** Arrays of finished graphs up to 64 numbers stay, so that losses can be read later. */
const SMALL = 64
/** What was uploaded may fill so many bytes of the device; beyond that, what has gone unused longest leaves. It comes back when it is used again. */
const UPLOADED_BYTES = 2 ** 27
/** Buffers that wait may fill as many bytes as those in use, and so many more, before they are destroyed. */
const SPARE_BYTES = 2 ** 26
/** Smaller buffers than this are not watched one by one for a lack of memory. */
const LARGE = 2 ** 20
/** The number of the complaint, the place and the value; 0 where there is none. */
const COMPLAINT_BYTES = 16

/**
 * The memory of the webgpu backend. What the library is done with, and what belongs to a finished graph, goes back to the pool at once; anything else when the
 * collector finds that the program has let go of it, which it can tell only while the program awaits something: docs/design/webgpu.md.
 */
export class GpuMemory {
  readonly #device: GPUDevice
  readonly #commands: Commands
  readonly #failures: Failures
  readonly #onTrim: () => void
  readonly #pool = new Pool((size) => this.#create(size, USAGE.storage | USAGE.copySource | USAGE.copyTarget))
  /** Buffers that the host reads from. */
  readonly #staging = new Pool((size) => this.#create(size, USAGE.mapRead | USAGE.copyTarget))
  readonly #live = new Set<Place>()
  readonly #collected = new FinalizationRegistry<Place>((place) => this.#vacate(place, 'released'))
  /** What was uploaded and is on the device, the least recently used first. */
  readonly #uploaded = new Set<Place>()
  #uploadedBytes = 0
  /** What belongs to the graph that was finished last. */
  #retired: readonly GpuArray[] = []

  /** Where kernels write that a number is not as it must be. */
  readonly #complaints: Slot

  /** onTrim: buffers have been destroyed. */
  constructor(device: GPUDevice, commands: Commands, failures: Failures, onTrim: () => void) {
    this.#device = device
    this.#commands = commands
    this.#failures = failures
    this.#onTrim = onTrim
    this.#complaints = this.#pool.take(COMPLAINT_BYTES)
  }

  get complaints(): Slot {
    return this.#complaints
  }

  /** Bytes in buffers that hold an array, and in those that wait for one; how many arrays there are, on the device or the host. */
  stats(): { usedBytes: number; freeBytes: number; arrays: number } {
    const { usedBytes, freeBytes } = this.#pool
    return { usedBytes, freeBytes, arrays: this.#live.size }
  }

  /** A copy of host. It goes to the device when a kernel first asks for it. */
  upload(host: HostArray): GpuArray {
    return this.#enter({
      dtype: dtypeOf(host),
      length: host.length,
      madeBy: 'upload',
      state: 'live',
      slot: null,
      host: host.slice(),
      written: -1,
    })
  }

  /** An array for a kernel to fill: its numbers are whatever lay there before. */
  allocate(operation: string, dtype: DType, length: number): GpuArray {
    const slot = this.#take(operation, length)
    const { batch } = this.#commands
    return this.#enter({ dtype, length, madeBy: operation, state: 'live', slot, host: null, written: batch })
  }

  /** The buffer of an array that a command of the running batch reads or writes. */
  slotOf(operation: string, { place }: GpuArray, access: 'read' | 'write'): Slot {
    const slot = this.#bring(operation, place)
    slot.batch = this.#commands.batch
    if (access === 'write') {
      place.written = this.#commands.batch
      place.host = null
      this.#setUploaded(place, false)
    }
    return slot
  }

  /** The numbers of an array where the host has them. */
  peek({ place }: GpuArray): HostArray | null {
    return place.state === 'live' ? place.host : null
  }

  /** The array's numbers, once the device has computed them. `operation` names what made it. */
  async read({ place }: GpuArray, operation: string): Promise<HostArray> {
    if (place.state === 'live' && place.host !== null) return place.host.slice()
    return this.#fetch(operation, place)
  }

  release({ place }: GpuArray): void {
    this.#collected.unregister(place)
    this.#vacate(place, 'released')
  }

  /** These belong to a finished graph: they stay readable until the next one is finished. */
  retire(arrays: readonly GpuArray[]): void {
    this.supersede(this.#retired)
    this.#retired = arrays
  }

  /** Nothing on the way back looks at these any more: their buffers may be used again. */
  supersede(arrays: readonly GpuArray[]): void {
    for (const { place } of arrays) {
      if (place.length <= SMALL) continue
      this.#collected.unregister(place)
      this.#vacate(place, 'recycled')
    }
  }

  /** Brings the numbers of all arrays to the host: another backend is about to compute with them. */
  async leave(): Promise<void> {
    for (const place of [...this.#live]) {
      if (place.host === null && place.slot !== null) place.host = await this.#fetch(place.madeBy, place)
      this.#vacateSlot(place)
    }
    this.#trim()
  }

  #enter(place: Place): GpuArray {
    const x = new GpuArray(place)
    this.#live.add(place)
    this.#collected.register(x, place, place)
    return x
  }

  /** The buffer of a place, filled from the host where the numbers are there alone. */
  #bring(operation: string, place: Place): Slot {
    const lost = this.#failures.lostIn(place.written)
    if (lost !== undefined && place.host === null)
      throw new GradusError(place.madeBy, `its numbers are lost, since the device failed: ${lost}`)
    if (place.slot !== null) {
      if (place.host !== null) this.#setUploaded(place, true) // used just now
      return place.slot
    }
    if (place.host === null) throw gone(operation, place)
    // Written before all commands that have not been submitted yet: it must be no buffer that one of those still uses.
    const slot = this.#take(operation, place.length, this.#commands.batch - 1)
    this.#device.queue.writeBuffer(slot.buffer, 0, place.host as BufferSource as ArrayBuffer)
    place.slot = slot
    this.#setUploaded(place, true)
    for (const oldest of this.#uploaded) {
      if (this.#uploadedBytes <= UPLOADED_BYTES || oldest === place || oldest.slot?.batch === this.#commands.batch) break
      this.#vacateSlot(oldest)
    }
    return slot
  }

  #take(operation: string, length: number, batch?: number): Slot {
    const { maxStorageBufferBindingSize: limit } = this.#device.limits
    const bytes = length * BYTES
    if (bytes > limit) {
      throw new GradusError(
        operation,
        `an array of ${length} numbers takes ${showBytes(bytes)}; this adapter binds ${showBytes(limit)} at most`,
      )
    }
    if (this.#pool.freeBytes > this.#pool.usedBytes + SPARE_BYTES) this.#trim()
    return this.#pool.take(bytes, batch)
  }

  #trim(): void {
    this.#commands.flush()
    this.#pool.trim()
    this.#onTrim()
  }

  #create(size: number, usage: number): GPUBuffer {
    if (size < LARGE) return this.#device.createBuffer({ size, usage })
    this.#device.pushErrorScope('out-of-memory')
    const buffer = this.#device.createBuffer({ size, usage })
    const label = `out of memory: the device has no room for ${showBytes(size)} beside the ${showBytes(this.#pool.usedBytes)} in use`
    this.#failures.watch(this.#device.popErrorScope(), this.#commands.batch, label)
    return buffer
  }

  /** Copies a buffer to the host, and with it the complaints of the kernels that have run so far. */
  async #fetch(operation: string, place: Place): Promise<HostArray> {
    const slot = this.#bring(operation, place)
    const bytes = place.length * BYTES
    const staging = this.#staging.take(bytes + COMPLAINT_BYTES)
    if (bytes > 0) this.#commands.copy(slot, staging.buffer, bytes)
    this.#commands.copy(this.#complaints, staging.buffer, COMPLAINT_BYTES, bytes)
    this.#commands.flush()
    try {
      await staging.buffer.mapAsync(1)
    } catch (error) {
      await this.#failures.check()
      throw new GradusError(operation, `cannot be read: ${error instanceof Error ? error.message : error}`)
    }
    const copy = staging.buffer.getMappedRange().slice(0, bytes + COMPLAINT_BYTES)
    staging.buffer.unmap()
    this.#staging.give(staging)
    await this.#failures.check()
    const [id, at, bits] = new Uint32Array(copy.slice(bytes))
    if (id > 0) {
      this.#device.queue.writeBuffer(this.#complaints.buffer, 0, new Uint32Array(COMPLAINT_BYTES / 4))
      throw this.#failures.complaint(id)(new Float32Array(new Uint32Array([bits]).buffer)[0], at)
    }
    const numbers = copy.slice(0, bytes)
    return place.dtype === 'int32' ? new Int32Array(numbers) : new Float32Array(numbers)
  }

  #setUploaded(place: Place, isUploaded: boolean): void {
    const size = place.slot?.size ?? 0
    if (this.#uploaded.delete(place)) this.#uploadedBytes -= size
    if (!isUploaded) return
    this.#uploaded.add(place)
    this.#uploadedBytes += size
  }

  #vacate(place: Place, state: 'recycled' | 'released'): void {
    this.#vacateSlot(place)
    place.host = null
    place.state = state
    this.#live.delete(place)
  }

  #vacateSlot(place: Place): void {
    if (place.slot === null) return
    this.#setUploaded(place, false)
    this.#pool.give(place.slot)
    place.slot = null
  }
}
