import { expect, GradusError } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { type BackendArray, kernelsFor } from './backend.ts'
import { Gradients } from './gradients.ts'
import { Storage } from './storage.ts'
import { type Node, Tensor } from './tensor.ts'

let recording = true
let count = 0

/** Whether operations are recorded now: not so under `noGrad`. */
export const isRecording = () => recording

/** The number of the next operation that is recorded. */
export const nextId = () => count++

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
  for (const [leaf, gradient] of sweep('backward', output, null, options)) {
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
  const gradients = sweep('grad', output, wanted, options)
  return inputs.map((input, i) => {
    const gradient = gradients.get(input)
    if (gradient) return gradient
    throw new GradusError('grad', `the output does not depend on inputs[${i}], of shape ${showShape(input.shape)}`)
  })
}

/** In place, so that whoever holds the gradient sees the sum. */
function accumulate(into: Tensor, gradient: Tensor): void {
  const kernels = kernelsFor(into.dtype)
  const [a, b] = [gradient, into].map(({ storage }) => storage.on(kernels))
  const sum = kernels.consume(a, () => kernels.add(a, b, { a: into.shape, b: into.shape }))
  into.storage.replace(sum, kernels)
}

/** The tensors whose gradients are asked for; null stands for all leaves. */
type Wanted = ReadonlySet<Tensor> | null
const isWanted = (wanted: Wanted, t: Tensor) => (wanted === null ? t.node === null : wanted.has(t))

/** Walks the graph from output back to the wanted tensors, and gives their gradients. */
function sweep(operation: string, output: Tensor, wanted: Wanted, options: BackwardOptions): Map<Tensor, Tensor> {
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
    gradient === undefined || isSameShape(gradient.shape, output.shape),
    operation,
    () => `gradient must have the output's shape ${showShape(output.shape)}, got ${showShape(gradient?.shape ?? [])}`,
  )
  const graph = collect(operation, output, wanted)
  if (!retainGraph) Storage.supersede(superseded(graph))
  const gradients = withRecording(createGraph, () =>
    createGraph ? sweepTensors(graph, output, wanted, gradient) : sweepArrays(graph, output, wanted, gradient),
  )
  if (!retainGraph) finish(graph)
  return gradients
}

interface Graph {
  /** The results of operations, latest first. */
  results: Tensor[]
  /** Tensors through which a wanted one is reached; null: all that require grad, since each of them leads to a leaf. */
  needed: ReadonlySet<Tensor> | null
}

const isNeeded = ({ needed }: Graph, t: Tensor) => (needed === null ? t.requiresGrad : needed.has(t))

let passes = 0

/** Every tensor that the output was computed from, in an order in which each comes before what it was computed from. */
function collect(operation: string, output: Tensor, wanted: Wanted): Graph {
  const pass = ++passes
  const results: Tensor[] = []
  const stack = [output]
  for (let t = stack.pop(); t; t = stack.pop()) {
    const { node } = t
    if (node === null || node.visit === pass) continue
    if (node.finished) {
      throw new GradusError(
        operation,
        `the graph of ${node.operation} has been walked already and its memory given back; use backward({ retainGraph: true }) the first time`,
      )
    }
    node.visit = pass
    results.push(t)
    for (const input of node.inputs) stack.push(input)
  }
  results.sort((a, b) => nodeOf(b).id - nodeOf(a).id)
  if (wanted === null) return { results, needed: null }
  const needed = new Set(wanted)
  for (const t of results.toReversed()) if (nodeOf(t).inputs.some((input) => needed.has(input))) needed.add(t)
  return { results, needed }
}

function nodeOf(t: Tensor): Node {
  if (t.node === null) throw new GradusError('backward', 'a leaf has no operation')
  return t.node
}

/** What the gradients start from, in an array of their own: the seed, or ones in the output's shape. */
function startOf(output: Tensor, seed?: Tensor): BackendArray {
  const kernels = kernelsFor(output.dtype)
  if (seed === undefined) return kernels.fill(output.storage.on(kernels), output.size, 1)
  return kernels.strided(seed.storage.on(kernels), seed)
}

/** The backward pass in traced operations: gradients are tensors with a graph of their own. */
function sweepTensors(graph: Graph, output: Tensor, wanted: Wanted, seed?: Tensor): Map<Tensor, Tensor> {
  const dy = new Map<Tensor, Tensor>([
    [output, seed ?? new Tensor(new Storage(startOf(output), kernelsFor(output.dtype), output.dtype, output.size, 'grad'), output.shape)],
  ])
  for (const y of graph.results) {
    const gradient = dy.get(y)
    if (!gradient) continue
    const node = nodeOf(y)
    if (!node.inputs.some((input) => isNeeded(graph, input))) continue
    for (const [i, dx] of node.composite(gradient).entries()) {
      const x = node.inputs[i]
      if (dx === null || !isNeeded(graph, x)) continue
      const sofar = dy.get(x)
      dy.set(x, sofar ? sofar.add(dx) : dx)
    }
  }
  return new Map([...dy].filter(([t]) => isWanted(wanted, t)))
}

/** The backward pass by the fast kernels. */
function sweepArrays(graph: Graph, output: Tensor, wanted: Wanted, seed?: Tensor): Map<Tensor, Tensor> {
  const gradients = new Gradients()
  gradients.add(output, startOf(output, seed))
  for (const y of graph.results) {
    const dy = gradients.get(y)
    const node = nodeOf(y)
    const { inputs } = node
    if (dy === undefined || !inputs.some((input) => isNeeded(graph, input))) continue
    const isLast = node.consumes === true && !isWanted(wanted, y)
    const dx = isLast ? gradients.consume(y, dy, () => node.backward(dy)) : node.backward(dy)
    for (let i = 0; i < inputs.length; i++) {
      if (dx[i] === null) continue
      const isNew = dx[i] !== dy
      if (isNeeded(graph, inputs[i])) gradients.add(inputs[i], dx[i], isNew)
      else if (isNew) kernelsFor(inputs[i].dtype).release(dx[i])
    }
    if (!isLast && !isWanted(wanted, y)) gradients.delete(y)
  }
  return gradients.toTensors()
}

/** Storages of finished graphs that nothing has been recorded after: what follows backward() may still look at them. */
let done: Storage[] = []

/**
 * What an operation has replaced by its own result: tanh's backward pass looks at y alone, and if no other looks at x, its memory may be used for
 * the gradients. Later results, a loss above all, are read after backward() more often: they wait for the graph's end.
 */
function superseded({ results }: Graph): Storage[] {
  const own = new Set<Storage>()
  const saved = new Set<Storage>()
  for (const y of results) {
    const { isView, saves } = nodeOf(y)
    if (!isView) own.add(y.storage)
    for (const t of saves) saved.add(t.storage)
  }
  return results.flatMap((y) => {
    const { inputs, saves } = nodeOf(y)
    if (saves.length !== 1 || saves[0] !== y) return []
    return inputs.map((x) => x.storage).filter((storage) => own.has(storage) && !saved.has(storage) && !storage.kept)
  })
}

/** Gives the graph up: it cannot be walked again, and its storages may be recycled as soon as the next one begins. */
function finish({ results }: Graph): void {
  for (const y of results) {
    const node = nodeOf(y)
    node.finished = true
    node.inputs = []
    node.saves = []
    if (!node.isView) done.push(y.storage)
  }
}

/** These storages may be recycled as soon as the next graph begins. */
export function retire(storages: readonly Storage[]): void {
  done.push(...storages)
}

/** Whether an operation on these inputs is recorded. If so, a new graph begins, and those that are done need their memory no more. */
export function begins(inputs: readonly Tensor[]): boolean {
  if (!recording || !inputs.some((t) => t.requiresGrad)) return false
  if (done.length > 0) {
    Storage.retire(done.filter((storage) => !storage.kept))
    done = []
  }
  return true
}
