import { expect, GradusError } from '../errors.ts'
import { type DType, type Shape, showShape, sizeOf } from '../reference/array.ts'
import { type Backend, type BackendArray, kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { isRecording, record } from './tape.ts'
import { Tensor } from './tensor.ts'

/** What a backward rule may look at: the inputs, the output, the options, and which inputs need a gradient. T: arrays or tensors. */
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
  /** Absent: a second derivative is refused. */
  composite?(dy: Tensor, saved: Saved<Tensor, O>): (Tensor | null)[]
  /** What backward looks at: the inputs (x), the output (y). Changing them in place before backward is an error. */
  readonly saves?: 'x' | 'y' | 'xy'
  /** The dtype of the result where it is not that of the first input. */
  readonly dtype?: DType
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
  const kernels = kernelsFor(x[0].dtype)
  const shapes = x.map((t) => t.shape)
  const array = operation.forward(kernels, arraysOn(kernels, x), options, shapes)
  const storage = new Storage(array, kernels, operation.dtype ?? x[0].dtype, sizeOf(shape), `${operation.name} ${showShape(shape)}`)
  const y = new Tensor(storage, shape)
  if (isRecording() && operation.backward && x.some((t) => t.requiresGrad)) trace(operation, x, y, options)
  return y
}

function trace<O>(operation: Operation<O>, x: readonly Tensor[], y: Tensor, options: O): void {
  const needs = x.map((t) => t.requiresGrad)
  const shapes = x.map((t) => t.shape)
  const saved = [...(operation.saves?.includes('x') ? x : []), ...(operation.saves?.includes('y') ? [y] : [])]
  const versions = saved.map((t) => t.storage.version)
  const checkVersions = () => {
    for (const [i, t] of saved.entries()) {
      expect(
        t.storage.version === versions[i],
        operation.name,
        () =>
          `a tensor of shape ${showShape(t.shape)} that its backward pass needs has been changed in place since; change a copy, or change it after backward()`,
      )
    }
  }
  record(y, {
    operation: operation.name,
    inputs: x,
    isView: false,
    backward: (dy) => {
      checkVersions()
      const kernels = kernelsFor(x[0].dtype)
      const arrays = { x: arraysOn(kernels, x), y: y.storage.on(kernels), options, needs, shapes, shape: y.shape }
      return operation.backward?.(kernels, dy, arrays) ?? []
    },
    composite: (dy) => {
      checkVersions()
      if (!operation.composite)
        throw new GradusError(operation.name, 'has no second derivative: it cannot be differentiated under createGraph')
      return operation.composite(dy, { x, y, options, needs, shapes, shape: y.shape })
    },
  })
}

const arraysOn = (kernels: Backend, x: readonly Tensor[]) => x.map((t) => t.storage.on(kernels))

/** The tensor itself where its elements already lie row-major, else a traced copy that does. */
export function contiguous(t: Tensor): Tensor {
  if (t.isContiguous) return t
  const kernels = kernelsFor(t.dtype)
  const storage = new Storage(kernels.strided(t.storage.on(kernels), t), kernels, t.dtype, t.size, t.storage.operation)
  const y = new Tensor(storage, t.shape)
  if (isRecording() && t.requiresGrad)
    record(y, { operation: 'contiguous', inputs: [t], isView: false, backward: (dy) => [dy], composite: (dy) => [dy] })
  return y
}
