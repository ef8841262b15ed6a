import { type DType, dtypeOf, type HostArray, type Shape, showShape } from '../reference/array.ts'
import type { Law } from '../reference/check.ts'
import { type Backend, type BackendArray, kernelsFor } from './backend.ts'

/** The numbers of one tensor and of all its views. It lives on one backend at a time. */
export class Storage {
  /** Counts writes in place, so that a backward pass notices when what it saved has changed. */
  version = 0
  /** A detached tensor looks at it: it outlives the graph that made it. */
  kept = false
  /** It belongs to a graph that is done: the backend may recycle its memory. */
  retired = false
  readonly dtype: DType
  readonly size: number
  /** The operation that made it, for messages. */
  readonly operation: string
  #array: BackendArray
  #home: Backend

  constructor(array: BackendArray, home: Backend, dtype: DType, size: number, operation: string) {
    this.#array = array
    this.#home = home
    this.dtype = dtype
    this.size = size
    this.operation = operation
  }

  static from(host: HostArray, home: Backend, operation: string): Storage {
    return new Storage(home.upload(host), home, dtypeOf(host), host.length, operation)
  }

  /** Its array on this backend, moved there if it lived elsewhere. */
  on(kernels: Backend): BackendArray {
    if (kernels !== this.#home) {
      const host = this.#home.peek(this.#array) ?? this.#home.download(this.#array, this.operation) // which says why it cannot
      this.#home.release(this.#array)
      this.#array = kernels.upload(host)
      this.#home = kernels
    }
    return this.#array
  }

  /** A copy of all its numbers, for a tensor of this shape; an error where they arrive later. */
  download(shape: Shape): HostArray {
    const left = this.#home === kernelsFor(this.dtype) ? null : this.#home.peek(this.#array) // another backend computes now
    if (left !== null) return left.slice()
    return this.#home.download(this.#array, `${this.operation} ${showShape(shape)}`)
  }

  /** All its numbers, not to be changed, if they are to be had without waiting. */
  peek(): HostArray | null {
    return this.#home.peek(this.#array)
  }

  /** A GradusError unless all its numbers are as the law says; on webgpu it may come with the next read. */
  check(law: Law): void {
    this.#home.check(this.#array, law)
  }

  read(shape: Shape): Promise<HostArray> {
    return this.#home.read(this.#array, `${this.operation} ${showShape(shape)}`)
  }

  /** New numbers in place of the old: every view sees them, the old array is free. */
  replace(array: BackendArray, home: Backend): void {
    this.#home.release(this.#array)
    this.#array = array
    this.#home = home
    this.version++
  }

  /** Nobody will look at it again. */
  release(): void {
    this.#home.release(this.#array)
  }

  /** Their graph is done: their memory may be recycled from now on. */
  static retire(storages: readonly Storage[]): void {
    for (const [home, arrays] of Storage.#giveUp(storages)) home.retire(arrays)
  }

  /** Their graph is being walked back, and nothing on the way looks at them any more: the same, before the rest of the graph. */
  static supersede(storages: readonly Storage[]): void {
    for (const [home, arrays] of Storage.#giveUp(storages)) home.supersede(arrays)
  }

  static #giveUp(storages: readonly Storage[]): Map<Backend, BackendArray[]> {
    const byHome = new Map<Backend, BackendArray[]>()
    for (const storage of storages) {
      storage.retired = true
      const arrays = byHome.get(storage.#home)
      if (arrays) arrays.push(storage.#array)
      else byHome.set(storage.#home, [storage.#array])
    }
    return byHome
  }
}
