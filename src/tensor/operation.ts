import { expect, GradusError } from '../errors.ts'
import { type DType, type Shape, showShape, sizeOf } from '../reference/array.ts'
import type { Law } from '../reference/check.ts'
import { type Backend, type BackendArray, kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { begins, nextId } from './tape.ts'
import { type Node, Tensor } from './tensor.ts'

/**
 * What a backward rule may look at: the inputs and the output, as far as the operation saves them, the options, and which inputs need a gradient.
 * T: arrays or tensors.
 */
export interface Saved<T, O> {
  x: readonly T[]
  y: T
  options: O
  needs: readonly boolean[]
  /** The shapes of the inputs and of the output. */
  shapes: readonly Shape[]
  shape: Shape
}

/** A differentiable operation: its forward kernel, its backward kernel, and the same backward formula in traced operations. */
export interface Operation<O> {
  readonly name: string
  forward(kernels: Backend, x: readonly BackendArray[], options: O, shapes: readonly Shape[]): BackendArray
  /** dy -> one gradient per input, null where none is needed. Absent: the result has no gradient (masks, indices). */
  backward?(kernels: Backend, dy: BackendArray, saved: Saved<BackendArray, O>): (BackendArray | null)[]
  /** Whether backward hands dy to a single kernel call, where these inputs need a gradient: the result may then take dy's place. Absent: it does not. */
  consumes?(needs: readonly boolean[]): boolean
  /** Absent: a second derivative is refused. */
  composite?(dy: Tensor, saved: Saved<Tensor, O>): (Tensor | null)[]
  /** What backward looks at: the inputs (x), the output (y). Changing them in place before backward is an error. */
  readonly saves?: 'x' | 'y' | 'xy'
  /** The dtype of the result where it is not that of the first input. */
  readonly dtype?: DType
  /** How many numbers forward leaves behind the result, in the same array: for backward alone (gates, statistics). They have no gradient. */
  reserve?(options: O): number
}

/** Every operation by name, for the table of kernels. */
export const operations = new Map<string, Operation<never>>()

/** Enters an operation into the table. */
export function define<O>(operation: Operation<O>): Operation<O> {
  operations.set(operation.name, operation)
  return operation
}

/** Computes an operation and records it where one of its inputs needs a gradient. */
export function apply<O>(operation: Operation<O>, inputs: readonly Tensor[], shape: Shape, options: O): Tensor {
  const x = inputs.map(contiguous)
  const recorded = operation.backward !== undefined && begins(x)
  const kernels = kernelsFor(x[0].dtype)
  const shapes = x.map((t) => t.shape)
  const array = operation.forward(kernels, arraysOn(kernels, x), options, shapes)
  const size = sizeOf(shape) + (operation.reserve?.(options) ?? 0)
  const storage = new Storage(array, kernels, operation.dtype ?? x[0].dtype, size, operation.name)
  const y = new Tensor(storage, shape)
  if (recorded) y.node = new Applied(operation, x, shapes, y, options)
  return y
}

/** An operation that has been applied and recorded. */
class Applied<O> implements Node {
  readonly id = nextId()
  readonly isView = false
  finished = false
  visit = 0
  inputs: readonly Tensor[]
  saves: readonly Tensor[]
  readonly #operation: Operation<O>
  readonly #y: Tensor
  readonly #options: O
  readonly #needs: readonly boolean[]
  readonly #shapes: readonly Shape[]
  readonly #versions: readonly number[]

  constructor(operation: Operation<O>, inputs: readonly Tensor[], shapes: readonly Shape[], y: Tensor, options: O) {
    this.inputs = inputs
    this.#operation = operation
    this.#y = y
    this.#options = options
    this.#needs = inputs.map((t) => t.requiresGrad)
    this.#shapes = shapes
    const { saves } = operation
    this.saves = saves === undefined ? [] : saves === 'y' ? [y] : saves === 'x' ? inputs : [...inputs, y]
    this.#versions = this.saves.map((t) => t.storage.version)
  }

  get operation(): string {
    return this.#operation.name
  }

  get consumes(): boolean | undefined {
    return this.#operation.consumes?.(this.#needs)
  }

  backward(dy: BackendArray): (BackendArray | null)[] {
    this.#checkVersions()
    const kernels = kernelsFor(this.inputs[0].dtype)
    const { saves = '' } = this.#operation
    const x = saves.includes('x') ? arraysOn(kernels, this.inputs) : []
    const y = saves.includes('y') ? this.#y.storage.on(kernels) : null
    return this.#operation.backward?.(kernels, dy, { x, y, ...this.#common() }) ?? []
  }

  composite(dy: Tensor): (Tensor | null)[] {
    this.#checkVersions()
    if (!this.#operation.composite)
      throw new GradusError(this.operation, 'has no second derivative: it cannot be differentiated under createGraph')
    return this.#operation.composite(dy, { x: this.inputs, y: this.#y, ...this.#common() })
  }

  #common() {
    return { options: this.#options, needs: this.#needs, shapes: this.#shapes, shape: this.#y.shape }
  }

  #checkVersions(): void {
    this.saves.forEach((t, i) => {
      expect(
        t.storage.version === this.#versions[i],
        this.operation,
        () =>
          `a tensor of shape ${showShape(t.shape)} that its backward pass needs has been changed in place since; change a copy, or change it after backward()`,
      )
    })
  }
}

const arraysOn = (kernels: Backend, x: readonly Tensor[]) => x.map((t) => t.storage.on(kernels))

const handOn = <G>(dy: G) => [dy]

/** The tensor, row-major, once its numbers have been found to be as the law says; on webgpu an error may come with the next read. */
export function checked(t: Tensor, law: Law): Tensor {
  const x = contiguous(t)
  x.storage.check(law)
  return x
}

/** The tensor itself where its elements already lie row-major, else a traced copy that does. */
export function contiguous(t: Tensor): Tensor {
  if (t.isContiguous) return t
  const recorded = begins([t])
  const kernels = kernelsFor(t.dtype)
  const storage = new Storage(kernels.strided(t.storage.on(kernels), t), kernels, t.dtype, t.size, t.storage.operation)
  const y = new Tensor(storage, t.shape)
  if (recorded) {
    y.node = {
      id: nextId(),
      finished: false,
      visit: 0,
      operation: 'contiguous',
      inputs: [t],
      saves: [],
      isView: false,
      backward: handOn,
      composite: handOn,
    }
  }
  return y
}
