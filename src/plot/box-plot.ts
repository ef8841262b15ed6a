import { type Axis, axis } from './axis.ts'
import { type Canvas, textBlocks } from './canvas.ts'
import { checkNumbers, type Range } from './check.ts'
import { hex, seriesColour } from './colour.ts'
import { oneLine } from './display-width.ts'
import { Frame } from './frame.ts'
import { type Picture, picture } from './picture.ts'
import { element, heading, label, svgDocument, widestText } from './svg.ts'

export interface BoxPlotOptions {
  readonly title?: string
  /** The name below the axis. */
  readonly xLabel?: string
  /** Bounds of the values. Default: all finite values, and a little room. */
  readonly x?: Range
}

/** Five numbers of a group, and the values beyond them. */
export interface BoxSummary {
  /** The least and the greatest value within 1.5 · (q3 - q1) of the box: where the whiskers end. */
  readonly low: number
  readonly high: number
  readonly q1: number
  readonly median: number
  readonly q3: number
  readonly outliers: readonly number[]
}

interface Group extends BoxSummary {
  readonly name: string
}

/**
 * Groups of values side by side, a row each: a box from the first to the third quartile with the median in it, whiskers as far as values lie within 1.5 box
 * lengths of the box, dots beyond (J. W. Tukey, "Exploratory Data Analysis", 1977).
 *
 * A quartile between two values is interpolated: that of n sorted values at the place (n - 1) · p, as NumPy, R's type 7 and pandas have it
 * (Hyndman & Fan, "Sample quantiles in statistical packages", The American Statistician 50(4), 1996). NaN and Infinity are left out.
 * Errors: no group, an empty group, a group without a finite value.
 *
 *     boxPlot({ 'k = 1': scores1, 'k = 5': scores5 }, { title: '10-fold cross-validation', xLabel: 'accuracy' })
 */
export function boxPlot(groups: Readonly<Record<string, ArrayLike<number>>>, options: BoxPlotOptions = {}): Picture {
  const { title, xLabel } = options
  const all = Object.entries(groups).map(([name, values]): Group => ({ name: oneLine(name), ...boxSummary(values, `groups['${name}']`) }))
  if (all.length === 0) throw new RangeError('boxPlot: groups is empty, expected at least one group')
  const x = axis(
    'boxPlot',
    'x',
    all.flatMap(({ low, high, outliers }) => [low, high, ...outliers]),
    { range: options.x, margin: 0.04 },
  )
  return picture(
    (width) => [...textBlocks([title], width), paint(all, x, xLabel, width)],
    () => svg(all, x, options),
  )
}

/** Quartiles, whiskers and outliers of values, NaN and Infinity left out. */
export function boxSummary(values: ArrayLike<number>, argument = 'values'): BoxSummary {
  const sorted = checkNumbers('boxPlot', argument, values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  if (sorted.length === 0) throw new RangeError(`boxPlot: ${argument} has no finite value`)
  const quantile = (p: number): number => {
    const place = (sorted.length - 1) * p
    const below = Math.floor(place)
    const [a, b] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]]
    return a + (place - below) * (b - a)
  }
  const [q1, median, q3] = [0.25, 0.5, 0.75].map(quantile)
  const reach = 1.5 * (q3 - q1)
  const within = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach)
  const outliers = sorted.filter((value) => value < q1 - reach || value > q3 + reach)
  // An interpolated quartile may lie beyond all values within reach: then there is no whisker.
  return { low: Math.min(within[0], q1), high: Math.max(within[within.length - 1], q3), q1, median, q3, outliers }
}

const ROWS = 3

function paint(groups: readonly Group[], x: Axis, xLabel: string | undefined, width: number): Canvas {
  const rowLabels = groups.map(({ name }, i) => ({ row: i * ROWS + 1, label: name }))
  const frame = new Frame({ width, rows: groups.length * ROWS, rowLabels, xLabel })
  for (const [i, group] of groups.entries()) paintBox(frame, group, x, i)
  frame.xAxis(x)
  return frame.canvas
}

function paintBox(frame: Frame, { low, q1, median, q3, high, outliers }: Group, x: Axis, index: number): void {
  const [top, middle, bottom] = [index * ROWS, index * ROWS + 1, index * ROWS + 2]
  const style = { fg: seriesColour(index) }
  const [first, left, line, right, last] = [low, q1, median, q3, high].map((value) => frame.columnOf(x.position(value)))
  for (const value of outliers) frame.put(frame.columnOf(x.position(value)), middle, 'o', style)
  for (let column = first; column <= last; column++) frame.put(column, middle, '─', style)
  frame.put(first, middle, '├', style)
  frame.put(last, middle, '┤', style)
  for (let column = left; column <= right; column++) {
    frame.put(column, top, '─', style)
    frame.put(column, middle, ' ', style)
    frame.put(column, bottom, '─', style)
  }
  const corners = left === right ? '╷│╵╷│╵' : `┌${first < left ? '┤' : '│'}└┐${last > right ? '├' : '│'}┘`
  for (const [row, y] of [top, middle, bottom].entries()) {
    frame.put(left, y, corners[row], style)
    frame.put(right, y, corners[row + 3], style)
  }
  frame.put(line, middle, '┃', style)
}

function svg(groups: readonly Group[], x: Axis, { title, xLabel }: BoxPlotOptions): string {
  const [room, step, box] = [460, 44, 24]
  const left = 24 + widestText(groups.map(({ name }) => name))
  const top = title === undefined ? 12 : 40
  const bottom = top + groups.length * step
  const px = (value: number) => left + x.position(value) * room
  const width = left + room + 20
  const body: string[] = title === undefined ? [] : [heading(width / 2, title, width)]
  for (const [i, { name, low, q1, median, q3, high, outliers }] of groups.entries()) {
    const y = top + (i + 0.5) * step
    const colour = hex(seriesColour(i))
    const stroke = (x1: number, y1: number, x2: number, y2: number, thickness = 1.5) =>
      [x1, x2].every(Number.isFinite) ? [element('line', { x1, y1, x2, y2, stroke: colour, 'stroke-width': thickness })] : []
    body.push(label(left - 10, y + 4, name, { 'text-anchor': 'end' }))
    body.push(...stroke(px(low), y, px(q1), y), ...stroke(px(q3), y, px(high), y))
    body.push(...[low, high].flatMap((end) => stroke(px(end), y - box / 4, px(end), y + box / 4)))
    if (Number.isFinite(px(q1)) && Number.isFinite(px(q3))) {
      const look = { height: box, fill: colour, 'fill-opacity': '0.2', stroke: colour }
      body.push(element('rect', { x: px(q1), y: y - box / 2, width: px(q3) - px(q1), ...look }))
    }
    body.push(...stroke(px(median), y - box / 2, px(median), y + box / 2, 3))
    for (const value of outliers.filter((value) => Number.isFinite(px(value)))) {
      body.push(element('circle', { cx: px(value), cy: y, r: 3, fill: 'none', stroke: colour }))
    }
  }
  body.push(element('line', { x1: left, y1: bottom, x2: left + room, y2: bottom, stroke: '#666666' }))
  for (const { at, label: text } of x.ticks(8)) {
    const tick = left + at * room
    body.push(element('line', { x1: tick, y1: bottom, x2: tick, y2: bottom + 5, stroke: '#666666' }))
    body.push(label(tick, bottom + 18, text, { 'text-anchor': 'middle' }))
  }
  if (xLabel !== undefined) body.push(label(left + room / 2, bottom + 38, xLabel, { 'text-anchor': 'middle' }))
  return svgDocument(width, bottom + (xLabel === undefined ? 28 : 48), title ?? 'box plot', body)
}
