import { Canvas, textBlocks } from './canvas.ts'
import { checkLength, checkNumbers } from './check.ts'
import { hex, palette } from './colour.ts'
import { displayWidth, oneLine, truncate, widest } from './display-width.ts'
import { formatFixed } from './number.ts'
import { type Picture, picture } from './picture.ts'
import { element, heading, label, svgDocument, widestText } from './svg.ts'

export interface BarsOptions {
  readonly title?: string
  /** Written behind every number, such as ' ms' or '%'. */
  readonly unit?: string
  /** Decimals of the numbers. Default: four significant digits. */
  readonly digits?: number
  /** The value of the longest bar that fits. Default: the largest there is. Longer bars are cut, their numbers stay. */
  readonly max?: number
}

interface Bars {
  readonly labels: readonly string[]
  readonly values: readonly number[]
  readonly numbers: readonly string[]
  /** Ends of the scale; zero lies between them. */
  readonly low: number
  readonly high: number
}

/** Eighths of a cell, growing from its left. */
const EIGHTHS = ' ▏▎▍▌▋▊▉█'

/**
 * Horizontal bars from zero, to the left where a value is negative.   labels, values: [N]
 *
 * NaN and Infinity have no bar; their number says so. Errors: no values, lengths that differ.
 *
 *     bars(['setosa', 'versicolor', 'virginica'], [1, 0.94, 0.9], { title: 'accuracy per class', max: 1 })
 *     bars(['reference', 'wasm'], [120.5, 3.4], { title: 'GEMM 512³', unit: ' ms', digits: 1 })
 */
export function bars(labels: readonly string[], values: ArrayLike<number>, options: BarsOptions = {}): Picture {
  const { title, unit = '', digits, max } = options
  const copy = checkNumbers('bars', 'values', values)
  checkLength('bars', 'labels', labels, copy.length)
  if (max !== undefined && !(Number.isFinite(max) && max > 0)) throw new RangeError(`bars: max must be a positive number, got ${max}`)
  const finite = copy.filter(Number.isFinite)
  const low = finite.reduce((a, b) => Math.min(a, b), 0)
  const highest = finite.reduce((a, b) => Math.max(a, b), 0)
  const all: Bars = {
    labels: labels.map(oneLine),
    values: copy,
    numbers: copy.map((value) => oneLine(formatFixed(value, digits) + unit)),
    low,
    high: max ?? (highest === low ? 1 : highest),
  }
  return picture(
    (width) => [...textBlocks([title], width), paint(all, width)],
    () => svg(all, title),
  )
}

/** value / (high - low), with neither overflow nor underflow between. */
function share(value: number, low: number, high: number): number {
  const largest = Math.max(-low, high)
  return value / largest / (high / largest - low / largest)
}

function paint({ labels, values, numbers, low, high }: Bars, width: number): Canvas {
  const canvas = new Canvas(width, values.length)
  const numberWidth = widest(numbers)
  const labelWidth = Math.min(widest(labels), Math.max(4, Math.floor(width / 3)))
  const left = labelWidth + 1
  const room = Math.max(1, width - left - numberWidth - 1)
  // Zero lies between two cells, so one side may have a little less room than its share; both have some.
  const [negative, positive] = [share(-low, low, high), share(high, low, high)]
  const zero = low < 0 ? Math.min(Math.max(1, Math.round(negative * room)), high > 0 ? room - 1 : room) : 0
  const whole = Math.min(negative > 0 ? zero / negative : room, positive > 0 ? (room - zero) / positive : room)
  const cells = (value: number) => share(value, low, high) * whole // a length in columns
  for (const [y, value] of values.entries()) {
    const name = truncate(labels[y], labelWidth)
    canvas.write(labelWidth - displayWidth(name), y, name)
    const length = Number.isFinite(value) ? Math.min(cells(Math.abs(value)), value < 0 ? zero : room - zero) : 0
    if (value < 0) canvas.write(left + zero - Math.round(length), y, '█'.repeat(Math.round(length)), { fg: palette[1] })
    else canvas.write(left + zero, y, '█'.repeat(Math.floor(length)) + EIGHTHS[Math.round((length % 1) * 8)], { fg: palette[0] })
    canvas.write(Math.min(left + zero + (value < 0 ? 0 : Math.ceil(length)) + 1, width - numberWidth), y, numbers[y])
  }
  return canvas
}

function svg({ labels, values, numbers, low, high }: Bars, title: string | undefined): string {
  const [bar, step, room] = [16, 24, 420]
  const left = 20 + widestText(labels)
  const top = title === undefined ? 12 : 38
  const bottom = top + values.length * step
  const pixels = (value: number) => share(value, low, high) * room
  const zero = left + pixels(-low)
  const width = left + room + widestText(numbers) + 20
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  for (const [i, value] of values.entries()) {
    const y = top + i * step
    const length = Number.isFinite(value) ? Math.min(pixels(Math.abs(value)), value < 0 ? zero - left : left + room - zero) : 0
    body.push(label(left - 8, y + 13, labels[i], { 'text-anchor': 'end' }))
    body.push(
      element('rect', { x: value < 0 ? zero - length : zero, y, width: length, height: bar, fill: hex(palette[value < 0 ? 1 : 0]) }),
    )
    body.push(label(zero + (value < 0 ? 0 : length) + 6, y + 13, numbers[i]))
  }
  body.push(element('line', { x1: zero, y1: top - 4, x2: zero, y2: bottom, stroke: '#666666' }))
  return svgDocument(width, bottom + 8, title ?? 'bars', body)
}
