import type { DType, HostArray } from '../reference/array.ts'

/** The numbers of a tensor, or what is wrong with them. */
interface Numbers {
  readonly values: HostArray
  readonly problem?: string
}

export interface ElementType {
  /** Bytes of one number. */
  readonly width: number
  /** Its numbers in the dtype that holds all of them (but for integers beyond ±2³¹). */
  read(bytes: ArrayBuffer): Numbers
}

/** The safetensors name of what each dtype is written as. */
export const writtenAs = { float32: 'F32', float64: 'F64', int32: 'I32' } as const satisfies Record<DType, DTypeName>

/** The dtypes of safetensors that are read. */
export const elementTypes = {
  F64: { width: 8, read: (bytes) => ({ values: new Float64Array(bytes) }) },
  F32: { width: 4, read: (bytes) => ({ values: new Float32Array(bytes) }) },
  F16: { width: 2, read: (bytes) => ({ values: widened(bytes, fromHalf) }) },
  BF16: { width: 2, read: (bytes) => ({ values: widened(bytes, (bits) => bits << 16) }) }, // the upper half of a float32
  I64: { width: 8, read: (bytes) => narrowed(bytes, true) },
  U64: { width: 8, read: (bytes) => narrowed(bytes, false) },
  I32: { width: 4, read: (bytes) => ({ values: new Int32Array(bytes) }) },
  U32: { width: 4, read: unsigned },
  I16: { width: 2, read: (bytes) => ({ values: Int32Array.from(new Int16Array(bytes)) }) },
  U16: { width: 2, read: (bytes) => ({ values: Int32Array.from(new Uint16Array(bytes)) }) },
  I8: { width: 1, read: (bytes) => ({ values: Int32Array.from(new Int8Array(bytes)) }) },
  U8: { width: 1, read: (bytes) => ({ values: Int32Array.from(new Uint8Array(bytes)) }) },
  BOOL: { width: 1, read: truths },
} as const satisfies Record<string, ElementType>

export type DTypeName = keyof typeof elementTypes

/** Whether it is the name of a dtype that is read, and no property that every object has. */
export const isDType = (name: unknown): name is DTypeName => typeof name === 'string' && Object.hasOwn(elementTypes, name)

/** Numbers of 16 bits as float32, by their bits, so that those of NaN are kept. */
function widened(bytes: ArrayBuffer, bitsOf: (half: number) => number): Float32Array {
  return new Float32Array(Int32Array.from(new Uint16Array(bytes), bitsOf).buffer)
}

/**
 * The bits of a float32 for those of a float16: 1 sign, 5 exponent (bias 15), 10 fraction -> 1 sign, 8 exponent (bias 127), 23 fraction.
 * IEEE 754-2008, binary16 and binary32.
 */
function fromHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13) // infinite or NaN
  if (exponent > 0) return sign | ((exponent - 15 + 127) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  const shift = Math.clz32(fraction) - 21 // subnormal, fraction · 2^-24: moved up until its first 1 is the hidden one
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}

/** Integers of 64 bits, as pairs of 32, the low one first. In int32 the upper half only repeats the sign. */
function narrowed(bytes: ArrayBuffer, signed: boolean): Numbers {
  const words = new Int32Array(bytes)
  const values = new Int32Array(words.length / 2)
  for (let i = 0; i < values.length; i++) {
    const [low, high] = [words[2 * i], words[2 * i + 1]]
    if (high !== low >> 31 || (!signed && high < 0)) {
      const value = signed ? new BigInt64Array(bytes)[i] : new BigUint64Array(bytes)[i]
      return { values, problem: beyond(value, i) }
    }
    values[i] = low
  }
  return { values }
}

function unsigned(bytes: ArrayBuffer): Numbers {
  const values = new Int32Array(bytes)
  const i = values.findIndex((value) => value < 0)
  return i < 0 ? { values } : { values, problem: beyond(values[i] >>> 0, i) }
}

function truths(bytes: ArrayBuffer): Numbers {
  const values = Int32Array.from(new Uint8Array(bytes))
  const i = values.findIndex((value) => value > 1)
  return i < 0 ? { values } : { values, problem: `must hold 0 or 1 for BOOL, got ${values[i]} at place ${i}` }
}

const beyond = (value: bigint | number, i: number): string =>
  `holds ${value} at place ${i}; integers are read as int32, which ends at ±2^31`
