import { expect, GradusError } from '../errors.ts'
import { showShape, zerosOf } from '../reference/array.ts'
import { type Backend, type BackendArray, kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { type Node, Tensor } from './tensor.ts'

let recording = true
let count = 0

/** Whether operations are recorded now: not so under `noGrad`. */
export const isRecording = () => recording

/** Runs fn without recording: no graph, no gradients. Holds until the promise of an async fn has settled. */
export function noGrad<T>(fn: () => T): T {
  return withRecording(false, fn)
}

function withRecording<T>(value: boolean, fn: () => T): T {
  const before = recording
  const restore = () => {
    recording = before
  }
  recording = value
  let result: T
  try {
    result = fn()
  } catch (error) {
    restore()
    throw error
  }
  if (result instanceof Promise) return result.finally(restore) as T
  restore()
  return result
}

export interface BackwardOptions {
  /** Keep the graph, so that it can be walked again. Default: the value of createGraph. */
  retainGraph?: boolean
  /** Record the backward pass itself, so that its result can be differentiated. Default false. */
  createGraph?: boolean
  /** The gradient to start from, in the shape of the output. Default 1, for an output of one element. */
  gradient?: Tensor
}

/** Adds d output / d leaf to the `grad` of every leaf that output depends on. */
export function backward(output: Tensor, options: BackwardOptions = {}): void {
  const isLeaf = (t: Tensor) => t.node === null
  for (const [leaf, gradient] of sweep('backward', output, isLeaf, options)) {
    if (leaf.grad === null) leaf.grad = gradient
    else if (options.createGraph) leaf.grad = leaf.grad.add(gradient)
    else accumulate(leaf.grad, gradient)
  }
}

/** d output / d input for each input, without touching any `grad`. Zeros where output does not depend on an input are an error. */
export function grad(output: Tensor, inputs: readonly Tensor[], options: BackwardOptions = {}): Tensor[] {
  const wanted = new Set(inputs)
  for (const [i, input] of inputs.entries()) {
    expect(input.requiresGrad, 'grad', () => `inputs[${i}], of shape ${showShape(input.shape)}, does not require grad`)
  }
  const gradients = sweep('grad', output, (t) => wanted.has(t), options)
  return inputs.map((input, i) => {
    const gradient = gradients.get(input)
    if (gradient) return gradient
    throw new GradusError('grad', `the output does not depend on inputs[${i}], of shape ${showShape(input.shape)}`)
  })
}

/** In place, so that whoever holds the gradient sees the sum. */
function accumulate(into: Tensor, gradient: Tensor): void {
  const kernels = kernelsFor(into.dtype)
  const sum = kernels.add(into.storage.on(kernels), gradient.storage.on(kernels), { a: into.shape, b: into.shape })
  into.storage.replace(sum, kernels)
  kernels.release(gradient.storage.on(kernels))
}

/** Walks the graph from output back to the wanted tensors, and gives their gradients. */
function sweep(operation: string, output: Tensor, isWanted: (t: Tensor) => boolean, options: BackwardOptions): Map<Tensor, Tensor> {
  const { createGraph = false, retainGraph = createGraph, gradient } = options
  expect(
    output.requiresGrad,
    operation,
    () => 'the output does not require grad: no leaf with requiresGrad took part, or it was computed under noGrad or detached',
  )
  expect(
    gradient !== undefined || output.size === 1,
    operation,
    () =>
      `expected an output of one element (a loss), got shape ${showShape(output.shape)}; reduce it with mean() or sum(), or pass { gradient }`,
  )
  expect(
    gradient === undefined || showShape(gradient.shape) === showShape(output.shape),
    operation,
    () => `gradient must have the output's shape ${showShape(output.shape)}, got ${showShape(gradient?.shape ?? [])}`,
  )
  const graph = collect(operation, output, isWanted)
  const gradients = withRecording(createGraph, () =>
    createGraph ? sweepTensors(graph, output, isWanted, gradient) : sweepArrays(graph, output, isWanted, gradient),
  )
  if (!retainGraph) finish(graph)
  return gradients
}

interface Graph {
  /** The results of operations, latest first. */
  results: Tensor[]
  /** Tensors through which a wanted one is reached. */
  needed: Set<Tensor>
}

/** Every tensor that the output was computed from, in an order in which each comes before what it was computed from. */
function collect(operation: string, output: Tensor, isWanted: (t: Tensor) => boolean): Graph {
  const seen = new Set<Tensor>([output])
  const stack = [output]
  for (let t = stack.pop(); t; t = stack.pop()) {
    if (t.node?.finished) {
      throw new GradusError(
        operation,
        `the graph of ${t.node.operation} has been walked already and its memory given back; use backward({ retainGraph: true }) the first time`,
      )
    }
    for (const input of t.node?.inputs ?? []) {
      if (input.requiresGrad && !seen.has(input)) {
        seen.add(input)
        stack.push(input)
      }
    }
  }
  const results = [...seen].filter((t) => t.node !== null).sort((a, b) => nodeOf(b).id - nodeOf(a).id)
  const needed = new Set([...seen].filter(isWanted))
  for (const t of results.toReversed()) if (nodeOf(t).inputs.some((input) => needed.has(input))) needed.add(t)
  return { results, needed }
}

function nodeOf(t: Tensor): Node {
  if (t.node === null) throw new GradusError('backward', 'a leaf has no operation')
  return t.node
}

const onesLike = (t: Tensor) => zerosOf(t.dtype, t.size).fill(1)

/** The backward pass in traced operations: gradients are tensors with a graph of their own. */
function sweepTensors({ results, needed }: Graph, output: Tensor, isWanted: (t: Tensor) => boolean, seed?: Tensor): Map<Tensor, Tensor> {
  const dy = new Map<Tensor, Tensor>([
    [output, seed ?? new Tensor(Storage.from(onesLike(output), kernelsFor(output.dtype), 'grad'), output.shape)],
  ])
  for (const y of results) {
    const gradient = dy.get(y)
    if (!gradient) continue
    const node = nodeOf(y)
    if (!node.inputs.some((input) => needed.has(input))) continue
    for (const [i, dx] of node.composite(gradient).entries()) {
      const x = node.inputs[i]
      if (dx === null || !needed.has(x)) continue
      const sofar = dy.get(x)
      dy.set(x, sofar ? sofar.add(dx) : dx)
    }
  }
  return new Map([...dy].filter(([t]) => isWanted(t)))
}

/** The backward pass by the fast kernels. What is used up is released at once: nobody else has seen it. */
function sweepArrays({ results, needed }: Graph, output: Tensor, isWanted: (t: Tensor) => boolean, seed?: Tensor): Map<Tensor, Tensor> {
  const dy = new Map<Tensor, BackendArray>()
  const owners = new Map<BackendArray, number>() // one array may be the gradient of several tensors
  const own = (array: BackendArray) => owners.set(array, (owners.get(array) ?? 0) + 1)
  const disown = (array: BackendArray, kernels: Backend) => {
    const left = (owners.get(array) ?? 0) - 1
    owners.set(array, left)
    if (left === 0) {
      owners.delete(array)
      kernels.release(array)
    }
  }
  const give = (t: Tensor, gradient: BackendArray) => {
    const sofar = dy.get(t)
    if (sofar === undefined) {
      own(gradient)
      dy.set(t, gradient)
      return
    }
    const kernels = kernelsFor(t.dtype)
    const sum = kernels.add(sofar, gradient, { a: [t.size], b: [t.size] })
    own(sum)
    dy.set(t, sum)
    own(gradient)
    disown(gradient, kernels)
    disown(sofar, kernels)
  }

  const seedKernels = kernelsFor(output.dtype)
  give(output, seed ? seedKernels.upload(seed.data) : seedKernels.upload(onesLike(output)))
  for (const y of results) {
    const gradient = dy.get(y)
    const node = nodeOf(y)
    if (gradient === undefined || !node.inputs.some((input) => needed.has(input))) continue
    own(gradient) // while it is in use
    for (const [i, dx] of node.backward(gradient).entries()) {
      if (dx === null) continue
      if (needed.has(node.inputs[i])) give(node.inputs[i], dx)
      else if (dx !== gradient) kernelsFor(node.inputs[i].dtype).release(dx)
    }
    const kernels = kernelsFor(y.dtype)
    if (!isWanted(y)) {
      dy.delete(y)
      disown(gradient, kernels)
    }
    disown(gradient, kernels)
  }
  const gradients = new Map<Tensor, Tensor>()
  for (const [t, array] of dy) {
    const kernels = kernelsFor(t.dtype)
    const shared = (owners.get(array) ?? 0) > 1
    const storage = new Storage(shared ? kernels.copy(array) : array, kernels, t.dtype, t.size, `gradient ${showShape(t.shape)}`)
    if (shared) disown(array, kernels)
    gradients.set(t, new Tensor(storage, t.shape))
  }
  return gradients
}

/** Storages of finished graphs that nothing has been recorded after: what follows backward() may still look at them. */
let done: Storage[] = []

/** Gives the graph up: it cannot be walked again, and its storages may be recycled as soon as the next one begins. */
function finish({ results }: Graph): void {
  for (const y of results) {
    const node = nodeOf(y)
    node.finished = true
    node.inputs = []
    if (!node.isView) done.push(y.storage)
  }
}

/** These storages may be recycled as soon as the next graph begins. */
export function retire(storages: readonly Storage[]): void {
  done.push(...storages)
}

/** Records that y was computed by this operation. A new graph begins: those before it need their memory no more. */
export function record(y: Tensor, node: Omit<Node, 'id' | 'finished'>): void {
  if (done.length > 0) {
    Storage.retire(done.filter((storage) => !storage.kept))
    done = []
  }
  y.node = { ...node, id: count++, finished: false }
}
