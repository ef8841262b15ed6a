import { expect } from '../errors.ts'
import { type DType, type HostArray, type Shape, showShape, sizeOf, stridesOf } from '../reference/array.ts'
import { strided } from '../reference/strided.ts'
import type { BackendArray } from './backend.ts'
import { showTensor } from './print.ts'
import type { Storage } from './storage.ts'

/** Where a tensor's elements lie in its storage: element (i, j, ...) at offset + i·strides[0] + j·strides[1] + ... */
export interface Layout {
  shape: Shape
  strides: readonly number[]
  offset: number
}

/** One recorded operation: its inputs, and how the gradient of its output becomes the gradients of its inputs. */
export interface Node {
  /** Counts up, so that an operation always has a greater number than those that made its inputs. */
  readonly id: number
  readonly operation: string
  /** Empty once the graph is finished. */
  inputs: readonly Tensor[]
  /** The tensors whose numbers its backward pass looks at. Empty once the graph is finished. */
  saves: readonly Tensor[]
  /** Its output shares the storage of its input. */
  readonly isView: boolean
  /** Its backward pass may write in dy's place. Absent: it does not. */
  readonly consumes?: boolean
  /** Gradients by the fast kernels, one per input, null where none is needed. They may be dy itself, unless dy is consumed. */
  backward(dy: BackendArray): (BackendArray | null)[]
  /** The same in traced operations, so that they can be differentiated again. */
  composite(dy: Tensor): (Tensor | null)[]
  /** The graph has been walked and given up. */
  finished: boolean
  /** The backward pass that came by last. */
  visit: number
}

export type NestedNumbers = number | NestedNumbers[]

/**
 * An n-dimensional array of numbers that remembers how it was computed, so that `backward()` can find its gradient.
 * This file holds what a tensor is; what it can do is listed in `methods.ts` and defined in `ops/`.
 */
export class Tensor {
  readonly storage: Storage
  readonly shape: Shape
  readonly strides: readonly number[]
  readonly offset: number
  /** The sum of the gradients of all backward passes so far; null before the first and after `zeroGrad`. */
  grad: Tensor | null = null
  /** The operation that made it, while its graph is recorded; null for a leaf. */
  node: Node | null = null
  #requiresGrad: boolean

  constructor(storage: Storage, layout: Shape | Layout, requiresGrad = false) {
    const { shape, strides, offset } = 'shape' in layout ? layout : { shape: layout, strides: stridesOf(layout), offset: 0 }
    this.storage = storage
    this.shape = shape
    this.strides = strides
    this.offset = offset
    this.#requiresGrad = requiresGrad
    if (requiresGrad) expect(storage.dtype !== 'int32', 'requiresGrad', () => 'only float tensors have gradients, this one is int32')
  }

  get dtype(): DType {
    return this.storage.dtype
  }

  get ndim(): number {
    return this.shape.length
  }

  /** How many elements it has. */
  get size(): number {
    return sizeOf(this.shape)
  }

  get requiresGrad(): boolean {
    return this.#requiresGrad || this.node !== null
  }

  set requiresGrad(value: boolean) {
    expect(this.node === null, 'requiresGrad', () => 'can be set on leaves only; this tensor is the result of an operation, use detach()')
    expect(!value || this.dtype !== 'int32', 'requiresGrad', () => 'only float tensors have gradients, this one is int32')
    this.#requiresGrad = value
  }

  /** Its elements lie row-major, one after the other, and are all that its storage holds. */
  get isContiguous(): boolean {
    return this.size === this.storage.size && this.offset === 0 && isRowMajor(this.shape, this.strides)
  }

  /** A copy of its numbers, row-major. On webgpu use `await t.read()`. */
  get data(): HostArray {
    return this.#arrange(this.storage.download(this.shape))
  }

  /** A copy of its numbers, row-major, on every backend. */
  async read(): Promise<HostArray> {
    return this.#arrange(await this.storage.read(this.shape))
  }

  /** The number of a tensor that has just one. */
  item(): number {
    expect(this.size === 1, 'item', () => `expected a tensor of one element, got shape ${showShape(this.shape)}`)
    return this.data[0]
  }

  /** Its numbers as nested arrays; a plain number for shape []. */
  toArray(): NestedNumbers {
    return nest(this.data, this.shape)
  }

  /** Its numbers, not to be changed, if they are to be had without waiting; else null. For the library: on webgpu it depends on what was computed. */
  peek(): HostArray | null {
    const all = this.storage.peek()
    return all && this.#arrange(all)
  }

  /** Its numbers, shape and dtype; of many numbers only the first and last along each axis. */
  toString(): string {
    return showTensor(this.peek(), this.shape, [this.dtype, ...(this.requiresGrad ? ['requiresGrad'] : [])])
  }

  /** What console.log shows in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #arrange(all: HostArray): HostArray {
    return this.isContiguous ? all : strided(all, this)
  }
}

/** Axes of length 1 may have any stride. */
export function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false
    step *= shape[axis]
  }
  return true
}

function nest(data: HostArray, shape: Shape): NestedNumbers {
  const strides = stridesOf(shape)
  const build = (axis: number, offset: number): NestedNumbers =>
    axis === shape.length ? data[offset] : Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, offset + i * strides[axis]))
  return build(0, 0)
}
