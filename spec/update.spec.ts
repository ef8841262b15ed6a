/** Updates of all parameters in one call, on wasm: how threads share them, and how much memory they need at once. Their numbers: spec/every-kernel.spec.ts. */
import { afterAll, describe, expect, it, vi } from 'vitest'
import { backendOn, type Exports } from '../src/wasm/index.ts'
import { load } from '../src/wasm/load.ts'
import { create, KiB, make } from './memory-arrays.ts'
import { TINY } from './teams.ts'
import { numbers } from './twins.ts'

const PAGE = 65536
const options = { lr: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, step: 0 }

describe('an update of all parameters', () => {
  const loaded = load<Exports>('plain')
  const { kernels, memory, threads } = backendOn(loaded, { threads: 2, grain: TINY })
  afterAll(() => threads.stop())

  const upload = (...arrays: Float32Array[]) => arrays.map((x) => kernels.upload(x))
  const release = (...arrays: ReturnType<typeof upload>) => arrays.forEach((x) => void kernels.release(x))

  it.each([
    ['one large and many small ones', [1000, ...new Array<number>(200).fill(4)]],
    ['many small ones and one large', [...new Array<number>(50).fill(1), 5000]],
    ['none, one and many numbers', [0, 1, 0, 0, 4099, 17, 0]],
  ])('shares %s evenly', (_, sizes) => {
    const parts = vi.spyOn(threads, 'runParts')
    const [w, dw] = [1, 2].map((seed) => upload(...sizes.map((n, i) => numbers(seed + i, n))))
    kernels.sgdInto(w, dw, null, options)
    const ranges = parts.mock.calls[0][1].map(([, from, to]) => [from, to])
    parts.mockRestore()
    const vectors = sizes.reduce((sum, n) => sum + Math.ceil(n / 4), 0)
    expect(ranges.length).toBe(8)
    expect([ranges[0][0], ...ranges.map(([, to]) => to)]).toEqual([...ranges.map(([from]) => from), 16 * vectors])
    const lengths = ranges.map(([from, to]) => to - from)
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(16)
    release(...w, ...dw)
  })

  it('of none, and of parameters without numbers, does nothing', () => {
    kernels.adamInto([], [], [], [], null, { lr: 1, beta1: 0.9, beta2: 0.9, eps: 1, weightDecay: 0, step: 1 })
    const [w, dw] = upload(new Float32Array(0), new Float32Array(0))
    kernels.sgdInto([w], [dw], null, options)
    expect(kernels.download(w, 'w').length).toBe(0)
    release(w, dw)
  })

  it('needs less room at once than all of them take', () => {
    const most = 32 * 2 ** 20
    const grown = loaded.memory.grow.bind(loaded.memory)
    vi.spyOn(loaded.memory, 'grow').mockImplementation((pages) => {
      if (loaded.memory.buffer.byteLength + pages * PAGE > most) throw new RangeError('Maximum memory size exceeded')
      return grown(pages)
    })
    const n = 2 ** 20
    const count = 6 // 48 MiB, the gradients with them
    const [w, dw] = [0, 1].map((k) => upload(...Array.from({ length: count }, (_, i) => new Float32Array(n).fill(i + k))))
    const begin = vi.spyOn(memory, 'begin')
    kernels.sgdInto(w, dw, null, options)
    expect(begin.mock.calls.map(([, ...arrays]) => arrays.length)).toEqual(new Array(count).fill(2))
    for (const [i, x] of w.entries()) expect(kernels.download(x, 'w').every((v) => v === i - (i + 1) / 2)).toBe(true)
    vi.restoreAllMocks()
    release(...w, ...dw)
  })
})

describe('the memory', () => {
  it('what is written together stays together: a moment that is new is expected back as soon as its parameter, not at once', () => {
    const memory = create(64 * KiB)
    const w = make(memory, 4000)
    for (let i = 0; i < 20; i++) memory.begin('idle') // w is needed in every 21st call
    const m = memory.upload(new Float32Array(4000))
    memory.begin('update', w, m)
    memory.written(w, m)
    const passing = make(memory, 4000, w) // a forward pass: of what is kept, m is the least recently used
    for (let i = 0; i < 10; i++) memory.begin('idle')
    make(memory, 6000) // something must leave
    expect([w, m, passing].map(({ block }) => block !== null)).toEqual([true, true, false])
  })
})
