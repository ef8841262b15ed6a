/** Threads: the same bits whatever their number, and what happens when one of them dies. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { HostArray } from '../src/reference/array.ts'
import { type ConvolutionOptions, convolvedShape } from '../src/reference/convolution.ts'
import { backendOn, createWasm, type Exports } from '../src/wasm/index.ts'
import { load } from '../src/wasm/load.ts'
import { threadCount } from '../src/wasm/threads.ts'
import { createTeams, gather, TINY } from './teams.ts'
import { inTrouble } from './threads.child.ts'
import { type Computation, numbers, onWasm } from './twins.ts'

const teams = createTeams()

afterAll(() => {
  for (const { threads } of teams) threads.stop()
})
afterEach(() => vi.unstubAllEnvs())

/** Two and three threads give the bits of one, in both builds. */
function expectSameBits(compute: Computation, ...inputs: HostArray[]): void {
  for (const simd of ['plain', 'relaxed'] as const) {
    const [one, ...more] = teams.filter((team) => team.simd === simd).map((team) => onWasm(team, compute, ...inputs))
    for (const result of more) expect(new Uint32Array(result.buffer)).toEqual(new Uint32Array(one.buffer))
  }
}

describe('the number of threads', () => {
  it('is what GRADUS_THREADS says, or what was wished for, and at least one by itself', () => {
    vi.stubEnv('GRADUS_THREADS', '3')
    expect([threadCount(), threadCount(2)]).toEqual([3, 2])
    vi.stubEnv('GRADUS_THREADS', undefined)
    expect(threadCount()).toBeGreaterThanOrEqual(1)
  })

  it.each(['0', '-1', '2.5', 'two', '', '65', '1e1'])('is never %j: that is said when the backend is loaded', (threads) => {
    vi.stubEnv('GRADUS_THREADS', threads)
    expect(() => createWasm()).toThrow(`GRADUS_THREADS: expected a whole number from 1 to 64, got "${threads}"`)
  })

  it.each([0, 1.5, Number.NaN])('is never wished to be %d', (threads) => {
    expect(() => createWasm({ threads })).toThrow(`threads: expected a whole number from 1 to 64, got ${threads}`)
  })
})

/** Views that spec/every-kernel.ts does not have; each takes two arrays of 3 · 7 · 96 numbers. */
const [N, C] = [21, 96]
const each: [string, Computation][] = [
  ['gt over five axes', (k, x, y) => k.gt(x, k.sum(y, { outer: 1, n: 42, inner: 48 }), { a: [3, 7, 2, 4, 12], b: [1, 1, 1, 4, 12] })],
  ['a slice backwards', (k, x) => k.strided(x, { shape: [10, C], strides: [-2 * C, 1], offset: 20 * C })],
  ['stridedBackward where windows overlap', (k, x) => k.stridedBackward(x, { shape: [63, 32], strides: [1, 1], offset: 0, size: 100 })],
]

describe('results', () => {
  it('are computed by all threads', () => {
    for (const team of teams) gather(team)
  })

  it.each(each)('of %s do not depend on their number, to the bit', (_, compute) => {
    expectSameBits(compute, numbers(1, N * C), numbers(2, N * C))
  })

  it.each([0, 1, 15, 16, 17, 33, 1000])('of %d numbers do not, either', (n) => {
    expectSameBits((k, x, y) => k.expBackward(k.sin(x), y), numbers(1, n), numbers(2, n))
  })

  it('of products do not, whichever way they are cut', () => {
    for (const [m, k, n, batch] of [
      [1, 40, 70, 1],
      [70, 40, 1, 1],
      [3, 100, 50, 2],
      [37, 400, 29, 1],
      [29, 3, 61, 1],
      [5, 7, 9, 4],
      [0, 3, 5, 1],
      [5, 0, 9, 2],
    ]) {
      for (const [transA, transB] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ]) {
        const options = { m, k, n, batch, transA, transB }
        expectSameBits((kernels, a, b) => kernels.matmul(a, b, options), numbers(1, batch * m * k), numbers(2, batch * k * n))
      }
    }
  })

  it('of attention and its gradients do not, causal, masked, or with more heads than parts', () => {
    for (const [n, l, s, isCausal] of [
      [3, 70, 130, false],
      [2, 70, 70, true],
      [70, 2, 3, false],
    ] as const) {
      const options = { n, l, s, e: 8, ev: 5, isCausal }
      const [q, k, v, dy] = [numbers(1, n * l * 8), numbers(2, n * s * 8), numbers(3, n * s * 5), numbers(4, n * l * 5)]
      expectSameBits((kernels, q, k, v) => kernels.attention(q, k, v, null, options), q, k, v)
      for (const i of [0, 1, 2]) {
        expectSameBits(
          (kernels, q, k, v, dy) => kernels.attentionBackward(dy, q, k, v, kernels.attention(q, k, v, null, options), null, options)[i],
          q,
          k,
          v,
          dy,
        )
      }
    }
  })

  it.each([
    ['Winograd', 8, 8, 1, [3, 3], [1, 1]],
    ['direct', 2, 3, 1, [3, 3], [1, 1]],
    ['depthwise', 4, 4, 4, [5, 5], [1, 1]],
    ['columns', 6, 4, 2, [2, 3], [2, 1]],
  ] as const)('of convolutions do not, done the %s way', (_, c, o, groups, [i, j], stride) => {
    const options: ConvolutionOptions = {
      x: [5, c, 11, 13],
      w: [o, c / groups, i, j],
      stride,
      padding: [1, 1],
      dilation: [1, 1],
      groups,
    }
    const [x, w] = [numbers(1, 5 * c * 11 * 13), numbers(2, (o * c * i * j) / groups)]
    const dy = numbers(
      3,
      convolvedShape(options).reduce((size, n) => size * n),
    )
    expectSameBits((k, x, w) => k.conv2d(x, w, null, options), x, w)
    expectSameBits((k, dy, w) => k.conv2dInputGradient(dy, w, options), dy, w)
    expectSameBits((k, dy, x) => k.conv2dWeightGradient(dy, x, options), dy, x)
  })
})

describe('a team', () => {
  it('starts with the first work that is worth it', () => {
    const { kernels, threads } = createWasm({ threads: 2 })
    kernels.relu(kernels.upload(numbers(1, 100)))
    expect(threads.team).toBeNull()
    kernels.relu(kernels.upload(new Float32Array(1 << 20)))
    expect(threads.team?.workers).toHaveLength(1)
    threads.stop()
  })

  it('is not asked for work that is one part: it is done where its scratch lies', () => {
    const { kernels, threads } = createWasm({ threads: 2 })
    const options: ConvolutionOptions = {
      x: [1, 16, 25, 27],
      w: [5, 16, 5, 5],
      stride: [1, 1],
      padding: [2, 2],
      dilation: [1, 1],
      groups: 1,
    }
    kernels.conv2d(kernels.upload(numbers(1, 16 * 25 * 27)), kernels.upload(numbers(2, 5 * 16 * 25)), null, options)
    expect(threads.team).toBeNull()
  })

  it('that loses a worker in the middle of its work says so, and the next call finds a new one', () => {
    const { wasm, begin } = inTrouble()
    const { kernels, threads } = wasm
    gather(wasm)
    const before = threads.team
    expect(() => begin('deadly')).toThrow(/^matmul: a worker thread gave no sign of life for 1 s/)
    const x = kernels.upload(Float32Array.of(1, -2, 3))
    expect(kernels.download(kernels.relu(x), 'relu')).toEqual(Float32Array.of(1, 0, 3))
    gather(wasm)
    expect(threads.team).not.toBe(before)
    threads.stop()
  })

  it('that loses a worker while nothing is to do goes on without, and then with a new one', async () => {
    const wasm = createWasm({ threads: 2, grain: TINY, deadline: 1000 })
    gather(wasm)
    const { kernels, threads } = wasm
    const [worker] = threads.team?.workers ?? []
    const gone = new Promise((resolve) => worker.on('exit', resolve))
    void worker.terminate()
    const x = numbers(1, 1000)
    const relu = (): HostArray => onWasm(wasm, (k, x) => k.relu(x), x)
    expect(relu()).toEqual(x.map((v) => Math.max(v, 0)))
    await gone
    expect(threads.team).toBeNull()
    expect(relu()).toEqual(x.map((v) => Math.max(v, 0)))
    gather(wasm)
    kernels.release(kernels.upload(x))
    threads.stop()
  })

  it('waits for a worker that takes long, as long as its heart beats', () => {
    const deadline = 1000
    const wasm = createWasm({ simd: 'plain', threads: 2, grain: TINY, deadline })
    gather(wasm)
    const { kernels, threads } = wasm
    const side = 512
    const x = kernels.upload(new Float32Array(side * side))
    const multiply = () => {
      const start = performance.now()
      kernels.release(kernels.matmul(x, x, { m: side, k: side, n: side }))
      return performance.now() - start
    }
    const times = Math.ceil((1.5 * deadline) / Math.min(...Array.from({ length: 10 }, multiply)))
    const parts = vi.spyOn(threads, 'run').mockImplementation((kernel, _, argumentsOf) => {
      const again = argumentsOf(0, side).with(3, 0).with(7, 0).with(11, 0).with(15, times) // the same product, so many times
      threads.runParts(kernel, [again, again.with(15, 0)]) // the caller takes the last part first, and it is empty
    })
    expect(multiply()).toBeGreaterThan(deadline)
    expect(parts).toHaveBeenCalledOnce()
    threads.stop()
  })
})

describe.each(['plain', 'relaxed'] as const)('where memory ends, the %s build with two threads', (simd) => {
  const loaded = load<Exports>(simd)
  const wasm = backendOn(loaded, { threads: 2, grain: TINY })
  const { memory, threads } = wasm
  afterAll(() => threads.stop())

  const sizes = { m: 516, k: 384, n: 64 }
  const factors = [numbers(1, 516 * 384), numbers(2, 384 * 64)]
  const multiply = () => onWasm(wasm, (k, a, b) => k.matmul(a, b, sizes), ...factors)
  const few = { m: 30, k: 384, n: 20 }
  const multiplyFew = () => onWasm(wasm, (k, a, b) => k.matmul(a, b, few), factors[0].slice(0, 30 * 384), factors[1].slice(0, 384 * 20))
  const relu = () => onWasm(wasm, (k, x) => k.relu(x), factors[0])
  const table = (n: number) => onWasm(wasm, (k, a, b) => k.add(a, b, { a: [n, 1], b: [n] }), new Float32Array(n), new Float32Array(n))
  const refuse = () =>
    vi.spyOn(loaded.memory, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')
    })

  /** The same team, all of it, computes what it is asked for. */
  function expectUsable(work: () => HostArray, expected: HostArray): void {
    const { team } = threads
    gather(wasm)
    expect(Buffer.from(work().buffer).equals(Buffer.from(expected.buffer))).toBe(true)
    expect(threads.team).toBe(team)
  }

  it('a scratch for which there is no room is said; afterwards, and once there is room, results are right', () => {
    gather(wasm)
    const product = multiplyFew()
    const positive = relu() // 1.5 MiB: the arrays of the larger product have room there, 2 × 0.7 MiB of scratch have not
    const grow = refuse()
    const scratch = vi.spyOn(memory, 'scratch')
    expect(multiply).toThrow(
      /^matmul: out of memory: no room for 1\.4 MiB \(the heap has 1\.. MiB, of which .* are in use, and cannot grow enough\)/,
    )
    expect(scratch.mock.results.map(({ type }) => type)).toEqual(['throw'])
    scratch.mockRestore()
    expectUsable(relu, positive)
    expectUsable(multiplyFew, product)
    grow.mockRestore()
    const [alone] = teams.filter((team) => team.simd === simd)
    expectUsable(
      multiply,
      onWasm(alone, (k, a, b) => k.matmul(a, b, sizes), ...factors),
    )
  })

  it('a result for which the memory cannot grow is said, and so is one beyond 4 GiB; afterwards results are right', () => {
    const product = multiply()
    const grow = refuse()
    expect(() => table(2000)).toThrow(/^add: out of memory: no room for 15\.3 MiB/)
    expectUsable(multiply, product)
    grow.mockRestore()
    expect(() => table(40_000)).toThrow(/^add: an array of 1600000000 float32 numbers takes 6\.0 GiB; WebAssembly reaches 4\.0 GiB$/)
    expectUsable(multiply, product)
    expect(table(2000).every((v) => v === 0)).toBe(true)
  })
})

describe('the process', () => {
  it.each([
    ['process.exit()', 'exit', 3],
    ['its natural end', 'end', 0],
  ])('ends at once by %s, whatever its workers do', (_, ending, status) => {
    const child = fileURLToPath(new URL('threads.child.ts', import.meta.url))
    const options = { encoding: 'utf8', timeout: 30_000 } as const
    const { stdout, stderr, ...result } = spawnSync(process.execPath, ['--import', 'tsx', child, ending], options)
    expect([stdout, stderr, result.status]).toEqual(['GradusError\n', '', status])
  })
})
