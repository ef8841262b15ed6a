import { builtin } from '../node.ts'
import { displayWidth, oneLine, truncate } from '../plot/display-width.ts'
import { formatNumber } from '../plot/number.ts'
import type { Picture } from '../plot/picture.ts'
import { type OutputStream, terminal } from '../plot/terminal.ts'
import type { EpochReport } from './options.ts'

/** Where a training tells how it goes; process.stdout is one. */
export interface ReportStream extends OutputStream {
  readonly rows?: number
  write(text: string): unknown
}

interface Plan {
  readonly epochs: number
  /** Training batches of an epoch. */
  readonly batches: number
  /** The curve of the losses so far; undefined before there is one. */
  curve(height: number): Picture | undefined
}

/** What a report says of the whole training. */
interface Outcome {
  readonly loss: readonly number[]
  readonly bestEpoch: number
  readonly stoppedEarly: boolean
}

const CURVE_ROWS = 8
/** The curve with its title, its axis and its legend, the bar, and a line to spare. */
const ROWS_FOR_CURVE = CURVE_ROWS + 7
const BAR_COLUMNS = 30

/** Tells how a training goes: on a terminal by a bar and the curve, which are drawn anew in place; elsewhere by a line for every epoch. */
export class Report {
  /** Whether there is a terminal to draw on. */
  readonly live: boolean
  readonly #stream: ReportStream
  readonly #plan: Plan
  readonly #start: number
  readonly #now: () => number
  #samples = 0
  #batches = 0
  #lastEpoch = ''
  /** How many lines the drawing has that stands on the terminal. */
  #drawn = 0

  constructor(plan: Plan, stream = standardOutput(), { now = () => performance.now(), env = builtin ? process.env : {} } = {}) {
    this.#plan = plan
    this.#stream = stream
    this.#now = now
    this.#start = now()
    this.live = stream.isTTY === true && env.TERM !== 'dumb' // a dumb terminal cannot move its cursor
  }

  /** A batch of so many samples is done. Costs nothing. */
  batch(size: number): void {
    this.#batches++
    this.#samples += size
  }

  /** Draws bar and curve anew; without a terminal nothing. */
  draw(epoch: number, loss: number): void {
    if (!this.live) return
    this.erase()
    const lines = [...this.#curve(), this.#bar(epoch, loss)]
    this.#stream.write(lines.join('\n'))
    this.#drawn = lines.length
  }

  /** Takes the drawing away, so that something else can be printed. */
  erase(): void {
    if (this.#drawn === 0) return
    this.#stream.write(`\r${this.#drawn > 1 ? `\x1b[${this.#drawn - 1}A` : ''}\x1b[J`)
    this.#drawn = 0
  }

  epoch({ epoch, loss, validationLoss, metrics, validationMetrics }: EpochReport): void {
    const numbers: [string, number][] = [['loss', loss]]
    if (validationLoss !== undefined) numbers.push(['validation loss', validationLoss])
    numbers.push(...Object.entries(metrics))
    for (const [name, value] of Object.entries(validationMetrics)) numbers.push([`validation ${name}`, value])
    const texts = numbers.map(([name, value]) => `${oneLine(name)} ${formatNumber(value)}`)
    this.#lastEpoch = [this.#count(epoch), ...texts, this.#rate()].join('  ')
    if (!this.live) this.#stream.write(`${this.#lastEpoch}\n`)
  }

  /** The last curve, the last epoch, and how it ended. */
  end({ loss, bestEpoch, stoppedEarly }: Outcome, restored: boolean): void {
    this.erase()
    const last = this.live ? [...this.#curve(), this.#lastEpoch] : []
    const epochs = `${stoppedEarly ? 'stopped early: ' : ''}${loss.length} ${loss.length === 1 ? 'epoch' : 'epochs'} in ${duration(this.#elapsed)}`
    const best = `best: epoch ${bestEpoch}${restored ? ', whose parameters the model has now' : ''}`
    this.#stream.write(`${[...last, `${epochs}; ${best}`].join('\n')}\n`)
  }

  /** An error ends it: what is drawn stays, and the next text begins on a line of its own. */
  interrupt(): void {
    if (this.#drawn > 0) this.#stream.write('\n')
    this.#drawn = 0
  }

  get #elapsed(): number {
    return this.#now() - this.#start
  }

  #curve(): string[] {
    const { rows = Infinity } = this.#stream
    if (rows > 0 && rows < ROWS_FOR_CURVE) return []
    const { width, colour } = terminal(this.#stream)
    return (
      this.#plan
        .curve(CURVE_ROWS)
        ?.text({ width: Math.max(1, width - 1), colour })
        .split('\n') ?? []
    )
  }

  /** One line, narrower than the terminal: what does not fit is left out, the least important first. */
  #bar(epoch: number, loss: number): string {
    const { width } = terminal(this.#stream)
    const total = this.#plan.epochs * this.#plan.batches
    const done = Math.min(1, this.#batches / total)
    const left = done > 0 ? (this.#elapsed * (1 - done)) / done : Number.NaN
    const head = `${this.#count(epoch)}  ${Math.floor(100 * done)}%`
    let tail = ''
    for (const part of [`loss ${formatNumber(loss)}`, `${duration(left)} left`, this.#rate()]) {
      if (displayWidth(`${head}  ${tail}${part}`) < width) tail += `  ${part}`
    }
    const room = Math.min(BAR_COLUMNS, width - displayWidth(head + tail) - 3)
    const filled = Math.round(done * room)
    const bar = room >= 5 ? `  ${'█'.repeat(filled)}${'░'.repeat(room - filled)}` : ''
    return truncate(head + bar + tail, width - 1)
  }

  #count(epoch: number): string {
    const { epochs } = this.#plan
    return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`
  }

  #rate(): string {
    const perSecond = (1000 * this.#samples) / Math.max(1e-3, this.#elapsed)
    return `${Math.round(perSecond).toLocaleString('en-US')} samples/s`
  }
}

/** 3.2 s, 1:05, 2:00:00 */
function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  if (ms < 59_500) return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** Browsers have a console, which writes lines. */
function standardOutput(): ReportStream {
  return builtin ? process.stdout : { write: (text) => console.log(text.trimEnd()) }
}
