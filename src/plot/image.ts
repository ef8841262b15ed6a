import { Canvas, putPixels, textBlocks } from './canvas.ts'
import { checkMatrix, checkPositiveInteger, checkRange, type Matrix, type Range } from './check.ts'
import { canShade, grey, hex, rampAt } from './colour.ts'
import { displayWidth, oneLine, pad, truncate } from './display-width.ts'
import { type Picture, picture } from './picture.ts'
import { shrink } from './resample.ts'
import { element, FONT_SIZE, heading, label, svgDocument, textWidth } from './svg.ts'
import type { ColourDepth } from './terminal.ts'

export interface ImageOptions {
  readonly title?: string
  /** The values of black and white. Default: the lowest and highest finite value of all images together. */
  readonly range?: Range
  /** The shape of flat pixels: [rows, columns]. */
  readonly shape?: readonly [rows: number, columns: number]
  /** A pixel becomes scale × scale. Default: so many that an image is at least 16 wide. An image wider than the terminal is made smaller. */
  readonly scale?: number
}

export interface Captioned {
  /** Rows of grey values from the top down, or flat ones with the option `shape`. */
  readonly pixels: Matrix | ArrayLike<number>
  readonly caption?: string
}

interface Tile {
  readonly pixels: readonly (readonly number[])[] // [rows][columns], 0 black to 1 white
  readonly caption: string
}

/**
 * One grey image. Two pixels share a cell of the terminal, as half blocks; without colours, characters from ' ' (black) to '@' (white).
 *
 *     image(pixels, { shape: [8, 8], range: [0, 16], title: 'a seven' })
 */
export function image(pixels: Matrix | ArrayLike<number>, options: ImageOptions = {}): Picture {
  return pictureOf(tilesOf('image', [checkMatrix('image', 'pixels', pixels, options.shape)], [''], options), options)
}

/**
 * Grey images side by side, in as many rows as they need, each with its caption below.
 *
 * All share one range of greys. NaN stays blank. Errors: no images, an empty or ragged one, flat pixels without a shape.
 *
 *     images(misread.map((i) => ({ pixels: X[i], caption: `true ${d[i]} → read ${y[i]}` })), { shape: [8, 8], title: 'misread digits' })
 */
export function images(list: readonly Captioned[], options: ImageOptions = {}): Picture {
  if (list.length === 0) throw new RangeError('images: list is empty, expected at least one image')
  const matrices = list.map(({ pixels }, i) => checkMatrix('images', `list[${i}].pixels`, pixels, options.shape))
  return pictureOf(
    tilesOf(
      'images',
      matrices,
      list.map(({ caption = '' }) => oneLine(caption)),
      options,
    ),
    options,
  )
}

function tilesOf(operation: string, matrices: readonly number[][][], captions: readonly string[], { range, scale }: ImageOptions): Tile[] {
  if (scale !== undefined) checkPositiveInteger(operation, 'scale', scale)
  const finite = matrices.flat(2).filter(Number.isFinite)
  const [low, high] = range
    ? checkRange(operation, 'range', range)
    : [finite.reduce((a, b) => Math.min(a, b), Infinity), finite.reduce((a, b) => Math.max(a, b), -Infinity)]
  const brightness = (value: number) => (low === high ? (value - low) * 0 : (value / 2 - low / 2) / (high / 2 - low / 2))
  return matrices.map((pixels, i) => ({ pixels: pixels.map((row) => row.map(brightness)), caption: captions[i] }))
}

function pictureOf(tiles: readonly Tile[], options: ImageOptions): Picture {
  return picture(
    (width, colour) => paint(tiles, options, width, colour),
    () => svg(tiles, options),
  )
}

const widest = (tiles: readonly Tile[]): number => Math.max(...tiles.map((tile) => tile.pixels[0].length))
const GAP = 2

function paint(
  tiles: readonly Tile[],
  { title, scale = Math.ceil(16 / widest(tiles)) }: ImageOptions,
  width: number,
  colour: ColourDepth,
): Canvas[] {
  const sized = tiles.map(({ pixels, caption }) => ({ caption, pixels: resize(pixels, scale, width) }))
  const tileWidth = Math.min(width, Math.max(widest(sized), ...sized.map((tile) => displayWidth(tile.caption))))
  const perLine = Math.max(1, Math.floor((width + GAP) / (tileWidth + GAP)))
  const blocks = textBlocks([title], width)
  for (let first = 0; first < sized.length; first += perLine) {
    const line = sized.slice(first, first + perLine)
    const rows = Math.max(...line.map((tile) => Math.ceil(tile.pixels.length / 2)))
    const hasCaptions = line.some((tile) => tile.caption !== '')
    const isLast = first + perLine >= sized.length
    const canvas = new Canvas(width, rows + (hasCaptions ? 1 : 0) + (isLast ? 0 : 1))
    for (const [i, { pixels, caption }] of line.entries()) {
      const x = i * (tileWidth + GAP)
      putImage(canvas, x + Math.floor((tileWidth - pixels[0].length) / 2), pixels, colour)
      canvas.write(x, rows, pad(truncate(caption, tileWidth), tileWidth, 'centre'))
    }
    blocks.push(canvas)
  }
  return blocks
}

/** Magnifies by `scale`, or less where the width asks for it; an image wider than that is averaged down. */
function resize(pixels: Tile['pixels'], scale: number, width: number): Tile['pixels'] {
  const columns = pixels[0].length
  if (columns > width) {
    const factor = Math.ceil(columns / width)
    return shrink(pixels, factor, factor)
  }
  const factor = Math.min(scale, Math.floor(width / columns))
  const repeat = <T>(items: readonly T[]): T[] => items.flatMap((item) => new Array<T>(factor).fill(item))
  return repeat(pixels.map(repeat))
}

function putImage(canvas: Canvas, left: number, pixels: Tile['pixels'], colour: ColourDepth): void {
  const shade = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? undefined : grey(value))
  for (let y = 0; y < pixels.length; y += 2) {
    for (const [x, upper] of pixels[y].entries()) {
      const lower = y + 1 < pixels.length ? pixels[y + 1][x] : undefined
      if (canShade(colour)) putPixels(canvas, left + x, y / 2, shade(upper), shade(lower))
      else canvas.put(left + x, y / 2, rampAt(lower === undefined ? upper : (upper + lower) / 2))
    }
  }
}

function svg(tiles: readonly Tile[], { title }: ImageOptions): string {
  const columns = widest(tiles)
  const pixel = Math.max(1, Math.round(96 / columns))
  const tileWidth = Math.max(columns * pixel, ...tiles.map((tile) => textWidth(tile.caption))) + 16
  const perLine = Math.max(1, Math.min(tiles.length, Math.floor(760 / tileWidth)))
  const captionHeight = tiles.some((tile) => tile.caption !== '') ? FONT_SIZE + 8 : 0
  const tileHeight = Math.max(...tiles.map((tile) => tile.pixels.length)) * pixel + captionHeight + 12
  const width = Math.max(perLine * tileWidth, title === undefined ? 0 : textWidth(title, 16)) + 16
  const top = title === undefined ? 12 : 36
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  for (const [i, { pixels, caption }] of tiles.entries()) {
    const centre = 8 + ((i % perLine) + 0.5) * tileWidth
    const y = top + Math.floor(i / perLine) * tileHeight
    body.push(svgImage(centre - (pixels[0].length * pixel) / 2, y, pixels, pixel))
    if (caption !== '') body.push(label(centre, y + pixels.length * pixel + FONT_SIZE + 4, caption, { 'text-anchor': 'middle' }))
  }
  return svgDocument(width, top + Math.ceil(tiles.length / perLine) * tileHeight, title ?? 'images', body)
}

function svgImage(left: number, top: number, pixels: Tile['pixels'], size: number): string {
  const squares = pixels.flatMap((row, y) =>
    row.flatMap((value, x) =>
      Number.isNaN(value)
        ? []
        : [element('rect', { x: left + x * size, y: top + y * size, width: size, height: size, fill: hex(grey(value)) })],
    ),
  )
  return element('g', { 'shape-rendering': 'crispEdges' }, ...squares)
}
