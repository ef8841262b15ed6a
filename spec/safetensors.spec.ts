/** State dicts go to files and come back bit by bit; whatever else is in a file is an error, and a cheap one. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, GradusError, io, nn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import { decode, encode } from '../src/io/safetensors.ts'
import { expectClose, oracle } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'gradus-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'model.safetensors')

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => [...new Uint8Array(buffer, byteOffset, byteLength)]
const joined = async (state: Record<string, Tensor>) => new Uint8Array((await encode(state)).flatMap(bytesOf))

/** A file of this header and this data. */
function file(header: unknown, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(Uint8Array.from(data), 8 + text.length)
  return bytes
}
const entry = (dtype: unknown, shape: unknown, begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] })

interface Made {
  model: string
  x: number[]
  y: number[]
  tracked: number
  dtypes: string
  values: Record<string, string[]>
}
const [made] = oracle<Made>('safetensors')
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

const names = fc.uniqueArray(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__proto__' && name !== '__metadata__'),
  { minLength: 1, maxLength: 5 },
)
/** Numbers of any bits, NaN with its payload among them. */
const tensors = fc
  .tuple(fc.constantFrom(Float32Array, Float64Array, Int32Array), fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.nat(255)))
  .map(([Numbers, shape, stream]) => {
    const size = shape.reduce((product, n) => product * n, 1)
    const bits = Uint8Array.from({ length: size * Numbers.BYTES_PER_ELEMENT }, () => stream.next().value)
    return tensor(new Numbers(bits.buffer)).reshape(shape)
  })

describe.each<BackendName>(['reference', 'wasm'])('safetensors, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('keep every state dict exactly: names, shapes, dtypes and all bits', () =>
    fc.assert(
      fc.asyncProperty(names, fc.array(tensors, { minLength: 5, maxLength: 5 }), async (keys, values) => {
        const state = Object.fromEntries(keys.map((key, i) => [key, values[i]]))
        const back = decode('file', await joined(state))
        expect(Object.keys(back).sort()).toEqual(keys.sort())
        for (const key of keys) {
          expect([back[key].shape, back[key].dtype]).toEqual([state[key].shape, state[key].dtype])
          expect(bytesOf(await back[key].read())).toEqual(bytesOf(await state[key].read()))
        }
      }),
      { numRuns: 40 },
    ))

  it('take a model over into another one', async () => {
    const build = () => new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.ReLU(), new nn.Linear(4, 2))
    const [one, other] = [build(), build()]
    one.forward(
      tensor([
        [1, 2, 3],
        [3, 1, 5],
      ]),
    )
    await io.save(path, one.stateDict())
    other.loadStateDict(await io.load(path))
    const x = tensor([[0.5, -1, 2]])
    expect(other.eval().forward(x).toArray()).toEqual(one.eval().forward(x).toArray())
    expect(readdirSync(folder)).toEqual(['model.safetensors'])
  })

  it('read what PyTorch made, batch norm with its int64 count among it', async () => {
    writeFileSync(path, fromBase64(made.model))
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.ReLU(), new nn.Linear(4, 2))
    model.loadStateDict(await io.load(path))
    expectClose(model.eval().forward(tensor(made.x).reshape(5, 3)).data, made.y)
    expect(model.stateDict()['1.num_batches_tracked'].item()).toBe(made.tracked)
  })
})

describe('the dtypes of safetensors', () => {
  it('F16, BF16, F64, I64 and BOOL are read as PyTorch means them', () => {
    const state = decode('file', fromBase64(made.dtypes))
    const numberOf = (text: string) => ({ inf: Infinity, '-inf': -Infinity, True: 1, False: 0 })[text] ?? Number(text)
    for (const [name, values] of Object.entries(made.values)) expect([...state[name].data]).toEqual(values.map(numberOf))
    const dtypes = Object.fromEntries(Object.entries(state).map(([name, { dtype }]) => [name, dtype]))
    expect(dtypes).toEqual({ half: 'float32', bfloat: 'float32', double: 'float64', long: 'int32', bool: 'int32' })
  })

  it('all 65,536 float16 have their value, by the formula', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const { x } = decode('file', file({ x: entry('F16', [65536], 0, 131072) }, new Uint8Array(bits.buffer)))
    const value = (b: number) => {
      const [sign, exponent, fraction] = [b >> 15 ? -1 : 1, (b >> 10) & 31, b & 1023]
      if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
      return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
    }
    const wrong = Array.from(x.data).findIndex((v, i) => !Object.is(v, value(i)))
    expect(wrong).toBe(-1)
  })

  it('integers of other widths become int32, or are an error that names the place', () => {
    const read = (dtype: string, values: ArrayBufferView & { length: number }) => [
      ...decode('f', file({ n: entry(dtype, [values.length], 0, values.byteLength) }, bytesOf(values))).n.data,
    ]
    expect(read('U8', Uint8Array.of(0, 255))).toEqual([0, 255])
    expect(read('I8', Int8Array.of(-128, 127))).toEqual([-128, 127])
    expect(read('U16', Uint16Array.of(65535))).toEqual([65535])
    expect(read('I16', Int16Array.of(-32768))).toEqual([-32768])
    expect(read('U32', Uint32Array.of(2 ** 31 - 1))).toEqual([2 ** 31 - 1])
    expect(read('U64', BigUint64Array.of(7n))).toEqual([7])
    const beyond = (value: string, at: number) =>
      `io.load: f: 'n' holds ${value} at place ${at}; integers are read as int32, which ends at ±2^31`
    expect(() => read('I64', BigInt64Array.of(1n, 2n ** 31n))).toThrow(beyond('2147483648', 1))
    expect(() => read('I64', BigInt64Array.of(-(2n ** 31n) - 1n))).toThrow(beyond('-2147483649', 0))
    expect(() => read('U64', BigUint64Array.of(2n ** 64n - 1n))).toThrow(beyond('18446744073709551615', 0))
    expect(() => read('U32', Uint32Array.of(2 ** 31))).toThrow(beyond('2147483648', 0))
    expect(() => read('BOOL', Uint8Array.of(1, 2))).toThrow("'n' must hold 0 or 1 for BOOL, got 2 at place 1")
  })
})

describe('a hostile file', () => {
  const F32 = (...at: [number, number]) => entry('F32', [(at[1] - at[0]) / 4], ...at)
  const eight = [1, 2, 3, 4, 5, 6, 7, 8]
  const cases: [string, Uint8Array, RegExp][] = [
    ['is empty', new Uint8Array(0), /it has 0 bytes, expected 8 or more/],
    [
      'has a header as long as numbers go',
      file({}, [], 2n ** 64n - 1n),
      /its header would have 18446744073709552000 bytes, but only 2 follow/,
    ],
    [
      'ends in its header',
      file({ a: F32(0, 8) }, eight).subarray(0, 20),
      /header would have \d+ bytes, but only 12 follow; is the file cut off/,
    ],
    ['ends in its data', file({ a: F32(0, 8) }, [1, 2, 3]), /"a" ends at byte 8 of the data, which has 3; is the file cut off/],
    ['has a header of nothing', file(''), /its header does not begin with {/],
    ['has a list for a header', file([1]), /its header does not begin with {/],
    ['has text for a header', file('{"a": tensor}'), /its header is no JSON/],
    ['ends in a text', file('{"a'), /its header is no JSON/],
    ['has bytes for a header', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff]), /its header is no JSON/],
    ['is deep', file(`{"a":${'['.repeat(1e6)}`), /nested more than 3 deep/],
    ['is a deep object', file(`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`), /nested more than 3 deep/],
    [
      'names a tensor twice',
      file(`{"a":${JSON.stringify(F32(0, 4))},"\\u0061":${JSON.stringify(F32(0, 4))}}`, eight),
      /the name "a" stands twice/,
    ],
    [
      'says shape twice',
      file('{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', eight),
      /the name "shape" stands twice/,
    ],
    ['overlaps', file({ a: F32(0, 8), b: F32(4, 8) }, eight), /"b" begins at byte 4 of the data, but the tensor before it ends at 8/],
    ['has a hole', file({ a: F32(4, 8) }, eight), /bytes 0 to 4 of the data, before "a", belong to no tensor/],
    ['has more at its end', file({ a: F32(0, 4) }, eight), /bytes 4 to 8 of the data belong to no tensor/],
    ['has data alone', file({}, eight), /bytes 0 to 8 of the data belong to no tensor/],
    ['has offsets backwards', file({ a: entry('F32', [1], 4, 0) }, eight), /data_offsets of "a" must be where its bytes begin and end/],
    ['has a negative offset', file({ a: entry('F32', [1], -4, 0) }, eight), /data_offsets of "a" must be .* got \[-4,0\]/],
    ['has one offset', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }), /data_offsets of "a" must be/],
    ['has an unknown dtype', file({ a: entry('F8_E4M3', [8], 0, 8) }, eight), /dtype of "a" must be one of F64, .* got "F8_E4M3"/],
    ['has a dtype of every object', file({ a: entry('constructor', [8], 0, 8) }, eight), /dtype of "a" must be one of/],
    ['has a shape of another size', file({ a: entry('F32', [3], 0, 8) }, eight), /"a", F32 of shape \[3\], takes 12 bytes, but has 8/],
    [
      'has a shape beyond counting',
      file({ a: entry('F32', [2 ** 30, 2 ** 30, 2 ** 30], 0, 8) }, eight),
      /small enough for its bytes to be counted/,
    ],
    ['hides that by a 0', file({ a: entry('F32', [2 ** 50, 2 ** 50, 0], 0, 0) }), /small enough for its bytes to be counted/],
    ['has a negative length', file({ a: entry('F32', [-1, -2], 0, 8) }, eight), /shape of "a" must be a list of integers of 0 or more/],
    ['has a fraction', file({ a: entry('F32', [0.5, 4], 0, 8) }, eight), /shape of "a" must be a list of integers of 0 or more/],
    ['has a text for a shape', file({ a: entry('F32', '2', 0, 8) }, eight), /shape of "a" must be a list/],
    [
      'has 2^53 for a length',
      file(`{"a":{"dtype":"F32","shape":[9007199254740992,0],"data_offsets":[0,0]}}`),
      /shape of "a" must be a list/,
    ],
    [
      'has a field too many',
      file({ a: { ...F32(0, 8), more: 1 } }, eight),
      /"a" has the field "more", expected dtype, shape, data_offsets/,
    ],
    ['lacks a field', file({ a: { dtype: 'F32', shape: [2] } }, eight), /data_offsets of "a" must be .* got nothing/],
    ['has a number for a tensor', file({ a: 1 }), /"a" must be described by an object, got 1/],
    ['has metadata of numbers', file({ __metadata__: { format: 1 } }), /__metadata__ must hold texts by name/],
    ['has a list of metadata', file({ __metadata__: ['pt'] }), /__metadata__ must hold texts by name/],
    ['sets a prototype', file(`{"__proto__":${JSON.stringify(F32(0, 8))}}`, eight), /no tensor can bear the name '__proto__'/],
    ['sets the prototype of a tensor', file('{"a":{"__proto__":[1]}}', eight), /"a" has the field "__proto__"/],
  ]

  it.each(cases)('that %s is a clear error', (_, bytes, message) => {
    expect(() => decode('some/file', bytes)).toThrow(GradusError)
    expect(() => decode('some/file', bytes)).toThrow(message)
    expect(() => decode('some/file', bytes)).toThrow(/^io\.load: some\/file is no safetensors file: .{1,400}$/)
  })

  it('throws nothing but GradusError and takes no more memory than it has, whatever bytes it is made of', async () => {
    const valid = await joined({ 'a.weight': tensor([[1, 2, 3]]), b: tensor([1, 2], { dtype: 'int32' }), empty: zeros([0, 4]) })
    const pieces = [...'{}[]:,"0123456789-.e\\ FI468U'].map((character) => character.charCodeAt(0))
    const change = fc.record({
      at: fc.nat(valid.length - 1),
      cut: fc.nat(6),
      into: fc.array(fc.oneof(fc.constantFrom(...pieces), fc.nat(255)), { maxLength: 6 }),
    })
    const mutated = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
      const bytes = [...valid]
      for (const { at, cut, into } of changes) bytes.splice(at, cut, ...into)
      return Uint8Array.from(bytes)
    })
    const anyHeader = fc.json({ maxDepth: 4 }).map((text) => file(text))
    const before = process.memoryUsage().arrayBuffers
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: mutated }, anyHeader, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          const state = decode('file', bytes)
          for (const t of Object.values(state)) expect(t.size).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          if (!(error instanceof GradusError)) throw error
        }
      }),
      { numRuns: 1500 },
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6)
  })
})

describe('io.save and io.load', () => {
  const state = { w: tensor([1, 2]) }

  it('leave the old file whole when the new one cannot be written', async () => {
    await io.save(path, state)
    const before = readFileSync(path)
    const temporary = `${path}.${process.pid}.tmp`
    symlinkSync('/dev/full', temporary) // a full disk
    await expect(io.save(path, { w: zeros([50000]) })).rejects.toThrow(`io.save: ${path} cannot be written: the disk is full`)
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(folder)).toEqual(['model.safetensors'])
  })

  it('say what is wrong with a path', async () => {
    const nowhere = join(folder, 'nowhere/model.safetensors')
    await expect(io.save(nowhere, state)).rejects.toThrow(`io.save: ${nowhere} cannot be written: there is no such file or folder`)
    await expect(io.load(nowhere)).rejects.toThrow(`io.load: ${nowhere} cannot be read: there is no such file or folder`)
    await expect(io.load(folder)).rejects.toThrow(`io.load: ${folder} cannot be read: it is a folder`)
    const taken = join(folder, 'taken')
    mkdirSync(taken)
    await expect(io.save(taken, state)).rejects.toThrow(GradusError)
    expect(readdirSync(folder)).toEqual(['model.safetensors', 'taken'])
    await expect(io.load('')).rejects.toThrow('io.load: path must be the name of a file, got ""')
    await expect(io.save(undefined as never, state)).rejects.toThrow('io.save: path must be the name of a file, got undefined')
  })

  it('refuse what is no state dict', async () => {
    await expect(io.save(path, {})).rejects.toThrow('io.save: stateDict must have tensors by name')
    await expect(io.save(path, { w: [1, 2] } as never)).rejects.toThrow("io.save: 'w' must be a Tensor, got object")
    await expect(io.save(path, { __metadata__: state.w })).rejects.toThrow("io.save: no tensor can bear the name '__metadata__'")
  })
})
