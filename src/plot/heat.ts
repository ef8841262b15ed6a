import { checkLength, checkMatrix, type Matrix } from './check.ts'
import { diverging, type Rgb, rampAt } from './colour.ts'
import { oneLine } from './display-width.ts'
import { formatFixed } from './number.ts'
import { shrink } from './resample.ts'

/** A matrix, its names, and how its values look. */
export interface Heat {
  readonly values: readonly (readonly number[])[] // [R][C]
  /** Empty where cells stand for several rows and columns. */
  readonly rowNames: readonly string[]
  readonly columnNames: readonly string[]
  readonly number: (value: number) => string
  /** Zero is white, positive values are blue, negative ones vermilion; NaN has none. */
  readonly colour: (value: number) => Rgb | undefined
  /** A character from thin (the lowest value, at most 0) to dense (the highest). */
  readonly character: (value: number) => string
  /** The ends of the scale, and zero between them. */
  readonly scale: readonly number[]
  /** What a reader must know beside the picture. */
  readonly note?: string
}

export interface HeatOptions {
  /** Names of the columns and the rows. Default: their indices. */
  readonly columns?: readonly string[]
  readonly rows?: readonly string[]
  /** Decimals of the numbers. Default: four significant digits. */
  readonly digits?: number
  /** The shape of a flat matrix: [rows, columns]. */
  readonly shape?: readonly [rows: number, columns: number]
  /** The absolute value that has full colour. Default: the largest finite one. */
  readonly max?: number
}

export function heatOf(matrix: Matrix | ArrayLike<number>, { rows, columns, digits, shape, max }: HeatOptions): Heat {
  const values = checkMatrix('heatmap', 'matrix', matrix, shape)
  const indices = (count: number) => Array.from({ length: count }, (_, i) => String(i))
  if (rows) checkLength('heatmap', 'rows', rows, values.length)
  if (columns) checkLength('heatmap', 'columns', columns, values[0].length)
  if (max !== undefined && !(Number.isFinite(max) && max > 0)) throw new RangeError(`heatmap: max must be a positive number, got ${max}`)
  const finite = values.flat().filter(Number.isFinite)
  const high = max ?? (finite.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1)
  const low = finite.some((value) => value < 0) ? -high : 0
  return {
    values,
    rowNames: (rows ?? indices(values.length)).map(oneLine),
    columnNames: (columns ?? indices(values[0].length)).map(oneLine),
    number: (value) => formatFixed(value, digits),
    colour: (value) => (Number.isNaN(value) ? undefined : diverging(value / high)),
    character: (value) => (Number.isNaN(value) ? '?' : rampAt((value / 2 - low / 2) / (high / 2 - low / 2))),
    scale: low < 0 ? [low, 0, high] : [0, high],
  }
}

/** The same matrix in at most so many rows and columns: cells become means of blocks, and lose their names. */
export function shrinkHeat(heat: Heat, maxRows: number, maxColumns: number): Heat {
  const rows = Math.ceil(heat.values.length / maxRows)
  const columns = Math.ceil(heat.values[0].length / maxColumns)
  if (rows === 1 && columns === 1) return heat
  const note = `each cell is the mean of ${rows} × ${columns} values`
  return { ...heat, values: shrink(heat.values, rows, columns), rowNames: [], columnNames: [], note }
}
