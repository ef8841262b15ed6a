import type { DType } from '../reference/array.ts'
import { type Backend, type BackendArray, kernelsFor } from '../tensor/backend.ts'
import { full } from '../tensor/creation.ts'
import { contiguous } from '../tensor/operation.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** What an optimiser keeps for one parameter: how many updates it has made, running means and the like in its shape, and single numbers. */
export interface State {
  step: number
  buffers: Record<string, Tensor>
  scalars: Record<string, number>
}

/** Parameters that one call of a kernel updates: they have one dtype, and what is counted for them is the same. */
export class Batch {
  readonly kernels: Backend
  readonly params: Tensor[] = []
  readonly states: State[] = []
  readonly #dtype: DType
  readonly #gradients: Tensor[] = []

  constructor(dtype: DType) {
    this.#dtype = dtype
    this.kernels = kernelsFor(dtype)
  }

  /** How many updates these parameters have made so far. */
  get step(): number {
    return this.states[0].step
  }

  /** Whether this parameter can be updated together with those that are there. */
  takes(p: Tensor, { step, scalars }: State): boolean {
    const [state] = this.states
    if (p.dtype !== this.#dtype || step !== state.step) return false
    for (const name in scalars) if (scalars[name] !== state.scalars[name]) return false
    return true
  }

  add(p: Tensor, gradient: Tensor, state: State): void {
    this.params.push(p)
    this.#gradients.push(contiguous(gradient))
    this.states.push(state)
  }

  /** The weights, for the kernel. */
  get w(): BackendArray[] {
    return this.params.map((p) => p.storage.on(this.kernels))
  }

  /** The gradients, for the kernel. */
  get dw(): BackendArray[] {
    return this.#gradients.map((gradient) => gradient.storage.on(this.kernels))
  }

  /** The buffer of this name of every parameter, in its shape; at first filled with `value`. */
  buffers(name: string, value = 0): BackendArray[] {
    return this.params.map((p, i) => {
      const { buffers } = this.states[i]
      buffers[name] ??= full(p.shape, value, { dtype: p.dtype })
      return buffers[name].storage.on(this.kernels)
    })
  }
}
