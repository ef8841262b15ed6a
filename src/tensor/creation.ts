import { expect, GradusError } from '../errors.ts'
import { defaultGenerator } from '../random.ts'
import { type DType, dtypeOf, type HostArray, type Shape, showShape, sizeOf, zerosOf } from '../reference/array.ts'
import { cast } from '../reference/cast.ts'
import { kernelsFor } from './backend.ts'
import { Storage } from './storage.ts'
import { type NestedNumbers, Tensor } from './tensor.ts'

export interface TensorOptions {
  /** Default float32; a typed array keeps its own type. */
  dtype?: DType
  /** Default false. */
  requiresGrad?: boolean
}

export type TensorData = NestedNumbers | readonly TensorData[] | HostArray

/** A tensor of a number, of nested arrays (all rows of one length) or of a typed array. Copies. int32 takes integers only. */
export function tensor(data: TensorData, { dtype, requiresGrad = false }: TensorOptions = {}): Tensor {
  if (isTyped(data))
    return fromHost(
      'tensor',
      dtype && dtype !== dtypeOf(data) ? cast(data, { dtype, operation: 'tensor' }) : data,
      [data.length],
      requiresGrad,
    )
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level) || isTyped(level); level = level[0]) shape.push(level.length)
  const values: number[] = []
  flattenInto(values, data, shape, [])
  return fromHost('tensor', cast(values, { dtype: dtype ?? 'float32', operation: 'tensor' }), shape, requiresGrad)
}

function isTyped(data: unknown): data is HostArray {
  return data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array
}

function flattenInto(values: number[], data: unknown, shape: Shape, at: readonly number[]): void {
  const place = () => (at.length > 0 ? `element ${showShape(at)}` : 'data')
  if (at.length === shape.length) {
    if (Array.isArray(data) || isTyped(data))
      throw new GradusError('tensor', `ragged nested arrays: ${place()} is an array of length ${data.length}, expected a number`)
    expect(typeof data === 'number', 'tensor', () => `${place()} must be a number, got ${data === null ? 'null' : typeof data}`)
    values.push(data)
    return
  }
  const n = shape[at.length]
  if (!Array.isArray(data) && !isTyped(data))
    throw new GradusError('tensor', `ragged nested arrays: ${place()} is ${String(data)}, expected an array of length ${n}`)
  expect(data.length === n, 'tensor', () => `ragged nested arrays: ${place()} has length ${data.length}, expected ${n}`)
  for (let i = 0; i < n; i++) flattenInto(values, data[i], shape, [...at, i])
}

/** A tensor over `host` itself, which must not be changed any more. `operation` stands in the messages about it. */
export function fromHost(operation: string, host: HostArray, shape: Shape, requiresGrad = false): Tensor {
  return new Tensor(Storage.from(host, kernelsFor(dtypeOf(host)), operation), [...shape], requiresGrad)
}

function expectShape(operation: string, shape: Shape): void {
  expect(
    Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0),
    operation,
    () => `shape must be an array of integers of 0 or more, got ${Array.isArray(shape) ? showShape(shape) : String(shape)}`,
  )
}

/** A shape filled with one value. */
export function full(shape: Shape, value: number, { dtype = 'float32', requiresGrad }: TensorOptions = {}): Tensor {
  expectShape('full', shape)
  expect(dtype !== 'int32' || Number.isInteger(value), 'full', () => `int32 takes integers, got ${value}`)
  return fromHost('full', zerosOf(dtype, sizeOf(shape)).fill(value), shape, requiresGrad)
}

/** A shape filled with 0, and one filled with 1. */
export const zeros = (shape: Shape, options?: TensorOptions) => full(shape, 0, options)
export const ones = (shape: Shape, options?: TensorOptions) => full(shape, 1, options)

/** start, start + step, ... below end; with one argument from 0 to it. */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end]
  expect(
    Number.isFinite(from) && Number.isFinite(to) && Number.isFinite(step) && step !== 0,
    'arange',
    () => `start, end and step must be finite, step not 0, got ${from}, ${to}, ${step}`,
  )
  const n = Math.max(0, Math.ceil((to - from) / step))
  const values = Float64Array.from({ length: n }, (_, i) => from + i * step)
  return fromHost('arange', cast(values, { dtype: options.dtype ?? 'float32', operation: 'arange' }), [n], options.requiresGrad)
}

/** `steps` numbers evenly from start to end, both included. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  expect(Number.isInteger(steps) && steps >= 0, 'linspace', () => `steps must be an integer of 0 or more, got ${steps}`)
  const at = (i: number) => (i === steps - 1 && steps > 1 ? end : start + (i * (end - start)) / Math.max(steps - 1, 1))
  const values = Float64Array.from({ length: steps }, (_, i) => at(i))
  return fromHost('linspace', cast(values, { dtype: options.dtype ?? 'float32', operation: 'linspace' }), [steps], options.requiresGrad)
}

/** The identity: 1 on the diagonal.        -> [n, m], m = n where it is missing */
export function eye(n: number, m: number = n, { dtype = 'float32', requiresGrad }: TensorOptions = {}): Tensor {
  expectShape('eye', [n, m])
  const host = zerosOf(dtype, n * m)
  for (let i = 0; i < Math.min(n, m); i++) host[i * m + i] = 1
  return fromHost('eye', host, [n, m], requiresGrad)
}

function floats(operation: string, shape: Shape, dtype: DType): Float32Array | Float64Array {
  expectShape(operation, shape)
  const host = zerosOf(dtype, sizeOf(shape))
  if (host instanceof Int32Array) throw new GradusError(operation, 'draws floats; for integers use randint')
  return host
}

/** Uniform on [0, 1), as PyTorch's CPU generator draws. */
export function rand(shape: Shape, { dtype = 'float32', requiresGrad }: TensorOptions = {}): Tensor {
  return fromHost('rand', defaultGenerator.uniform(floats('rand', shape, dtype)), shape, requiresGrad)
}

/** Standard normal, as PyTorch's CPU generator draws. */
export function randn(shape: Shape, { dtype = 'float32', requiresGrad }: TensorOptions = {}): Tensor {
  return fromHost('randn', defaultGenerator.normal(floats('randn', shape, dtype)), shape, requiresGrad)
}

/** Integers from low (included) to high (not included), int32. */
export function randint(low: number, high: number, shape: Shape): Tensor {
  expectShape('randint', shape)
  return fromHost('randint', defaultGenerator.randint(low, high, sizeOf(shape)), shape)
}

/** The numbers 0 to n - 1 in random order, int32. */
export function randperm(n: number): Tensor {
  return fromHost('randperm', defaultGenerator.randperm(n), [n])
}
