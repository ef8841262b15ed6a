import asciichart from 'asciichart'
import { axis } from './axis.ts'
import { type Canvas, legendBlock, textBlocks } from './canvas.ts'
import { checkNumbers, checkPositiveInteger, type Range } from './check.ts'
import { hex, seriesColour } from './colour.ts'
import { Frame, svgFrame } from './frame.ts'
import { type Picture, picture } from './picture.ts'
import { resample } from './resample.ts'
import { dashes, type Path, svgPath, svgStroke } from './svg.ts'

export interface LinesOptions {
  readonly title?: string
  readonly xLabel?: string
  readonly yLabel?: string
  /** What the first and the last position stand for. Default: the index, [0, n - 1], n being the length of the longest curve. */
  readonly x?: Range
  /** Bounds of the values; what lies outside is not drawn. Default: all finite values. */
  readonly y?: Range
  /** Logarithmic values; those that are not positive are gaps. */
  readonly log?: boolean
  /** Rows of the plot in the terminal, at least 2. Default 15. */
  readonly height?: number
}

interface Curve {
  readonly name: string
  readonly values: number[]
}

/** asciichart's symbols: axis at zero, axis, two unused ends, ─ ╰ ╭ ╮ ╯ │. Every curve has a stroke of its own, so that they differ without colours too. */
const STROKES = ['┼┤╶╴─╰╭╮╯│', '┼┤╶╴═╚╔╗╝║', '┼┤╶╴·····:', '┼┤╶╴━┗┏┓┛┃', '┼┤╶╴╌└┌┐┘╎', '┼┤╶╴~~~~~~']
const HORIZONTAL = 4 // index of ─ in a stroke
const SVG_POINTS = 600

/**
 * Curves over a common horizontal axis: one curve, or several by name.
 *
 * NaN and Infinity are gaps. Where there are more points than columns, a column shows the mean of its points; where there are fewer, they
 * are joined by straight lines. Curves keep the order of the object (JavaScript puts names that are whole numbers first).
 * Errors: no curve, an empty curve, a value that is no number.
 *
 *     lines(losses, { title: 'loss', xLabel: 'epoch' })
 *     lines({ 'single samples': sgd, 'full batch': batch, 'mini-batches': miniBatch }, { title: 'training error', xLabel: 'epoch', log: true })
 */
export function lines(curves: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>, options: LinesOptions = {}): Picture {
  const { title, xLabel, yLabel, log = false, height = 15 } = options
  checkPositiveInteger('lines', 'height', height, 2)
  const named = checkCurves(curves)
  const last = Math.max(2, ...named.map((curve) => curve.values.length)) - 1
  const range = options.x ?? [0, last]
  const x = axis('lines', 'x', [], { range, integer: range[1] - range[0] === last }) // one step per point: no ticks between
  const y = axis(
    'lines',
    'y',
    named.flatMap((curve) => curve.values),
    { range: options.y, log },
  )
  /** Positions from 0 to 1 of a curve's values at count + 1 equal steps over the axis; NaN in gaps and behind the end of a shorter curve. */
  const positions = ({ values }: Curve, count: number): number[] => {
    const isCrowded = last > count // then means are of values; else the straight lines are straight in the picture, on a logarithmic scale too
    return isCrowded ? resample(values, last, count).map(y.position) : resample(values.map(y.position), last, count)
  }

  const paint = (width: number): Canvas[] => {
    const labels = Array.from({ length: height }, (_, row) => ({ row, label: y.label(1 - row / (height - 1), 1 / (height - 1)) }))
    const frame = new Frame({ width, rows: height, rowLabels: labels, xLabel })
    for (const [index, curve] of named.entries()) drawCurve(frame, positions(curve, frame.columns), index)
    frame.xAxis(x, (at) => Math.round(at * frame.columns) - 1) // the first point lies on the axis
    const legend = named.map(({ name }, i) => ({ name, style: { fg: seriesColour(i) }, swatch: stroke(i)[HORIZONTAL].repeat(3) }))
    return [...textBlocks([title, yLabel], width), frame.canvas, legendBlock(legend.filter(hasName), width)]
  }

  const svg = () =>
    svgFrame({
      name: 'lines',
      title,
      x,
      y,
      xLabel,
      yLabel,
      legend: named
        .map(({ name }, i) => ({ name, swatch: (cx: number, cy: number) => svgStroke(cx, cy, hex(seriesColour(i)), dashes(i)) }))
        .filter(hasName),
      draw(px, py) {
        const count = Math.min(last, SVG_POINTS)
        const path = (curve: Curve): Path => positions(curve, count).map((at, step) => [step / count, at])
        return named.map((curve, i) => svgPath(path(curve), px, py, hex(seriesColour(i)), dashes(i)))
      },
    })

  return picture(paint, svg)
}

const hasName = ({ name }: { readonly name: string }): boolean => name !== ''
const stroke = (index: number): string => STROKES[index % STROKES.length]

function checkCurves(curves: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>): Curve[] {
  if (isArrayLike(curves)) return [{ name: '', values: checkNumbers('lines', 'curves', curves) }]
  const named = Object.entries(curves).map(([name, values]) => ({ name, values: checkNumbers('lines', `curves['${name}']`, values) }))
  if (named.length === 0) throw new RangeError('lines: curves is empty, expected at least one curve')
  return named
}

function isArrayLike(curves: object): curves is ArrayLike<number> {
  return Array.isArray(curves) || ArrayBuffer.isView(curves)
}

/** One curve by asciichart, gaps left out, laid over what the frame already holds. */
function drawCurve(frame: Frame, positions: readonly number[], index: number): void {
  const top = frame.rows - 1
  const heights = positions.map((at) => at * top) // asciichart rounds them to rows
  let drawable = 0 // asciichart knows no gaps: they repeat the value before and are left out below
  const filled = heights.map((at) => {
    drawable = Number.isNaN(at) ? drawable : at
    return drawable
  })
  const chart = asciichart.plot(filled, { min: 0, max: top, height: top, offset: 2, format: () => ' ', symbols: [...stroke(index)] })
  const style = { fg: seriesColour(index) }
  const isPoint = (i: number) => i >= 0 && i < heights.length && !Number.isNaN(heights[i])
  for (const [row, line] of chart.split('\n').entries()) {
    const glyphs = [...line].slice(2) // after the label and the axis, column i joins the points i and i + 1
    for (const [i, glyph] of glyphs.entries()) {
      if (glyph !== ' ' && isPoint(i) && isPoint(i + 1)) frame.put(i, row, glyph, style)
    }
  }
  for (const [i, at] of heights.entries()) {
    if (!isPoint(i)) continue
    const row = top - Math.round(at)
    if (i === 0) frame.canvas.put(frame.left, row, '┼', style)
    else if (!isPoint(i - 1) && !isPoint(i + 1)) frame.put(i - 1, row, stroke(index)[HORIZONTAL], style)
  }
}
