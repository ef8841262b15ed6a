import { expect, GradusError } from '../errors.ts'
import { type DType, dtypeOf, type HostArray } from '../reference/array.ts'
import { gone, showBytes } from '../reference/memory.ts'
import { GpuArray, type Place } from './array.ts'
import { Garbage } from './collect.ts'
import type { Commands } from './commands.ts'
import type { Failures } from './failures.ts'
import { Pool, type Slot, sizeClass, USAGE } from './pool.ts'
import { COMPLAINT_BYTES, Readback } from './readback.ts'

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

/**
 * The memory of the webgpu backend. What the library is done with, and what belongs to a finished graph, goes back to the pool at once; anything else when the
 * collector finds that the program has let go of it, which it can tell only while the program awaits something: docs/design/webgpu.md.
 */
export class GpuMemory {
  readonly #device: GPUDevice
  readonly #commands: Commands
  readonly #failures: Failures
  readonly #limit: number
  readonly #onTrim: () => void
  readonly #pool: Pool
  readonly #readback: Readback
  readonly #garbage: Garbage
  /** Buffers that the device had no memory for. */
  readonly #broken = new WeakSet<GPUBuffer>()
  /** What is on the device. */
  readonly #live = new Set<Place>()
  readonly #collected = new FinalizationRegistry<Place>((place) => this.#vacate(place, 'released'))
  /** What was uploaded and is on the device, the least recently used first. */
  readonly #uploaded = new Set<Place>()
  #uploadedBytes = 0
  /** What belongs to the graph that was finished last. */
  #retired: readonly GpuArray[] = []

  /** limit: bytes that arrays may fill. onTrim: buffers have been destroyed. */
  constructor(device: GPUDevice, commands: Commands, failures: Failures, limit: number, onTrim: () => void) {
    this.#device = device
    this.#commands = commands
    this.#failures = failures
    this.#limit = limit
    this.#onTrim = onTrim
    this.#pool = new Pool(
      (size) => this.#create(size),
      (buffer) => this.#broken.has(buffer),
    )
    this.#readback = new Readback(device, commands, failures)
    this.#garbage = new Garbage(() => ({ bytes: this.#pool.usedBytes, arrays: this.#live.size }))
  }

  /** Where kernels write that a number is not as it must be. */
  get complaints(): Slot {
    return this.#readback.complaints
  }

  /** Bytes in buffers that hold an array, and in those that wait for one; how many arrays are on the device. */
  stats(): { usedBytes: number; freeBytes: number; arrays: number } {
    const { usedBytes, freeBytes } = this.#pool
    return { usedBytes, freeBytes, arrays: this.#live.size }
  }

  /** A copy of host. It goes to the device when a kernel first asks for it. */
  upload(host: HostArray): GpuArray {
    const [dtype, length] = [dtypeOf(host), host.length]
    return new GpuArray({ dtype, length, madeBy: 'upload', state: 'live', slot: null, host: host.slice(), written: -1 })
  }

  /** An array for a kernel to fill: its numbers are whatever lay there before. */
  allocate(operation: string, dtype: DType, length: number): GpuArray {
    const slot = this.#take(operation, length)
    const { batch } = this.#commands
    const x = new GpuArray({ dtype, length, madeBy: operation, state: 'live', slot: null, host: null, written: batch })
    this.#occupy(x, slot)
    return x
  }

  /** The buffer of an array that a command of the running batch reads or writes. */
  slotOf(operation: string, x: GpuArray, access: 'read' | 'write'): Slot {
    const slot = this.#bring(operation, x)
    const { place } = x
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
    return place.host
  }

  /** The array's numbers, once the device has computed them. `operation` names what made it. */
  async read(x: GpuArray, operation: string): Promise<HostArray> {
    const { host } = x.place
    if (host !== null) return host.slice()
    const numbers = await this.#fetch(operation, x.place)
    await this.#garbage.collectIfDue()
    return numbers
  }

  release({ place }: GpuArray): void {
    this.#vacate(place, 'released')
  }

  /** These belong to a finished graph: they stay readable until the next one is finished. */
  retire(arrays: readonly GpuArray[]): void {
    this.supersede(this.#retired)
    this.#retired = arrays
  }

  /** Nothing on the way back looks at these any more: their buffers may be used again. */
  supersede(arrays: readonly GpuArray[]): void {
    for (const { place } of arrays) if (place.length > SMALL) this.#vacate(place, 'recycled')
  }

  /** Brings the numbers of all arrays to the host: another backend is about to compute with them. */
  async leave(): Promise<void> {
    await this.#garbage.collect() // what nobody holds need not come
    for (const place of [...this.#live]) {
      if (place.host === null && place.slot !== null) place.host = await this.#fetch(place.madeBy, place)
      this.#empty(place)
    }
    this.#trim()
  }

  /** The buffer of an array, filled from the host where the numbers are there alone. */
  #bring(operation: string, x: GpuArray): Slot {
    const { place } = x
    if (place.slot !== null) {
      if (place.host !== null)
        this.#setUploaded(place, true) // used just now
      else this.#expectWritten(place)
      return place.slot
    }
    if (place.host === null) throw gone(operation, place)
    // Written before all commands that have not been submitted yet: it must be no buffer that one of those still uses.
    const slot = this.#take(operation, place.length, this.#commands.batch - 1)
    this.#device.queue.writeBuffer(slot.buffer, 0, place.host as BufferSource as ArrayBuffer)
    this.#occupy(x, slot)
    this.#setUploaded(place, true)
    for (const oldest of this.#uploaded) {
      if (this.#uploadedBytes <= UPLOADED_BYTES || oldest === place || oldest.slot?.batch === this.#commands.batch) break
      this.#empty(oldest)
    }
    return slot
  }

  /** What failed batches should have written is no number that anybody wants. */
  #expectWritten({ written, madeBy }: Place): void {
    const why = this.#failures.lostIn(written)
    if (why !== undefined) throw new GradusError(madeBy, `its numbers are lost, since the device failed: ${why}`)
  }

  async #fetch(operation: string, place: Place): Promise<HostArray> {
    if (place.slot === null) throw gone(operation, place)
    this.#expectWritten(place)
    const numbers = await this.#readback.bytes(place.slot, place.length * BYTES)
    this.#expectWritten(place) // another read may have learned of a failure meanwhile
    return place.dtype === 'int32' ? new Int32Array(numbers) : new Float32Array(numbers)
  }

  #take(operation: string, length: number, batch?: number): Slot {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits
    const largest = Math.min(maxStorageBufferBindingSize, maxBufferSize - COMPLAINT_BYTES)
    const bytes = length * BYTES
    expect(
      bytes <= largest,
      operation,
      () => `an array of ${length} numbers takes ${showBytes(bytes)}; this adapter binds ${showBytes(largest)} at most`,
    )
    const { usedBytes, freeBytes } = this.#pool
    const size = Math.min(sizeClass(bytes), largest - (largest % BYTES))
    expect(
      usedBytes + size <= this.#limit,
      operation,
      () =>
        `out of memory: no room for ${showBytes(size)} beside the ${showBytes(usedBytes)} in use, of ${showBytes(this.#limit)} allowed. What a program has let go of ` +
        `is free again only after it awaits something: in a long loop, await t.read() now and then. setBackend('webgpu', { memory }) allows more bytes`,
    )
    if (freeBytes > usedBytes + SPARE_BYTES || usedBytes + freeBytes + size > this.#limit) this.#trim()
    return this.#pool.take(size, batch)
  }

  #trim(): void {
    this.#commands.flush()
    this.#pool.trim()
    this.#readback.trim()
    this.#onTrim()
  }

  #create(size: number): GPUBuffer {
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget
    if (size < LARGE) return this.#device.createBuffer({ size, usage })
    const label = `out of memory: the device has no room for ${showBytes(size)} beside the ${showBytes(this.#pool.usedBytes)} in use`
    const create = () => this.#device.createBuffer({ size, usage })
    const { result, scope } = this.#failures.watching(this.#device, 'out-of-memory', this.#commands.batch, label, create)
    scope.then(
      (error) => error && this.#broken.add(result),
      () => {}, // the device is lost, which is said elsewhere
    )
    return result
  }

  /** From here on the collector tells when the program lets go of x. */
  #occupy(x: GpuArray, slot: Slot): void {
    const { place } = x
    place.slot = slot
    this.#live.add(place)
    this.#collected.register(x, place, place)
  }

  #setUploaded(place: Place, isUploaded: boolean): void {
    const size = place.slot?.size ?? 0
    if (this.#uploaded.delete(place)) this.#uploadedBytes -= size
    if (!isUploaded) return
    this.#uploaded.add(place)
    this.#uploadedBytes += size
  }

  #vacate(place: Place, state: 'recycled' | 'released'): void {
    this.#empty(place)
    place.host = null
    place.state = state
  }

  /** Its buffer goes back to the pool. */
  #empty(place: Place): void {
    if (place.slot === null) return
    this.#setUploaded(place, false)
    this.#collected.unregister(place)
    this.#live.delete(place)
    this.#pool.give(place.slot)
    place.slot = null
  }
}
