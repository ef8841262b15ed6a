/** Scaled dot-product attention: the kernels, then the operation on them. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, F, grad, gradcheck, manualSeed, randn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import { type Kernels, reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { AttentionOptions } from '../src/reference/attention.ts'
import { expectClose, type OracleCase, oracle, thaw } from './support.ts'
import { type Computation, double, expectBackward, expectTwins, numbers, onGpu, randomOf, seeds } from './twins.ts'

/** How many queries or keys: none, one, a few, and around the blocks: of 64 and 128, on the GPU of 32. */
const counts = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  onGpu ? fc.constantFrom(1, 31, 32, 33, 64, 65, 97) : fc.constantFrom(1, 63, 64, 65, 127, 128, 129, 260),
)
const widths = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 32, 33))

interface Problem {
  o: AttentionOptions
  q: Float32Array
  k: Float32Array
  v: Float32Array
  mask: Float32Array | null
}

/** A mask for each attention, or one for all; for each query, or one row for all; some keys forbidden, now and then all of a row. */
function problem(o: AttentionOptions, kind: 'none' | 'one' | 'row' | 'each', seed: number): Problem {
  const { n, l, s, e, ev } = o
  const random = randomOf(seed + 3)
  const size = { none: 0, one: l * s, row: n * s, each: n * l * s }[kind]
  const mask = numbers(seed + 4, size).map((value) => (random() < 0.3 ? -Infinity : value))
  if (kind === 'one' && random() < 0.5) mask.fill(-Infinity, 0, s)
  const step = { none: 0, one: 0, row: s, each: l * s }[kind]
  const layout = { offsets: Array.from({ length: n }, (_, i) => i * step), row: kind === 'row' ? 0 : s }
  return {
    o: kind === 'none' ? o : { ...o, mask: layout },
    q: numbers(seed, n * l * e, { min: -2, max: 2 }),
    k: numbers(seed + 1, n * s * e, { min: -2, max: 2 }),
    v: numbers(seed + 2, n * s * ev),
    mask: kind === 'none' ? null : mask,
  }
}

const problemsOf = (count: fc.Arbitrary<number>, width: fc.Arbitrary<number>): fc.Arbitrary<Problem> =>
  fc
    .record({
      o: fc.record({ n: fc.integer({ min: 0, max: 3 }), l: count, s: count, e: width, ev: width, isCausal: fc.boolean() }),
      kind: fc.constantFrom<'none' | 'one' | 'row' | 'each'>('none', 'none', 'one', 'row', 'each'),
      seed: seeds,
    })
    .map(({ o, kind, seed }) => problem(o, kind, seed))

const forward =
  (o: AttentionOptions): Computation =>
  (kernels, q, k, v, mask) =>
    kernels.attention(q, k, v, mask ?? null, o)

const backward =
  (o: AttentionOptions, which: number): Computation =>
  <A>(kernels: Kernels<A>, dy: A, q: A, k: A, v: A, mask?: A) =>
    kernels.attentionBackward(dy, q, k, v, kernels.attention(q, k, v, mask ?? null, o), mask ?? null, o)[which]

const inputsOf = ({ q, k, v, mask }: Problem) => (mask ? [q, k, v, mask] : [q, k, v])

describe('the kernels', () => {
  /** Both passes of the twins are those of the definition. */
  function expectBoth(p: Problem) {
    expectTwins(forward(p.o), inputsOf(p), { ulp: 8, abs: 4e-6 })
    const dy = numbers(5, p.o.n * p.o.l * (p.o.ev + 1), { min: -1, max: 1 })
    // gradients sum some hundred products, which cancel
    for (const which of [0, 1, 2]) expectTwins(backward(p.o, which), [dy, ...inputsOf(p)], { ulp: 16, abs: 4e-5 })
  }

  it('on the twins are the definition within rounding: any sizes, any mask, causal or not', () => {
    fc.assert(fc.property(problemsOf(counts, widths), expectBoth), { numRuns: onGpu ? 15 : 60 })
  })

  it('on the twins are the definition where rows are wide', () => {
    expectBoth(problem({ n: 2, l: 35, s: 40, e: 70, ev: 3 }, 'each', 1))
    expectBoth(problem({ n: 2, l: 40, s: 35, e: 3, ev: 130, isCausal: true }, 'none', 2))
  })

  it('have the slopes that their backward says', () => {
    const few = problemsOf(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
    fc.assert(
      fc.property(few, ({ o, mask, ...p }) => {
        const masks = mask ? double(mask) : null
        const run = (q: HostArray, k: HostArray, v: HostArray) => reference.attention(q, k, v, masks, o)
        const f = (...x: Float64Array[]) => run(x[0], x[1], x[2]).slice(0, o.n * o.l * o.ev)
        expectBackward(f, (dy, q, k, v) => reference.attentionBackward(dy, q, k, v, run(q, k, v), masks, o), [
          double(p.q),
          double(p.k),
          double(p.v),
        ])
      }),
      { numRuns: 60 },
    )
  })

  it('hold large scores, infinities and NaN as the definition does', () => {
    const o = { n: 1, l: 4, s: 130, e: 1, ev: 2 }
    const k = numbers(1, o.s)
    const v = numbers(2, o.s * o.ev)
    expectTwins(forward(o), [Float32Array.of(1e4, -1e4, 0, 1e-30), k, v], { ulp: 8, abs: 2e-5 })
    expectTwins(forward(o), [Float32Array.of(NaN, 1, Infinity, 2), k, v], { ulp: 8, abs: 2e-5 })
    expectTwins(forward(o), [numbers(3, 4), k.with(129, NaN), v], { ulp: 8, abs: 2e-5 })
  })
})

describe.each<BackendName>(['reference', 'wasm'])('scaledDotProductAttention on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  const cases = oracle('attention').filter(({ op }) => op === 'scaledDotProductAttention')
  it.each(cases.map((c, i): [number, OracleCase] => [i, c]))('is PyTorch’s, values and gradients (%i)', (_, { params, ...c }) => {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => tensor(c.inputs[name].data, { requiresGrad: true }))
    const shaped = (x: Tensor, name: string) => x.reshape(c.inputs[name].shape)
    const y = F.scaledDotProductAttention(shaped(q, 'q'), shaped(k, 'k'), shaped(v, 'v'), params)
    expect(y.shape).toEqual(c.outputs.y.shape)
    expectClose(y.data, c.outputs.y.data)
    y.backward({ gradient: thaw(c.upstream.y) })
    for (const [x, name] of [[q, 'q'] as const, [k, 'k'] as const, [v, 'v'] as const]) expectClose(x.grad!.data, c.grads[name].data)
  })

  it('is its three steps: scores, weights, weighted sum; rows of weights sum to 1', () => {
    manualSeed(1)
    const [q, k, v] = [randn([2, 3, 4]), randn([2, 5, 4]), randn([2, 5, 6])]
    for (const options of [{}, { isCausal: true }, { attnMask: tensor([1, 0, 1, 1, 0]) }]) {
      const weights = F.attentionWeights(q, k, options)
      expectClose(weights.sum(-1).data, new Array(6).fill(1))
      expectClose(F.scaledDotProductAttention(q, k, v, options).data, weights.matmul(v).data)
    }
    expect(F.attentionWeights(q, k, { isCausal: true }).select(1, 0).toArray()).toEqual([
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 0],
    ])
  })

  it('takes a mask of 0 and 1 (int32 or float), the same as added -∞, and the causal one as a mask', () => {
    manualSeed(2)
    const [q, k, v] = [randn([2, 2, 3, 4]), randn([2, 2, 3, 4]), randn([2, 2, 3, 4])]
    const run = (attnMask: Tensor) => F.scaledDotProductAttention(q, k, v, { attnMask }).toArray()
    const ones = zeros([3, 3]).add(1).tril()
    const causal = F.scaledDotProductAttention(q, k, v, { isCausal: true }).toArray()
    expect(run(ones)).toEqual(causal)
    expect(run(ones.to('int32'))).toEqual(causal)
    expect(run(zeros([3, 3]).maskedFill(ones.eq(0), -Infinity))).toEqual(causal)
    expect(run(zeros([1]))).toEqual(F.scaledDotProductAttention(q, k, v).toArray()) // zeros are added
  })

  it('broadcasts masks over batch, heads, queries and keys', () => {
    manualSeed(3)
    const [q, k, v] = [randn([2, 3, 4, 5]), randn([2, 3, 6, 5]), randn([2, 3, 6, 5])]
    for (const shape of [[6], [4, 6], [4, 1], [3, 1, 6], [2, 1, 1, 6], [2, 1, 4, 6], [1, 3, 4, 1], []]) {
      const attnMask = randn(shape)
      const whole = attnMask.expand(2, 3, 4, 6)
      const y = F.scaledDotProductAttention(q, k, v, { attnMask, isCausal: true })
      expectClose(y.data, F.scaledDotProductAttention(q, k, v, { attnMask: whole, isCausal: true }).data)
      expectClose(y.data, F.attentionWeights(q, k, { attnMask, isCausal: true }).matmul(v).data)
    }
  })

  it('never changes earlier outputs with later tokens where it is causal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 140 }), fc.nat(), (l, at) => {
        manualSeed(at)
        const place = 1 + (at % (l - 1))
        const [a, b] = [randn([3, l, 4]), randn([3, l, 4])]
        const data = a.data.map((value, i) => (Math.floor(i / 4) % l < place ? value : b.data[i]))
        const changed = tensor(data).reshape([3, l, 4])
        const early = (x: Tensor) => F.scaledDotProductAttention(x, x, x, { isCausal: true }).slice(0, place, { dim: 1 }).data
        expect(early(changed)).toEqual(early(a))
      }),
      { numRuns: 15 },
    )
  })

  it('commutes with permutations of the tokens where no mask tells their places', () => {
    manualSeed(4)
    const x = randn([7, 4])
    const order = [3, 1, 0, 6, 5, 2, 4]
    const shuffle = (t: Tensor) => F.embedding(tensor(order), t)
    const attend = (t: Tensor) => F.scaledDotProductAttention(t, t, t)
    expectClose(attend(shuffle(x)).data, shuffle(attend(x)).data)
  })

  it('gives 0, and gradients 0, to a query that may attend to no key', () => {
    const make = () => [randn([2, 3], { requiresGrad: true }), randn([4, 3], { requiresGrad: true }), randn([4, 2], { requiresGrad: true })]
    const attnMask = tensor([
      [0, 0, 0, 0],
      [1, 0, 1, 1],
    ])
    const [q, k, v] = make()
    const y = F.scaledDotProductAttention(q, k, v, { attnMask })
    expect(y.select(0, 0).toArray()).toEqual([0, 0])
    expect(F.attentionWeights(q, k, { attnMask }).select(0, 0).toArray()).toEqual([0, 0, 0, 0])
    const [dq, dk, dv] = grad(y.pow(2).sum(), [q, k, v])
    expect(dq.select(0, 0).toArray()).toEqual([0, 0, 0])
    expect([...dk.data, ...dv.data].every(Number.isFinite)).toBe(true)
    expect(dk.select(0, 1).toArray()).toEqual([0, 0, 0])
    expect(F.scaledDotProductAttention(randn([2, 3]), zeros([0, 3]), zeros([0, 2])).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(F.scaledDotProductAttention(zeros([0, 3]), randn([2, 3]), randn([2, 2])).shape).toEqual([0, 2])
  })

  it('learns an added mask that requires grad', () => {
    manualSeed(5)
    const [q, k, v] = [randn([3, 2]), randn([4, 2]), randn([4, 2])]
    const attnMask = randn([4], { requiresGrad: true })
    const y = F.scaledDotProductAttention(q, k, v, { attnMask })
    expectClose(y.data, F.scaledDotProductAttention(q, k, v, { attnMask: attnMask.detach() }).data)
    y.select(1, 0).sum().backward()
    expect(attnMask.grad!.data.some((value) => Math.abs(value) > 1e-3)).toBe(true)
  })

  it('refuses what does not fit, by name', () => {
    const [q, k, v] = [zeros([2, 3, 4]), zeros([2, 5, 4]), zeros([2, 5, 6])]
    const fails = (message: string, run: () => unknown) => expect(run).toThrow(`scaledDotProductAttention: ${message}`)
    fails('q [2, 3, 3] and k [2, 5, 4] must have one width on their last axis', () => F.scaledDotProductAttention(zeros([2, 3, 3]), k, v))
    fails('q [3, 4] and k [2, 5, 4] differ on the axes before the last two', () => F.scaledDotProductAttention(zeros([3, 4]), k, v))
    fails('v [2, 4, 6] must have one row per key, as k [2, 5, 4] has', () => F.scaledDotProductAttention(q, k, zeros([2, 4, 6])))
    fails('expected q [..., L, E] and k [..., S, E], got q [4]', () => F.scaledDotProductAttention(zeros([4]), k, v))
    fails('q [2, 3, 0] and k [2, 5, 0] have no numbers on their last axis', () =>
      F.scaledDotProductAttention(zeros([2, 3, 0]), zeros([2, 5, 0]), v),
    )
    fails("operands differ in dtype: float32 and float64; convert one with .to('float32')", () =>
      F.scaledDotProductAttention(q, k.to('float64'), v),
    )
    fails('expected float tensors, got int32', () => F.scaledDotProductAttention(q.to('int32'), k.to('int32'), v))
    fails('attnMask [3, 4] does not broadcast to the scores [2, 3, 5]', () =>
      F.scaledDotProductAttention(q, k, v, { attnMask: zeros([3, 4]) }),
    )
    fails('attnMask of dtype int32 must hold 0 and 1, got 2 at place 1', () =>
      F.scaledDotProductAttention(q, k, v, { attnMask: tensor([0, 2, 1, 1, 1], { dtype: 'int32' }) }),
    )
    fails('operands differ in dtype: float32 and float64', () =>
      F.scaledDotProductAttention(q, k, v, { attnMask: randn([5], { dtype: 'float64' }) }),
    )
  })
})

describe('derivatives in float64', () => {
  const f64 = (...shape: number[]) => randn(shape, { dtype: 'float64', requiresGrad: true })
  const attnMask = tensor(Float64Array.of(0.5, -Infinity, -1, 0, -Infinity, -Infinity, -Infinity, -Infinity)).reshape([2, 1, 4])
  const examples: [string, (...x: Tensor[]) => Tensor][] = [
    ['without a mask', (q, k, v) => F.scaledDotProductAttention(q, k, v)],
    ['causal', (q, k, v) => F.scaledDotProductAttention(q, k, v, { isCausal: true })],
    ['masked, one sequence wholly', (q, k, v) => F.scaledDotProductAttention(q, k, v, { attnMask })],
    ['causal and masked', (q, k, v) => F.scaledDotProductAttention(q, k, v, { attnMask, isCausal: true })],
    ['of the weights', (q, k) => F.attentionWeights(q, k, { attnMask })],
  ]

  it.each(examples)('%s: the first and the second', (_, fn) => {
    manualSeed(6)
    const inputs = [f64(2, 3, 2), f64(2, 4, 2), ...(fn.length > 2 ? [f64(2, 4, 3)] : [])]
    gradcheck(fn, inputs, { rtol: 1e-5, atol: 1e-7 })
    const gradient = (...x: Tensor[]) => {
      const y = fn(...x)
      return grad(y.mul(y).sum(), x, { createGraph: true }).reduce((sum, g) => sum.add(g.mul(g).sum()), tensor(0, { dtype: 'float64' }))
    }
    gradcheck(gradient, inputs, { rtol: 1e-5, atol: 1e-6 })
  })
})
