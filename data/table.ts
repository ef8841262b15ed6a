/** A data set in memory. Every caller of `iris()`, `digits()` or `diabetes()` gets the same arrays: copy them before changing them. */
export interface Table {
  /** How many samples. */
  readonly rows: number
  /** How many features each sample has. */
  readonly columns: number
  /** The samples, row by row: [rows, columns] */
  readonly features: Float32Array
  /** What each column measures: [columns] */
  readonly featureNames: readonly string[]
}

/** A table whose rows belong to classes. */
export interface ClassificationTable extends Table {
  /** The class of each row, an index into `targetNames`: [rows] */
  readonly target: Int32Array
  readonly targetNames: readonly string[]
}

/** A table whose rows have a number to predict. */
export interface RegressionTable extends Table {
  /** [rows] */
  readonly target: Float32Array
}

/**
 * Reads a table from text: a line for each sample, of which `read` gives the features and, last, the target.
 * @throws Error if a line has another number of values, or one that is no number
 */
export function decode(text: string, featureNames: readonly string[], read: (line: string) => number[]): Table & { target: number[] } {
  const lines = text.trim().split('\n')
  const columns = featureNames.length
  const features = new Float32Array(lines.length * columns) // [rows, columns]
  const target = lines.map((line, i) => {
    const values = read(line)
    if (values.length !== columns + 1 || values.some(Number.isNaN)) {
      throw new Error(`line ${i + 1}: expected ${columns + 1} numbers, got '${line}'`)
    }
    features.set(values.slice(0, columns), i * columns)
    return values[columns]
  })
  return { rows: lines.length, columns, features, featureNames, target }
}

/** The numbers of a line, between spaces. */
export function readSpaced(line: string): number[] {
  return line.split(' ').map(Number)
}
