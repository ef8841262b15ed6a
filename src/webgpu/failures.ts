import { GradusError } from '../errors.ts'

/** What a kernel found in the numbers themselves: its own words for the number and the place at which it stands. */
export type Complaint = (value: number, place: number) => GradusError

/**
 * What went wrong on the device is known only later: its answers come when the batch has been run. Here they are gathered, and the next read throws
 * the first of them. What failed batches should have written is lost, and whoever asks for it is told so.
 */
export class Failures {
  readonly #waiting = new Set<Promise<void>>()
  readonly #lost: { from: number; to: number; why: string }[] = []
  readonly #complaints: Complaint[] = []
  readonly #ids = new Map<string, number>()
  #first: { batch: number; why: string } | null = null
  #unwatched: { batch: number; why: string } | null = null
  #lastBatch = 0

  /** The device answers later whether something was wrong in this batch. */
  watch(scope: Promise<GPUError | null>, batch: number, label: string): void {
    this.#lastBatch = Math.max(this.#lastBatch, batch)
    const noted = scope.then(
      (error) => {
        if (error) this.#report(batch, label === '' ? error.message : `${label}: ${error.message}`)
      },
      () => {}, // the device is lost, which is said elsewhere
    )
    this.#waiting.add(noted)
    noted.finally(() => this.#waiting.delete(noted))
  }

  /** Runs what may be refused, and watches it. A lack of memory is a kind of its own. */
  watching<T>(
    device: GPUDevice,
    kind: GPUErrorFilter,
    batch: number,
    label: string,
    run: () => T,
  ): { result: T; scope: Promise<GPUError | null> } {
    device.pushErrorScope(kind)
    const result = run()
    const scope = device.popErrorScope()
    this.watch(scope, batch, label)
    return { result, scope }
  }

  /** Something was refused that nobody watches: mostly because something that is watched had been refused before, which then says more. */
  reportUnwatched(batch: number, why: string): void {
    this.#unwatched ??= { batch, why }
  }

  #report(batch: number, why: string): void {
    if (this.#first === null || batch < this.#first.batch) this.#first = { batch, why }
  }

  /** Waits for all answers that are due, and throws the first failure, once. */
  async check(): Promise<void> {
    await Promise.all(this.#waiting)
    const failure = this.#first ?? this.#unwatched
    if (failure === null) return
    const { batch, why } = failure
    this.#first = null
    this.#unwatched = null
    this.#lost.push({ from: batch, to: this.#lastBatch, why })
    throw new GradusError('webgpu', why)
  }

  /** Why what was written in this batch is lost; undefined where it is not. */
  lostIn(batch: number): string | undefined {
    return this.#lost.find(({ from, to }) => batch >= from && batch <= to)?.why
  }

  /** The number, above 0, by which a kernel names a complaint. The same for the same key. */
  idOf(key: string, complaint: Complaint): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    this.#complaints.push(complaint)
    this.#ids.set(key, this.#complaints.length)
    return this.#complaints.length
  }

  complaint(id: number): Complaint {
    return this.#complaints[id - 1]
  }
}
