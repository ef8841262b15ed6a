/** Data sets in the files of their authors: whole, gzipped, misnamed, cut off, hostile. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeIdx } from '../src/data/idx.ts'
import { data, GradusError, setBackend } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'gradus-idx-'))
let folder = ''
let count = 0
beforeAll(() => setBackend('reference'))
beforeEach(() => {
  folder = join(root, String(count++))
  mkdirSync(folder)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes)

/** An IDX file of bytes, as the format's page describes it. */
function idx(shape: number[], bytes: ArrayLike<number>, type = 8): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, type, shape.length])
  for (const [axis, n] of shape.entries()) header.writeUInt32BE(n, 4 + 4 * axis)
  return new Uint8Array([...header, ...Array.from(bytes)])
}

const pixels = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 37) % 256)
const files: [string, Uint8Array][] = [
  ['train-images-idx3-ubyte', idx([3, 2, 4], pixels(24))],
  ['train-labels-idx1-ubyte', idx([3], [9, 0, 4])],
  ['t10k-images-idx3-ubyte', idx([2, 2, 4], pixels(16))],
  ['t10k-labels-idx1-ubyte', idx([2], [1, 1])],
]
const parse = (bytes: Uint8Array) => decodeIdx('mnist', 'file', bytes)

describe('MNIST and Fashion-MNIST', () => {
  const named: [string, (name: string) => string][] = [
    ['as their authors name them', (name) => name],
    ['gzipped', (name) => `${name}.gz`],
    ['with a dot', (name) => name.replace('-idx', '.idx')],
    ['gzipped with a dot', (name) => `${name.replace('-idx', '.idx')}.gz`],
  ]
  it.each(named)('are read from the four files, %s', (_, nameOf) => {
    for (const [name, bytes] of files) put(nameOf(name), nameOf(name).endsWith('.gz') ? gzipSync(bytes) : bytes)
    const { train, test, targetNames } = data.mnist(folder)
    expect([train.x.shape, train.x.dtype, train.y.dtype]).toEqual([[3, 1, 2, 4], 'float32', 'int32'])
    expect(train.x.data).toEqual(Float32Array.from(pixels(24), (p) => p / 255))
    expect(train.y.toArray()).toEqual([9, 0, 4])
    expect([test.x.shape, test.y.toArray(), targetNames[7]]).toEqual([[2, 1, 2, 4], [1, 1], '7'])
    expect(data.fashionMnist(folder).targetNames[9]).toBe('Ankle boot')
  })

  it('say which file is missing', () => {
    for (const [name, bytes] of files.slice(0, 3)) put(name, bytes)
    expect(() => data.mnist(folder)).toThrow(`mnist: ${folder}/t10k-labels-idx1-ubyte is missing (gzipped, with .gz, would do as well)`)
    expect(() => data.fashionMnist(`${folder}/no`)).toThrow(/train-images-idx3-ubyte is missing .* Fashion-MNIST does not come with Gradus/)
    expect(() => data.mnist(undefined as never)).toThrow('mnist: dir must be the folder that holds the files of MNIST, got undefined')
  })

  it('say what does not fit together', () => {
    const withFile = (name: string, bytes: Uint8Array) => {
      for (const file of files) put(...file)
      put(name, bytes)
      return () => data.mnist(folder)
    }
    expect(withFile('train-labels-idx1-ubyte', idx([2], [1, 2]))).toThrow(/train-images-idx3-ubyte has 3 images, but .* has 2 labels/)
    expect(withFile('train-labels-idx1-ubyte', idx([3], [1, 10, 2]))).toThrow(/labels-idx1-ubyte: label 1 must lie between 0 and 9, got 10/)
    expect(withFile('train-labels-idx1-ubyte', files[0][1])).toThrow(/must have shape \[N\], N > 0, got \[3, 2, 4\]/)
    expect(withFile('train-images-idx3-ubyte', idx([0, 2, 4], []))).toThrow(/must have shape \[N, H, W\], N > 0, got \[0, 2, 4\]/)
    expect(withFile('t10k-images-idx3-ubyte', idx([2, 4, 4], pixels(32)))).toThrow(
      'the images of the two parts differ in size: [2, 4] and [4, 4]',
    )
    expect(withFile('t10k-labels-idx1-ubyte', gzipSync(files[3][1]).subarray(0, 12))).toThrow(/t10k-labels-idx1-ubyte cannot be unzipped/)
  })
})

describe('IDX', () => {
  const [, whole] = files[0]
  const hostile: [string, Uint8Array, RegExp][] = [
    ['is empty', new Uint8Array(0), /it has 0 bytes, expected 4 or more/],
    ['is text', new TextEncoder().encode('<!doctype html>'), /it does not begin with two bytes of 0/],
    ['ends in its header', whole.subarray(0, 9), /it ends in its header, which has 16 bytes for 3 axes/],
    ['claims 255 axes', Uint8Array.of(0, 0, 8, 255, 0, 0), /it ends in its header, which has 1024 bytes for 255 axes/],
    ['ends in its pixels', whole.subarray(0, 30), /shape \[3, 2, 4\] takes 24 bytes, but 14 follow the header; is it cut off\?/],
    ['is too long', new Uint8Array([...whole, 1]), /shape \[3, 2, 4\] takes 24 bytes, but 25 follow the header$/],
    ['claims 2^96 bytes', idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [1]), /takes 7.9\d+e\+28 bytes, but 1 follow/],
    ['holds floats', idx([1], [0, 0, 0, 0], 13), /its numbers are float32/],
    ['has no such type', idx([1], [0], 7), /its numbers are of the unknown type 7/],
  ]
  it.each(hostile)('that %s is a clear error', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(GradusError)
    expect(() => parse(bytes)).toThrow(message)
  })

  it('of any bytes is read, or is a GradusError', () => {
    const header = fc.tuple(fc.nat(1), fc.nat(1), fc.constantFrom(8, 13, 0), fc.nat(3), fc.uint8Array({ maxLength: 20 }))
    fc.assert(
      fc.property(header, ([a, b, type, axes, rest]) => {
        try {
          const { shape, values } = parse(new Uint8Array([a, b, type, axes, ...rest]))
          expect(values.length).toBe(shape.reduce((product, n) => product * n, 1))
        } catch (error) {
          if (!(error instanceof GradusError)) throw error
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('CIFAR-10', () => {
  const record = (label: number, value: number) => [label, ...new Array(3072).fill(value)]
  const batches = (test: Uint8Array) => {
    for (let i = 1; i <= 5; i++) put(`data_batch_${i}.bin`, Uint8Array.from([...record(i, 51 * i), ...record(i + 1, 0)]))
    put('test_batch.bin', test)
  }

  it('is read from its six files, the batches in their order', () => {
    batches(Uint8Array.from(record(9, 51)))
    const { train, test, targetNames } = data.cifar10(folder)
    expect([train.x.shape, test.x.shape]).toEqual([
      [10, 3, 32, 32],
      [1, 3, 32, 32],
    ])
    expect(train.y.toArray()).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6])
    expect([...train.x.select(0, 8).data].every((p) => p === 1)).toBe(true)
    expect([test.x.max().item(), test.y.toArray(), targetNames[9]]).toEqual([Math.fround(0.2), [9], 'truck'])
  })

  it('says what is wrong', () => {
    expect(() => data.cifar10(folder)).toThrow(/data_batch_1\.bin is missing .*CIFAR-10 \(the binary version\) does not come with Gradus/)
    batches(Uint8Array.from(record(9, 1).slice(1)))
    expect(() => data.cifar10(folder)).toThrow(/test_batch\.bin must have 3073 bytes for each image, got 3072; is it cut off/)
    batches(Uint8Array.from(record(10, 1)))
    expect(() => data.cifar10(folder)).toThrow(/test_batch\.bin: label 0 must lie between 0 and 9, got 10/)
  })
})
