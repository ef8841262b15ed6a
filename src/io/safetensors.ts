import { expect, GradusError } from '../errors.ts'
import { readFile, writeFile } from '../node.ts'
import { dtypeOf, type HostArray } from '../reference/array.ts'
import { fromHost } from '../tensor/creation.ts'
import { Tensor } from '../tensor/index.ts'
import { type ElementType, elementTypes, writtenAs } from './element.ts'
import { type Entry, FORBIDDEN_NAME, METADATA, readHeader } from './header.ts'

/** Where the header begins: behind its own length, an unsigned integer of 64 bits, the low byte first. */
const LENGTH_BYTES = 8
/** The tensors begin at a multiple of it, so that they can be read where they lie. */
const ALIGNMENT = 8
/** The longest header that readers of the format accept. */
const MAX_HEADER = 100_000_000

/**
 * Writes the tensors of a state dict into a safetensors file, as F32, F64 or I32, under their names: PyTorch reads it by `safetensors.torch.load_file`.
 * The file is replaced as a whole. If that fails, by a full disk for instance, the old one is as it was, and a GradusError says why.
 *
 *     await io.save('model.safetensors', model.stateDict())
 */
export async function save(path: string, stateDict: Record<string, Tensor>): Promise<void> {
  writeFile('io.save', path, await encode(stateDict))
}

/**
 * The tensors of a safetensors file, by name. F32, F16 and BF16 become float32, F64 float64; BOOL, U8, I8, U16, I16, I32, U32, I64 and U64 become int32, which
 * ends at ±2³¹: an integer beyond is an error. Every number is kept as it is, bit by bit. A file that is cut off, damaged or made to deceive is a GradusError.
 *
 *     model.loadStateDict(await io.load('model.safetensors'))
 */
export async function load(path: string): Promise<Record<string, Tensor>> {
  return decode(path, readFile('io.load', path))
}

/** The parts of a safetensors file: the length of its header, the header, and the numbers of one tensor after the other. */
export async function encode(stateDict: Record<string, Tensor>): Promise<Uint8Array[]> {
  const tensors = Object.entries(stateDict ?? {})
  expect(tensors.length > 0, 'io.save', () => `stateDict must have tensors by name, as model.stateDict() gives them, got none`)
  for (const [name, tensor] of tensors) {
    expect(tensor instanceof Tensor, 'io.save', () => `'${name}' must be a Tensor, got ${tensor === null ? 'null' : typeof tensor}`)
    expect(name !== METADATA && name !== FORBIDDEN_NAME, 'io.save', () => `no tensor can bear the name '${name}'`)
  }
  const numbers = await Promise.all(tensors.map(async ([name, tensor]) => ({ name, shape: tensor.shape, values: await tensor.read() })))
  numbers.sort((a, b) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT) // float64 first: so each begins at a multiple of its width

  const entries: [string, object][] = [[METADATA, { format: 'pt' }]]
  let begin = 0
  for (const { name, shape, values } of numbers) {
    const end = begin + values.byteLength
    entries.push([name, { dtype: writtenAs[dtypeOf(values)], shape, data_offsets: [begin, end] }])
    begin = end
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const header = new Uint8Array(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT).fill(0x20) // padded with spaces
  header.set(json)
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true)
  return [length, header, ...numbers.map(({ values }) => bytesOf(values))]
}

/** The tensors in the bytes of a safetensors file. `path` stands in the messages. */
export function decode(path: string, bytes: Uint8Array): Record<string, Tensor> {
  const refuse = (problem: string) => new GradusError('io.load', `${path} is no safetensors file: ${problem}`)
  if (bytes.length < LENGTH_BYTES) throw refuse(`it has ${bytes.length} bytes, expected ${LENGTH_BYTES} or more`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const rest = bytes.length - LENGTH_BYTES
  if (length > rest) throw refuse(`its header would have ${length} bytes, but only ${rest} follow; is the file cut off?`)
  if (length > MAX_HEADER) throw refuse(`its header has ${length} bytes, expected ${MAX_HEADER} at most`)
  const data = bytes.subarray(LENGTH_BYTES + length)
  const entries = readHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), data.length, refuse)
  return Object.fromEntries(entries.map((entry) => [entry.name, tensorOf(entry, data, path)]))
}

function tensorOf({ name, dtype, shape, begin, end }: Entry, data: Uint8Array, path: string): Tensor {
  const { read }: ElementType = elementTypes[dtype]
  const { values, problem } = read(data.slice(begin, end).buffer as ArrayBuffer) // a copy, which begins at a multiple of every width
  expect(problem === undefined, 'io.load', () => `${path}: '${name}' ${problem}`)
  return fromHost('io.load', values, shape)
}

/** The bytes of numbers; typed arrays have the low byte first on every machine that runs WebAssembly fast, as the format has. */
const bytesOf = (values: HostArray): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
