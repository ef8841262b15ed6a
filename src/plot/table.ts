import { Canvas, textBlocks } from './canvas.ts'
import { checkLength } from './check.ts'
import { oneLine, pad, truncate, widest } from './display-width.ts'
import { formatFixed, formatNumber } from './number.ts'
import { type Picture, picture } from './picture.ts'
import { element, heading, label, svgDocument, textWidth, widestText } from './svg.ts'

export interface TableOptions {
  readonly title?: string
  /** Decimals of numbers that are no integers. Default: four significant digits. Give strings for anything else. */
  readonly digits?: number
}

interface Column {
  readonly name: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
  readonly width: number
}

const GAP = 2
/** A text column is cut to so many columns before the table is broken. */
const NARROWEST = 8

/**
 * Rows under column names. A column that holds numbers stands right-aligned, any other one left-aligned.
 *
 * Where the width does not reach, long texts are cut; then the columns continue below, the first one repeated. Numbers are never cut,
 * unless the terminal is narrower than they are. Errors: no columns, a row of another length.
 *
 *     table(['epoch', 'loss'], [[0, '28.903635'], [100, '0.069457']], { title: 'gradient descent' })
 *     table(['class', 'precision', 'recall'], [['setosa', 1, 1], ['virginica', 0.94, 0.9]], { digits: 3 })
 */
export function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[], options: TableOptions = {}): Picture {
  const { title, digits } = options
  if (columns.length === 0) throw new RangeError('table: columns is empty, expected at least one column name')
  for (const [i, row] of rows.entries()) checkLength('table', `rows[${i}]`, row, columns.length)
  const all = columns.map((name, c) =>
    columnOf(
      oneLine(name),
      rows.map((row) => row[c]),
      digits,
    ),
  )
  return picture(
    (width) => [...textBlocks([title], width), ...paint(all, width)],
    () => svg(all, title),
  )
}

function columnOf(name: string, values: readonly (string | number)[], digits: number | undefined): Column {
  const write = (value: number) => (Number.isInteger(value) ? formatNumber(value) : formatFixed(value, digits))
  const cells = values.map((value) => oneLine(typeof value === 'number' ? write(value) : value))
  const isNumeric =
    values.length > 0 && values.every((value) => typeof value === 'number' || (value.trim() !== '' && !Number.isNaN(Number(value))))
  return { name, cells, align: isNumeric ? 'right' : 'left', width: widest([name, ...cells]) }
}

function paint(columns: readonly Column[], width: number): Canvas[] {
  const blocks: Canvas[] = []
  const [first, ...others] = shrinkTexts(columns, width)
  let rest = others
  do {
    // The first column is repeated before as many others as fit, at least one where there is one.
    let used = first.width
    let count = 0
    while (count < rest.length && (count === 0 || used + GAP + rest[count].width <= width)) used += GAP + rest[count++].width
    blocks.push(paintColumns([first, ...rest.slice(0, count)], width, rest.length > count))
    rest = rest.slice(count)
  } while (rest.length > 0)
  return blocks
}

/** Cuts text columns, the widest first, until the table fits or they are as narrow as may be. */
function shrinkTexts(columns: readonly Column[], width: number): Column[] {
  const widths = columns.map((column) => Math.min(column.width, width))
  const total = () => widths.reduce((sum, w) => sum + w, GAP * (widths.length - 1))
  while (total() > width) {
    const texts = columns.flatMap((column, i) => (column.align === 'left' && widths[i] > NARROWEST ? [i] : []))
    if (texts.length === 0) break
    const widest = texts.reduce((a, b) => (widths[b] > widths[a] ? b : a))
    widths[widest]--
  }
  return columns.map((column, i) => ({ ...column, width: widths[i] }))
}

function paintColumns(columns: readonly Column[], width: number, isContinued: boolean): Canvas {
  const rows = columns[0].cells.length
  const canvas = new Canvas(width, rows + 2 + (isContinued ? 1 : 0))
  let x = 0
  for (const column of columns) {
    const write = (y: number, text: string) => canvas.write(x, y, pad(truncate(text, column.width), column.width, column.align))
    write(0, column.name)
    canvas.write(x, 1, '─'.repeat(column.width))
    for (const [y, cell] of column.cells.entries()) write(y + 2, cell)
    x += column.width + GAP
  }
  return canvas
}

function svg(columns: readonly Column[], title: string | undefined): string {
  const step = 20
  const widths = columns.map((column) => widestText([column.name, ...column.cells]) + 24)
  const width = Math.max(
    widths.reduce((sum, w) => sum + w, 16),
    title === undefined ? 0 : textWidth(title, 16),
  )
  const top = title === undefined ? 20 : 48
  const rows = columns[0].cells.length
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  let x = 8
  for (const [c, column] of columns.entries()) {
    const right = column.align === 'right'
    const at = right ? x + widths[c] - 12 : x + 12
    const look = { 'text-anchor': right ? 'end' : undefined, 'font-variant-numeric': 'tabular-nums' }
    body.push(label(at, top, column.name, { ...look, 'font-weight': 600 }))
    body.push(...column.cells.map((cell, r) => label(at, top + (r + 1) * step + 4, cell, look)))
    x += widths[c]
  }
  body.push(element('line', { x1: 8, y1: top + 6, x2: x, y2: top + 6, stroke: '#666666' }))
  return svgDocument(width, top + rows * step + 18, title ?? 'table', body)
}
