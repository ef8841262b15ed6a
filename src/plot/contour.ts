import { axis } from './axis.ts'
import { type Canvas, type LegendEntry, legendBlock, putPixels, textBlocks } from './canvas.ts'
import { checkMatrix, checkNumbers, checkPositiveInteger, checkRange, type Matrix, type Range } from './check.ts'
import { BLACK, canShade, hex, mix, seriesColour } from './colour.ts'
import { Frame, svgFrame } from './frame.ts'
import { answersOf, bandShading, svgRegions } from './grid.ts'
import { formatNumber } from './number.ts'
import { type Picture, picture } from './picture.ts'
import { drawPath, marker, svgMarker } from './plane.ts'
import { dashes, svgPath, svgStroke } from './svg.ts'
import type { ColourDepth } from './terminal.ts'

export interface ContourOptions {
  readonly title?: string
  readonly xLabel?: string
  readonly yLabel?: string
  /** Bounds of the plane. */
  readonly x: Range
  readonly y: Range
  /** Ways through the plane, by name: places in the order in which they were visited. [N, 2] each */
  readonly paths?: Readonly<Record<string, Matrix>>
  /** Where one band ends and the next begins, ascending. Default: seven, evenly spaced in √(f - min f), so that a bowl has even rings. */
  readonly levels?: ArrayLike<number>
  /** The shape of flat heights: [rows, columns]. */
  readonly shape?: readonly [rows: number, columns: number]
  /** Rows of the plot in the terminal. Default 16. */
  readonly height?: number
}

const BANDS = 8

/**
 * A function over the plane as bands of equal height, from white valleys to grey hills, and ways through it: what an optimiser does.
 *
 * `f` is the function (x, y) -> height, asked for 64 × 64 places when the picture is made, or its heights at `gridPoints`. NaN leaves a
 * place blank. A way that leaves the plane is cut there. Errors: bounds or levels that do not ascend, ways that are not [N, 2].
 *
 *     contour((x, y) => x ** 2 / 20 + y ** 2, { x: [-8, 8], y: [-3, 3], paths: { 'gradient descent': [[-7, 2], [-6.4, 0.4]] } })
 */
export function contour(f: ((x: number, y: number) => number) | Matrix | ArrayLike<number>, options: ContourOptions): Picture {
  const { title, xLabel, yLabel, height = 16 } = options
  checkPositiveInteger('contour', 'height', height)
  const at = {
    x: axis('contour', 'x', [], { range: checkRange('contour', 'x', options.x) }),
    y: axis('contour', 'y', [], { range: checkRange('contour', 'y', options.y) }),
  }
  const heights = answersOf('contour', f, at, options.shape) // [rows, columns], from low to high y
  const levels = options.levels === undefined ? evenLevels(heights) : checkLevels(options.levels)
  const shading = bandShading(levels)
  const paths = Object.entries(options.paths ?? {}).map(([name, places], index) => {
    const rows = checkMatrix('contour', `paths['${name}']`, places)
    if (rows[0].length !== 2) throw new RangeError(`contour: paths['${name}'] must be [N, 2], got [${rows.length}, ${rows[0].length}]`)
    return { name, index, path: rows.map(([x, y]) => [at.x.position(x), at.y.position(y)] as const) }
  })
  const heightAt = (x: number, y: number) => heights[Math.floor(y * heights.length)][Math.floor(x * heights[0].length)]

  const paint = (width: number, colour: ColourDepth): Canvas[] => {
    const shaded = canShade(colour)
    const frame = new Frame({ width, rows: height, rowLabels: Frame.rowLabels(at.y, height), xLabel })
    const { columns, rows } = frame
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const h = (down: number) => heightAt((column + 0.5) / columns, 1 - (row + down) / rows)
        if (shaded) putPixels(frame.canvas, frame.left + 1 + column, row, shading.colour(h(0.25)), shading.colour(h(0.75)))
        else frame.put(column, row, shading.character(h(0.5)))
      }
    }
    const style = (index: number) => ({ fg: shaded ? inkOf(index) : seriesColour(index) })
    for (const { path, index } of paths) drawPath(frame, path, style(index))
    for (const { path, index } of paths) {
      for (const [x, y] of path) frame.put(frame.columnOf(x), frame.rowOf(y), marker(index), style(index))
    }
    frame.xAxis(at.x)
    const legend: LegendEntry[] = paths.map(({ name, index }) => ({
      name,
      swatch: `─${marker(index)}─`,
      style: { fg: seriesColour(index) },
    }))
    return [...textBlocks([title, yLabel], width), frame.canvas, legendBlock(legend, width), ...textBlocks([bandNote(levels)], width)]
  }

  const svg = () =>
    svgFrame({
      name: 'contour',
      title,
      x: at.x,
      y: at.y,
      xLabel,
      yLabel,
      legend: paths.map(({ name, index }) => ({
        name,
        swatch: (cx: number, cy: number) => svgStroke(cx, cy, hex(inkOf(index)), dashes(index)) + svgMarker(cx, cy, index),
      })),
      draw: (px, py) => [
        svgRegions(heights, shading, px, py),
        ...paths.flatMap(({ path, index }) => [
          svgPath(path, px, py, hex(inkOf(index)), dashes(index)),
          ...path.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)).map(([x, y]) => svgMarker(px(x), py(y), index)),
        ]),
      ],
    })

  return picture(paint, svg)
}

/** A way's colour over the grey of the bands. */
const inkOf = (index: number) => mix(seriesColour(index), BLACK, 0.25)

const bandNote = (levels: readonly number[]): string => `the shade changes at ${levels.map((level) => formatNumber(level, 2)).join(', ')}`

/** low + (high - low)·(k / 8)², k = 1 .. 7, over the finite heights. */
function evenLevels(heights: readonly (readonly number[])[]): number[] {
  const finite = heights.flat().filter(Number.isFinite)
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  if (!(low < high)) return [low < Number.POSITIVE_INFINITY ? low : 0] // a plain has one level
  return Array.from({ length: BANDS - 1 }, (_, k) => low + (high - low) * ((k + 1) / BANDS) ** 2)
}

function checkLevels(levels: ArrayLike<number>): number[] {
  const copy = checkNumbers('contour', 'levels', levels)
  const wrong = copy.findIndex((level, i) => !Number.isFinite(level) || (i > 0 && level <= copy[i - 1]))
  if (wrong >= 0) throw new RangeError(`contour: levels must be finite and ascend, got ${copy[wrong]} at index ${wrong}`)
  return copy
}
