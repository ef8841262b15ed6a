import type { Failures } from './failures.ts'
import { type Slot, USAGE } from './pool.ts'

/** Dynamic offsets of uniform buffers are multiples of 256: so much room has each dispatch for its parameters. */
export const PARAMS_BYTES = 256
/** A batch is submitted when it has so many dispatches: the device works while the next batch is written. */
const BATCH = 128

/** Writes what is to be done into batches of commands, and hands each to the device as a whole: a submission costs as much as many dispatches. */
export class Commands {
  /** The number of the batch that is being written. */
  batch = 0
  submissions = 0
  dispatches = 0
  readonly #device: GPUDevice
  readonly #failures: Failures
  readonly #debug: boolean
  readonly #words = new Uint32Array((BATCH * PARAMS_BYTES) / 4)
  readonly #params: GPUBuffer
  readonly #paramsGroup: GPUBindGroup
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  #used = 0
  #label = ''

  constructor(device: GPUDevice, paramsLayout: GPUBindGroupLayout, failures: Failures, debug: boolean) {
    this.#device = device
    this.#failures = failures
    this.#debug = debug
    this.#params = device.createBuffer({ size: BATCH * PARAMS_BYTES, usage: USAGE.uniform | USAGE.copyTarget })
    this.#paramsGroup = device.createBindGroup({
      layout: paramsLayout,
      entries: [{ binding: 0, resource: { buffer: this.#params, size: PARAMS_BYTES } }],
    })
  }

  /** Where the next dispatch's parameters are to be written, as words and as floats of the same bytes. */
  params(): Uint32Array<ArrayBuffer> {
    return this.#words.subarray((this.#used * PARAMS_BYTES) / 4, ((this.#used + 1) * PARAMS_BYTES) / 4)
  }

  /** One run of a pipeline. `label` says which kernel, on what, for messages. */
  dispatch(pipeline: GPUComputePipeline, group: GPUBindGroup, [x, y, z]: readonly [number, number, number], label: () => string): void {
    this.#pass ??= this.#begin().beginComputePass()
    this.#pass.setPipeline(pipeline)
    this.#pass.setBindGroup(0, group)
    this.#pass.setBindGroup(1, this.#paramsGroup, [this.#used * PARAMS_BYTES])
    this.#pass.dispatchWorkgroups(x, y, z)
    this.#used++
    this.dispatches++
    if (this.#debug) {
      this.#label = label()
      this.flush()
    } else if (this.#used === BATCH) this.flush()
  }

  /** Bytes, a multiple of 4, from the start of a buffer into another. */
  copy(from: Slot, to: GPUBuffer, bytes: number, at = 0): void {
    const encoder = this.#begin()
    this.#endPass()
    encoder.copyBufferToBuffer(from.buffer, 0, to, at, bytes)
    from.batch = this.batch
  }

  /** Hands over what has been written. */
  flush(): void {
    if (this.#encoder === null) return
    this.#endPass()
    if (this.#used > 0) this.#device.queue.writeBuffer(this.#params, 0, this.#words, 0, (this.#used * PARAMS_BYTES) / 4)
    this.#device.queue.submit([this.#encoder.finish()])
    this.#failures.watch(this.#device.popErrorScope(), this.batch, this.#label)
    this.#encoder = null
    this.#used = 0
    this.batch++
    this.submissions++
  }

  #begin(): GPUCommandEncoder {
    if (this.#encoder === null) {
      this.#device.pushErrorScope('validation')
      this.#encoder = this.#device.createCommandEncoder()
    }
    return this.#encoder
  }

  #endPass(): void {
    this.#pass?.end()
    this.#pass = null
  }
}
