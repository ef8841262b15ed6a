import { GradusError } from '../errors.ts'
import { decodeText, NUMBER } from './csv.ts'
import { parseCsv } from './csv-records.ts'

/**
 * One column of a CSV file as a series, such as daily prices: the column named `close`, else `price` (in any case), else the last one that holds
 * numbers alone. The first line may name the columns.        path -> [T]
 *
 * Errors: a file that cannot be read or has no rows, no such column, a field of it that is no number (with its line).
 */
export function readSeries(path: string): Float64Array {
  const refuse = (problem: string) => new GradusError('readSeries', `${path}: ${problem}`)
  const records = parseCsv(path, decodeText(path), ',')
  const isNumber = (field: string | undefined) => field !== undefined && NUMBER.test(field)
  const hasHeader = records.length > 0 && !records[0].fields.some(isNumber)
  const rows = hasHeader ? records.slice(1) : records
  if (rows.length === 0) throw refuse('there are no rows of numbers')
  const names = hasHeader ? records[0].fields.map((name) => name.trim().toLowerCase()) : []
  const named = ['close', 'price'].map((name) => names.indexOf(name)).find((column) => column >= 0)
  const numeric = [...rows[0].fields.keys()].filter((column) => rows.every(({ fields }) => isNumber(fields[column])))
  const column = named ?? numeric.at(-1)
  if (column === undefined) throw refuse('no column is named close or price, and none holds numbers alone')
  const gap = rows.find(({ fields }) => !isNumber(fields[column]))
  if (gap) throw refuse(`line ${gap.line}: expected a number in column ${column + 1}, got '${gap.fields[column] ?? ''}'`)
  return Float64Array.from(rows, ({ fields }) => Number(fields[column]))
}
