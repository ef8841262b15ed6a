import type { HostArray } from '../src/reference/array.ts'
import { endOfJob } from '../src/wasm/kernels/update.ts'
import { type WasmArray, WasmMemory } from '../src/wasm/memory.ts'

const SEED = 2654435761

/** Stands in for the kernels: it computes on a WasmMemory, and remembers what every array must contain. */
export class Machine {
  readonly memory: WasmMemory
  readonly #expected = new WeakMap<WasmArray, number>()
  readonly #bytes = new Map<WasmArray, number>()
  #alive = 0
  #count = 0
  /** The bytes of all arrays that a program still held at the fullest moment. */
  peak = 0

  constructor({ budget, pages = 65536 }: { budget?: number; pages?: number } = {}) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true })
    this.memory = new WasmMemory(memory, 1024, budget === undefined ? {} : { budget })
  }

  upload(length: number): WasmArray {
    const mark = this.#mark()
    const x = this.memory.upload(fill(new Float32Array(length), mark))
    return this.#born(x, mark)
  }

  /** A kernel: looks at its inputs, makes a new array. */
  run(length: number, ...inputs: WasmArray[]): WasmArray {
    const { memory } = this
    memory.begin('op', ...inputs)
    const y = memory.allocate('float32', length)
    const mark = this.#mark()
    const at = memory.address(y)
    for (const x of inputs) this.#look(x)
    fill(memory.float32.subarray(at / 4, at / 4 + length), mark)
    for (const x of inputs) this.#look(x)
    return this.#born(y, mark)
  }

  /** A kernel that works in place. */
  update(targets: WasmArray[], ...inputs: WasmArray[]): void {
    const { memory } = this
    memory.begin('opInto', ...targets, ...inputs)
    for (const x of [...targets, ...inputs]) this.#look(x)
    for (const x of targets) {
      const mark = this.#mark()
      const at = memory.address(x)
      fill(memory.float32.subarray(at / 4, at / 4 + x.length), mark)
      this.#expected.set(x, mark)
    }
    memory.written(...targets)
  }

  /** What a program reads is right. */
  read(x: WasmArray): HostArray {
    const host = this.memory.download(x, 'read')
    if (host.length !== x.length) throw new Error(`${host.length} numbers instead of ${x.length}`)
    this.#check(x, host)
    return host
  }

  release(...xs: WasmArray[]): void {
    for (const x of xs) this.memory.release(x)
    this.drop(...xs)
  }

  retire(xs: WasmArray[]): void {
    this.memory.retire(xs)
    this.drop(...xs)
  }

  /** The program holds them no more. */
  drop(...xs: WasmArray[]): void {
    for (const x of xs) {
      this.#alive -= this.#bytes.get(x) ?? 0
      this.#bytes.delete(x)
    }
  }

  #born(x: WasmArray, mark: number): WasmArray {
    this.#expected.set(x, mark)
    this.#bytes.set(x, 4 * x.length)
    this.#alive += 4 * x.length
    this.peak = Math.max(this.peak, this.#alive)
    return x
  }

  #mark(): number {
    return ++this.#count % 65521
  }

  #look(x: WasmArray): void {
    const at = this.memory.address(x)
    if (at % 16 !== 0) throw new Error(`address ${at} is not aligned`)
    this.#check(x, this.memory.float32.subarray(at / 4, at / 4 + x.length))
  }

  #check(x: WasmArray, values: HostArray): void {
    const mark = this.#expected.get(x) ?? Number.NaN
    for (const i of spots(x.length)) {
      if (values[i] !== valueAt(mark, i)) throw new Error(`garbage: element ${i} of ${x.length} is ${values[i]}, not ${valueAt(mark, i)}`)
    }
  }
}

const valueAt = (mark: number, i: number) => (mark + ((i * SEED) % 251)) % 65521

/** Both ends, the middle and some places between: enough to see a neighbour's writing. */
function spots(length: number): number[] {
  if (length <= 8) return Array.from({ length }, (_, i) => i)
  return [0, 1, length >> 2, length >> 1, length - (length >> 3) - 1, length - 2, length - 1]
}

function fill(values: Float32Array, mark: number): Float32Array {
  for (const i of spots(values.length)) values[i] = valueAt(mark, i)
  return values
}

export interface Model {
  sizes: readonly number[]
  w: WasmArray[]
  m: WasmArray[]
  v: WasmArray[]
}

/** A multi-layer perceptron: weight and bias of every layer, with Adam's two moments once it has been trained. */
export function model(machine: Machine, sizes: readonly number[]): Model {
  const w = sizes.slice(1).flatMap((n, i) => [machine.upload(sizes[i] * n), machine.upload(n)])
  return { sizes, w, m: [], v: [] }
}

/** The arrays of a forward pass: per layer W·x, W·x + b and the activation. The last is the loss. */
export function forward(machine: Machine, { sizes, w }: Model, x: WasmArray, batch: number): WasmArray[] {
  const graph: WasmArray[] = []
  let h = x
  for (let layer = 1; layer < sizes.length; layer++) {
    const z = machine.run(batch * sizes[layer], h, w[2 * layer - 2])
    const zb = machine.run(batch * sizes[layer], z, w[2 * layer - 1])
    h = machine.run(batch * sizes[layer], zb)
    graph.push(z, zb, h)
  }
  return [...graph, machine.run(1, h)]
}

/** Backward: what is used up is released at once. Returns the gradients of w; the graph is not retired yet. */
export function backward(machine: Machine, { sizes, w }: Model, x: WasmArray, graph: WasmArray[], batch: number): WasmArray[] {
  const gradients: WasmArray[] = []
  const layers = sizes.length - 1
  let dy = machine.run(batch * sizes[layers], graph[3 * layers])
  for (let layer = layers; layer > 0; layer--) {
    const dz = machine.run(batch * sizes[layer], dy, graph[3 * layer - 1])
    machine.release(dy)
    const input = layer === 1 ? x : graph[3 * layer - 4]
    gradients[2 * layer - 1] = machine.run(sizes[layer], dz)
    gradients[2 * layer - 2] = machine.run(sizes[layer - 1] * sizes[layer], input, dz)
    dy = layer === 1 ? dz : machine.run(batch * sizes[layer - 1], dz, w[2 * layer - 2])
    if (layer > 1) machine.release(dz)
  }
  machine.release(dy)
  return gradients
}

/** Updates all parameters, as many at once as the kernels do. */
export function adam(machine: Machine, p: Model, gradients: WasmArray[]): void {
  for (const [i, w] of p.w.entries()) {
    p.m[i] ??= machine.upload(w.length)
    p.v[i] ??= machine.upload(w.length)
  }
  const lists = [p.w, gradients, p.m, p.v] as const
  for (let first = 0, end = 0; first < p.w.length; first = end) {
    end = endOfJob(lists, first, machine.memory.stats().budget)
    const [w, dw, m, v] = lists.map((list) => list.slice(first, end))
    machine.update([...w, ...m, ...v], ...dw)
  }
}

/** One step of training on x. Graph and gradients are retired; the loss is returned. */
export function trainStep(machine: Machine, p: Model, batch: number, x: WasmArray = machine.upload(batch * p.sizes[0])): WasmArray {
  const graph = forward(machine, p, x, batch)
  const gradients = backward(machine, p, x, graph, batch)
  machine.retire(graph)
  adam(machine, p, gradients)
  machine.retire(gradients)
  machine.drop(x)
  return graph[graph.length - 1]
}
