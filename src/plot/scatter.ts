import { type Canvas, type LegendEntry, legendBlock, textBlocks } from './canvas.ts'
import { checkPositiveInteger, type Range } from './check.ts'
import { hex, seriesColour } from './colour.ts'
import { Frame, svgFrame } from './frame.ts'
import { type Picture, picture } from './picture.ts'
import { checkPoints, classesOf, className, drawPath, eachCell, marker, planeAxes, svgMarker, svgPoints } from './plane.ts'
import { dashes, svgPath, svgStroke } from './svg.ts'

export interface ScatterOptions {
  readonly title?: string
  readonly xLabel?: string
  readonly yLabel?: string
  /** Functions y = f(x), drawn as curves, by name. */
  readonly curves?: Readonly<Record<string, (x: number) => number>>
  /** Class indices of the points; each class has its marker and colour. [N] */
  readonly labels?: ArrayLike<number>
  /** Names of the classes. */
  readonly classes?: readonly string[]
  /** Bounds; points outside are not drawn. Default: those of the points, with a tenth of room on either side. */
  readonly x?: Range
  readonly y?: Range
  /** Rows of the plot in the terminal. Default 16. */
  readonly height?: number
}

/** Glyphs of the curves: the first follows its direction, the others have one of their own. */
const GLYPHS = [undefined, '~', '=', '·', '^', ':']
const SAMPLES = 240

/**
 * Points in the plane, and curves through them.   x, y: [N]
 *
 * Points that are not finite are left out; curves have gaps where they are not. Errors: no points, lengths that differ, labels that are no
 * class indices.
 *
 *     scatter([1, 2, 3], [2.1, 3.9, 6.2], { title: 'y = w·x + b', curves: { 'least squares': (x) => w * x + b } })
 *     scatter(petalLength, petalWidth, { labels: species, classes: ['setosa', 'versicolor', 'virginica'] })
 */
export function scatter(x: ArrayLike<number>, y: ArrayLike<number>, options: ScatterOptions = {}): Picture {
  const { title, xLabel, yLabel, curves = {}, classes, height = 16 } = options
  checkPositiveInteger('scatter', 'height', height)
  const points = checkPoints('scatter', x, y, options.labels)
  const at = planeAxes('scatter', points, 0.1, options.x, options.y)
  const present = options.labels === undefined ? [] : classesOf(points.labels)
  // The colours of the curves follow those of the classes.
  const first = Math.max(0, ...classesOf(points.labels)) + 1
  const paths = Object.entries(curves).map(([name, f], i) => ({
    name,
    colour: seriesColour(first + i),
    glyph: GLYPHS[i % GLYPHS.length],
    dash: dashes(i),
    path: Array.from({ length: SAMPLES + 1 }, (_, step) => [step / SAMPLES, at.y.position(f(at.x.value(step / SAMPLES)))] as const),
  }))

  const paint = (width: number): Canvas[] => {
    const frame = new Frame({ width, rows: height, rowLabels: Frame.rowLabels(at.y, height), xLabel })
    for (const { path, colour, glyph } of paths) drawPath(frame, path, { fg: colour }, glyph)
    eachCell(frame, points, at, (column, row, label) => frame.put(column, row, marker(label), { fg: seriesColour(label) }))
    frame.xAxis(at.x)
    const legend: LegendEntry[] = [
      ...present.map((label) => ({ swatch: marker(label), style: { fg: seriesColour(label) }, name: className(label, classes) })),
      ...paths.map(({ name, colour, glyph = '─' }) => ({ swatch: glyph.repeat(3), style: { fg: colour }, name })),
    ]
    return [...textBlocks([title, yLabel], width), frame.canvas, legendBlock(legend, width)]
  }

  const svg = () =>
    svgFrame({
      name: 'scatter',
      title,
      x: at.x,
      y: at.y,
      xLabel,
      yLabel,
      legend: [
        ...present.map((label) => ({ name: className(label, classes), swatch: (cx: number, cy: number) => svgMarker(cx, cy, label) })),
        ...paths.map(({ name, colour, dash }) => ({ name, swatch: (cx: number, cy: number) => svgStroke(cx, cy, hex(colour), dash) })),
      ],
      draw: (px, py) => [
        ...paths.map(({ path, colour, dash }) => svgPath(path, px, py, hex(colour), dash)),
        ...svgPoints(points, at, px, py),
      ],
    })

  return picture(paint, svg)
}
