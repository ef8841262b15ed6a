import type { Axis, Tick } from './axis.ts'
import { Canvas, type Style } from './canvas.ts'
import { displayWidth, oneLine, truncate } from './display-width.ts'
import { element, FONT_SIZE, heading, label, svgDocument, textWidth } from './svg.ts'

/** A value label at a row of the terminal. */
export interface RowLabel {
  readonly row: number
  readonly label: string
}

export interface FrameOptions {
  readonly width: number
  /** Rows of the plot area. */
  readonly rows: number
  readonly rowLabels: readonly RowLabel[]
  /** The name below the horizontal axis. */
  readonly xLabel?: string
  /** At most so many columns of plot area. */
  readonly maxColumns?: number
}

/** Axes in the terminal: labels and a line on the left, a line and labels below; the plot area lies between them. */
export class Frame {
  readonly canvas: Canvas
  readonly rows: number
  readonly columns: number
  /** Column of the vertical line; the plot area begins right of it. */
  readonly left: number

  constructor({ width, rows, rowLabels, xLabel, maxColumns = width }: FrameOptions) {
    const labelWidth = Math.min(Math.max(0, ...rowLabels.map((tick) => displayWidth(tick.label))), Math.floor(width / 2))
    this.rows = rows
    this.left = labelWidth + 1
    this.columns = Math.max(1, Math.min(maxColumns, width - this.left - 1))
    this.canvas = new Canvas(width, rows + (xLabel === undefined ? 2 : 3))
    if (xLabel !== undefined) this.writeCentred(rows + 2, xLabel)
    for (let row = 0; row < rows; row++) this.canvas.put(this.left, row, '│')
    for (const tick of rowLabels) {
      const text = truncate(tick.label, labelWidth)
      this.canvas.write(labelWidth - displayWidth(text), tick.row, text)
      this.canvas.put(this.left, tick.row, '┤')
    }
  }

  /** Puts a glyph in the plot area; (0, 0) is its top left; outside is clipped. */
  put(column: number, row: number, glyph: string, style?: Style): void {
    if (this.contains(column, row)) this.canvas.put(this.left + 1 + column, row, glyph, style)
  }

  contains(column: number, row: number): boolean {
    return column >= 0 && column < this.columns && row >= 0 && row < this.rows
  }

  /** Column and row of the cell that holds a position from 0 to 1; NaN for NaN. */
  columnOf(at: number): number {
    return Math.min(this.columns - 1, Math.floor(at * this.columns))
  }

  rowOf(at: number): number {
    return Math.min(this.rows - 1, Math.floor((1 - at) * this.rows))
  }

  /** Draws the horizontal axis: its line and as many labels as have room, at the columns that `columnOf` gives. */
  xAxis(x: Axis, columnOf = (at: number): number => this.columnOf(at)): void {
    const { canvas, left, columns, rows } = this
    canvas.write(left, rows, `└${'─'.repeat(columns)}`)
    let free = 0
    for (const tick of x.ticks(Math.max(2, Math.floor(columns / 10)))) {
      const column = left + 1 + columnOf(tick.at)
      const start = Math.max(0, Math.min(column - Math.floor(tick.label.length / 2), canvas.width - tick.label.length))
      if (start < free) continue
      canvas.put(column, rows, '┬')
      free = canvas.write(start, rows + 1, tick.label) + 1
    }
  }

  private writeCentred(row: number, name: string): void {
    const text = truncate(oneLine(name), this.canvas.width)
    const centred = this.left + 1 + Math.floor((this.columns - displayWidth(text)) / 2)
    this.canvas.write(Math.max(0, Math.min(centred, this.canvas.width - displayWidth(text))), row, text)
  }

  /** Row labels at an axis' round values. */
  static rowLabels(y: Axis, rows: number): RowLabel[] {
    return y
      .ticks(Math.max(2, Math.floor(rows / 4)))
      .map((tick) => ({ row: Math.min(rows - 1, Math.floor((1 - tick.at) * rows)), label: tick.label }))
  }
}

export interface SvgLegendEntry {
  readonly name: string
  /** What stands before the name, drawn around the point (x, y), 24 pixels wide. */
  swatch(x: number, y: number): string
}

export interface SvgFrameOptions {
  readonly name: string
  readonly title?: string
  readonly x: Axis
  readonly y: Axis
  readonly xLabel?: string
  readonly yLabel?: string
  readonly legend: readonly SvgLegendEntry[]
  /** Size of the plot area in pixels. */
  readonly size?: readonly [width: number, height: number]
  /** What lies in the plot area; px and py carry positions from 0 to 1 to pixels. */
  draw(px: (at: number) => number, py: (at: number) => number): readonly string[]
}

const GREY = '#666666'

/** Axes in SVG, with title, names, ticks and legend around what `draw` gives. */
export function svgFrame({ name, title, x, y, xLabel, yLabel, legend, size = [560, 300], draw }: SvgFrameOptions): string {
  const [width, height] = size
  const yTicks = y.ticks(6)
  const left = 30 + Math.max(...yTicks.map((tick) => textWidth(tick.label)), 20)
  const top = title === undefined ? 16 : 36
  const bottom = top + height
  const px = (at: number) => left + at * width
  const py = (at: number) => bottom - at * height
  const body: string[] = title === undefined ? [] : [heading(left + width / 2, title, width)]
  body.push(...draw(px, py))
  body.push(element('rect', { x: left, y: top, width, height, fill: 'none', stroke: GREY }))
  body.push(...x.ticks(8).map((tick) => xTick(px(tick.at), bottom, tick)))
  body.push(...yTicks.map((tick) => yTick(left, py(tick.at), tick)))
  if (xLabel !== undefined) body.push(label(left + width / 2, bottom + 36, xLabel, { 'text-anchor': 'middle' }))
  if (yLabel !== undefined) {
    const middle = (top + bottom) / 2
    body.push(label(14, middle, yLabel, { 'text-anchor': 'middle', transform: `rotate(-90 14 ${middle})` }))
  }
  const key = svgLegend(legend, left, bottom + (xLabel === undefined ? 40 : 58), left + width)
  body.push(...key.body)
  return svgDocument(left + width + 20, key.bottom, title ?? name, body)
}

function xTick(x: number, y: number, tick: Tick): string {
  return element('line', { x1: x, y1: y, x2: x, y2: y + 5, stroke: GREY }) + label(x, y + 18, tick.label, { 'text-anchor': 'middle' })
}

function yTick(x: number, y: number, tick: Tick): string {
  return element('line', { x1: x - 5, y1: y, x2: x, y2: y, stroke: GREY }) + label(x - 8, y + 4, tick.label, { 'text-anchor': 'end' })
}

/** Entries from left to right, in as many lines as they need. */
export function svgLegend(
  entries: readonly SvgLegendEntry[],
  left: number,
  top: number,
  right: number,
): { body: string[]; bottom: number } {
  const body: string[] = []
  let x = left
  let y = top
  for (const entry of entries) {
    const needed = 30 + textWidth(entry.name) + 16
    if (x > left && x + needed > right) {
      x = left
      y += FONT_SIZE * 1.6
    }
    body.push(entry.swatch(x + 12, y - 4), label(x + 30, y, entry.name))
    x += needed
  }
  return { body, bottom: entries.length === 0 ? top - 6 : y + 14 }
}
