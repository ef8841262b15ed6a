import { expect, GradusError } from '../errors.ts'
import type { DType } from '../reference/array.ts'
import { Commands } from './commands.ts'
import { type Complaint, Failures } from './failures.ts'
import { type GpuArray, GpuMemory } from './memory.ts'
import type { Slot } from './pool.ts'
import { type Element, type Program, Programs, type Source } from './program.ts'

/** So many workgroups there are at most along one axis, on every adapter. */
const MAX_GROUPS = 65_535
const MAX_BIND_GROUPS = 4096

export interface GpuOptions {
  /** Each kernel is submitted by itself, so that a mistake in it is reported with its name and parameters. Slow. Default false. */
  debug?: boolean
  /** How many bytes arrays may fill, since WebGPU does not say how many a device has. Default 4 GiB. */
  memory?: number
}

/** What a parameter is: a number, or for `axes` a list of up to eight times four numbers. */
export type Argument = number | readonly (readonly number[])[]

/** A device, and all that the kernels need of it. */
export class Gpu {
  readonly device: GPUDevice
  readonly memory: GpuMemory
  readonly commands: Commands
  readonly #failures = new Failures()
  readonly #programs: Programs
  /** Why the device is no more. */
  #lost: string | null = null

  constructor(device: GPUDevice, { debug = false, memory = 2 ** 32 }: GpuOptions = {}) {
    this.device = device
    this.#programs = new Programs(device)
    this.commands = new Commands(device, this.#programs.paramsLayout, this.#failures, debug)
    this.memory = new GpuMemory(device, this.commands, this.#failures, memory, () => this.#programs.forgetGroups())
    device.lost.then(({ reason, message }) => {
      this.#lost = message || reason
    })
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault()
      this.#failures.reportUnwatched(this.commands.batch, event.error.message)
    })
  }

  /** Whether kernels may use sub-groups. */
  get hasSubgroups(): boolean {
    return this.#programs.hasSubgroups
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /** A new array for a kernel to fill. */
  allocate(operation: string, dtype: DType, length: number): GpuArray {
    this.expectDevice(operation)
    return this.memory.allocate(operation, dtype, length)
  }

  /** The number by which a kernel that `checks` names this complaint. Complaints of one key are one. */
  complaint(key: string, complaint: Complaint): number {
    return this.#failures.idOf(key, complaint)
  }

  /**
   * Runs a kernel: its arrays and parameters by the names of its source; how many workgroups, in a row or along three axes. Nothing is run where there are none.
   * A dtype that the source does not state is an error.
   */
  run(
    source: Source,
    arrays: Readonly<Record<string, GpuArray>>,
    params: Readonly<Record<string, Argument>>,
    groups: number | readonly [x: number, y: number, z: number],
  ): void {
    this.expectDevice(source.name)
    const size = typeof groups === 'number' ? inRows(groups) : groups
    if (size[0] * size[1] * size[2] === 0) return
    expect(
      size.every((n) => n <= MAX_GROUPS),
      source.name,
      () => `${size.join(' × ')} workgroups are more than the ${MAX_GROUPS} that a device runs along an axis`,
    )
    const slots = []
    for (const name in source.reads) slots.push(this.#slot(source, name, source.reads[name], arrays[name], 'read'))
    for (const name in source.writes) slots.push(this.#slot(source, name, source.writes[name], arrays[name], 'write'))
    if (source.checks) slots.push(this.memory.complaints)
    for (const slot of slots) slot.batch = this.commands.batch // what came in last may have begun a new batch
    const label = () => `${source.name} ${JSON.stringify(params)}`
    const program = this.#programs.find(source) ?? this.#compile(source, label())
    if (this.#programs.groupCount > MAX_BIND_GROUPS) this.#programs.forgetGroups()
    write(this.commands.params(), source, params)
    this.commands.dispatch(program.pipeline, this.#programs.group(program, slots), size, label)
  }

  /** The buffer of an array, whose dtype must be the one that the source states; u32 stands for the bits of any. */
  #slot(source: Source, name: string, element: Element, array: GpuArray, access: 'read' | 'write'): Slot {
    const dtype = element === 'i32' ? 'int32' : 'float32'
    expect(element === 'u32' || array.dtype === dtype, source.name, () => `on webgpu ${name} must be ${dtype}, got ${array.dtype}`)
    return this.memory.slotOf(source.name, array, access)
  }

  #compile(source: Source, label: string): Program {
    return this.#failures.watching(this.device, 'validation', this.commands.batch, label, () => this.#programs.compile(source)).result
  }

  expectDevice(operation: string): void {
    if (this.#lost === null) return
    throw new GradusError(
      operation,
      `the GPU was lost (${this.#lost}), and with it what had not been read; await setBackend('webgpu') begins with a new device`,
    )
  }
}

/** So many workgroups, in rows where they are too many for one. */
function inRows(groups: number): readonly [number, number, number] {
  if (groups <= MAX_GROUPS) return [groups, 1, 1]
  const rows = Math.ceil(groups / MAX_GROUPS)
  return [Math.ceil(groups / rows), rows, 1]
}

/** Writes the parameters as the struct of the source has them. */
function write(words: Uint32Array<ArrayBuffer>, { params }: Source, values: Readonly<Record<string, Argument>>): void {
  const { buffer, byteOffset } = words
  const ints = new Int32Array(buffer, byteOffset, words.length)
  const floats = new Float32Array(buffer, byteOffset, words.length)
  let at = 0
  for (const name in params) {
    const value = values[name]
    if (typeof value !== 'number') {
      for (const axis of value) {
        ints.set(axis, at)
        at += 4
      }
      at = AXES_WORDS
    } else if (params[name] === 'f32') floats[at++] = value
    else ints[at++] = value
  }
}

/** Axes come first, so that what follows them begins here. */
const AXES_WORDS = 32
