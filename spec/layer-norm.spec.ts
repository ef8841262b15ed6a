/** Layer norm: rows of mean 0 and variance 1. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, gradcheck, manualSeed, nn, ones, randn, setBackend, tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { LayerNormOptions } from '../src/reference/layer-norm.ts'
import {
  builds,
  type Computation,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  inDouble,
  numbers,
  onWasm,
  runs,
  seeds,
} from './twins.ts'

const options: fc.Arbitrary<LayerNormOptions> = fc.record({
  n: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(15, 16, 17, 33)),
  c: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 128, 1000)),
  eps: fc.constantFrom(1e-5, 1e-3, 0.1),
})

const forward =
  (o: LayerNormOptions): Computation =>
  (k, x, w, b) =>
    k.layerNorm(x, w ?? null, b ?? null, o)

/** The gradient of input i; the others are given back. */
const backward =
  (o: LayerNormOptions, i: 0 | 1 | 2): Computation =>
  (k, dy, x, w) => {
    const gradients = k.layerNormBackward(dy, x, w ?? null, o)
    gradients.forEach((gradient, j) => {
      if (j !== i && gradient !== null) k.release(gradient)
    })
    return gradients[i]!
  }

/** Of each row: 1/σ, and how much the rounding of its numbers is magnified, max |x| / σ. */
function conditions(x: HostArray, { n, c, eps }: LayerNormOptions): { rstd: number; condition: number }[] {
  return Array.from({ length: n }, (_, row) => {
    const values = double(x.subarray(row * c, row * c + c))
    const mean = values.reduce((a, b) => a + b, 0) / c
    const rstd = 1 / Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / c + eps)
    return { rstd, condition: Math.max(...values.map(Math.abs)) * rstd }
  })
}

describe('layerNorm', () => {
  beforeAll(() => setBackend('reference'))

  it('on the twins is as near to the definition as the rounding of μ and x allows', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const inputs = [numbers(seed, o.n * o.c, { min: -3, max: 5 }), numbers(seed + 1, o.c), numbers(seed + 2, o.c)]
        const rows = conditions(inputs[0], o)
        for (const some of [inputs, inputs.slice(0, 2), inputs.slice(0, 1)]) {
          expectTwins(forward(o), some, { abs: (i) => 2 ** -20 * (1 + 4 * rows[Math.floor(i / o.c)].condition) })
        }
      }),
      runs(100),
    )
  })

  it('on the twins passes back what the definition does, as near as that', () => {
    fc.assert(
      fc.property(options, seeds, (o, seed) => {
        const [dy, x, w] = [numbers(seed, o.n * o.c), numbers(seed + 1, o.n * o.c), numbers(seed + 2, o.c)]
        const rows = conditions(x, o)
        const xHat = inDouble(forward(o), x)
        const abs = (i: number) => {
          const { rstd, condition } = rows[Math.floor(i / o.c)]
          return 2 ** -17 * rstd * (1 + condition) * (1 + Math.abs(xHat[i])) // |dy · w| <= 16
        }
        expectTwins(backward(o, 0), [dy, x, w], { abs })
        expectTwins(backward(o, 0), [dy, x], { abs })
        const all = rows.reduce((sum, { condition }) => sum + 1 + condition, 1)
        expectTwins(backward(o, 1), [dy, x, w], { abs: 2 ** -19 * all })
        expectTwins(backward(o, 2), [dy, x, w], { abs: 2 ** -20 * (1 + o.n) })
      }),
      runs(100),
    )
  })

  it('has the slopes that its backward says', () => {
    const few = fc.record({ n: fc.integer({ min: 1, max: 3 }), c: fc.integer({ min: 1, max: 5 }), eps: fc.constantFrom(0.1, 1) })
    fc.assert(
      fc.property(few, seeds, (o, seed) => {
        const [x, w, b] = [numbers(seed, o.n * o.c), numbers(seed + 1, o.c), numbers(seed + 2, o.c)].map(double)
        expectBackward(
          (x, w, b) => reference.layerNorm(x, w, b, o),
          (dy, x, w) => reference.layerNormBackward(dy, x, w, o),
          [x, w, b],
        )
        expectBackward(
          (x) => reference.layerNorm(x, null, null, o),
          (dy, x) => reference.layerNormBackward(dy, x, null, o).slice(0, 1),
          [x],
        )
      }),
      { numRuns: 50 },
    )
  })

  it('gives rows of mean 0 and variance 1, far from 0 too', () => {
    for (const build of builds) {
      for (const far of [0, 100]) {
        const x = numbers(3, 5 * 100).map((v) => v + far)
        const y = onWasm(build, forward({ n: 5, c: 100, eps: 0 }), x)
        for (let row = 0; row < 5; row++) {
          const values = double(y.subarray(100 * row, 100 * row + 100))
          expect(values.reduce((a, b) => a + b) / 100).toBeCloseTo(0, 5)
          expect(values.reduce((a, b) => a + b * b, 0) / 100).toBeCloseTo(1, 4)
        }
      }
    }
  })

  it('does not change when a row is scaled and shifted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.constantFrom(2, 4, 0.5), seeds, (c, scale, seed) => {
        const x = numbers(seed, c).map((v) => Math.round(v * 256) / 256)
        for (const build of builds) {
          const y = onWasm(build, forward({ n: 1, c, eps: 0 }), x)
          const moved = onWasm(
            build,
            forward({ n: 1, c, eps: 0 }),
            x.map((v) => v * scale + 3),
          )
          expectNear(moved, double(y), { abs: 1e-5 })
        }
      }),
      runs(30),
    )
  })

  it('gives a row the same bits wherever it stands', () => {
    const x = numbers(4, 3 * 37)
    for (const build of builds) {
      const together = onWasm(build, forward({ n: 3, c: 37, eps: 1e-5 }), x)
      for (let row = 0; row < 3; row++) {
        const alone = onWasm(build, forward({ n: 1, c: 37, eps: 1e-5 }), x.slice(37 * row, 37 * row + 37))
        expect(together.slice(37 * row, 37 * row + 37)).toEqual(alone)
      }
    }
  })

  it('of a constant row is its shift', () => {
    const x = tensor([[5, 5, 5]])
    expect(F.layerNorm(x, { normalizedShape: 3, weight: tensor([2, 2, 2]), bias: tensor([1, 2, 3]) }).toArray()).toEqual([[1, 2, 3]])
    expect(F.layerNorm(x, { normalizedShape: 3, bias: tensor([1, 2, 3]) }).toArray()).toEqual([[1, 2, 3]])
  })

  it('takes the mean over all of normalizedShape', () => {
    manualSeed(1)
    const x = randn([2, 3, 4])
    const y = F.layerNorm(x, { normalizedShape: [3, 4] })
    expect(y.shape).toEqual([2, 3, 4])
    const flat = F.layerNorm(x.reshape([2, 12]), { normalizedShape: 12 })
    expect(y.reshape([2, 12]).toArray()).toEqual(flat.toArray())
  })

  it.each(['reference', 'wasm'] as const)('gives only those gradients that are wanted, on %s', async (backend) => {
    await setBackend(backend)
    manualSeed(2)
    const x = randn([4, 3], { requiresGrad: true })
    const weight = randn([3], { requiresGrad: true })
    F.layerNorm(x.detach(), { normalizedShape: 3, weight, bias: zeros([3]) })
      .mul(x.detach())
      .sum()
      .backward()
    const alone = weight.grad!.toArray()
    weight.grad = null
    F.layerNorm(x, { normalizedShape: 3, weight }).mul(x.detach()).sum().backward()
    expect(weight.grad!.toArray()).toEqual(alone)
    await setBackend('reference')
  })

  it('bends as its second derivative says', () => {
    const f64 = (...shape: number[]) => randn(shape, { dtype: 'float64', requiresGrad: true })
    manualSeed(3)
    gradcheck(
      (x, weight, bias) => F.layerNorm(x, { normalizedShape: [2, 2], weight, bias, eps: 0.1 }),
      [f64(3, 2, 2), f64(2, 2), f64(2, 2)],
    )
  })

  it('refuses what makes no sense, by name', () => {
    expect(() => F.layerNorm(ones([2, 3]), { normalizedShape: 4 })).toThrow(
      'layerNorm: the last axes of x [2, 3] must be normalizedShape [4]',
    )
    expect(() => F.layerNorm(ones([3]), { normalizedShape: [2, 3] })).toThrow('the last axes of x [3] must be normalizedShape [2, 3]')
    expect(() => F.layerNorm(ones([2, 0]), { normalizedShape: 0 })).toThrow('normalizedShape must be an integer above 0')
    expect(() => F.layerNorm(ones([2, 3]), { normalizedShape: 3, weight: ones([2]) })).toThrow('weight must have shape [3], got [2]')
    expect(() => F.layerNorm(tensor([1, 2], { dtype: 'int32' }), { normalizedShape: 2 })).toThrow('layerNorm: expected a float tensor')
    expect(() => F.layerNorm(ones([2]), { normalizedShape: 2, eps: -1 })).toThrow('eps must be 0 or more, got -1')
    expect(() => new nn.LayerNorm([2, 0])).toThrow('LayerNorm: normalizedShape must be an integer above 0 or an array of such, got [2, 0]')
  })
})

describe('nn.LayerNorm', () => {
  it('starts with scale 1 and shift 0, under the names of PyTorch', () => {
    const layer = new nn.LayerNorm([2, 3])
    expect(Object.entries(layer.stateDict()).map(([name, t]) => [name, t.shape, t.data[0]])).toEqual([
      ['weight', [2, 3], 1],
      ['bias', [2, 3], 0],
    ])
    expect(new nn.LayerNorm(3, { elementwiseAffine: false }).parameters()).toEqual([])
  })
})
