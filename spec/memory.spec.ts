import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DType, type HostArray, zerosOf } from '../src/reference/array.ts'
import { blockSize } from '../src/wasm/blocks.ts'
import type { WasmArray, WasmMemory } from '../src/wasm/memory.ts'
import { BASE, countTo, create, KiB, make, PAGE, same, view } from './memory-arrays.ts'

const SMALL = 8 * KiB

function numbers(dtype: DType, length: number, seed: number): HostArray {
  const values = zerosOf(dtype, length)
  for (let i = 0; i < length; i++) values[i] = ((seed + 1) * 7919 + i * 104729) % 65521
  return values
}

interface Action {
  op: 'upload' | 'kernel' | 'consume' | 'update' | 'weights' | 'retire' | 'release' | 'download'
  n: number
  picks: number[]
  dtype: DType
}

const often: Readonly<Record<Action['op'], number>> = {
  upload: 2,
  kernel: 3,
  consume: 2,
  update: 1,
  weights: 2,
  retire: 1,
  release: 1,
  download: 1,
}

const script: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    op: fc.oneof(...(Object.keys(often) as Action['op'][]).map((op) => ({ weight: often[op], arbitrary: fc.constant(op) }))),
    n: fc.oneof(fc.nat(40), fc.nat(5000)),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    dtype: fc.constantFrom('float32', 'float32', 'int32', 'float64'),
  }),
  { minLength: 1, maxLength: 120 },
)

/** What an array must contain, and whether a finished graph has given it up. */
interface Entry {
  x: WasmArray
  values: HostArray
  retired: boolean
}

/** Does what the script says, and checks after every action that what is read is right and that the books agree. Returns what is left. */
function play(memory: WasmMemory, actions: Action[]): Entry[] {
  const entries: Entry[] = []
  for (const [step, { op, n, picks, dtype }] of actions.entries()) {
    const picked = [...new Set(picks.map((pick) => entries[pick % entries.length]))].filter((entry) => entry !== undefined)
    const live = picked.filter(({ x }) => x.state === 'live')
    const inputs = live.map(({ x }) => x)
    const expectRight = () => {
      for (const { x, values } of live) expect(same(view(memory, x), values)).toBe(true)
    }
    if (op === 'upload') {
      const values = numbers(dtype, n, step)
      entries.push({ x: memory.upload(values), values: values.slice(), retired: false })
      values.fill(0) // memory has a copy of its own
    } else if (op === 'kernel') {
      memory.begin('kernel', ...inputs)
      const y = memory.allocate(dtype, n)
      const scratch = memory.scratch(n)
      expectRight()
      const values = numbers(dtype, n, step)
      view(memory, y).set(values)
      memory.uint8.fill(255, scratch, scratch + n)
      expectRight()
      entries.push({ x: y, values, retired: false })
    } else if (op === 'consume' && live.length > 0) {
      const [{ x }] = live
      const values = numbers(x.dtype, x.length, step)
      const y = memory.consume(x, () => {
        memory.begin('consume', ...inputs)
        const y = memory.successor(x)
        memory.scratch(n)
        expectRight() // x too, until y is written
        view(memory, y).set(values)
        for (const other of live.slice(1)) expect(same(view(memory, other.x), other.values)).toBe(true)
        return y
      })
      expect(() => memory.begin('op', x)).toThrow(/is used after it has been released/)
      expect(() => memory.download(x, 'made')).toThrow(/is used after it has been released/)
      entries.splice(entries.indexOf(live[0]), 1, { x: y, values, retired: false })
    } else if (op === 'update') {
      memory.begin('update', ...inputs)
      for (const entry of live) {
        entry.values = numbers(entry.x.dtype, entry.x.length, step)
        view(memory, entry.x).set(entry.values)
        memory.written(entry.x)
      }
    } else if (op === 'weights' && live.length > 0) {
      useAsWeights(memory, live[0], n % 16, 1 + (n % 3))
    } else if (op === 'retire') {
      memory.retire(inputs)
      for (const entry of live) entry.retired = true
    } else if (op === 'release' && picked.length > 0) {
      memory.release(picked[0].x)
      entries.splice(entries.indexOf(picked[0]), 1)
    }
    for (const { x, values, retired } of entries) {
      if (x.state === 'live') {
        if (op === 'download') expect(same(memory.download(x, 'made'), values)).toBe(true)
      } else {
        expect(retired && values.byteLength > SMALL - 64).toBe(true)
        expect(() => memory.download(x, 'made')).toThrow(/^made: this result .* is gone/)
      }
    }
    audit(memory, entries)
  }
  return entries
}

/** A product that reads its weights alone, in rows of k, `times` times. To pack them is to turn them round. */
function useAsWeights(memory: WasmMemory, { x, values }: Entry, times: number, k: number): void {
  for (let i = 0; i < times; i++) {
    memory.begin('product', x)
    const start = memory.addressOfWeights(x, k) / memory[x.dtype].BYTES_PER_ELEMENT
    const lying = () => memory[x.dtype].subarray(start, start + x.length)
    if (memory.packs(x)) {
      lying().reverse()
      x.packed = k
    }
    expect(same(lying(), x.packed > 0 ? values.slice().reverse() : values)).toBe(true)
  }
}

/** Arrays in the heap do not overlap, every byte is accounted for, and the heap is larger than its budget by no more than a sixteenth, for holes. */
function audit(memory: WasmMemory, entries: readonly Entry[]): void {
  const { usedBytes, scratchBytes, arrays, heapBytes, budget } = memory.stats()
  const blocks = entries.flatMap(({ x }) => (x.block ? [x.block] : [])).sort((a, b) => a.address - b.address)
  let end = BASE
  for (const block of blocks) {
    expect(block.address % 64).toBe(0)
    expect(block.address).toBeGreaterThanOrEqual(end)
    end = block.address + block.size
  }
  expect(end).toBeLessThanOrEqual(heapBytes)
  expect(arrays).toBe(blocks.length)
  expect(usedBytes).toBe(blocks.reduce((sum, { size }) => sum + size, scratchBytes))
  expect(usedBytes).toBeLessThanOrEqual(budget)
  expect(heapBytes).toBeLessThanOrEqual(Math.ceil((blockSize(BASE) + (17 / 16) * budget) / PAGE) * PAGE)
}

describe('the memory of the wasm backend', () => {
  it('gives back what was written or says that it is gone, accounts for every byte, stays within its budget', () => {
    fc.assert(
      fc.property(script, fc.integer({ min: 1, max: 100 }), (actions, budget) => {
        const memory = create(budget * KiB)
        const entries = play(memory, actions)
        for (const { x, values } of entries) if (x.state === 'live') expect(same(memory.download(x, 'made'), values)).toBe(true)
        for (const { x } of entries) memory.release(x)
        const { usedBytes, scratchBytes, arrays } = memory.stats()
        expect([usedBytes, arrays]).toEqual([scratchBytes, 0])
      }),
      { numRuns: 200 },
    )
  })

  it('is one free stretch again when everything has been released', () => {
    const memory = create(4 * PAGE)
    const arrays = Array.from({ length: 60 }, (_, i) => make(memory, 100 + ((i * 37) % 900)))
    for (const i of arrays.keys()) memory.release(arrays[(i * 7) % 60])
    const { heapBytes } = memory.stats()
    make(memory, (heapBytes - blockSize(BASE)) / 4)
    expect(memory.stats().heapBytes).toBe(heapBytes)
  })

  it('keeps addresses in place until the next call, even where they are taken before the result is allocated', () => {
    const memory = create(16 * KiB)
    const inputs = [1000, 500, 700].map((n) => memory.upload(countTo(n)))
    for (let i = 0; i < 20; i++) make(memory, 800)
    memory.begin('op')
    const addresses = inputs.map((x) => memory.address(x))
    const y = memory.allocate('float32', 3000)
    const scratch = [memory.scratch(100), memory.scratch(5000)]
    view(memory, y).fill(-1)
    for (const at of scratch) memory.uint8.fill(255, at, at + 100)
    expect(inputs.map((x) => memory.address(x))).toEqual(addresses)
    for (const x of inputs) expect(same(view(memory, x), countTo(x.length))).toBe(true)
    expect(view(memory, y).every((value) => value === -1)).toBe(true)
  })

  it('lets no array of a call take the place of another', () => {
    const memory = create(30 * KiB)
    const [b, a] = [memory.upload(countTo(4000)), make(memory, 4000)]
    memory.retire([a])
    memory.begin('op', b, a)
    for (const x of [a, b]) expect(same(view(memory, x), countTo(4000))).toBe(true)
    const y = memory.allocate('float32', 4000)
    view(memory, y).fill(-1)
    for (const x of [a, b]) expect(same(view(memory, x), countTo(4000))).toBe(true)
  })

  it('gives up what is retired at once where room is short, also what the last call used', () => {
    const memory = create(40 * KiB)
    const [a, b] = [make(memory, 4000), make(memory, 4000)]
    memory.begin('op', a, b)
    memory.retire([a, b]) // an optimiser's step was the last call: gradients are not copied out for its sake
    make(memory, 4000)
    expect(memory.stats()).toMatchObject({ recycled: 2, evictions: 0 })
  })

  it('uses the same scratch call after call, and gives each request of a call bytes of its own', () => {
    const memory = create()
    const request = (...sizes: number[]) => {
      memory.begin('op')
      return sizes.map((size) => memory.scratch(size))
    }
    request(1000, 2000, 3000)
    const [a, b, c] = request(1000, 2000, 3000)
    expect(b - a).toBeGreaterThanOrEqual(1000)
    expect(c - b).toBeGreaterThanOrEqual(2000)
    expect(request(1000, 2000, 3000)).toEqual([a, b, c])
    expect(memory.stats().usedBytes).toBe(memory.stats().scratchBytes)
    const { scratchBytes } = memory.stats()
    for (let i = 0; i < 10; i++) request(100)
    request(1000, 2000, 3000)
    expect(memory.stats().scratchBytes).toBe(scratchBytes)
    request(scratchBytes + 64)
    request()
    expect(memory.stats().scratchBytes).toBe(scratchBytes + 64)
  })

  it('leaves the scratch of a call in place, whatever is allocated after it', () => {
    const memory = create(64 * KiB)
    const below = make(memory, 5000)
    memory.begin('op')
    memory.scratch(1000)
    memory.release(below)
    memory.begin('op')
    const at = memory.scratch(1000)
    memory.uint8.fill(255, at, at + 1000)
    const y = memory.allocate('float32', 15_000)
    view(memory, y).fill(0)
    expect(memory.uint8.subarray(at, at + 1000).every((byte) => byte === 255)).toBe(true)
  })

  it('refreshes its views when the memory grows, and has copies that are no views', () => {
    const memory = create(8 * PAGE)
    const x = make(memory, 10)
    const before = memory.float32
    make(memory, PAGE)
    expect(memory.float32.length).toBeGreaterThan(before.length)
    const copy = memory.download(x, 'make')
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer)
    expect([...copy]).toEqual([...countTo(10)])
  })

  it('takes arrays without elements', () => {
    const memory = create()
    const [x, y] = [memory.upload(new Int32Array(0)), make(memory, 0)]
    memory.begin('op', x, y)
    expect(memory.address(x)).not.toBe(memory.address(y))
    expect([memory.download(x, 'tensor').length, memory.download(y, 'make').length]).toEqual([0, 0])
    memory.release(x)
    memory.release(y)
    expect(memory.stats().usedBytes).toBe(0)
  })
})

describe('what leaves first', () => {
  it('finished graphs, the oldest first, before anything else', () => {
    const memory = create(64 * KiB)
    const older = make(memory, 3000)
    const [first, second] = [make(memory, 3000), make(memory, 3000)]
    memory.retire([first])
    memory.retire([second])
    make(memory, 4000)
    make(memory, 500)
    make(memory, 3000)
    expect([older, first, second].map((x) => x.block !== null)).toEqual([true, false, true])
    expect([older, first, second].map((x) => x.state)).toEqual(['live', 'recycled', 'live'])
  })

  it('what is small stays readable, like a list of losses', () => {
    const memory = create(64 * KiB)
    const losses: WasmArray[] = []
    for (let step = 0; step < 1000; step++) {
      const [activation, logits, loss] = [make(memory, 4000), make(memory, 2048), make(memory, 1)]
      memory.retire([activation, logits, loss])
      losses.push(logits, loss)
    }
    expect(losses.every((x) => same(memory.download(x, 'loss'), countTo(x.length)))).toBe(true)
    expect(memory.stats().recycled).toBeGreaterThan(900)
  })

  it('a result of a finished graph that is used again is an array like any other', () => {
    const memory = create(64 * KiB)
    const [state, other] = [make(memory, 4000), make(memory, 4000)]
    memory.retire([state, other])
    make(memory, 10, state)
    for (let i = 0; i < 50; i++) make(memory, 4000)
    expect(other.state).toBe('recycled')
    expect(same(memory.download(state, 'rnn'), countTo(4000))).toBe(true)
  })

  it('constants leave without copying, parameters after intermediate results', () => {
    const memory = create(64 * KiB)
    const constant = memory.upload(countTo(4000))
    const w = make(memory, 4000)
    for (let step = 0; step < 2; step++) {
      for (let i = 0; i < 60; i++) memory.begin('idle') // w is needed in every 61st call
      memory.begin('update', w, constant)
      memory.written(w)
    }
    const { host } = constant
    for (let i = 0; i < 40; i++) make(memory, 500)
    expect([constant.block, constant.host]).toEqual([null, host])
    make(memory, 10, w)
    expect(memory.stats().faults).toBe(0)
  })

  it('what is written in place has no stale copy outside', () => {
    const memory = create(32 * KiB)
    const w = memory.upload(new Float32Array(4000))
    memory.begin('update', w)
    view(memory, w).fill(5)
    memory.written(w)
    make(memory, 8000)
    expect(w.block).toBe(null)
    memory.begin('op', w)
    expect(view(memory, w).every((value) => value === 5)).toBe(true)
    expect(memory.stats().faults).toBe(1)
  })
})

describe('mistakes', () => {
  it('reading what is gone names the operation and says what to do', () => {
    const memory = create(64 * KiB)
    memory.begin('relu')
    const h = memory.allocate('float32', 8000)
    memory.retire([h])
    make(memory, 16_000)
    const advice = 'Read it before backward\\(\\), keep it with clone\\(\\) or detach\\(\\), or call backward\\({ retainGraph: true }\\)$'
    expect(() => memory.download(h, 'relu [80, 100]')).toThrow(
      new RegExp(`^relu \\[80, 100\\]: this result \\(8000 float32 numbers, made by relu\\) is gone: .*${advice}`),
    )
    expect(() => memory.begin('matmul', h)).toThrow(/^matmul: this result .* made by relu\) is gone/)
  })

  it('releasing twice, or using what has been released', () => {
    const memory = create()
    const x = make(memory, 10)
    memory.release(x)
    expect(() => memory.release(x)).toThrow('release: an array made by make has been released before')
    expect(() => memory.begin('add', x)).toThrow('add: an array made by make is used after it has been released')
    expect(() => memory.download(x, 'exp')).toThrow('exp: an array made by make is used after it has been released')
    memory.retire([x])
    expect(memory.stats().usedBytes).toBe(0)
  })

  it('an impossible length, or one beyond what WebAssembly reaches', () => {
    const memory = create()
    memory.begin('zeros')
    for (const length of [-1, 0.5, Number.NaN, 2 ** 60]) {
      expect(() => memory.allocate('float32', length)).toThrow(/^zeros: the length of an array must be a whole number from 0, got/)
    }
    expect(() => memory.allocate('float32', 2 ** 30)).toThrow(
      'zeros: an array of 1073741824 float32 numbers takes 4.0 GiB; WebAssembly reaches 4.0 GiB',
    )
    expect(() => memory.allocate('float64', 2 ** 53 - 1)).toThrow(/WebAssembly reaches 4.0 GiB$/)
  })

  it('out of memory: says so at once, and everything else goes on', () => {
    const memory = create(undefined, 16)
    const held = Array.from({ length: 40 }, () => make(memory, 4000))
    const { evictions, arrays } = memory.stats()
    memory.begin('matmul', held[39])
    expect(() => memory.allocate('float32', 2 ** 20)).toThrow(
      /^matmul: out of memory: no room for 4.0 MiB \(the heap has .* KiB, of which .* are in use, and cannot grow enough\)/,
    )
    expect(memory.stats()).toMatchObject({ evictions, arrays })
    const more = Array.from({ length: 100 }, () => make(memory, 8000))
    for (const x of [...held, ...more]) expect(same(memory.download(x, 'make'), countTo(x.length))).toBe(true)
    expect(memory.stats().heapBytes).toBeLessThanOrEqual(16 * PAGE)
  })

  it('a memory that cannot grow as the faults ask for works on, within what it has', () => {
    const memory = create(undefined, 16)
    const held = Array.from({ length: 60 }, () => make(memory, 8000)) // 1.9 MiB in 1 MiB
    for (let round = 0; round < 20; round++) {
      for (const x of held) {
        memory.begin('op', x)
        expect(view(memory, x)[7999]).toBe(8000)
      }
    }
    expect(memory.stats().heapBytes).toBe(16 * PAGE)
    memory.begin('op', ...held.slice(0, 20))
    expect(() => memory.begin('op', ...held)).toThrow(/^op: out of memory/)
    expect(same(memory.download(held[59], 'make'), countTo(8000))).toBe(true)
  })
})
