/** Weights that many calls find unchanged are packed where they lie. Nobody sees it: not in the bits, not after a write, not in the memory. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { HostArray } from '../src/reference/array.ts'
import { createWasm, type Wasm } from '../src/wasm/index.ts'
import type { WasmArray } from '../src/wasm/memory.ts'
import { createTeams, gather } from './teams.ts'
import { numbers, seeds } from './twins.ts'

const teams = createTeams()
beforeAll(() => teams.forEach(gather))
afterAll(() => {
  for (const { threads } of teams) threads.stop()
})

const bits = (y: HostArray) => new Uint32Array(y.buffer)
/** So many times in a row are enough. */
const OFTEN = 14

interface Sizes {
  m: number
  k: number
  n: number
}

/** What a computation on new arrays gives: none of them has been used before. */
function anew({ kernels }: Wasm, compute: (...arrays: WasmArray[]) => WasmArray, ...inputs: HostArray[]): HostArray {
  const arrays = inputs.map((x) => kernels.upload(x))
  const y = compute(...arrays)
  const host = kernels.download(y, 'spec')
  for (const x of new Set([...arrays, y])) kernels.release(x)
  return host
}

/** x · wᵀ + b, with an activation and without, and x · wᵀ, which is where packed weights are read. */
const products = [
  ({ kernels }: Wasm, o: Sizes) =>
    (w: WasmArray, x: WasmArray, b: WasmArray) =>
      kernels.linear(x, w, b, o),
  ({ kernels }: Wasm, o: Sizes) =>
    (w: WasmArray, x: WasmArray, b: WasmArray) =>
      kernels.linear(x, w, b, { ...o, activation: 'tanh' }),
  ({ kernels }: Wasm, o: Sizes) =>
    (w: WasmArray, x: WasmArray) =>
      kernels.matmul(x, w, { ...o, transB: true }),
]

/** Whatever else is done with weights [n, k], in a call that gives something to look at. Some of it writes. */
const others: Record<string, (team: Wasm, o: Sizes) => (w: WasmArray, other: WasmArray) => WasmArray> = {
  'their gradients': ({ kernels }, { k, n }) => {
    const [m, needs] = [n, [true, false, false]]
    return (w, other) =>
      kernels.linearBackward(kernels.matmul(other, w, { m, k, n: m, transB: true }), other, w, { m, k, n }, needs)[0] ?? w
  },
  'a product by themselves':
    ({ kernels }, { k, n }) =>
    (w) =>
      kernels.matmul(w, w, { m: n, k, n, transB: true }),
  'a product by rows of another length':
    ({ kernels }, { k, n }) =>
    (w, other) =>
      kernels.matmul(other, w, { m: k, k: n, n: k, transB: true }),
  'a sum':
    ({ kernels }, { k, n }) =>
    (w, other) =>
      kernels.add(w, other, { a: [n * k], b: [n * k] }),
  'a copy':
    ({ kernels }) =>
    (w) =>
      kernels.copy(w),
  'an update': ({ kernels }) => {
    const sgd = { lr: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, step: 0 }
    return (w, other) => {
      kernels.sgdInto([w], [other], null, sgd)
      return w
    }
  },
  'a copy into them':
    ({ kernels }, { k, n }) =>
    (w, other) => {
      kernels.stridedInto(w, other, { shape: [n, k], strides: [k, 1], offset: 0 })
      return w
    },
  'a copy into one of their columns':
    ({ kernels }, { k, n }) =>
    (w, other) => {
      kernels.stridedInto(w, other, { shape: [n, 1], strides: [k, 1], offset: k - 1 })
      return w
    },
}

const sizes: fc.Arbitrary<Sizes> = fc.record({
  m: fc.integer({ min: 0, max: 14 }),
  k: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(40, 385)),
  n: fc.oneof(fc.integer({ min: 0, max: 25 }), fc.constantFrom(32, 40, 64, 67, 100)),
})

describe('weights in panels', () => {
  it('give the bits of weights in rows, for any size, in both builds, with one, two and three threads', () => {
    fc.assert(
      fc.property(sizes, seeds, (o, seed) => {
        const [w, x, b] = [numbers(seed, o.n * o.k), numbers(seed + 1, o.m * o.k), numbers(seed + 2, o.n)]
        for (const team of teams) {
          for (const product of products) {
            const arrays = [w, x, b].map((numbers) => team.kernels.upload(numbers))
            const results = Array.from({ length: OFTEN }, () => {
              const y = product(team, o)(arrays[0], arrays[1], arrays[2])
              const host = bits(team.kernels.download(y, 'spec'))
              team.kernels.release(y)
              return host
            })
            expect(arrays[0].packed).toBe(o.n % 8 === 0 || o.n >= 64 ? o.k : 0)
            for (const y of results) expect(y).toEqual(results[0])
            for (const x of arrays) team.kernels.release(x)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  /** The product by w is that by an array of these values which has never been used. */
  function expectProducts(team: Wasm, o: Sizes, w: WasmArray, values: HostArray, times: number, seed: number): void {
    const [x, b] = [numbers(seed, o.m * o.k), numbers(seed + 1, o.n)]
    for (let time = 0; time < times; time++) {
      const product = products[time % products.length](team, o)
      expect(bits(anew(team, (x, b) => product(w, x, b), x, b))).toEqual(bits(anew(team, product, values, x, b)))
    }
  }

  /** So is whatever else is done with it. Gives the values afterwards. */
  function expectOther(what: string, team: Wasm, o: Sizes, w: WasmArray, values: HostArray, seed: number): HostArray {
    const other = numbers(seed + 2, o.n * o.k)
    const compute = others[what](team, o)
    const result = anew(team, (other) => team.kernels.copy(compute(w, other)), other)
    expect(bits(result), what).toEqual(bits(anew(team, compute, values, other)))
    return team.kernels.download(w, 'spec')
  }

  it.each(Object.keys(others))('are what was last written, before and after %s', (what) => {
    for (const team of teams) {
      for (const k of [8, 40]) {
        const o = { m: 3, k, n: 16 }
        let values: HostArray = numbers(1, o.n * o.k)
        const w = team.kernels.upload(values)
        expectProducts(team, o, w, values, OFTEN, 2)
        expect(w.packed).toBe(k)
        values = expectOther(what, team, o, w, values, 5)
        expectProducts(team, o, w, values, 2 * OFTEN, 6)
        values = expectOther(what, team, o, w, values, 7)
        team.kernels.release(w)
      }
    }
  })

  const action = fc.record({ what: fc.constantFrom(...Object.keys(others), 'reading', 'pressure'), times: fc.constantFrom(0, 1, 3, OFTEN) })

  it('are what was last written, whatever reads or writes them in between', () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 10 }),
        fc.constantFrom(8, 16, 67),
        fc.constantFrom(1, 9, 40),
        seeds,
        (script, n, k, seed) => {
          for (const team of teams) {
            const { kernels, memory } = team
            let values: HostArray = numbers(seed, n * k)
            const w = kernels.upload(values)
            for (const [i, { what, times }] of script.entries()) {
              const o = { m: 1 + (i % 9), k, n }
              expectProducts(team, o, w, values, times, seed + i)
              if (what === 'reading') expect(bits(kernels.download(w, 'spec'))).toEqual(bits(values))
              // Everything else has to leave.
              else if (what === 'pressure') kernels.release(kernels.fill(w, Math.floor(memory.stats().budget / 4) - 1024, 0))
              else values = expectOther(what, team, o, w, values, seed + i)
            }
            kernels.release(w)
          }
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('weights are packed', () => {
  const o = { m: 4, k: 64, n: 32 }
  const create = () => {
    const team = createWasm({ threads: 1 })
    const [w, x, b] = [o.n * o.k, o.m * o.k, o.n].map((n, i) => team.kernels.upload(numbers(i, n)))
    const use = () => team.kernels.release(team.kernels.linear(x, w, b, o))
    const train = () => {
      const dy = team.kernels.linear(x, w, b, o)
      const [dx, dw] = team.kernels.linearBackward(dy, x, w, o, [true, true, false])
      if (dw) team.kernels.sgdInto([w], [dw], null, { lr: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, step: 0 })
      for (const y of [dy, dx, dw]) if (y) team.kernels.release(y)
    }
    return { ...team, w, use, train }
  }

  it('once they have been used again and again, and take no more room then', () => {
    const { w, use, memory } = create()
    use()
    const before = memory.stats()
    for (let i = 0; i < 11; i++) use()
    expect(w.packed).toBe(0)
    use()
    expect(w.packed).toBe(o.k)
    const after = memory.stats()
    expect(after.usedBytes - after.scratchBytes).toBe(before.usedBytes - before.scratchBytes)
    expect(after.heapBytes).toBe(before.heapBytes)
  })

  it('at the next opportunity where there was no room to pack them', () => {
    const { w, use, memory } = create()
    for (let i = 0; i < 12; i++) use()
    const scratch = memory.scratch.bind(memory)
    const full = vi.spyOn(memory, 'scratch').mockImplementationOnce(scratch)
    full.mockImplementationOnce(() => {
      throw new Error('out of memory')
    })
    expect(use).toThrow('out of memory')
    full.mockRestore()
    expect(w.packed).toBe(0)
    use()
    expect(w.packed).toBe(o.k)
  })

  it('never in training, and again soon in each evaluation', () => {
    const { w, use, train } = create()
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let step = 0; step < 20; step++) {
        train()
        expect(w.packed).toBe(0)
      }
      for (let i = 0; i < 13; i++) use()
      expect(w.packed).toBe(o.k)
    }
  })

  it('not where every step of a training uses them more than once: that is learnt from the first step', () => {
    const { w, use, train } = create()
    for (let step = 0; step < 10; step++) {
      for (let i = 0; i < 16; i++) use()
      expect(w.packed).toBe(step === 0 ? o.k : 0)
      train()
    }
  })
})
