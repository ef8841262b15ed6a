/** Threads: the same bits whatever their number, and what happens when one of them dies. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Kernels } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import { type ConvolutionOptions, convolvedShape } from '../src/reference/convolution.ts'
import { createWasm, type Wasm } from '../src/wasm/index.ts'
import { threadCount } from '../src/wasm/threads.ts'
import { inTrouble } from './threads.child.ts'
import { type Computation, numbers, onWasm, places } from './twins.ts'

/** Work is cut however small it is. */
const TINY = 1e-6

const teams: Wasm[] = (['plain', 'relaxed'] as const).flatMap((simd) =>
  [1, 2, 3].map((threads) => createWasm({ simd, threads, grain: TINY })),
)

afterAll(() => {
  for (const { threads } of teams) threads.stop()
})
afterEach(() => vi.unstubAllEnvs())

/** Waits until all workers are up: before that the caller would do everything by itself. */
function gather({ kernels, threads }: Wasm): void {
  const x = kernels.upload(numbers(1, 64))
  for (const end = performance.now() + 20_000; (threads.team?.ready ?? 0) < threads.size - 1 && performance.now() < end; ) {
    kernels.release(kernels.neg(x))
  }
  kernels.release(x)
  expect(threads.team?.ready ?? 0).toBe(threads.size - 1)
}

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

/** What is cut, on sizes that leave remainders; each takes two arrays of 3 · 7 · 96 numbers. */
const [N, C] = [21, 96]
const [image, dense, alone] = [[3, 7, 96], [3, 7, 96], [1]]
const pooling = { x: [21, 8, 12], window: [3, 3], stride: [2, 2], padding: [1, 1] } as const
const each: [string, Computation][] = [
  ['relu', (k, x) => k.relu(x)],
  ['gelu', (k, x) => k.gelu(x)],
  ['pow', (k, x) => k.pow(k.abs(x), { exponent: 1.7 })],
  ['x to the power of 0, which no export computes', (k, x) => k.pow(x, { exponent: 0 })],
  ['clamp', (k, x) => k.clamp(x, { min: -1, max: 1 })],
  ['tanhBackward', (k, x, y) => k.tanhBackward(x, y)],
  ['where', (k, x, y) => k.where(x, y, x)],
  ['binaryCrossEntropyWithLogits', (k, x, y) => k.binaryCrossEntropyWithLogits(x, y)],
  ['softmax', (k, x) => k.softmax(x, { n: N, c: C })],
  ['softmaxBackward', (k, x, y) => k.softmaxBackward(x, y, { n: N, c: C })],
  ['logSoftmax', (k, x) => k.logSoftmax(x, { n: N, c: C })],
  ['layerNorm', (k, x) => k.layerNorm(x, null, null, { n: N, c: C, eps: 1e-5 })],
  ['add', (k, x, y) => k.add(x, y, { a: image, b: dense })],
  ['sub with one number', (k, x, y) => k.sub(x, k.sum(y, { outer: 1, n: N * C, inner: 1 }), { a: image, b: alone })],
  ['mul along an axis', (k, x, y) => k.mul(x, k.sum(y, { outer: 1, n: N, inner: C }), { a: image, b: [C] })],
  ['div down an axis', (k, x, y) => k.div(x, k.sum(y, { outer: 3, n: 7, inner: C }), { a: image, b: [3, 1, C] })],
  ['gt over five axes', (k, x, y) => k.gt(x, k.sum(y, { outer: 1, n: 42, inner: 48 }), { a: [3, 7, 2, 4, 12], b: [1, 1, 1, 4, 12] })],
  ['a transposition', (k, x) => k.strided(x, { shape: [C, N], strides: [1, C], offset: 0 })],
  ['a slice backwards', (k, x) => k.strided(x, { shape: [10, C], strides: [-2 * C, 1], offset: 20 * C })],
  ['stridedBackward', (k, x) => k.stridedBackward(x, { shape: [C, N], strides: [1, C], offset: 0, size: N * C })],
  ['stridedBackward where windows overlap', (k, x) => k.stridedBackward(x, { shape: [63, 32], strides: [1, 1], offset: 0, size: 100 })],
  ['linear', (k, x, y) => k.linear(x, y, k.sum(y, { outer: 1, n: 24, inner: 84 }), { m: 84, k: 24, n: 84 })],
  ['sum of rows', (k, x) => k.sum(x, { outer: N, n: C, inner: 1 })],
  ['sum of columns', (k, x) => k.sum(x, { outer: 1, n: N, inner: C })],
  ['sum of an axis within', (k, x) => k.sum(x, { outer: 3, n: 7, inner: C })],
  ['argmax', (k, x) => k.argmax(x, { outer: N, n: C, inner: 1 })],
  ['cumsum', (k, x) => k.cumsum(x, { outer: 3, n: 7, inner: C, reverse: true })],
  ['maxPool2d', (k, x) => k.maxPool2d(x, pooling)],
  ['maxPool2dIndices', (k, x) => k.maxPool2dIndices(x, pooling)],
  ['maxPool2dBackward', (k, x, y) => k.maxPool2dBackward(k.maxPool2d(x, pooling), y, pooling)],
  ['avgPool2d', (k, x) => k.avgPool2d(x, { ...pooling, countIncludePad: false })],
  ['avgPool2dBackward', (k, x) => k.avgPool2dBackward(k.maxPool2d(x, pooling), { ...pooling, countIncludePad: true })],
  [
    'batchNorm of images',
    (k, x, y) => {
      const options = { n: 3, c: 7, s: 96 }
      const mean = k.batchMean(y, options)
      return k.batchNorm(x, mean, k.batchVariance(y, mean, options), null, null, { ...options, eps: 1e-5 })
    },
  ],
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

  it('of the gradients of a layer do not', () => {
    for (const i of [0, 1, 2]) {
      const gradient: Computation = (k, dy, x, w) => k.linearBackward(dy, x, w, { m: 21, k: 37, n: 50 }, [true, true, true])[i] ?? dy
      expectSameBits(gradient, numbers(1, 21 * 50), numbers(2, 21 * 37), numbers(3, 50 * 37))
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

  it.each([false, true])('of recurrent layers and their gradients do not, reverse: %s', (reverse) => {
    const o = { t: 3, n: 21, i: 5, h: 6, reverse, nonlinearity: 'tanh' as const }
    const half = (seed: number, n: number) => numbers(seed, n, { min: -0.5, max: 0.5 })
    for (const [kind, g] of [
      ['rnn', 6],
      ['gru', 18],
      ['lstm', 24],
    ] as const) {
      const states = kind === 'lstm' ? 2 : 1
      const inputs = [
        numbers(1, 3 * 21 * 5),
        ...Array.from({ length: states }, (_, s) => half(2 + s, 21 * 6)),
        half(4, g * 5),
        half(5, g * 6),
      ]
      const forward = <A>(k: Kernels<A>, b: A, [x, h0, ...rest]: A[]): A =>
        kind === 'lstm' ? k.lstm(x, h0, rest[0], rest[1], rest[2], b, b, o) : k[kind](x, h0, rest[0], rest[1], b, b, o)
      expectSameBits((k, b, ...inputs) => forward(k, b, inputs), half(6, g), ...inputs)
      const needs = [...inputs, 0, 0].map(() => true)
      for (const gradient of needs.keys()) {
        const backward: Computation = (k, b, dy, ...inputs) => {
          const [y, [x, h0, ...rest]] = [forward(k, b, inputs), inputs]
          const all =
            kind === 'lstm'
              ? k.lstmBackward(dy, x, h0, rest[0], rest[1], rest[2], y, o, needs)
              : k[`${kind}Backward`](dy, x, h0, rest[0], rest[1], y, o, needs)
          return all[gradient] ?? y
        }
        expectSameBits(backward, half(6, g), numbers(7, states * 3 * 21 * 6), ...inputs)
      }
    }
  })

  it('of losses do not', () => {
    const options = { n: N, c: C, labelSmoothing: 0.1 }
    expectSameBits((k, x, t) => k.crossEntropy(x, t, options), numbers(1, N * C), places(2, N, C))
    expectSameBits((k, x, t, dy) => k.crossEntropyBackward(dy, x, t, options), numbers(1, N * C), places(2, N, C), numbers(3, N))
  })

  it('of updates do not', () => {
    const adam = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 3 }
    const inputs = [1, 2, 3, 4].map((seed) => numbers(seed, 1001, { min: 0 }))
    const byAdam: Computation = (k, w, dw, m, v) => {
      k.adamInto(w, dw, m, v, null, adam)
      k.adamwInto(w, dw, m, v, null, adam)
      return w
    }
    expectSameBits(byAdam, ...inputs)
    const sgd = { lr: 0.1, momentum: 0.9, dampening: 0.1, nesterov: false, weightDecay: 0.1, step: 3 }
    const bySgd: Computation = (k, w, dw, m) => {
      k.sgdInto(w, dw, m, sgd)
      return w
    }
    expectSameBits(bySgd, ...inputs)
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
    expect(() => begin('deadly')).toThrow(/^matmul: a worker thread gave no sign of life for 0\.1 s/)
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
    const wasm = createWasm({ simd: 'plain', threads: 2, grain: TINY, deadline: 300 })
    gather(wasm)
    const side = 1536
    const { kernels, threads } = wasm
    const x = kernels.upload(new Float32Array(side * side))
    const parts = vi.spyOn(threads, 'run').mockImplementation((kernel, _, argumentsOf) => {
      const whole = argumentsOf(0, side)
      threads.runParts(kernel, [whole, whole.with(12, 0)]) // the caller takes the last part first, and it is empty
    })
    const start = performance.now()
    kernels.matmul(x, x, { m: side, k: side, n: side })
    expect(parts).toHaveBeenCalledOnce()
    expect(performance.now() - start).toBeGreaterThan(100)
    threads.stop()
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
