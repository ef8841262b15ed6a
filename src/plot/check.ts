/** Rows of numbers, all of one length: nested arrays or typed arrays.   [rows][columns] */
export type Matrix = ArrayLike<ArrayLike<number>>
/** Bounds [low, high]. */
export type Range = readonly [low: number, high: number]

/** A copy as plain numbers; empty or non-numeric data is an error that names the operation and the argument. */
export function checkNumbers(operation: string, argument: string, values: ArrayLike<number>): number[] {
  if (!isArray(values)) throw new TypeError(`${operation}: ${argument} must be an array of numbers, got ${describe(values)}`)
  if (values.length === 0) throw new RangeError(`${operation}: ${argument} is empty, expected at least one number`)
  return Array.from(values, (value, i) => {
    if (typeof value !== 'number') throw new TypeError(`${operation}: ${argument}[${i}] must be a number, got ${describe(value)}`)
    return value
  })
}

/** A copy as rows of plain numbers.  A flat array needs `shape`: [rows, columns]. */
export function checkMatrix(
  operation: string,
  argument: string,
  values: Matrix | ArrayLike<number>,
  shape?: readonly [number, number],
): number[][] {
  if (!isArray(values)) throw new TypeError(`${operation}: ${argument} must be rows of numbers, got ${describe(values)}`)
  if (isFlat(values)) return reshape(operation, argument, checkNumbers(operation, argument, values), shape)
  if (values.length === 0) throw new RangeError(`${operation}: ${argument} is empty, expected at least one row`)
  const rows = Array.from(values, (row, i) => checkNumbers(operation, `${argument}[${i}]`, row))
  const ragged = rows.findIndex((row) => row.length !== rows[0].length)
  if (ragged >= 0) {
    const lengths = `${argument}[0] has ${rows[0].length} columns, ${argument}[${ragged}] has ${rows[ragged].length}`
    throw new RangeError(`${operation}: ${argument} is ragged: ${lengths}`)
  }
  return rows
}

const isArray = (values: unknown): boolean => Array.isArray(values) || (ArrayBuffer.isView(values) && 'length' in values)

function isFlat(values: Matrix | ArrayLike<number>): values is ArrayLike<number> {
  return values.length > 0 && typeof values[0] === 'number'
}

function reshape(operation: string, argument: string, flat: number[], shape: readonly [number, number] | undefined): number[][] {
  if (shape === undefined)
    throw new RangeError(
      `${operation}: ${argument} is flat (${flat.length} numbers), expected rows; flat data needs a shape: [rows, columns]`,
    )
  const [rows, columns] = shape
  if (rows * columns !== flat.length)
    throw new RangeError(`${operation}: ${argument} has ${flat.length} numbers, shape [${rows}, ${columns}] needs ${rows * columns}`)
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns))
}

/** Class indices 0, 1, 2, ..., as many as there are points. */
export function checkLabels(operation: string, argument: string, labels: ArrayLike<number>, count: number): number[] {
  const copy = checkNumbers(operation, argument, labels)
  checkLength(operation, argument, copy, count)
  for (const [i, label] of copy.entries()) {
    if (!isClass(label)) throw new RangeError(`${operation}: ${argument}[${i}] must be a class index 0, 1, 2, ..., got ${label}`)
  }
  return copy
}

export const isClass = (value: number): boolean => Number.isInteger(value) && value >= 0

export function checkLength(operation: string, argument: string, values: { readonly length: number }, expected: number): void {
  if (values.length !== expected) throw new RangeError(`${operation}: ${argument} must have ${expected} entries, got ${values.length}`)
}

export function checkRange(operation: string, argument: string, range: Range): Range {
  const [low, high] = range
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    throw new RangeError(`${operation}: ${argument} must be [low, high] with low < high, got [${low}, ${high}]`)
  }
  return [low, high]
}

export function checkPositiveInteger(operation: string, argument: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return
  throw new RangeError(
    `${operation}: ${argument} must be ${least === 1 ? 'a positive integer' : `an integer from ${least} on`}, got ${value}`,
  )
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `the string '${value}'`
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
