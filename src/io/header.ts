import type { GradusError } from '../errors.ts'
import { type DTypeName, elementTypes, isDType } from './element.ts'

/** One tensor of the header: its bytes are those from begin to end (not included) of the data. */
export interface Entry {
  readonly name: string
  readonly dtype: DTypeName
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** The error that names the file and the problem. */
export type Refuse = (problem: string) => GradusError

/** Free texts about the file stand under this name. */
export const METADATA = '__metadata__'
/** In JavaScript it would set the prototype of whatever the tensors are copied into. */
export const FORBIDDEN_NAME = '__proto__'

const FIELDS = ['dtype', 'shape', 'data_offsets']
/** { name: { shape: [...] } } */
const DEPTH = 3

/**
 * The tensors that a header describes. It is JSON: `{ "fc.weight": { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] }, ... }`. Together they must fill the
 * data, from its first byte to its last, without holes and without overlap.
 */
export function readHeader(header: Uint8Array, dataBytes: number, refuse: Refuse): Entry[] {
  const entries = Object.entries(parse(header, refuse)).flatMap(([name, value]) => {
    if (name !== METADATA) return [readEntry(name, value, refuse)]
    if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
      throw refuse(`${METADATA} must hold texts by name, got ${show(value)}`)
    }
    return []
  })
  let filled = 0
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > dataBytes) throw refuse(`${show(name)} ends at byte ${end} of the data, which has ${dataBytes}; is the file cut off?`)
    if (begin < filled) throw refuse(`${show(name)} begins at byte ${begin} of the data, but the tensor before it ends at ${filled}`)
    if (begin > filled) throw refuse(`bytes ${filled} to ${begin} of the data, before ${show(name)}, belong to no tensor`)
    filled = end
  }
  if (filled < dataBytes) throw refuse(`bytes ${filled} to ${dataBytes} of the data belong to no tensor`)
  return entries
}

function parse(bytes: Uint8Array, refuse: Refuse): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw refuse('its header does not begin with {')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    checkStructure(text, refuse)
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw refuse(`its header is no JSON: ${shorten(error.message)}`)
    throw error
  }
}

/**
 * What JSON.parse does not look at: how deep the text is (deep enough, it would break the stack), and whether a name stands twice in an object (the last one
 * would win in silence).
 */
function checkStructure(text: string, refuse: Refuse): void {
  const names: Set<string>[] = [] // of every object or list around this place
  let string = '' // the last one, as it stands in the text
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') {
      const start = i
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++
      string = text.slice(start, i + 1)
    } else if (character === '{' || character === '[') {
      names.push(new Set())
      if (names.length > DEPTH) throw refuse(`its header is nested more than ${DEPTH} deep`)
    } else if (character === '}' || character === ']') {
      names.pop()
    } else if (character === ':') {
      const name: string = JSON.parse(string)
      const around = names.at(-1)
      if (around?.has(name)) throw refuse(`the name ${show(name)} stands twice`)
      around?.add(name)
    }
  }
}

function readEntry(name: string, value: unknown, refuse: Refuse): Entry {
  if (name === FORBIDDEN_NAME) throw refuse(`no tensor can bear the name '${name}'`)
  if (!isRecord(value)) throw refuse(`${show(name)} must be described by an object, got ${show(value)}`)
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field))
  if (unknown !== undefined) throw refuse(`${show(name)} has the field ${show(unknown)}, expected ${FIELDS.join(', ')}`)
  const wrong = (field: string, expected: string) => refuse(`${field} of ${show(name)} must be ${expected}, got ${show(value[field])}`)
  const { dtype, shape, data_offsets: offsets } = value
  if (!isDType(dtype)) throw wrong('dtype', `one of ${Object.keys(elementTypes).join(', ')}`)
  if (!isCounts(shape)) throw wrong('shape', 'a list of integers of 0 or more')
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw wrong('data_offsets', 'where its bytes begin and end, two integers of 0 or more')
  }
  const [begin, end] = offsets
  let bytes: number = elementTypes[dtype].width
  for (const n of shape) {
    bytes *= n
    if (!Number.isSafeInteger(bytes)) throw wrong('shape', 'small enough for its bytes to be counted')
  }
  if (bytes !== end - begin) throw refuse(`${show(name)}, ${dtype} of shape ${show(shape)}, takes ${bytes} bytes, but has ${end - begin}`)
  return { name, dtype, shape, begin, end }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0))

/** A value of the header for a message: a hostile one may be very long. */
const show = (value: unknown): string => shorten(JSON.stringify(value) ?? 'nothing')
const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)
