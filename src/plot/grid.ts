import type { Axis } from './axis.ts'
import { checkMatrix, checkPositiveInteger, checkRange, isClass, type Matrix, type Range } from './check.ts'
import { BLACK, hex, mix, palette, type Rgb, seriesColour, WHITE } from './colour.ts'
import { element } from './svg.ts'

const SAMPLES = 64

/**
 * The places of a grid over the plane, row by row from low to high y, x running fastest: for a model that answers a whole batch.
 * -> [rows · columns, 2]
 *
 *     const X = tensor(gridPoints([-1, 2], [-1, 2], [32, 32]))                  // [1024, 2]
 *     const answers = await model.forward(X).read()                             // [1024]
 *     regions(answers, { shape: [32, 32], x: [-1, 2], y: [-1, 2], range: [0, 1] })
 */
export function gridPoints(x: Range, y: Range, [rows, columns]: readonly [rows: number, columns: number] = [SAMPLES, SAMPLES]): number[][] {
  checkRange('gridPoints', 'x', x)
  checkRange('gridPoints', 'y', y)
  checkPositiveInteger('gridPoints', 'rows', rows)
  checkPositiveInteger('gridPoints', 'columns', columns)
  const between = ([low, high]: Range, share: number) => low * (1 - share) + high * share
  const row = (r: number) => Array.from({ length: columns }, (_, c) => [between(x, (c + 0.5) / columns), between(y, (r + 0.5) / rows)])
  return Array.from({ length: rows }, (_, r) => row(r)).flat()
}

/** The answers of a function over the plane, or given ones, as rows from low to high y. */
export function answersOf(
  operation: string,
  f: ((x: number, y: number) => number) | Matrix | ArrayLike<number>,
  at: { x: Axis; y: Axis },
  shape: readonly [number, number] | undefined,
): number[][] {
  if (typeof f !== 'function') return checkMatrix(operation, 'f', f, shape)
  const places = (axis: Axis) => Array.from({ length: SAMPLES }, (_, i) => axis.value((i + 0.5) / SAMPLES))
  const xs = places(at.x)
  return places(at.y).map((y) => xs.map((x) => checkAnswer(operation, f(x, y), x, y)))
}

function checkAnswer(operation: string, answer: number, x: number, y: number): number {
  if (typeof answer !== 'number') throw new TypeError(`${operation}: f(${x}, ${y}) must be a number, got ${typeof answer}`)
  return answer
}

/** How a region looks: a pale colour, or where there are no shades a character. NaN is blank. */
export interface Shading {
  colour(value: number): Rgb | undefined
  character(value: number): string
}

const CLASS_CHARACTERS = ' ·:░-▒'
const VALUE_CHARACTERS = ' ·░▒'
const PALE = 0.5

/** A tint of its own for every class. Error: an answer that is no class index. */
export function classShading(answers: readonly (readonly number[])[]): Shading {
  const other = answers.flat().find((answer) => !Number.isNaN(answer) && !isClass(answer))
  if (other !== undefined) {
    throw new RangeError(`regions: f gave ${other}, expected a class index 0, 1, 2, ...; for values give the option range: [low, high]`)
  }
  return {
    colour: (value) => (Number.isNaN(value) ? undefined : mix(WHITE, seriesColour(value), PALE)),
    character: (value) => (Number.isNaN(value) ? ' ' : CLASS_CHARACTERS[value % CLASS_CHARACTERS.length]),
  }
}

/** From class 0's tint at the low end over white in the middle to class 1's at the high end. */
export function valueShading([low, high]: Range): Shading {
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)))
  return {
    colour(value) {
      if (Number.isNaN(value)) return undefined
      const t = Math.round(share(value) * 20) / 10 - 1 // 21 steps from -1 to 1, so that equal neighbours become one
      return mix(WHITE, palette[t < 0 ? 0 : 1], Math.abs(t) * PALE)
    },
    character: (value) => (Number.isNaN(value) ? ' ' : VALUE_CHARACTERS[Math.min(3, Math.floor(share(value) * 4))]),
  }
}

/** From white below the first level to a light grey above the last, a shade for each band between two levels. */
export function bandShading(levels: readonly number[]): Shading {
  const share = (value: number) => levels.filter((level) => value >= level).length / levels.length
  return {
    colour: (value) => (Number.isNaN(value) ? undefined : mix(WHITE, BLACK, share(value) * 0.4)),
    character: (value) => (Number.isNaN(value) ? ' ' : VALUE_CHARACTERS[Math.floor(share(value) * 3)]),
  }
}

/** Points of a class are darker than its tint. */
export const markerInk = (label: number): Rgb => mix(seriesColour(label), BLACK, 0.6)

/** The answers as rectangles; equal neighbours in a row are one. */
export function svgRegions(
  answers: readonly (readonly number[])[],
  shading: Shading,
  px: (at: number) => number,
  py: (at: number) => number,
): string {
  const rows = answers.length
  const columns = answers[0].length
  const height = py(0) - py(1 / rows)
  const rectangles: string[] = []
  for (const [row, values] of answers.entries()) {
    const colours = values.map((value) => shading.colour(value))
    let start = 0
    for (let column = 1; column <= columns; column++) {
      if (column < columns && colours[column] === colours[start]) continue
      const [fill, x] = [colours[start], px(start / columns)]
      if (fill !== undefined)
        rectangles.push(element('rect', { x, y: py((row + 1) / rows), width: px(column / columns) - x, height, fill: hex(fill) }))
      start = column
    }
  }
  return element('g', { 'shape-rendering': 'crispEdges' }, ...rectangles)
}
