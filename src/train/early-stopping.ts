import { expect } from '../errors.ts'
import type { Module } from '../nn/index.ts'
import { noGrad, type Tensor } from '../tensor/index.ts'

export interface EarlyStoppingOptions {
  /** The training stops after so many epochs in a row without improvement. */
  patience: number
  /** How much smaller than the best so far a loss must be to count as an improvement. Default 0. */
  tolerance?: number
  /** At the end the model gets back the parameters and buffers of its best epoch. Default true. */
  restoreBest?: boolean
}

/** Watches the loss of every epoch, and stops a training that no longer improves: from there on it would only learn the training set by heart (Prechelt 1998). */
export class EarlyStopping {
  readonly #model: Module<unknown[], unknown>
  readonly #patience: number
  readonly #tolerance: number
  readonly #restoreBest: boolean
  #least = Infinity
  #bestEpoch = 0
  #bestState: Record<string, Tensor> = {}
  /** The loss that the next improvement is measured from. */
  #mark = Infinity
  #waited = 0

  /** Without options it never stops and restores nothing, but knows the best epoch. */
  constructor(model: Module<unknown[], unknown>, options?: EarlyStoppingOptions) {
    const { patience, tolerance = 0, restoreBest = true } = options ?? { patience: Infinity, restoreBest: false }
    expect(
      options === undefined || (Number.isInteger(patience) && patience > 0),
      'fit',
      () => `earlyStopping.patience must be an integer above 0, got ${patience}`,
    )
    expect(
      tolerance >= 0 && tolerance < Infinity,
      'fit',
      () => `earlyStopping.tolerance must be a finite number of 0 or more, got ${tolerance}`,
    )
    this.#model = model
    this.#patience = patience
    this.#tolerance = tolerance
    this.#restoreBest = restoreBest
  }

  /** The epoch with the least loss, from 1. */
  get bestEpoch(): number {
    return this.#bestEpoch
  }

  /** Takes the loss of an epoch. True if it is time to stop. */
  epoch(epoch: number, loss: number): boolean {
    if (loss < this.#least) {
      this.#least = loss
      this.#bestEpoch = epoch
      if (this.#restoreBest) this.#bestState = copyOf(this.#model.stateDict())
    }
    if (loss < this.#mark - this.#tolerance) {
      this.#mark = loss
      this.#waited = 0
    } else this.#waited++
    return this.#waited >= this.#patience
  }

  /** Gives the model back its best state, unless it has it still. True if it did. */
  restore(lastEpoch: number): boolean {
    if (!this.#restoreBest || this.#bestEpoch === lastEpoch) return false
    this.#model.loadStateDict(this.#bestState)
    return true
  }
}

function copyOf(state: Record<string, Tensor>): Record<string, Tensor> {
  return noGrad(() => Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, tensor.clone()])))
}
