import { expect, GradusError } from '../errors.ts'
import { readFile } from '../node.ts'
import { fromHost } from '../tensor/creation.ts'
import type { Tensor } from '../tensor/index.ts'
import { type CsvRecord, parseCsv } from './csv-records.ts'
import type { ClassData, LabelledData } from './tables.ts'

/** A column: its name in the header, or its number from 0. */
export type Column = string | number

export interface CsvOptions {
  /** Whether the first line names the columns. Default: it does; but a first line of numbers only is an error, since it is probably data. */
  header?: boolean
  /** What stands between fields. Default ','. */
  delimiter?: string
  /** The columns of x, in this order. Default: all but that of y. */
  columns?: readonly Column[]
  /** The column of y, if it holds numbers to predict. */
  target?: Column
  /** The column of y, if it holds the names of classes; they are numbered in alphabetical order. */
  classes?: Column
}

/** The columns of a table that are numbers. */
export interface Features {
  /** [N, features] float32 */
  x: Tensor
  featureNames: readonly string[]
}

/**
 * Reads a table of numbers from a CSV file (RFC 4180: fields may stand in quotes, and then hold delimiters, line breaks and doubled quotes). Every field that is read must
 * be a number; a file that is empty, rows of another length, and fields that are no numbers are errors with line and column.
 *
 *     const { x, featureNames } = data.csv('prices.csv', { columns: ['open', 'close'] })          // x: [N, 2]
 *     const { x, y, targetNames } = data.csv('iris.csv', { classes: 'species' })                  // x: [N, 4], y: [N] int32
 */
export function csv(path: string, options: CsvOptions & { classes: Column }): ClassData
export function csv(path: string, options: CsvOptions & { target: Column }): LabelledData
export function csv(path: string, options?: CsvOptions): Features
export function csv(path: string, options: CsvOptions = {}): Features | LabelledData | ClassData {
  const { delimiter = ',', target, classes } = options
  expect(
    typeof delimiter === 'string' && delimiter.length === 1 && !'"\r\n'.includes(delimiter),
    'csv',
    () => `delimiter must be one character, no quote and no line break, got ${JSON.stringify(delimiter)}`,
  )
  expect(target === undefined || classes === undefined, 'csv', () => 'y has one column: give target (numbers) or classes (names), not both')
  const table = new Table(path, parseCsv(path, decodeText(path), delimiter), options.header)
  const label = target ?? classes
  const labelColumn = label === undefined ? -1 : table.column(target === undefined ? 'classes' : 'target', label)
  const chosen =
    options.columns?.map((column) => table.column('columns', column)) ?? [...table.names.keys()].filter((i) => i !== labelColumn)
  expect(chosen.length > 0, 'csv', () => `${path}: x has no columns`)
  const n = table.rows.length
  const x = fromHost('csv', table.numbers(chosen), [n, chosen.length]) // [N, features]
  const features = { x, featureNames: chosen.map((i) => table.names[i]) }
  if (label === undefined) return features
  if (target !== undefined) return { ...features, y: fromHost('csv', table.numbers([labelColumn]), [n]) }
  const labels = table.texts(labelColumn)
  const targetNames = [...new Set(labels)].sort()
  const numberOf = new Map(targetNames.map((name, i) => [name, i]))
  return {
    ...features,
    y: fromHost(
      'csv',
      Int32Array.from(labels, (name) => numberOf.get(name) ?? -1),
      [n],
    ),
    targetNames,
  }
}

/** A file's text, in UTF-8. */
export function decodeText(path: string): string {
  const bytes = readFile('csv', path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes) // without the mark that Excel puts before it
  } catch {
    throw new GradusError('csv', `${path} is no text in UTF-8`)
  }
}

/** Decimal, as people write numbers: no hexadecimal, no NaN, no grouped thousands. */
export const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i

/** Records of one length, under names. */
class Table {
  readonly names: readonly string[]
  readonly rows: readonly CsvRecord[]
  readonly #path: string

  constructor(path: string, records: readonly CsvRecord[], header: boolean | undefined) {
    this.#path = path
    expect(records.length > 0, 'csv', () => `${path} is empty`)
    const [{ fields }] = records
    expect(
      header !== undefined || !fields.every((field) => NUMBER.test(field)),
      'csv',
      () => `${path}: line 1 holds only numbers; if it is no header, say { header: false }, if it is one, { header: true }`,
    )
    this.names = header === false ? fields.map((_, i) => String(i)) : fields
    this.rows = header === false ? records : records.slice(1)
    expect(this.rows.length > 0, 'csv', () => `${path} has a header, but no rows`)
    const twice = this.names.find((name, i) => this.names.indexOf(name) < i)
    expect(twice === undefined, 'csv', () => `${path}: the header names '${twice}' twice`)
    for (const { line, fields } of this.rows) {
      const found = fields.length === 1 ? '1 field' : `${fields.length} fields`
      expect(
        fields.length === this.names.length,
        'csv',
        () => `${path}: line ${line} has ${found}, expected ${this.names.length}, as line 1 has`,
      )
    }
  }

  /** The number of a column. */
  column(argument: string, column: Column): number {
    const i = typeof column === 'number' ? column : this.names.indexOf(column)
    expect(
      Number.isInteger(i) && i >= 0 && i < this.names.length,
      'csv',
      () =>
        `${argument}: ${this.#path} has no column ${JSON.stringify(column)}; it has ${this.names.map((name) => `'${name}'`).join(', ')}`,
    )
    return i
  }

  /** The texts of a column, none of them empty.        -> [N] */
  texts(column: number): string[] {
    return this.rows.map(({ line, fields }) => {
      expect(fields[column] !== '', 'csv', () => `${this.#place(line, column)}: expected the name of a class, got nothing`)
      return fields[column]
    })
  }

  #place(line: number, column: number): string {
    return `${this.#path}: line ${line}, column ${column + 1} ('${this.names[column]}')`
  }

  /** The numbers of some columns, row by row.        -> [N, columns] */
  numbers(columns: readonly number[]): Float32Array {
    const values = new Float32Array(this.rows.length * columns.length)
    let at = 0
    for (const { line, fields } of this.rows) {
      for (const i of columns) {
        const value = NUMBER.test(fields[i]) ? Number(fields[i]) : Number.NaN
        values[at] = value
        expect(Number.isFinite(values[at++]), 'csv', () => {
          const expected = Number.isFinite(value) ? 'a number of float32' : 'a number'
          return `${this.#place(line, i)}: expected ${expected}, got ${fields[i].trim() === '' ? 'nothing' : `'${fields[i]}'`}`
        })
      }
    }
    return values
  }
}
