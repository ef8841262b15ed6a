/** Means of loss and metrics over samples, from means over batches: a smaller batch counts less. */
export class Averages {
  readonly #names: readonly string[]
  readonly #sums: number[]
  #samples = 0

  /** metrics: by name, in the order of their values. */
  constructor(metrics: object) {
    this.#names = Object.keys(metrics)
    this.#sums = new Array<number>(1 + this.#names.length).fill(0)
  }

  /** The values of one batch of so many samples: the loss, then the metrics. */
  add(values: readonly number[], size: number): void {
    for (const [i, value] of values.entries()) this.#sums[i] += value * size
    this.#samples += size
  }

  get loss(): number {
    return this.#sums[0] / this.#samples
  }

  get metrics(): Record<string, number> {
    return Object.fromEntries(this.#names.map((name, i) => [name, this.#sums[1 + i] / this.#samples]))
  }
}
