import { type Axis, axis } from './axis.ts'
import type { Style } from './canvas.ts'
import { checkLabels, checkLength, checkNumbers, type Range } from './check.ts'
import { hex, seriesColour } from './colour.ts'
import type { Frame } from './frame.ts'
import { element, type Path, type Pixel, rounded } from './svg.ts'

/** Points of the plane, with a class each. */
export interface Points {
  readonly x: readonly number[] // [N]
  readonly y: readonly number[] // [N]
  readonly labels: readonly number[] // [N], class indices
}

/** A marker per class, so that classes differ without colours too. */
const MARKERS = 'ox+*#@%&'
export const marker = (label: number): string => MARKERS[label % MARKERS.length]

export function checkPoints(operation: string, x: ArrayLike<number>, y: ArrayLike<number>, labels?: ArrayLike<number>): Points {
  const xs = checkNumbers(operation, 'x', x)
  const ys = checkNumbers(operation, 'y', y)
  checkLength(operation, 'y', ys, xs.length)
  return { x: xs, y: ys, labels: labels === undefined ? xs.map(() => 0) : checkLabels(operation, 'labels', labels, xs.length) }
}

/** The axes of a plane: over the given ranges, or over the points with some room around them. */
export function planeAxes(operation: string, points: Points, margin: number, x?: Range, y?: Range): { x: Axis; y: Axis } {
  return { x: axis(operation, 'x', points.x, { range: x, margin }), y: axis(operation, 'y', points.y, { range: y, margin }) }
}

/** The classes that occur, in ascending order. */
export function classesOf(...labels: readonly (readonly number[])[]): number[] {
  return [...new Set(labels.flat())].filter((label) => !Number.isNaN(label)).sort((a, b) => a - b)
}

export const className = (label: number, names?: readonly string[]): string => names?.[label] ?? `class ${label}`

/** Calls draw(column, row) for the cell of each point in the frame; points outside are left out. */
export function eachCell(
  frame: Frame,
  points: Points,
  at: { x: Axis; y: Axis },
  draw: (column: number, row: number, label: number) => void,
): void {
  for (const [i, label] of points.labels.entries()) {
    const column = frame.columnOf(at.x.position(points.x[i]))
    const row = frame.rowOf(at.y.position(points.y[i]))
    if (frame.contains(column, row)) draw(column, row, label)
  }
}

/** A path as cells, each with the glyph that its direction asks for: ─ ╱ │ ╲, or one given glyph. */
export function drawPath(frame: Frame, path: Path, style: Style, glyph?: string): void {
  for (const [i, [x1, y1]] of path.entries()) {
    if (i === 0) continue
    const [x0, y0] = path[i - 1]
    const across = (x1 - x0) * frame.columns
    const up = (y1 - y0) * frame.rows
    const steps = Math.ceil(2 * Math.max(Math.abs(across), Math.abs(up)))
    if (!Number.isFinite(steps)) continue // a gap
    for (let step = 0; step <= steps; step++) {
      const share = steps === 0 ? 0 : step / steps
      frame.put(frame.columnOf(x0 + share * (x1 - x0)), frame.rowOf(y0 + share * (y1 - y0)), glyph ?? direction(across, up), style)
    }
  }
}

function direction(across: number, up: number): string {
  const slope = Math.abs(up / across)
  if (slope < 0.4) return '─'
  if (slope > 2.5) return '│'
  return up > 0 === across > 0 ? '╱' : '╲'
}

/** A class' marker in SVG: circle, square, triangle, diamond, then a circle again in the class' colour. */
export function svgMarker(x: number, y: number, label: number): string {
  const look = { fill: hex(seriesColour(label)), stroke: '#000000', 'stroke-width': 0.8 }
  const polygon = (...points: number[]) =>
    element('polygon', { points: points.map((p, i) => rounded(p + (i % 2 === 0 ? x : y))).join(' '), ...look })
  if (label % 4 === 1) return polygon(-4, -4, 4, -4, 4, 4, -4, 4)
  if (label % 4 === 2) return polygon(0, -5, 5, 4, -5, 4)
  if (label % 4 === 3) return polygon(0, -5.5, 5.5, 0, 0, 5.5, -5.5, 0)
  return element('circle', { cx: x, cy: y, r: 4.5, ...look })
}

/** Every point that lies in the plane, as SVG markers. */
export function svgPoints(points: Points, at: { x: Axis; y: Axis }, px: Pixel, py: Pixel): string[] {
  return points.labels.flatMap((label, i) => {
    const [x, y] = [at.x.position(points.x[i]), at.y.position(points.y[i])]
    return Number.isNaN(x) || Number.isNaN(y) ? [] : [svgMarker(px(x), py(y), label)]
  })
}
