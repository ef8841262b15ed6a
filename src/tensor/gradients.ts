import { type Backend, type BackendArray, kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { Tensor } from './tensor.ts'

/**
 * The gradients of a backward pass on the backend's arrays. One array may be the gradient of several tensors (y = a + b hands dy on to both): then
 * its owners are counted. What the last one has used up is released at once, for nobody else has seen it.
 */
export class Gradients {
  readonly #of = new Map<Tensor, BackendArray>()
  /** How many tensors an array is the gradient of, where it is more than one. */
  readonly #owners = new Map<BackendArray, number>()

  get(t: Tensor): BackendArray | undefined {
    return this.#of.get(t)
  }

  /** Adds to what t has. The array is ours from here on; `isNew` says that it is not the gradient of another tensor already. */
  add(t: Tensor, gradient: BackendArray, isNew = true): void {
    if (!isNew) this.#owners.set(gradient, this.#ownersOf(gradient) + 1)
    const sofar = this.#of.get(t)
    if (sofar === undefined) {
      this.#of.set(t, gradient)
      return
    }
    const kernels = kernelsFor(t.dtype)
    const [into, other] = this.#ownersOf(sofar) === 1 ? [sofar, gradient] : [gradient, sofar]
    this.#of.set(
      t,
      this.#spend(into, kernels, () => kernels.add(into, other, { a: [t.size], b: [t.size] })),
    )
    this.#disown(other, kernels)
  }

  /** t's gradient is handed on by `run`, which calls one kernel on it: where nobody else has it, the result may take its place. */
  consume<T>(t: Tensor, gradient: BackendArray, run: () => T): T {
    this.#of.delete(t)
    return this.#spend(gradient, kernelsFor(t.dtype), run)
  }

  /** t's gradient has been handed on. */
  delete(t: Tensor): void {
    const array = this.#of.get(t)
    this.#of.delete(t)
    if (array !== undefined) this.#disown(array, kernelsFor(t.dtype))
  }

  /** What is left, each with memory of its own. */
  toTensors(): Map<Tensor, Tensor> {
    const tensors = new Map<Tensor, Tensor>()
    for (const [t, array] of this.#of) {
      const kernels = kernelsFor(t.dtype)
      const shared = this.#ownersOf(array) > 1
      const own = shared ? kernels.copy(array) : array
      if (shared) this.#disown(array, kernels)
      tensors.set(t, new Tensor(new Storage(own, kernels, t.dtype, t.size, 'gradient'), t.shape))
    }
    return tensors
  }

  #ownersOf(array: BackendArray): number {
    return this.#owners.get(array) ?? 1
  }

  /** One owner lets the array go with what `run` makes of it. */
  #spend<T>(array: BackendArray, kernels: Backend, run: () => T): T {
    if (this.#ownersOf(array) === 1) return kernels.consume(array, run)
    const result = run()
    this.#disown(array, kernels)
    return result
  }

  #disown(array: BackendArray, kernels: Backend): void {
    const left = this.#ownersOf(array) - 1
    if (left > 1) this.#owners.set(array, left)
    else this.#owners.delete(array)
    if (left === 0) kernels.release(array)
  }
}
