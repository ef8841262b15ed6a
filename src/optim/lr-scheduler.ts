import { expect } from '../errors.ts'

/** What a schedule changes: the learning rate of each group, and for one-cycle its momentum. */
interface Schedulable {
  readonly groups: readonly ScheduledGroup[]
}

interface ScheduledGroup {
  lr: number
  /** SGD's and RMSprop's momentum, and Adam's, which is β₁. */
  momentum?: number
  betas?: readonly [number, number]
}

/** Sets the learning rate of every group from its first one and the number of steps so far. `step()` comes after the optimiser's own. */
abstract class Scheduler {
  readonly optimizer: Schedulable
  /** The rates that the groups had at first. */
  readonly baseLrs: readonly number[]
  #epoch = 0

  constructor(optimizer: Schedulable) {
    this.optimizer = optimizer
    this.baseLrs = optimizer.groups.map(({ lr }) => lr)
  }

  /** How often `step()` has been called. */
  get epoch(): number {
    return this.#epoch
  }

  /** The rate that a group of this first rate has after `epoch` steps. */
  protected abstract rate(base: number, epoch: number): number

  /** On to the next epoch (for OneCycleLR: to the next batch). */
  step(): void {
    this.#epoch++
    this.apply()
  }

  /** Gives the groups their rates. */
  protected apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) group.lr = this.rate(this.baseLrs[i], this.#epoch)
  }

  /** Where it stands, for `loadStateDict` of a schedule that was made alike. */
  stateDict(): { epoch: number } {
    return { epoch: this.#epoch }
  }

  loadStateDict({ epoch }: { epoch: number }): void {
    expectCount('loadStateDict', { epoch }, 0)
    this.#epoch = epoch
    this.apply()
  }
}

function expectCount(operation: string, options: Record<string, number>, least = 1): void {
  for (const [name, value] of Object.entries(options)) {
    expect(Number.isInteger(value) && value >= least, operation, () => `${name} must be an integer of ${least} or more, got ${value}`)
  }
}

function expectPositive(operation: string, options: Record<string, number>): void {
  for (const [name, value] of Object.entries(options)) expect(value > 0, operation, () => `${name} must be above 0, got ${value}`)
}

export interface StepLROptions {
  /** After how many epochs the rate changes. */
  stepSize: number
  /** By which factor. Default 0.1. */
  gamma?: number
}

/** α_t = α_0 · γ^⌊t / stepSize⌋ */
export class StepLR extends Scheduler {
  readonly #options: Required<StepLROptions>

  constructor(optimizer: Schedulable, { stepSize, gamma = 0.1 }: StepLROptions) {
    expectCount('StepLR', { stepSize })
    expectPositive('StepLR', { gamma })
    super(optimizer)
    this.#options = { stepSize, gamma }
  }

  protected rate(base: number, epoch: number): number {
    return base * this.#options.gamma ** Math.floor(epoch / this.#options.stepSize)
  }
}

export interface ExponentialLROptions {
  /** The factor of each epoch. */
  gamma: number
}

/** α_t = α_0 · γ^t */
export class ExponentialLR extends Scheduler {
  readonly #gamma: number

  constructor(optimizer: Schedulable, { gamma }: ExponentialLROptions) {
    expectPositive('ExponentialLR', { gamma })
    super(optimizer)
    this.#gamma = gamma
  }

  protected rate(base: number, epoch: number): number {
    return base * this.#gamma ** epoch
  }
}

export interface CosineAnnealingLROptions {
  /** After how many epochs the rate is least; then it rises again. */
  tMax: number
  /** The least rate. Default 0. */
  etaMin?: number
}

/** α_t = α_min + ½ (α_0 - α_min) (1 + cos(π·t / tMax))        Loshchilov & Hutter 2017, eq. 5 */
export class CosineAnnealingLR extends Scheduler {
  readonly #options: Required<CosineAnnealingLROptions>

  constructor(optimizer: Schedulable, { tMax, etaMin = 0 }: CosineAnnealingLROptions) {
    expectCount('CosineAnnealingLR', { tMax })
    expect(etaMin >= 0, 'CosineAnnealingLR', () => `etaMin must be 0 or more, got ${etaMin}`)
    super(optimizer)
    this.#options = { tMax, etaMin }
  }

  protected rate(base: number, epoch: number): number {
    return anneal(base, this.#options.etaMin, epoch / this.#options.tMax)
  }
}

/** From `start`, at 0, to `end`, at 1, along half a cosine. */
function anneal(start: number, end: number, part: number): number {
  return end + ((start - end) / 2) * (1 + Math.cos(Math.PI * part))
}

export interface OneCycleLROptions {
  /** The greatest rate. */
  maxLr: number
  /** How many steps the cycle has: batches in all epochs. */
  totalSteps: number
  /** The part of the cycle in which the rate rises. Default 0.3. */
  pctStart?: number
  /** The first rate is maxLr / divFactor. Default 25. */
  divFactor?: number
  /** The last rate is the first / finalDivFactor. Default 10,000. */
  finalDivFactor?: number
  /** The momentum (Adam's β₁) falls while the rate rises, and the other way round. Default true. */
  cycleMomentum?: boolean
  /** The least and the greatest momentum. Defaults 0.85 and 0.95. */
  baseMomentum?: number
  maxMomentum?: number
}

/** The rate rises to maxLr, then falls to nearly 0, both along half a cosine; step it after every batch.        Smith & Topin 2018 */
export class OneCycleLR extends Scheduler {
  readonly #options: Required<OneCycleLROptions>

  constructor(optimizer: Schedulable, options: OneCycleLROptions) {
    const { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4, cycleMomentum = true, baseMomentum = 0.85, maxMomentum = 0.95 } = options
    const { maxLr, totalSteps } = options
    expectCount('OneCycleLR', { totalSteps }, 2)
    expectPositive('OneCycleLR', { maxLr, divFactor, finalDivFactor })
    expect(pctStart >= 0 && pctStart <= 1, 'OneCycleLR', () => `pctStart must lie between 0 and 1, got ${pctStart}`)
    expect(
      !cycleMomentum || optimizer.groups.every(({ momentum, betas }) => momentum !== undefined || betas !== undefined),
      'OneCycleLR',
      () => 'the optimiser has no momentum to cycle; set cycleMomentum to false',
    )
    super(optimizer)
    this.#options = { maxLr, totalSteps, pctStart, divFactor, finalDivFactor, cycleMomentum, baseMomentum, maxMomentum }
    this.apply()
  }

  override step(): void {
    const { totalSteps } = this.#options
    expect(this.epoch < totalSteps, 'OneCycleLR', () => `the cycle has ${totalSteps} steps, and they are over`)
    super.step()
  }

  protected rate(_base: number, epoch: number): number {
    const { maxLr, divFactor, finalDivFactor } = this.#options
    const first = maxLr / divFactor
    return this.#phase(epoch, first, maxLr, first / finalDivFactor)
  }

  protected override apply(): void {
    super.apply()
    const { cycleMomentum, baseMomentum, maxMomentum } = this.#options
    if (!cycleMomentum) return
    const momentum = this.#phase(this.epoch, maxMomentum, baseMomentum, maxMomentum)
    for (const group of this.optimizer.groups) {
      if (group.betas) group.betas = [momentum, group.betas[1]]
      else group.momentum = momentum
    }
  }

  /** From start to peak in the first part of the cycle, from there to end in the rest. */
  #phase(epoch: number, start: number, peak: number, end: number): number {
    const { totalSteps, pctStart } = this.#options
    const turn = pctStart * totalSteps - 1
    const last = totalSteps - 1
    if (turn > 0 && epoch <= turn) return anneal(start, peak, epoch / turn)
    return turn < last ? anneal(peak, end, (Math.min(epoch, last) - turn) / (last - turn)) : peak
  }
}

export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall ('min', default) or rise. */
  mode?: 'min' | 'max'
  /** What the rate is multiplied with. Default 0.1. */
  factor?: number
  /** How many epochs without improvement are borne. Default 10. */
  patience?: number
  /** How much better counts as better. Default 1e-4. */
  threshold?: number
  /** The threshold is a share of the best metric ('rel', default) or a difference. */
  thresholdMode?: 'rel' | 'abs'
  /** How many epochs after a change are not counted. Default 0. */
  cooldown?: number
  /** The rate does not fall below. Default 0. */
  minLr?: number
}

/** Reduces the rate where a metric, given to `step`, has stopped improving. */
export class ReduceLROnPlateau {
  readonly optimizer: Schedulable
  readonly #options: Required<ReduceLROnPlateauOptions>
  #best: number
  #badEpochs = 0
  #cooldown = 0

  constructor(optimizer: Schedulable, options: ReduceLROnPlateauOptions = {}) {
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel', cooldown = 0, minLr = 0 } = options
    expect(mode === 'min' || mode === 'max', 'ReduceLROnPlateau', () => `mode must be 'min' or 'max', got ${JSON.stringify(mode)}`)
    expect(
      thresholdMode === 'rel' || thresholdMode === 'abs',
      'ReduceLROnPlateau',
      () => `thresholdMode must be 'rel' or 'abs', got ${JSON.stringify(thresholdMode)}`,
    )
    expect(factor > 0 && factor < 1, 'ReduceLROnPlateau', () => `factor must lie between 0 and 1, got ${factor}`)
    expectCount('ReduceLROnPlateau', { patience, cooldown }, 0)
    expect(minLr >= 0, 'ReduceLROnPlateau', () => `minLr must be 0 or more, got ${minLr}`)
    this.optimizer = optimizer
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr }
    this.#best = mode === 'min' ? Infinity : -Infinity
  }

  /** After an epoch, with its metric: the validation loss, say. NaN is no improvement. */
  step(metric: number): void {
    const { factor, patience, cooldown, minLr } = this.#options
    expect(typeof metric === 'number', 'ReduceLROnPlateau', () => `step takes the metric of the epoch, a number, got ${typeof metric}`)
    const better = this.#isBetter(metric)
    if (better) this.#best = metric
    this.#badEpochs = better ? 0 : this.#badEpochs + 1
    if (this.#cooldown > 0) {
      this.#cooldown--
      this.#badEpochs = 0
    }
    if (this.#badEpochs <= patience) return
    for (const group of this.optimizer.groups) group.lr = Math.max(group.lr * factor, Math.min(minLr, group.lr))
    this.#cooldown = cooldown
    this.#badEpochs = 0
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options
    const sign = mode === 'min' ? -1 : 1
    if (!Number.isFinite(this.#best)) return sign * metric > sign * this.#best
    const needed = thresholdMode === 'rel' ? this.#best * (1 + sign * threshold) : this.#best + sign * threshold
    return sign * metric > sign * needed
  }

  stateDict(): { best: number; badEpochs: number; cooldown: number } {
    return { best: this.#best, badEpochs: this.#badEpochs, cooldown: this.#cooldown }
  }

  loadStateDict({ best, badEpochs, cooldown }: { best: number; badEpochs: number; cooldown: number }): void {
    this.#best = best
    this.#badEpochs = badEpochs
    this.#cooldown = cooldown
  }
}
