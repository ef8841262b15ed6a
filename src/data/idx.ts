import { GradusError } from '../errors.ts'
import { showShape } from '../reference/array.ts'

/** Bytes in a shape, as an IDX file holds them. */
export interface IdxArray {
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

/** The types that numbers in IDX can have, by the third byte of the file. */
const TYPES: Readonly<Record<number, string>> = { 8: 'bytes', 9: 'int8', 11: 'int16', 12: 'int32', 13: 'float32', 14: 'float64' }

/**
 * Reads IDX, the format of MNIST (LeCun, Cortes & Burges 1998): two bytes of 0, one for the type of the numbers (8: bytes, which MNIST has, and which alone are read), one for
 * how many axes there are; the length of each axis in four bytes, the high one first; then the numbers, row-major. `path` stands in the messages.
 */
export function decodeIdx(operation: string, path: string, bytes: Uint8Array): IdxArray {
  const refuse = (problem: string) => new GradusError(operation, `${path} is no IDX file of bytes: ${problem}`)
  if (bytes.length < 4) throw refuse(`it has ${bytes.length} bytes, expected 4 or more`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint16(0) !== 0) throw refuse('it does not begin with two bytes of 0')
  const [type, axes] = bytes.subarray(2)
  if (type !== 8) throw refuse(`its numbers are ${TYPES[type] ?? `of the unknown type ${type}`}`)
  const begin = 4 + 4 * axes
  if (bytes.length < begin) throw refuse(`it ends in its header, which has ${begin} bytes for ${axes} axes; is it cut off?`)
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
  const expected = shape.reduce((product, n) => product * n, 1)
  const values = bytes.subarray(begin)
  if (values.length !== expected) {
    const cut = values.length < expected ? '; is it cut off?' : ''
    throw refuse(`shape ${showShape(shape)} takes ${expected} bytes, but ${values.length} follow the header${cut}`)
  }
  return { shape, values }
}
