/** Batch norm: channels of mean 0 and variance 1, and what is kept of them for evaluation. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, gradcheck, manualSeed, nn, ones, randn, setBackend, tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { BatchNormBackwardOptions } from '../src/reference/batch-norm.ts'
import { expectClose } from './support.ts'
import { type Computation, double, expectBackward, expectTwins, inDouble, numbers, onGpu, runs, seeds } from './twins.ts'

const options: fc.Arbitrary<BatchNormBackwardOptions> = fc.record({
  n: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(16, 17, 50)),
  c: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 17, 33)),
  s: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 9 }), fc.constantFrom(16, 49, 65)),
  eps: fc.constantFrom(1e-5, 1e-3, 0.1),
  training: fc.boolean(),
})

const mean =
  (o: BatchNormBackwardOptions): Computation =>
  (k, x) =>
    k.batchMean(x, o)
const variance =
  (o: BatchNormBackwardOptions): Computation =>
  (k, x, mean) =>
    k.batchVariance(x, mean, o)
const forward =
  (o: BatchNormBackwardOptions): Computation =>
  (k, x, mean, variance, w, b) =>
    k.batchNorm(x, mean, variance, w ?? null, b ?? null, o)

/** The gradient of x, w or b; the others are given back. */
const backward =
  (o: BatchNormBackwardOptions, i: 0 | 1 | 2): Computation =>
  (k, dy, x, mean, variance, w) => {
    const gradients = k.batchNormBackward(dy, x, mean, variance, w ?? null, o)
    gradients.forEach((gradient, j) => {
      if (j !== i && gradient !== null) k.release(gradient)
    })
    return gradients[i]!
  }

/** What the terms of dx come to in size, |dy| + (Σ|dy| + |x̂|·Σ|dy·x̂|) / M over σ: rounding errors are in proportion to it. */
function termsOfBackward(dy: HostArray, x: HostArray, mean: HostArray, rstd: (channel: number) => number, o: BatchNormBackwardOptions) {
  const channelOf = (i: number) => Math.floor(i / o.s) % o.c
  const xHat = (i: number) => Math.abs(x[i] - mean[channelOf(i)]) * rstd(channelOf(i))
  const [sum, dot] = [new Float64Array(o.c), new Float64Array(o.c)]
  for (let i = 0; i < dy.length; i++) {
    sum[channelOf(i)] += Math.abs(dy[i])
    dot[channelOf(i)] += Math.abs(dy[i]) * xHat(i)
  }
  return (i: number) => rstd(channelOf(i)) * (Math.abs(dy[i]) + (sum[channelOf(i)] + xHat(i) * dot[channelOf(i)]) / (o.n * o.s))
}

describe('batchMean, batchVariance', () => {
  it('on the twins are within 2e-6 of the definition', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c * o.s)
        expectTwins(mean(o), [x], { abs: 2e-6 })
        expectTwins(variance(o), [x, numbers(seed + 1, o.c)], { abs: 2e-6, ulp: 16 })
      }),
      runs(100),
    )
  })

  it('lose nothing far from 0', () => {
    const o = { n: 40, c: 3, s: 1, eps: 0, training: true }
    for (const s of [1, 25]) {
      const x = numbers(5, 40 * 3 * s).map((v) => v + 1000)
      const exact = Float32Array.from(inDouble(mean({ ...o, s }), x))
      expectTwins(mean({ ...o, s }), [x], { ulp: 2 })
      expectTwins(variance({ ...o, s }), [x, exact], { abs: 1e-4 })
    }
  })
})

describe('batchNorm', () => {
  beforeAll(() => setBackend('reference'))

  it('on the twins is within 2^-20 · max |x| · w / σ of the definition', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const x = numbers(seed, o.n * o.c * o.s)
        const [mean, w, b] = [1, 2, 3].map((i) => numbers(seed + i, o.c))
        const variance = numbers(seed + 4, o.c, { min: 0, max: 4 })
        const abs = (i: number) => 2 ** -20 * (4 + 16 / Math.sqrt(variance[Math.floor(i / o.s) % o.c] + o.eps))
        for (const some of [[w, b], [w], []]) expectTwins(forward(o), [x, mean, variance, ...some], { abs })
      }),
      runs(100),
    )
  })

  it('on the twins passes back what the definition does', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const [dy, x] = [0, 1].map((i) => numbers(seed + i, o.n * o.c * o.s))
        const [mean, w] = [2, 3].map((i) => numbers(seed + i, o.c))
        const variance = numbers(seed + 4, o.c, { min: 0.01, max: 4 })
        const rstd = (channel: number) => 1 / Math.sqrt(variance[channel] + o.eps)
        const terms = termsOfBackward(dy, x, mean, rstd, o)
        const abs = (i: number) => (onGpu ? 16 : 8) * 2 ** -24 * 4 * terms(i) // |w| <= 4; on the GPU 1/σ, three times a factor, is a float32
        expectTwins(backward(o, 0), [dy, x, mean, variance, w], { abs })
        expectTwins(backward(o, 0), [dy, x, mean, variance], { abs })
        const m = o.n * o.s
        expectTwins(backward(o, 1), [dy, x, mean, variance, w], { abs: (i) => 2 ** -19 * (1 + m) * rstd(i), ulp: 2 })
        expectTwins(backward(o, 2), [dy, x, mean, variance, w], { abs: 2 ** -21 * (1 + m), ulp: 2 })
      }),
      runs(100),
    )
  })

  it('has the slopes that its backward says', () => {
    const few = fc.record({ n: fc.integer({ min: 1, max: 3 }), c: fc.integer({ min: 1, max: 3 }), s: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(few, seeds, (size, seed) => {
        const [x, w, b] = [numbers(seed, size.n * size.c * size.s), numbers(seed + 1, size.c), numbers(seed + 2, size.c)].map(double)
        for (const training of [true, false]) {
          const o = { ...size, eps: 0.5, training }
          const fixed = [double(numbers(seed + 3, size.c)), double(numbers(seed + 4, size.c, { min: 1, max: 2 }))]
          const moments = (x: HostArray): HostArray[] => {
            if (!training) return fixed
            const mean = reference.batchMean(x, o)
            return [mean, reference.batchVariance(x, mean, o)]
          }
          const f = (x: HostArray, w: HostArray | null, b: HostArray | null) => {
            const [mean, variance] = moments(x)
            return reference.batchNorm(x, mean, variance, w, b, o)
          }
          const back = (dy: HostArray, x: HostArray, w: HostArray | null) => {
            const [mean, variance] = moments(x)
            return reference.batchNormBackward(dy, x, mean, variance, w, o)
          }
          expectBackward(f, back, [x, w, b])
          expectBackward(
            (x) => f(x, null, null),
            (dy, x) => back(dy, x, null).slice(0, 1),
            [x],
          )
        }
      }),
      { numRuns: 50 },
    )
  })

  it('gives channels of mean 0 and variance 1', () => {
    manualSeed(1)
    const y = F.batchNorm(randn([20, 3, 2]).mul(5).add(7), { training: true, eps: 0 })
    expectClose(y.mean([0, 2]).data, [0, 0, 0], { atol: 1e-6 })
    expectClose(y.transpose(0, 1).flatten(1).variance(1, { correction: 0 }).data, [1, 1, 1], { atol: 1e-5 })
  })

  it.each(['reference', 'wasm'] as const)(
    'bends as its second derivative says, and gives only the gradients that are wanted, on %s',
    async (backend) => {
      await setBackend(backend)
      manualSeed(3)
      const f64 = (...shape: number[]) => randn(shape, { dtype: 'float64', requiresGrad: true })
      const stats = { runningMean: f64(2).detach(), runningVar: f64(2).detach().pow(2).add(1) }
      for (const training of [true, false]) {
        // momentum 0: the differences must find the statistics as they were
        const f = (...[x, weight, bias]: Parameters<Parameters<typeof gradcheck>[0]>) =>
          F.batchNorm(x, { weight, bias, training, eps: 0.1, ...stats, momentum: 0 })
        gradcheck(f, [f64(4, 2, 3), f64(2), f64(2)])
      }
      const x = randn([4, 2])
      const [weight, bias] = [ones([2], { requiresGrad: true }), zeros([2], { requiresGrad: true })]
      F.batchNorm(x, { weight: weight.detach(), bias, training: true }).mul(x).sum().backward()
      expectClose(bias.grad!.data, x.sum(0).data)
      F.batchNorm(x, { weight, training: true }).mul(x).sum().backward()
      expect(weight.grad!.shape).toEqual([2])
      bias.grad = null
      F.batchNorm(x, { bias, training: true }).mul(x).sum().backward()
      expectClose(bias.grad!.data, x.sum(0).data)
      await setBackend('reference')
    },
  )

  it('refuses what makes no sense, by name', () => {
    expect(() => F.batchNorm(ones([3]), { training: true })).toThrow('batchNorm: x must have shape [N, C, ...], got [3]')
    expect(() => F.batchNorm(ones([2, 3]), {})).toThrow('batchNorm: outside training runningMean and runningVar must be given')
    expect(() => F.batchNorm(ones([1, 3]), { training: true })).toThrow(/batchNorm: training needs more than one number per channel/)
    expect(() => F.batchNorm(ones([2, 3]), { training: true, weight: ones([2]) })).toThrow(
      'batchNorm: weight must have shape [3], one number per channel of x [2, 3], got [2]',
    )
    expect(() => F.batchNorm(tensor([[1]], { dtype: 'int32' }), { training: true })).toThrow('batchNorm: expected a float tensor')
    expect(() => new nn.BatchNorm1d(0)).toThrow('BatchNorm1d: numFeatures must be an integer above 0, got 0')
    expect(() => new nn.BatchNorm1d(3, { momentum: 2 })).toThrow('BatchNorm1d: momentum must be null or lie between 0 and 1, got 2')
    expect(() => new nn.BatchNorm2d(3).forward(ones([2, 3]))).toThrow('BatchNorm2d: x must have shape [N, C, H, W] with C = 3, got [2, 3]')
    expect(() => new nn.BatchNorm1d(3).forward(ones([2, 4]))).toThrow('BatchNorm1d: x must have shape [N, C] or [N, C, L] with C = 3')
  })
})

describe.each(['reference', 'wasm'] as const)('nn.BatchNorm, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('has parameters and buffers under the names of PyTorch, in its order', () => {
    const layer = new nn.BatchNorm2d(3)
    expect(Object.entries(layer.stateDict()).map(([name, t]) => [name, t.shape, t.dtype, t.data[0]])).toEqual([
      ['weight', [3], 'float32', 1],
      ['bias', [3], 'float32', 0],
      ['running_mean', [3], 'float32', 0],
      ['running_var', [3], 'float32', 1],
      ['num_batches_tracked', [], 'int32', 0],
    ])
    expect(layer.parameters()).toHaveLength(2)
    expect([...new nn.Sequential(layer).namedBuffers()].map(([name]) => name)).toEqual([
      '0.running_mean',
      '0.running_var',
      '0.num_batches_tracked',
    ])
    expect(new nn.BatchNorm1d(3, { affine: false }).parameters()).toEqual([])
  })

  it('keeps the statistics of its batches, the variance without bias', () => {
    const layer = new nn.BatchNorm1d(2)
    layer.forward(
      tensor([
        [1, 10],
        [3, 10],
        [5, 10],
      ]),
    )
    expectClose(layer.running_mean.data, [0.3, 1]) // 0.9 · 0 + 0.1 · mean
    expectClose(layer.running_var.data, [0.9 + 0.4, 0.9]) // 0.9 · 1 + 0.1 · 8 / 2
    expect(layer.num_batches_tracked.item()).toBe(1)
    layer.eval()
    const y = layer.forward(tensor([[0.3, 1]]))
    expectClose(y.data, [0, 0])
    expect(layer.num_batches_tracked.item()).toBe(1)
  })

  it('with momentum null averages all batches', () => {
    const layer = new nn.BatchNorm1d(1, { momentum: null })
    for (const shift of [0, 3, 6]) layer.forward(tensor([[shift], [shift + 2]]))
    expectClose(layer.running_mean.data, [4])
    expectClose(layer.running_var.data, [2])
  })

  it('goes over to another model with its buffers', () => {
    manualSeed(4)
    const [a, b] = [0, 1].map(() => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2)))
    for (let i = 0; i < 3; i++) a.forward(randn([5, 3]))
    b.loadStateDict(a.stateDict())
    const x = randn([4, 3])
    expect(b.eval().forward(x).toArray()).toEqual(a.eval().forward(x).toArray())
    const { '1.running_var': _, ...rest } = a.stateDict()
    expect(() => b.loadStateDict(rest)).toThrow("loadStateDict: the entry '1.running_var', of shape [2], is missing")
    expect(() => b.loadStateDict({ ...rest, '1.running_var': zeros([2], { dtype: 'int32' }) })).toThrow(
      "loadStateDict: '1.running_var' must be float32, got int32",
    )
  })

  it('learns: gradients reach what lies before it', () => {
    manualSeed(5)
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.Tanh())
    model
      .forward(randn([6, 3]))
      .mul(randn([6, 4]))
      .sum()
      .backward()
    for (const [name, p] of model.namedParameters())
      expect(
        p.grad?.data.some((v) => v !== 0),
        name,
      ).toBe(true)
  })
})
