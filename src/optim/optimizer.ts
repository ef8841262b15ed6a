import { expect } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { noGrad, retire } from '../tensor/tape.ts'
import { Tensor } from '../tensor/tensor.ts'
import { Batch, type State } from './batch.ts'

/** Parameters that share options; what is not set here is taken from the optimiser's own. */
export type ParameterGroup<O> = { params: readonly Tensor[] } & Partial<O>
export type Parameters<O> = readonly Tensor[] | readonly ParameterGroup<O>[]

export interface OptimizerState<O> {
  groups: O[]
  states: State[]
}

/** Changes parameters along their gradients. O: its options, which may differ from group to group. */
export abstract class Optimizer<O extends { lr: number }> {
  readonly groups: ({ params: readonly Tensor[] } & O)[]
  readonly #name: string
  readonly #states = new Map<Tensor, State>()

  constructor(name: string, params: Parameters<O>, defaults: O) {
    this.#name = name
    expect(Array.isArray(params) && params.length > 0, name, () => 'params must be a list of tensors or of groups, and not empty')
    const groups = params[0] instanceof Tensor ? [{ params: params as readonly Tensor[] }] : (params as readonly ParameterGroup<O>[])
    this.groups = groups.map((group) => ({ ...defaults, ...group }))
    const seen = new Set<Tensor>()
    for (const [g, group] of this.groups.entries()) {
      expect(Array.isArray(group.params), name, () => `group ${g} has no list of params`)
      expect(group.lr >= 0, name, () => `lr must be 0 or more, got ${group.lr}`)
      for (const [i, p] of group.params.entries()) {
        expect(
          p instanceof Tensor && p.requiresGrad && p.node === null,
          name,
          () => `params[${i}] of group ${g} must be a leaf tensor that requires grad`,
        )
        expect(p.isContiguous, name, () => `params[${i}] of group ${g} is a view of another tensor; use clone()`)
        expect(!seen.has(p), name, () => `params[${i}] of group ${g}, of shape ${showShape(p.shape)}, is listed twice`)
        seen.add(p)
      }
    }
  }

  /** The learning rate of the first group; setting it sets that of all. */
  get lr(): number {
    return this.groups[0].lr
  }

  set lr(lr: number) {
    expect(lr >= 0, this.#name, () => `lr must be 0 or more, got ${lr}`)
    for (const group of this.groups) group.lr = lr
  }

  /** One update of every parameter that has a gradient. */
  step(): void {
    for (const group of this.groups) {
      for (const batch of this.#batchesOf(group.params)) {
        this.update(batch, group)
        for (const state of batch.states) state.step++
        for (const { storage } of batch.params) storage.version++
      }
    }
  }

  /** Forgets the gradients, whose memory may then be used again: `clone()` one that you want to keep. */
  zeroGrad(): void {
    for (const { params } of this.groups) {
      for (const p of params) {
        if (p.grad === null) continue
        retire([p.grad.storage])
        p.grad = null
      }
    }
  }

  /** Its options and buffers, for `loadStateDict` of an optimiser over parameters of the same shapes. */
  stateDict(): OptimizerState<O> {
    const groups = this.groups.map(({ params: _, ...options }) => structuredClone(options) as unknown as O)
    const states = this.groups.flatMap(({ params }) => params.map((p) => this.#copy(this.#stateOf(p))))
    return { groups, states }
  }

  loadStateDict({ groups, states }: OptimizerState<O>): void {
    const params = this.groups.flatMap((group) => group.params)
    expect(
      groups.length === this.groups.length && states.length === params.length,
      'loadStateDict',
      () => `expected ${this.groups.length} groups and ${params.length} states, got ${groups.length} and ${states.length}`,
    )
    for (const [i, p] of params.entries()) {
      for (const [name, buffer] of Object.entries(states[i].buffers)) {
        expect(
          isSameShape(buffer.shape, p.shape),
          'loadStateDict',
          () => `buffer '${name}' of parameter ${i} must have shape ${showShape(p.shape)}, got ${showShape(buffer.shape)}`,
        )
      }
      this.#states.set(p, this.#copy(states[i]))
    }
    for (const [i, group] of this.groups.entries()) Object.assign(group, groups[i])
  }

  /** Changes these parameters in place, all by one call of a kernel. */
  protected abstract update(batch: Batch, options: O): void

  /** The parameters that have a gradient, together as far as their updates are the same: one that had none at times has made fewer steps. */
  #batchesOf(params: readonly Tensor[]): Batch[] {
    const batches: Batch[] = []
    for (const p of params) {
      if (p.grad === null) continue
      const state = this.#stateOf(p)
      let batch = batches.find((batch) => batch.takes(p, state))
      if (!batch) {
        batch = new Batch(p.dtype)
        batches.push(batch)
      }
      batch.add(p, p.grad, state)
    }
    return batches
  }

  #stateOf(p: Tensor): State {
    let state = this.#states.get(p)
    if (!state) {
      state = { step: 0, buffers: {}, scalars: {} }
      this.#states.set(p, state)
    }
    return state
  }

  #copy({ step, buffers, scalars }: State): State {
    const copies = noGrad(() => Object.fromEntries(Object.entries(buffers).map(([name, buffer]) => [name, buffer.clone()])))
    return { step, buffers: copies, scalars: { ...scalars } }
  }
}

/** An option that must be 0 or more, and below `end` where there is one; each with its name. */
export function expectRange(optimizer: string, options: Record<string, number>, end = Infinity): void {
  for (const [name, value] of Object.entries(options)) {
    const range = end === Infinity ? '0 or more' : `from 0 to below ${end}`
    expect(value >= 0 && value < end, optimizer, () => `${name} must be ${range}, got ${value}`)
  }
}
