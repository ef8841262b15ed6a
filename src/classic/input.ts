/** What estimators and metrics take: rows of numbers, labels, targets; checked once, here, so that every message reads the same. */
import { expect, GradusError } from '../errors.ts'
import { defaultGenerator, type FloatArray, Generator } from '../random.ts'
import { type HostArray, showShape } from '../reference/array.ts'
import { Tensor } from '../tensor/index.ts'

/** One sample per row: nested numbers, or a tensor [N, D]. */
export type Rows = Tensor | readonly ArrayLike<number>[]
/** One number per sample: plain numbers, or a tensor [N]. */
export type Column = Tensor | ArrayLike<number>

/** Samples on the host, row-major: [N, D], float32; float64 where a float64 tensor came. */
export interface Samples {
  readonly data: FloatArray
  readonly n: number
  readonly d: number
}

/** The rows of x. Errors: none, ragged, not two axes, no numbers, not finite; int32 numbers that float32 does not hold. */
export async function readRows(operation: string, x: Rows, argument = 'x'): Promise<Samples> {
  const { data, n, d } = x instanceof Tensor ? await ofTensor(operation, x, argument) : ofArrays(operation, x, argument)
  const place = placeBeyond(data, Number.MAX_VALUE)
  expect(
    place < 0,
    operation,
    () => `${argument} must be finite in ${data instanceof Float32Array ? 'float32' : 'float64'}, ${at(place, d, data)}`,
  )
  return { data, n, d }
}

const at = (place: number, d: number, data: ArrayLike<number>) => `got ${data[place]} in row ${Math.floor(place / d)}, column ${place % d}`

/** The first place whose number is NaN or beyond ±limit, or -1. A plain loop: `findIndex` takes ten times as long. */
function placeBeyond(data: HostArray, limit: number): number {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) <= limit)) return i
  return -1
}

async function ofTensor(operation: string, x: Tensor, argument: string): Promise<Samples> {
  const [n, d] = x.shape
  expect(
    x.ndim === 2 && n > 0 && d > 0,
    operation,
    () => `${argument} must be [samples, features], neither 0, got shape ${showShape(x.shape)}`,
  )
  const host = await x.read()
  return { data: host instanceof Int32Array ? exactFloats(operation, host, argument) : host, n, d }
}

function exactFloats(operation: string, host: Int32Array, argument: string): Float32Array {
  const data = Float32Array.from(host)
  const place = data.findIndex((v, i) => v !== host[i])
  expect(place < 0, operation, () => `${argument} holds ${host[place]}, which float32 cannot hold exactly; use ${argument}.to('float64')`)
  return data
}

function ofArrays(operation: string, x: readonly ArrayLike<number>[], argument: string): Samples {
  expect(Array.isArray(x), operation, () => `${argument} must be a tensor or rows of numbers, got ${describe(x)}`)
  const n = x.length
  expect(n > 0, operation, () => `${argument} is empty, expected at least one sample`)
  for (const [i, row] of x.entries()) {
    expect(isList(row), operation, () => `${argument}[${i}] must be a row of numbers, got ${describe(row)}`)
    expect(
      row.length === x[0].length,
      operation,
      () => `${argument} is ragged: row 0 has ${x[0].length} numbers, row ${i} has ${row.length}`,
    )
  }
  const d = x[0].length
  expect(d > 0, operation, () => `the rows of ${argument} are empty, expected at least one feature`)
  const data = new Float32Array(n * d)
  for (const [i, row] of x.entries()) {
    const j = copyNumbers(row, data, i * d)
    expect(j < 0, operation, () => `${argument}[${i}][${j}] must be a number, got ${describe(row[j])}`)
  }
  return { data, n, d }
}

/** Copies a row to a place in data. Gives where something else than a number stands, or -1. A loop in a function of its own takes half the time. */
function copyNumbers(row: ArrayLike<unknown>, data: Float32Array, to: number): number {
  for (let j = 0; j < row.length; j++) {
    const value = row[j]
    if (typeof value !== 'number') return j
    data[to + j] = value
  }
  return -1
}

const isList = (value: unknown): value is ArrayLike<number> => Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)

function describe(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value === 'string' ? `"${value}"` : String(value)
}

/** The numbers of y, all finite, one per sample; `n` samples, where it is known how many there are. */
export async function readColumn(operation: string, y: Column, argument = 'y', n?: number): Promise<HostArray> {
  const host = y instanceof Tensor ? await column(operation, y, argument) : numbers(operation, y, argument)
  expect(n === undefined || host.length === n, operation, () => `${argument} must have one number per sample, ${n}, got ${host.length}`)
  const place = placeBeyond(host, Number.MAX_VALUE)
  expect(place < 0, operation, () => `${argument} must be finite, got ${host[place]} at place ${place}`)
  return host
}

async function column(operation: string, y: Tensor, argument: string): Promise<HostArray> {
  expect(y.ndim === 1 && y.size > 0, operation, () => `${argument} must be [samples], at least one, got shape ${showShape(y.shape)}`)
  return y.read()
}

function numbers(operation: string, y: ArrayLike<number>, argument: string): HostArray {
  expect(isList(y), operation, () => `${argument} must be a tensor or an array with one number per sample, got ${describe(y)}`)
  expect(y.length > 0, operation, () => `${argument} is empty, expected at least one number`)
  const host = new Float64Array(y.length)
  for (let i = 0; i < y.length; i++) {
    const value: unknown = y[i]
    expect(typeof value === 'number', operation, () => `${argument}[${i}] must be a number, got ${describe(value)}`)
    host[i] = value
  }
  return host
}

/** Class labels: any integers, also as floats. */
export async function readLabels(operation: string, y: Column, argument = 'y', n?: number): Promise<Int32Array> {
  const host = await readColumn(operation, y, argument, n)
  const labels = Int32Array.from(host)
  const place = labels.findIndex((label, i) => label !== host[i])
  expect(place < 0, operation, () => `${argument} must hold class labels, integers of 32 bits, got ${host[place]} at place ${place}`)
  return labels
}

/** Numbers to predict, in float32; in float64 where a float64 tensor came. */
export async function readTargets(operation: string, y: Column, n?: number): Promise<FloatArray> {
  const host = await readColumn(operation, y, 'y', n)
  if (y instanceof Tensor && host instanceof Float64Array) return host
  const targets = Float32Array.from(host)
  const place = targets.findIndex((v) => !Number.isFinite(v))
  expect(place < 0, operation, () => `y must be finite in float32, got ${host[place]} at place ${place}`)
  return targets
}

/** Numbers in the type of `as`. */
export const inTypeOf = (as: FloatArray, values: ArrayLike<number>): FloatArray =>
  as instanceof Float32Array ? Float32Array.from(values) : Float64Array.from(values)

/** The classes that occur, ascending, and each label as the place of its class among them. */
export function encode(labels: Int32Array): { classes: Int32Array; codes: Int32Array } {
  const classes = Int32Array.from(new Set(labels)).sort()
  return { classes, codes: placesAmong(classes, labels) }
}

/** Labels to learn from: two classes or more, since with one there is nothing to tell apart. */
export async function readClasses(operation: string, y: Column, n: number): Promise<{ classes: Int32Array; codes: Int32Array }> {
  const encoded = encode(await readLabels(operation, y, 'y', n))
  expect(encoded.classes.length > 1, operation, () => `y holds one class only, ${encoded.classes[0]}: there is nothing to tell apart`)
  return encoded
}

/** At least one feature varies: between samples that are all the same nothing can be chosen. */
export function expectVariety(operation: string, { data, n, d }: Samples): void {
  const varies = data.some((value, place) => value !== data[place % d])
  expect(varies || n === 1, operation, () => `every feature of x is constant over the ${n} samples: there is nothing to split by`)
}

/** Where each value stands among the distinct values, -1 where it does not occur. */
export function placesAmong(distinct: ArrayLike<number>, values: ArrayLike<number>): Int32Array {
  const places = new Map(Array.from(distinct, (value, place) => [value, place]))
  return Int32Array.from(values, (value) => places.get(value) ?? -1)
}

/** x has as many features as the samples that were fitted. */
export function expectFeatures(operation: string, { d }: Samples, fitted: number): void {
  expect(d === fitted, operation, () => `x has ${d} features, fit saw ${fitted}`)
}

/** Squared distances stay within the range of the numbers' type. */
export function expectSquarable(operation: string, { data, d }: Samples): void {
  const limit = Math.sqrt((data instanceof Float32Array ? 3.4e38 : 1.7e308) / d) / 2
  const place = placeBeyond(data, limit)
  expect(
    place < 0,
    operation,
    () => `squared distances would overflow: expected numbers within ±${limit.toPrecision(2)}, ${at(place, d, data)}`,
  )
}

/** An option that counts: an integer of `min` or more. */
export function expectCount(operation: string, name: string, value: number, min = 1): void {
  expect(Number.isInteger(value) && value >= min, operation, () => `${name} must be an integer of ${min} or more, got ${value}`)
}

/** An option with a few possible words. */
export function expectOneOf<T>(operation: string, name: string, value: T, words: readonly T[]): void {
  expect(
    words.includes(value),
    operation,
    () => `${name} must be one of ${words.map((word) => `'${word}'`).join(', ')}, got ${describe(value)}`,
  )
}

/** What fit left behind, or an error where it has not run. */
export function fitted<T>(estimator: string, state: T | null): T {
  if (state === null) throw new GradusError(estimator, 'is not fitted yet: await its fit() first')
  return state
}

/** The generator of an option `seed`; without one, the generator that `manualSeed` seeds. */
export const generatorOf = (seed: number | undefined): Generator => (seed === undefined ? defaultGenerator : new Generator(seed))
