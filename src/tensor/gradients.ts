import { type Backend, type BackendArray, kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { Tensor } from './tensor.ts'

/**
 * The gradients of a backward pass on the backend's arrays. One array may be the gradient of several tensors (y = a + b hands dy on to both), so
 * owners are counted: what is used up is released at once, for nobody else has seen it.
 */
export class Gradients {
  readonly #of = new Map<Tensor, BackendArray>()
  readonly #owners = new Map<BackendArray, number>()

  get(t: Tensor): BackendArray | undefined {
    return this.#of.get(t)
  }

  /** Adds to what t has. The array is ours from here on. */
  add(t: Tensor, gradient: BackendArray): void {
    const sofar = this.#of.get(t)
    this.own(gradient)
    if (sofar === undefined) {
      this.#of.set(t, gradient)
      return
    }
    const kernels = kernelsFor(t.dtype)
    const sum = kernels.add(sofar, gradient, { a: [t.size], b: [t.size] })
    this.own(sum)
    this.#of.set(t, sum)
    this.disown(gradient, kernels)
    this.disown(sofar, kernels)
  }

  own(array: BackendArray): void {
    this.#owners.set(array, (this.#owners.get(array) ?? 0) + 1)
  }

  disown(array: BackendArray, kernels: Backend): void {
    const left = (this.#owners.get(array) ?? 0) - 1
    if (left > 0) {
      this.#owners.set(array, left)
      return
    }
    this.#owners.delete(array)
    kernels.release(array)
  }

  /** t's gradient has been handed on. */
  delete(t: Tensor, kernels: Backend): void {
    const array = this.#of.get(t)
    this.#of.delete(t)
    if (array !== undefined) this.disown(array, kernels)
  }

  /** What is left, each with memory of its own. */
  toTensors(): Map<Tensor, Tensor> {
    const tensors = new Map<Tensor, Tensor>()
    for (const [t, array] of this.#of) {
      const kernels = kernelsFor(t.dtype)
      const shared = (this.#owners.get(array) ?? 0) > 1
      const own = shared ? kernels.copy(array) : array
      if (shared) this.disown(array, kernels)
      tensors.set(t, new Tensor(new Storage(own, kernels, t.dtype, t.size, 'gradient'), t.shape))
    }
    return tensors
  }
}
