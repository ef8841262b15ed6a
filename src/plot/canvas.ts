import { canShade, type Rgb, sgr } from './colour.ts'
import { displayWidth, graphemes, graphemeWidth, oneLine, truncate, wrap } from './display-width.ts'
import type { ColourDepth } from './terminal.ts'

/** Colours of a cell; what is left out stays as the terminal or the cell below has it. */
export interface Style {
  readonly fg?: Rgb
  readonly bg?: Rgb
}

interface Cell extends Style {
  /** One grapheme; '' where the wide grapheme to the left reaches over. */
  readonly glyph: string
}

const EMPTY: Cell = { glyph: ' ' }

/**
 * A grid of character cells: what every picture in the terminal is painted on. Whatever is put outside is clipped, so no line is ever wider
 * than the canvas, and colours turn into escape codes in one place only.
 */
export class Canvas {
  readonly width: number
  readonly height: number
  private readonly cells: Cell[] // [height × width], row by row

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.cells = new Array<Cell>(width * height).fill(EMPTY)
  }

  /** Puts one grapheme at column x and row y, both from 0 at the top left. */
  put(x: number, y: number, glyph: string, style: Style = {}): void {
    const columns = graphemeWidth(glyph)
    if (columns === 0 || x < 0 || y < 0 || y >= this.height || x + columns > this.width) return
    this.split(x, y)
    this.split(x + columns, y)
    this.set(x, y, glyph, style)
    if (columns === 2) this.set(x + 1, y, '', style)
  }

  /** Writes a text from column x on; control characters become spaces. Returns the column after its end. */
  write(x: number, y: number, text: string, style: Style = {}): number {
    let column = x
    for (const glyph of graphemes(oneLine(text))) {
      this.put(column, y, glyph, style)
      column += graphemeWidth(glyph)
    }
    return column
  }

  /** The lines, without trailing blanks. With 'none' they hold no escape byte. */
  render(depth: ColourDepth): string[] {
    return Array.from({ length: this.height }, (_, y) => renderRow(this.cells.slice(y * this.width, (y + 1) * this.width), depth))
  }

  private set(x: number, y: number, glyph: string, style: Style): void {
    const at = y * this.width + x
    this.cells[at] = { fg: this.cells[at].fg, bg: this.cells[at].bg, ...style, glyph }
  }

  /** Where a wide grapheme lies over the border before column x, both its halves become blanks. */
  private split(x: number, y: number): void {
    if (x <= 0 || x >= this.width || this.cells[y * this.width + x].glyph !== '') return
    this.set(x - 1, y, ' ', {})
    this.set(x, y, ' ', {})
  }
}

function renderRow(cells: readonly Cell[], depth: ColourDepth): string {
  let line = ''
  let active = ''
  let end = cells.length
  while (end > 0 && cells[end - 1].glyph === ' ' && !(canShade(depth) && cells[end - 1].bg !== undefined)) end--
  for (const cell of cells.slice(0, end)) {
    const code = escapeCode(cell, depth)
    if (code !== active) {
      line += code === '' ? RESET : active === '' ? code : RESET + code
      active = code
    }
    line += cell.glyph
  }
  return active === '' ? line : line + RESET
}

const RESET = '\x1b[0m'

function escapeCode(cell: Cell, depth: ColourDepth): string {
  if (depth === 'none') return ''
  const codes: string[] = []
  if (cell.fg !== undefined) codes.push(sgr(cell.fg, depth, 'fg'))
  if (cell.bg !== undefined && canShade(depth)) codes.push(sgr(cell.bg, depth, 'bg'))
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`
}

/** Each text as lines of its own, broken between words; undefined ones are left out. */
export function textBlocks(texts: readonly (string | undefined)[], width: number): Canvas[] {
  return texts.flatMap((text) => {
    if (text === undefined) return []
    const lines = wrap(oneLine(text), width)
    const canvas = new Canvas(width, lines.length)
    for (const [y, line] of lines.entries()) canvas.write(0, y, line)
    return [canvas]
  })
}

/**
 * Two square pixels in one cell, the upper and the lower half; undefined leaves the terminal's own background.
 */
export function putPixels(canvas: Canvas, x: number, y: number, upper: Rgb | undefined, lower: Rgb | undefined): void {
  if (upper === undefined && lower === undefined) return
  if (upper === undefined) canvas.put(x, y, '▄', { fg: lower })
  else if (upper === lower) canvas.put(x, y, ' ', { bg: upper })
  else canvas.put(x, y, '▀', { fg: upper, bg: lower })
}

export interface LegendEntry {
  /** What stands before the name, one style for all of it. */
  readonly swatch: string
  readonly style: Style
  readonly name: string
}

/** Swatches with their names, side by side as far as they fit. */
export function legendBlock(entries: readonly LegendEntry[], width: number): Canvas {
  const gap = 3
  const placed: { x: number; y: number; entry: LegendEntry; name: string }[] = []
  let x = 0
  let y = 0
  for (const entry of entries) {
    const swatchWidth = displayWidth(entry.swatch) + 1
    const name = truncate(oneLine(entry.name), width - swatchWidth)
    const needed = swatchWidth + displayWidth(name)
    if (x > 0 && x + needed > width) {
      x = 0
      y++
    }
    placed.push({ x, y, entry, name })
    x += needed + gap
  }
  const canvas = new Canvas(width, placed.length === 0 ? 0 : y + 1)
  for (const { x, y, entry, name } of placed) canvas.write(canvas.write(x, y, entry.swatch, entry.style) + 1, y, name)
  return canvas
}
