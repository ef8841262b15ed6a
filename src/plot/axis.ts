import type { Range } from './check.ts'
import { checkRange } from './check.ts'
import { formatNumber, formatStep } from './number.ts'

/** A place on an axis, from 0 (its low end) to 1, and what is written there. */
export interface Tick {
  readonly at: number
  readonly label: string
}

/** Carries values to positions from 0 to 1 and back, on a linear or a logarithmic scale. */
export interface Axis {
  /** NaN for what is not finite, not positive on a logarithmic scale, or outside the range. */
  position(value: number): number
  value(position: number): number
  /** About `count` round values in the range. */
  ticks(count: number): Tick[]
  /** The value at a position, with the decimals that a step of this size (from 0 to 1) needs. */
  label(position: number, step: number): string
}

export interface AxisOptions {
  /** Bounds; default: those of the finite values. */
  readonly range?: Range
  readonly log?: boolean
  /** Room on either side, as a share of the values' span. Default 0. */
  readonly margin?: number
  /** Ticks at integers only. */
  readonly integer?: boolean
}

export function axis(
  operation: string,
  argument: string,
  values: readonly number[],
  { range, log = false, margin = 0, integer = false }: AxisOptions = {},
): Axis {
  if (range) checkRange(operation, argument, range)
  if (range && log && range[0] <= 0)
    throw new RangeError(`${operation}: ${argument} must be positive on a logarithmic scale, got ${range[0]}`)
  const into = log ? Math.log10 : (value: number) => value
  const back = log ? (value: number) => 10 ** value : (value: number) => value
  const [low, high] = range ? [into(range[0]), into(range[1])] : bounds(values.map(into), margin)
  const span = high / 2 - low / 2 // half of it: the whole may overflow
  const value = (position: number) => back(low * (1 - position) + high * position)
  return {
    position(v) {
      const position = (into(v) / 2 - low / 2) / span
      return Number.isFinite(v) && position >= -1e-9 && position <= 1 + 1e-9 ? Math.min(1, Math.max(0, position)) : Number.NaN
    },
    value,
    ticks: (count) => (log ? powersOfTen(low, high, count) : roundValues(low, high, count, integer ? 1 : 0)),
    label: (position, step) => (log ? formatNumber(value(position), 3) : formatStep(value(position), span * step * 2)),
  }
}

/** Smallest and largest finite value; some room where they are the same; [0, 1] where there are none. */
function bounds(values: readonly number[], margin: number): Range {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  const room = low === high ? Math.abs(low) / 10 || 1 : high * margin - low * margin
  return [Math.max(-Number.MAX_VALUE, low - room), Math.min(Number.MAX_VALUE, high + room)]
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function roundValues(low: number, high: number, count: number, smallest: number): Tick[] {
  const rough = Math.max((high - low) / count, smallest)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power
  const first = Math.ceil(low / step - 1e-9)
  const ticks: Tick[] = []
  for (let i = 0; i <= 2 * count; i++) {
    const value = (first + i) * step
    const at = (value - low) / (high - low)
    if (at <= 1 + 1e-9) ticks.push({ at: Math.min(1, Math.max(0, at)), label: formatStep(value, step) })
  }
  return ticks
}

function powersOfTen(low: number, high: number, count: number): Tick[] {
  const stride = Math.max(1, Math.ceil((high - low) / count))
  const ticks: Tick[] = []
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power += stride) {
    ticks.push({ at: Math.min(1, Math.max(0, (power - low) / (high - low))), label: formatNumber(10 ** power) })
  }
  if (ticks.length >= 2) return ticks
  return [low, high].map((power, at) => ({ at, label: formatNumber(10 ** power, 3) }))
}
