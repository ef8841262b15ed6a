import { GradusError } from '../errors.ts'
import { showBytes } from '../reference/memory.ts'
import type { Commands } from './commands.ts'
import type { Failures } from './failures.ts'
import { patiently } from './patience.ts'
import { Pool, type Slot, sizeClass, USAGE } from './pool.ts'

/** The number of the complaint, the inverted place, the value, and whether it is settled; 0 where there is none. */
export const COMPLAINT_BYTES = 16
const MAP_READ = 1

/** Brings numbers from the device to the host, and with them what kernels have found to complain about. */
export class Readback {
  /** Where kernels write that a number is not as it must be. */
  readonly complaints: Slot
  readonly #device: GPUDevice
  readonly #commands: Commands
  readonly #failures: Failures
  /** Buffers that the host reads from. */
  readonly #staging: Pool

  constructor(device: GPUDevice, commands: Commands, failures: Failures) {
    this.#device = device
    this.#commands = commands
    this.#failures = failures
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget
    this.complaints = { id: -1, buffer: device.createBuffer({ size: COMPLAINT_BYTES, usage }), size: COMPLAINT_BYTES, batch: -1 }
    this.#staging = new Pool((size) => {
      const create = () => device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTarget })
      return failures.watching(device, 'out-of-memory', commands.batch, `out of memory: no room to read ${showBytes(size)}`, create).result
    })
  }

  /** The first bytes of a buffer, once all that was asked for so far has been computed. Throws what has gone wrong on the way. */
  async bytes(slot: Slot, bytes: number): Promise<ArrayBuffer> {
    const size = Math.min(sizeClass(bytes + COMPLAINT_BYTES), this.#device.limits.maxBufferSize)
    const staging = this.#staging.take(size)
    if (bytes > 0) this.#commands.copy(slot, staging.buffer, bytes)
    this.#commands.copy(this.complaints, staging.buffer, COMPLAINT_BYTES, bytes)
    this.#commands.flush()
    try {
      await patiently(staging.buffer.mapAsync(MAP_READ))
    } catch (error) {
      await this.#failures.check()
      throw new GradusError('webgpu', `the device does not give its numbers back: ${error instanceof Error ? error.message : error}`)
    }
    const copy = staging.buffer.getMappedRange().slice(0, bytes + COMPLAINT_BYTES)
    staging.buffer.unmap()
    this.#staging.give(staging)
    await this.#failures.check()
    const [id, inverted] = new Uint32Array(copy, bytes, 2)
    if (id > 0) {
      this.#device.queue.writeBuffer(this.complaints.buffer, 0, new Uint32Array(COMPLAINT_BYTES / 4))
      const [value] = new Float32Array(copy, bytes + 8, 1)
      throw this.#failures.complaint(id)(value, ~inverted >>> 0)
    }
    return copy.slice(0, bytes)
  }

  trim(): void {
    this.#staging.trim()
  }
}
