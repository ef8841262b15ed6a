import type { Axis } from './axis.ts'
import { type Canvas, legendBlock, putPixels, type Style, textBlocks } from './canvas.ts'
import { checkMatrix, checkNumbers, checkPositiveInteger, checkRange, type Matrix, type Range } from './check.ts'
import { BLACK, canShade, hex, seriesColour, WHITE } from './colour.ts'
import { Frame, svgFrame } from './frame.ts'
import { answersOf, classShading, markerInk, svgRegions, valueShading } from './grid.ts'
import { type Picture, picture } from './picture.ts'
import { checkPoints, classesOf, className, drawPath, eachCell, marker, type Points, planeAxes, svgMarker, svgPoints } from './plane.ts'
import { element, type Path, svgPath } from './svg.ts'
import type { ColourDepth } from './terminal.ts'

/** The line w·x + b = 0. */
export interface Line {
  readonly w: ArrayLike<number> // [2]
  readonly b: number
}

export interface RegionsOptions {
  readonly title?: string
  readonly xLabel?: string
  readonly yLabel?: string
  /** Bounds. Default: those of the points, with a third of room on either side; without points they are needed. */
  readonly x?: Range
  readonly y?: Range
  /** Points and their class indices, drawn over the regions. [N, 2], [N] */
  readonly points?: Matrix
  readonly labels?: ArrayLike<number>
  /** Names of the classes. */
  readonly classes?: readonly string[]
  /** Lines w·x + b = 0: a perceptron's, or those of the hidden units. With w = 0 there is no line, and none is drawn. */
  readonly lines?: readonly Line[]
  /** f gives values from low (class 0) to high (class 1), not classes: they are shaded. */
  readonly range?: Range
  /** The shape of flat answers: [rows, columns]. */
  readonly shape?: readonly [rows: number, columns: number]
  /** Rows of the plot in the terminal. Default 16. */
  readonly height?: number
}

/**
 * Decision regions of a classifier over the plane, with points and lines.
 *
 * `f` is the function (x, y) -> class index, or with `range` (x, y) -> value. It is asked for 64 × 64 places at once, when the picture is
 * made. For a model that answers in batches, `f` may be its answers at `gridPoints` instead. NaN leaves a place blank.
 * Errors: neither points nor bounds, an answer that is no class index, points that are not [N, 2].
 *
 *     regions((x, y) => step(w[0] * x + w[1] * y + b), { title: 'AND', points: X, labels: d, lines: [{ w, b }], x: [-0.5, 1.5], y: [-0.5, 1.5] })
 *     regions((x, y) => forward([x, y]), { title: 'XOR', points: X, labels: d, range: [0, 1] })
 */
export function regions(f: ((x: number, y: number) => number) | Matrix | ArrayLike<number>, options: RegionsOptions = {}): Picture {
  const { title, xLabel, yLabel, range, height = 16 } = options
  checkPositiveInteger('regions', 'height', height)
  const points = pointsOf(options)
  const at = planeAxes('regions', points, 1 / 3, options.x, options.y)
  const answers = answersOf('regions', f, at, options.shape) // [rows, columns], from low to high y
  const shading = range ? valueShading(checkRange('regions', 'range', range)) : classShading(answers)
  const lines = (options.lines ?? []).map((line, i) => clipLine(line, i, at))
  const key = keyOf(options, classesOf(points.labels, answers.flat()))
  const answerAt = (x: number, y: number) => answers[Math.floor(y * answers.length)][Math.floor(x * answers[0].length)]

  const paint = (width: number, colour: ColourDepth): Canvas[] => {
    const shaded = canShade(colour)
    const frame = new Frame({ width, rows: height, rowLabels: Frame.rowLabels(at.y, height), xLabel, maxColumns: 3 * height })
    const { columns, rows } = frame
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const answer = (down: number) => answerAt((column + 0.5) / columns, 1 - (row + down) / rows)
        if (shaded) putPixels(frame.canvas, frame.left + 1 + column, row, shading.colour(answer(0.25)), shading.colour(answer(0.75)))
        else frame.put(column, row, shading.character(answer(0.5)))
      }
    }
    for (const path of lines) drawPath(frame, path, shaded ? { fg: BLACK } : {})
    const ink = (label: number): Style => ({ fg: shaded ? markerInk(label) : seriesColour(label) })
    eachCell(frame, points, at, (column, row, label) => frame.put(column, row, marker(label), ink(label)))
    frame.xAxis(at.x)
    const legend = key.map(({ name, answer, label }) => {
      const ground = shaded ? ' ' : shading.character(answer)
      const style = { ...(label === undefined ? {} : ink(label)), bg: shading.colour(answer) }
      return { name, swatch: ground + (label === undefined ? ground : marker(label)) + ground, style }
    })
    return [...textBlocks([title, yLabel], width), frame.canvas, legendBlock(legend, width)]
  }

  const svg = () =>
    svgFrame({
      name: 'regions',
      title,
      x: at.x,
      y: at.y,
      xLabel,
      yLabel,
      size: [420, 360],
      legend: key.map(({ name, answer, label }) => ({
        name,
        swatch(cx: number, cy: number) {
          const ground = element('rect', {
            x: cx - 12,
            y: cy - 8,
            width: 24,
            height: 16,
            fill: hex(shading.colour(answer) ?? WHITE),
            stroke: '#999999',
          })
          return ground + (label === undefined ? '' : svgMarker(cx, cy, label))
        },
      })),
      draw: (px, py) => [
        svgRegions(answers, shading, px, py),
        ...lines.map((path) => svgPath(path, px, py, '#000000')),
        ...svgPoints(points, at, px, py),
      ],
    })

  return picture(paint, svg)
}

function pointsOf({ points, labels, x, y }: RegionsOptions): Points {
  if (points === undefined) {
    if (!(x && y)) throw new RangeError('regions: without points, the bounds x and y are needed: [low, high]')
    if (labels) throw new RangeError('regions: labels were given without points')
    return { x: [], y: [], labels: [] }
  }
  const rows = checkMatrix('regions', 'points', points)
  if (rows[0].length !== 2) throw new RangeError(`regions: points must be [N, 2], got [${rows.length}, ${rows[0].length}]`)
  return checkPoints(
    'regions',
    rows.map(([first]) => first),
    rows.map(([, second]) => second),
    labels,
  )
}

interface Key {
  readonly name: string
  readonly answer: number
  /** The class whose marker is shown. */
  readonly label?: number
}

function keyOf({ range, classes }: RegionsOptions, present: readonly number[]): Key[] {
  if (!range) return present.map((label) => ({ name: className(label, classes), answer: label, label }))
  const [low, high] = range
  const middle = low / 2 + high / 2
  return [
    { name: `${className(0, classes)}: ${low}`, answer: low, label: 0 },
    { name: `${middle}`, answer: middle },
    { name: `${className(1, classes)}: ${high}`, answer: high, label: 1 },
  ]
}

/** The part of the line w·x + b = 0 that lies in the plane, between two of its borders. */
function clipLine({ w, b }: Line, index: number, at: { x: Axis; y: Axis }): Path {
  const weights = checkNumbers('regions', `lines[${index}].w`, w)
  if (weights.length !== 2) throw new RangeError(`regions: lines[${index}].w must be [w1, w2], got ${weights.length} numbers`)
  const [w1, w2] = weights
  const crossings = [0, 1].flatMap((border) => [
    [border, at.y.position(-(b + w1 * at.x.value(border)) / w2)] as const,
    [at.x.position(-(b + w2 * at.y.value(border)) / w1), border] as const,
  ])
  const inside = crossings.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)).sort(([x0, y0], [x1, y1]) => x0 - x1 || y0 - y1)
  return inside.length < 2 ? [] : [inside[0], inside[inside.length - 1]]
}
