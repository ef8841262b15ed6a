/** A layer's weighted sums: the kernels are the product and the bias, forward and backward, for any size and any set of needed gradients. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, grad, noGrad, ones, randn, setBackend, type Tensor } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { ACTIVATIONS } from '../src/reference/activation.ts'
import { type LinearOptions, linearBackward } from '../src/reference/linear.ts'
import {
  builds,
  type Computation,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  numbers,
  onGpu,
  onWasm,
  places,
  seeds,
} from './twins.ts'

const side = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1, 5, 6, 8, 9, 33))
const problems: fc.Arbitrary<LinearOptions> = fc.record({ m: side, k: side, n: side })
const ALL = [true, true, true]

const linear =
  (o: LinearOptions): Computation =>
  (k, x, w, b) =>
    k.linear(x, w, b, o)

const inputs = ({ m, k, n }: LinearOptions, seed: number) => [numbers(seed, m * k), numbers(seed + 1, n * k), numbers(seed + 2, n)]

describe('linear', () => {
  it('is x · wᵀ, and b added to every row', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => {
        const [x, w, b] = inputs(o, seed).map(double)
        const product = reference.matmul(x, w, { ...o, transB: true })
        const y = reference.linear(x, w, b, o)
        product.forEach((sum, i) => void expect(y[i]).toBeCloseTo(sum + b[i % o.n], 10))
      }),
      { numRuns: 50 },
    )
  })

  it('on the twins is the definition within rounding, for any size', () => {
    fc.assert(
      fc.property(problems, seeds, (o, seed) => {
        const [x, w, b] = inputs(o, seed)
        const sizes = reference.linear(double(x).map(Math.abs), double(w).map(Math.abs), double(b).map(Math.abs), o)
        expectTwins(linear(o), [x, w, b], { ulp: 1, abs: (i) => Math.min(o.k + 1, 16) * 2 ** -24 * sizes[i] })
      }),
      { numRuns: onGpu ? 20 : 150 },
    )
  })

  it('starts every row from b, wherever blocks begin: exact for whole numbers', () => {
    for (const o of [
      { m: 391, k: 514, n: 9 },
      { m: 391, k: 3, n: 66 },
      { m: 4, k: 5, n: 70 },
      { m: 11, k: 520, n: 393 }, // turned round
    ]) {
      const [x, w, b] = [o.m * o.k, o.n * o.k, o.n].map((length, i) => Float32Array.from(places(i + 1, length, 19), (v) => v - 9))
      expectTwins(linear(o), [x, w, b])
    }
  })

  it('backward is its derivative', () => {
    for (const o of [
      { m: 3, k: 4, n: 2 },
      { m: 1, k: 1, n: 1 },
      { m: 2, k: 0, n: 3 },
    ]) {
      const [x, w, b] = inputs(o, 7).map(double)
      const gradients = (dy: Float64Array | Float32Array | Int32Array) =>
        linearBackward(dy, x, w, o, ALL).map((dx) => dx ?? new Float64Array(0))
      expectBackward((x, w, b) => reference.linear(x, w, b, o), gradients, [x, w, b])
    }
  })

  it('backward on the twins is the definition within rounding, and gives what is needed only', () => {
    fc.assert(
      fc.property(problems, seeds, fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), (o, seed, needs) => {
        const [x, w] = inputs(o, seed)
        const dy = numbers(seed + 3, o.m * o.n)
        const sizes = linearBackward(double(dy).map(Math.abs), double(x).map(Math.abs), double(w).map(Math.abs), o, ALL)
        const terms = [o.n, o.m, o.m]
        for (const place of [0, 1, 2].filter((place) => needs[place])) {
          const gradient: Computation = (k, dy, x, w) => {
            const gradients = k.linearBackward(dy, x, w, o, needs)
            expect(gradients.map((g) => g !== null)).toEqual(needs)
            gradients.forEach((g, i) => {
              if (g !== null && i !== place) k.release(g)
            })
            return gradients[place] ?? dy
          }
          expectTwins(gradient, [dy, x, w], { ulp: 1, abs: (i) => Math.min(terms[place], 16) * 2 ** -24 * (sizes[place]?.[i] ?? 0) })
        }
      }),
      { numRuns: onGpu ? 15 : 80 },
    )
  })

  it.each(ACTIVATIONS)('with %s at its end gives what the two kernels give, one after the other', (activation) => {
    const sizes = fc.oneof(problems, fc.constantFrom({ m: 519, k: 3, n: 5 }, { m: 517, k: 400, n: 1 }, { m: 1032, k: 5, n: 7 })) // blocks of rows
    const together =
      (o: LinearOptions): Computation =>
      (k, x, w, b) =>
        k.linear(x, w, b, { ...o, activation })
    const apart =
      (o: LinearOptions): Computation =>
      (k, x, w, b) => {
        const sums = k.linear(x, w, b, o)
        const y = k[activation](sums)
        k.release(sums)
        return y
      }
    fc.assert(
      fc.property(sizes, seeds, (o, seed) => {
        const all = inputs(o, seed)
        expect(together(o)(reference, ...all)).toEqual(apart(o)(reference, ...all))
        for (const build of builds) {
          const expected = onWasm(build, apart(o), ...all)
          expectNear(onWasm(build, together(o), ...all), expected, { ulp: onGpu ? 4 : 0 }, build.simd) // compilers of shaders may join operations
        }
      }),
      { numRuns: onGpu ? 10 : 60 },
    )
  })

  it('leaves nothing behind', () => {
    for (const { kernels, held } of builds) {
      const before = held()
      const arrays = inputs({ m: 40, k: 30, n: 20 }, 1).map((x) => kernels.upload(x))
      const y = kernels.linear(arrays[0], arrays[1], arrays[2], { m: 40, k: 30, n: 20 })
      for (const x of [...arrays, y]) kernels.release(x)
      expect(held()).toBe(before)
    }
  })
})

const backends = onGpu ? [] : (['reference', 'wasm'] as const) // layers on the GPU: spec/layers.gpu.ts
describe.each(backends)('F.linear with an activation, on %s', (backend) => {
  beforeAll(() => setBackend(backend))
  const leaf = (shape: number[]) => randn(shape, { requiresGrad: true })

  it.each(ACTIVATIONS)('%s has the numbers and the gradients of one after the other, with a bias and without', (activation) => {
    const [x, w, b] = [leaf([4, 3, 7]), leaf([5, 7]), leaf([5])]
    for (const bias of [b, null]) {
      const wanted = bias ? [x, w, b] : [x, w]
      const of = (y: Tensor) => [y.data, ...grad(y.mul(y).sum(), wanted).map((gradient) => gradient.data)]
      expect(of(F.linear(x, w, bias, { activation }))).toEqual(of(F.linear(x, w, bias)[activation]()))
    }
  })

  it('refuses what it does not know', () => {
    const [x, w] = [randn([1, 2]), randn([3, 2])]
    expect(() => F.linear(x, w, null, { activation: 'gelu' as never })).toThrow(
      `linear: activation must be one of 'relu', 'sigmoid', 'tanh', got "gelu"`,
    )
    expect(() => F.linear(x, w, randn([3]), { activation: 'toString' as never })).toThrow('got "toString"')
    const whole = [[1, 2], [3, 2], [3]].map((shape) => ones(shape, { dtype: 'int32' }))
    expect(() => F.linear(whole[0], whole[1], whole[2], { activation: 'tanh' })).toThrow(
      'linear: an activation needs float tensors, got int32',
    )
  })

  it('says so if what its gradient needs has been changed in place', () => {
    const [x, w, b] = [leaf([1, 2]), leaf([3, 2]), leaf([3])]
    const y = F.linear(x, w, b, { activation: 'tanh' })
    const loss = y.sum()
    noGrad(() => y.mul_(2))
    expect(() => loss.backward()).toThrow(/linear: .* changed in place/)
  })
})
