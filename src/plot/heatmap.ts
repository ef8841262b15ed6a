import { Canvas, legendBlock, textBlocks } from './canvas.ts'
import type { Matrix } from './check.ts'
import { canShade, hex, inkOn } from './colour.ts'
import { oneLine, pad, truncate, widest } from './display-width.ts'
import { svgLegend } from './frame.ts'
import { type Heat, type HeatOptions, heatOf, shrinkHeat } from './heat.ts'
import { type Picture, picture } from './picture.ts'
import { element, heading, label, svgDocument, textWidth, widestText } from './svg.ts'
import type { ColourDepth } from './terminal.ts'

export interface HeatmapOptions extends HeatOptions {
  readonly title?: string
  /** Names of the horizontal and the vertical axis, such as 'predicted' and 'true'. */
  readonly xLabel?: string
  readonly yLabel?: string
}

/** The most rows that a matrix takes in the terminal, and the most rows and columns in SVG: means of neighbours stand for more. */
const MAX_ROWS = 48
const MAX_SVG = 128
/** The most rows or columns whose numbers are written in SVG. */
const MAX_NUMBERS = 24

/**
 * A matrix as colours and numbers: a confusion matrix, weights, a gradient, attention.   matrix: [R][C]
 *
 * Where the numbers have no room, the shades stay; where the cells have none, a cell is the mean of several and the picture says so.
 * Without colours, a character from ' ' (lowest) to '@' (highest) is the shade. Errors: an empty or ragged matrix, a wrong number of names.
 *
 *     heatmap(confusionMatrix(d, y), { title: 'digits', xLabel: 'predicted', yLabel: 'true' })
 *     heatmap(await layer.weight.read(), { shape: [3, 4] })
 *     heatmap([[0.5, -1.2], [0, 2]], { rows: ['h1', 'h2'], columns: ['x1', 'x2'], digits: 2 })
 */
export function heatmap(matrix: Matrix | ArrayLike<number>, options: HeatmapOptions = {}): Picture {
  const heat = heatOf(matrix, options)
  return picture(
    (width, colour) => paint(heat, options, width, colour),
    () => svg(heat, options),
  )
}

function paint(heat: Heat, { title, xLabel, yLabel = '' }: HeatmapOptions, width: number, colour: ColourDepth): Canvas[] {
  const corner = oneLine(yLabel)
  const left = Math.min(widest([corner, ...heat.rowNames]), Math.floor(width / 3)) + 1
  const room = Math.max(1, width - left)
  const isSmall = heat.values.length <= MAX_ROWS && 2 * heat.columnNames.length <= room // else no number fits
  const numberWidth = isSmall ? widest(heat.values.flat().map(heat.number)) : room
  const wanted = Math.max(numberWidth, widest(heat.columnNames)) + 4
  const cellWidth = Math.min(wanted, Math.floor(room / heat.columnNames.length))
  const grid = { width, left, corner, xLabel, shaded: canShade(colour) }
  const above = textBlocks([title], width)
  if (isSmall && cellWidth > numberWidth) return [...above, paintCells(heat, { ...grid, cellWidth, numberWidth })]

  const shades = shrinkHeat(heat, MAX_ROWS, room)
  const swatch = (value: number) => (grid.shaded ? '  ' : heat.character(value).repeat(2))
  const scale = heat.scale.map((value) => ({ swatch: swatch(value), style: { bg: heat.colour(value) }, name: heat.number(value) }))
  const cells = paintCells(shades, { ...grid, cellWidth: Math.max(1, Math.min(2, cellWidth)), numberWidth: 0 })
  return [...above, cells, legendBlock(scale, width), ...textBlocks([shades.note], width)]
}

interface Cells {
  readonly width: number
  /** Columns of the rows' names. */
  readonly left: number
  readonly cellWidth: number
  /** Columns of the longest number; 0 shows shades only. */
  readonly numberWidth: number
  readonly corner: string
  readonly xLabel?: string
  readonly shaded: boolean
}

/** The axis' name and the columns' names above, the rows' names on the left, and the cells. */
function paintCells(heat: Heat, { width, left, cellWidth, numberWidth, corner, xLabel, shaded }: Cells): Canvas {
  const hasNumbers = numberWidth > 0
  const hasColumnNames = hasNumbers || (heat.columnNames.length > 0 && widest(heat.columnNames) <= cellWidth)
  const top = (xLabel === undefined ? 0 : 1) + (hasColumnNames || corner !== '' ? 1 : 0)
  const canvas = new Canvas(width, top + heat.values.length)
  if (xLabel !== undefined) canvas.write(left, 0, pad(truncate(oneLine(xLabel), width - left), cellWidth * heat.values[0].length, 'centre'))
  const writeName = (row: number, name: string) => canvas.write(0, row, pad(truncate(name, left - 1), left - 1, 'right'))
  if (corner !== '') writeName(top - 1, corner)
  // Behind the number, where there is room: a blank on a shaded ground, the shade's character on a plain one.
  const mark = (value: number) => (shaded ? ' ' : ` ${heat.character(value)} `)
  const markWidth = cellWidth - numberWidth >= (shaded ? 2 : 3) && hasNumbers ? mark(0).length : 0
  for (const [c, name] of hasColumnNames ? heat.columnNames.entries() : []) {
    const end = cellWidth - markWidth
    canvas.write(left + c * cellWidth, top - 1, pad(truncate(name, hasNumbers && markWidth === 0 ? end - 1 : end), end, 'right'))
  }
  for (const [r, row] of heat.values.entries()) {
    if (r < heat.rowNames.length) writeName(top + r, heat.rowNames[r])
    for (const [c, value] of row.entries()) {
      const ground = shaded ? heat.colour(value) : undefined
      const style = ground === undefined ? {} : { bg: ground, fg: inkOn(ground) }
      const number = () => pad(heat.number(value), cellWidth - markWidth, 'right') + (markWidth > 0 ? mark(value) : '')
      const shade = () => (shaded ? ' ' : heat.character(value)).repeat(cellWidth)
      canvas.write(left + c * cellWidth, top + r, hasNumbers ? number() : shade(), style)
    }
  }
  return canvas
}

function svg(whole: Heat, { title, xLabel, yLabel }: HeatmapOptions): string {
  const heat = shrinkHeat(whole, MAX_SVG, MAX_SVG)
  const { values, rowNames, columnNames, note } = heat
  const [rows, columns] = [values.length, values[0].length]
  const hasNumbers = rows <= MAX_NUMBERS && columns <= MAX_NUMBERS
  const small = Math.min(14, 640 / Math.max(rows, columns))
  const cellWidth = hasNumbers ? Math.max(34, widestText(values.flat().map(heat.number)) + 12) : small
  const cellHeight = hasNumbers ? 26 : small
  const hasNames = (hasNumbers || small >= 12) && note === undefined
  const nameHeight = !hasNames ? 0 : widestText(columnNames) > cellWidth - 4 ? widestText(columnNames) * 0.7 + 14 : 20
  const isSlanted = nameHeight > 20
  const left = (hasNames ? widestText(rowNames) : 0) + (yLabel === undefined ? 16 : 36)
  const top = (title === undefined ? 10 : 36) + (xLabel === undefined ? 0 : 20) + nameHeight
  const [right, bottom] = [left + columns * cellWidth, top + rows * cellHeight]
  const width = Math.max(right + 14 + (isSlanted ? nameHeight : 0), title === undefined ? 0 : textWidth(title, 16), 200)
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  if (xLabel !== undefined) body.push(label((left + right) / 2, title === undefined ? 20 : 46, xLabel, { 'text-anchor': 'middle' }))
  if (yLabel !== undefined) {
    const middle = (top + bottom) / 2
    body.push(label(16, middle, yLabel, { 'text-anchor': 'middle', transform: `rotate(-90 16 ${middle})` }))
  }
  for (const [r, row] of values.entries()) {
    const y = top + r * cellHeight
    if (hasNames) body.push(label(left - 6, y + cellHeight / 2 + 4, rowNames[r], { 'text-anchor': 'end' }))
    for (const [c, value] of row.entries()) body.push(svgCell(heat, value, [left + c * cellWidth, y], [cellWidth, cellHeight], hasNumbers))
  }
  for (const [c, name] of hasNames ? columnNames.entries() : []) {
    const x = left + (c + 0.5) * cellWidth
    body.push(label(x, top - 6, name, isSlanted ? { transform: `rotate(-45 ${x} ${top - 6})` } : { 'text-anchor': 'middle' }))
  }
  if (hasNumbers) return svgDocument(width, bottom + 14, title ?? 'heatmap', body)
  const scale = heat.scale.map((value) => ({
    name: heat.number(value),
    swatch: (x: number, y: number) =>
      element('rect', { x: x - 12, y: y - 7, width: 24, height: 14, fill: hex(heat.colour(value) ?? 0), stroke: '#999999' }),
  }))
  const key = svgLegend(scale, left, bottom + 24, width)
  if (note !== undefined) body.push(label(left, key.bottom + 10, note))
  return svgDocument(width, key.bottom + (note === undefined ? 0 : 20), title ?? 'heatmap', [...body, ...key.body])
}

function svgCell(heat: Heat, value: number, [x, y]: readonly number[], [width, height]: readonly number[], hasNumber: boolean): string {
  const ground = heat.colour(value)
  const fill = ground === undefined ? 'none' : hex(ground)
  if (!hasNumber) return element('rect', { x, y, width, height, fill, 'shape-rendering': 'crispEdges' })
  const ink = ground === undefined ? '#000000' : hex(inkOn(ground))
  const number = label(x + width / 2, y + 17, heat.number(value), { 'text-anchor': 'middle', fill: ink })
  return element('rect', { x, y, width, height, fill, stroke: '#ffffff' }) + number
}
