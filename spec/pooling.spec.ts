/** Pooling: the greatest number or the mean of each window, and the way back. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, grad, gradcheck, nn, ones, randn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { type HostArray, sizeOf } from '../src/reference/array.ts'
import { type AvgPoolingOptions, type PoolingOptions, pooledShape } from '../src/reference/pooling.ts'
import { expectClose } from './support.ts'
import {
  builds,
  type Computation,
  DIVISION,
  dot,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  numbers,
  onWasm,
  places,
  runs,
  scale,
  seeds,
} from './twins.ts'

/** Sizes whose window fits; every stride, padding up to half the window. */
function problems(most: number): fc.Arbitrary<AvgPoolingOptions> {
  const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }))
  return fc
    .record({
      planes: fc.integer({ min: 0, max: 3 }),
      size: pair(1, most),
      window: pair(1, 5),
      stride: pair(1, 4),
      padding: pair(0, 2),
      countIncludePad: fc.boolean(),
      arePairs: fc.boolean(),
    })
    .map(({ arePairs, ...o }) => (arePairs ? { ...o, window: [2, 2] as const, stride: [2, 2] as const, padding: [0, 0] as const } : o)) // the usual ones
    .map(({ planes, size: [h, w], padding, ...rest }) => ({
      x: [planes, h, w] as const,
      padding: [Math.min(padding[0], rest.window[0] >> 1), Math.min(padding[1], rest.window[1] >> 1)] as const,
      ...rest,
    }))
    .filter((o) => pooledShape(o)[1] > 0 && pooledShape(o)[2] > 0)
}

const sizes = (o: PoolingOptions) => ({ x: sizeOf(o.x), y: sizeOf(pooledShape(o)) })

const max =
  (o: PoolingOptions): Computation =>
  (k, x) =>
    k.maxPool2d(x, o)
const maxBackward =
  (o: PoolingOptions): Computation =>
  (k, dy, x) =>
    k.maxPool2dBackward(dy, x, o)
const indices =
  (o: PoolingOptions): Computation =>
  (k, x) =>
    k.maxPool2dIndices(x, o)
const avg =
  (o: AvgPoolingOptions): Computation =>
  (k, x) =>
    k.avgPool2d(x, o)
const avgBackward =
  (o: AvgPoolingOptions): Computation =>
  (k, dy) =>
    k.avgPool2dBackward(dy, o)

/** Few different numbers, so that many are equal, some infinite or NaN. */
const withTies = (seed: number, n: number) => {
  const kinds = [0, 1, 2, 3, -1, -Infinity, -Infinity, Infinity, NaN]
  return Float32Array.from(places(seed, n, kinds.length), (kind) => kinds[kind])
}

describe('the kernels', () => {
  it('on the twins are the definitions: the same maxima at the same places, also of equal, infinite and missing numbers', () => {
    fc.assert(
      fc.property(problems(19), seeds, (o, seed) => {
        const n = sizes(o)
        const dy = Float32Array.from(places(seed + 1, n.y, 9), (v) => v - 4)
        for (const x of [numbers(seed, n.x), withTies(seed, n.x), new Float32Array(n.x).fill(-Infinity)]) {
          expectTwins(max(o), [x])
          expectTwins(indices(o), [x])
          expectTwins(maxBackward(o), [dy, x])
        }
      }),
      runs(300),
    )
  })

  it('on the twins are the definitions: the same means', () => {
    fc.assert(
      fc.property(problems(19), seeds, (o, seed) => {
        const n = sizes(o)
        expectTwins(avg(o), [numbers(seed, n.x)], { ulp: 2, abs: 1e-5 })
        expectTwins(avgBackward(o), [numbers(seed, n.y)], { ulp: 2, abs: 1e-5 })
      }),
      runs(200),
    )
  })

  it('have the gradients that differences give', () => {
    fc.assert(
      fc.property(problems(7), seeds, (o, seed) => {
        const n = sizes(o)
        fc.pre(n.x > 0 && n.x < 100)
        const x = double(places(seed, n.x, 1000)).map((v, i) => v / 50 + i / 5000) // no two are near one another
        expectBackward(
          (x) => reference.maxPool2d(x, o),
          (dy, x) => [reference.maxPool2dBackward(dy, x, o)],
          [x],
        )
        expectBackward(
          (x) => reference.avgPool2d(x, o),
          (dy) => [reference.avgPool2dBackward(dy, o)],
          [x],
        )
      }),
      { numRuns: 60 },
    )
  })

  it('are adjoints: <dy, avg x> = <avgBackward dy, x>, and so for the maximum at the places that it chose', () => {
    fc.assert(
      fc.property(problems(19), seeds, (o, seed) => {
        const n = sizes(o)
        const [x, dy] = [numbers(seed, n.x), numbers(seed + 1, n.y)]
        for (const build of builds) {
          const pairs: [HostArray, HostArray][] = [
            [onWasm(build, avg(o), x), onWasm(build, avgBackward(o), dy)],
            [onWasm(build, max(o), x), onWasm(build, maxBackward(o), dy, x)],
          ]
          for (const [y, dx] of pairs) expect(Math.abs(dot(dy, y) - dot(dx, x))).toBeLessThanOrEqual(1e-6 * (scale(dy, y) + scale(dx, x)))
        }
      }),
      runs(100),
    )
  })

  it('the mean of equal numbers is that number where the zeros around do not count', () => {
    const ulp = Math.max(1, DIVISION)
    fc.assert(
      fc.property(problems(12), (o) => {
        const x = new Float32Array(sizes(o).x).fill(3)
        for (const build of builds) {
          expectNear(onWasm(build, avg({ ...o, countIncludePad: false }), x), new Float64Array(sizes(o).y).fill(3), { ulp })
        }
      }),
    )
  })
})

describe.each(['reference', 'wasm'] as const)('F on %s', (backend) => {
  beforeAll(() => setBackend(backend))
  const x = tensor([
    [1, 5, 2, 0],
    [3, 4, 8, 7],
    [9, 1, 1, 1],
    [0, 2, 1, 6],
  ]).reshape([1, 1, 4, 4])

  it('pools by hand', () => {
    const { values, indices } = F.maxPool2dWithIndices(x, { kernelSize: 2 })
    expect(values.toArray()).toEqual([
      [
        [
          [5, 8],
          [9, 6],
        ],
      ],
    ])
    expect(indices.toArray()).toEqual([
      [
        [
          [1, 6],
          [8, 15],
        ],
      ],
    ])
    expect(indices.dtype).toBe('int32')
    expect(F.avgPool2d(x, { kernelSize: 2 }).toArray()).toEqual([
      [
        [
          [3.25, 4.25],
          [3, 2.25],
        ],
      ],
    ])
    expect(F.maxPool2d(x, { kernelSize: [1, 4], stride: [2, 1] }).toArray()).toEqual([[[[5], [9]]]])
  })

  it('counts the zeros around by default, as PyTorch does', () => {
    const one = ones([1, 1, 2, 2])
    expect(F.avgPool2d(one, { kernelSize: 2, padding: 1 }).toArray()).toEqual([
      [
        [
          [0.25, 0.25],
          [0.25, 0.25],
        ],
      ],
    ])
    expect(F.avgPool2d(one, { kernelSize: 2, padding: 1, countIncludePad: false }).toArray()).toEqual([
      [
        [
          [1, 1],
          [1, 1],
        ],
      ],
    ])
  })

  it('unpooling puts the maxima back where they were, and its gradient takes them from there', () => {
    const { values, indices } = F.maxPool2dWithIndices(x, { kernelSize: 2 })
    const leaf = values.detach()
    leaf.requiresGrad = true
    const y = F.maxUnpool2d(leaf, indices, { kernelSize: 2 })
    expect(y.toArray()).toEqual([
      [
        [
          [0, 5, 0, 0],
          [0, 0, 8, 0],
          [9, 0, 0, 0],
          [0, 0, 0, 6],
        ],
      ],
    ])
    y.mul(y).sum().backward()
    expect(leaf.grad?.toArray()).toEqual([
      [
        [
          [10, 16],
          [18, 12],
        ],
      ],
    ])
  })

  it('pooling what was unpooled gives it back, for any size that is pooled to the same', () => {
    const image = randn([2, 3, 7, 9]).exp()
    const options = { kernelSize: 2, outputSize: [7, 9] as const }
    const { values, indices } = F.maxPool2dWithIndices(image, options)
    const back = F.maxUnpool2d(values, indices, options)
    expect(back.shape).toEqual([2, 3, 7, 9])
    expect(F.maxPool2d(back, options).data).toEqual(values.data)
  })

  it('layers are the functions', () => {
    const images = randn([2, 3, 8, 7])
    const options = { kernelSize: 3, stride: [2, 1] as const, padding: 1 }
    expect(new nn.MaxPool2d(options).forward(images).data).toEqual(F.maxPool2d(images, options).data)
    expect(new nn.AvgPool2d(options).forward(images).data).toEqual(F.avgPool2d(images, options).data)
    const others = { ...options, countIncludePad: false }
    expect(new nn.AvgPool2d(others).forward(images).data).toEqual(F.avgPool2d(images, others).data)
    expectClose(new nn.MaxPool2d({ kernelSize: 2 }).forward(images).shape, [2, 3, 4, 3])
  })
})

describe('derivatives', () => {
  const options = { kernelSize: [3, 2], stride: [2, 1], padding: 1 } as const
  const leaf = () =>
    tensor(
      double(numbers(1, 40)).map((v, i) => v + i / 100),
      { requiresGrad: true },
    )
  const image = (t: Tensor) => t.reshape([1, 2, 5, 4])

  it.each<[string, (t: Tensor) => Tensor]>([
    ['maxPool2d', (t) => F.maxPool2d(image(t), options)],
    ['avgPool2d', (t) => F.avgPool2d(image(t), options)],
    ['avgPool2d without zeros', (t) => F.avgPool2d(image(t), { ...options, countIncludePad: false })],
    [
      'maxUnpool2d',
      (t) => {
        const { values, indices } = F.maxPool2dWithIndices(image(t), { kernelSize: 2, stride: 1 })
        return F.maxUnpool2d(values, indices, { kernelSize: 2, stride: 1 })
      },
    ],
  ])('%s: first, second and third order are right', (_, f) => {
    const slope =
      (order: number) =>
      (t: Tensor): Tensor => {
        if (order === 0) return f(t)
        const [d] = grad(
          slope(order - 1)(t)
            .pow(3)
            .sum(),
          [t],
          { createGraph: true },
        )
        return d.mul(0.1)
      }
    for (const order of [0, 1, 2]) expect(gradcheck(slope(order), [leaf()], { atol: 1e-3 })).toBe(true)
  })
})

describe('mistakes', () => {
  const x = ones([1, 2, 5, 6])
  const { values, indices } = F.maxPool2dWithIndices(x, { kernelSize: 2 })

  it.each<[string, () => unknown, string]>([
    ['rank', () => F.maxPool2d(ones([5, 6]), { kernelSize: 2 }), 'maxPool2d: x must have shape [N, C, H, W], got [5, 6]'],
    [
      'int32',
      () => F.avgPool2d(zeros([1, 1, 2, 2], { dtype: 'int32' }), { kernelSize: 1 }),
      'avgPool2d: x must be a float tensor, got int32',
    ],
    [
      'empty image',
      () => F.maxPool2d(ones([1, 1, 0, 3]), { kernelSize: 2, padding: 1 }),
      'maxPool2d: x must have images of at least one row and column, got shape [1, 1, 0, 3]',
    ],
    [
      'large window',
      () => F.maxPool2d(x, { kernelSize: 7 }),
      'maxPool2d: the window 7×7 is larger than the padded input 5×6 (5×6 with padding 0×0)',
    ],
    [
      'padding',
      () => F.avgPool2d(x, { kernelSize: 3, padding: 2 }),
      'avgPool2d: padding must be at most half of kernelSize [3, 3], got [2, 2]',
    ],
    [
      'no window',
      () => F.maxPool2d(x, {} as never),
      'maxPool2d: kernelSize must be an integer of 1 or more, or a pair [down, across] of them, got undefined',
    ],
    [
      'stride',
      () => new nn.MaxPool2d({ kernelSize: 2, stride: 0 }),
      'MaxPool2d: stride must be an integer of 1 or more, or a pair [down, across] of them, got 0',
    ],
    ['no options', () => new nn.AvgPool2d(2 as never), 'AvgPool2d: kernelSize must be an integer of 1 or more'],
    [
      'shape of indices',
      () => F.maxUnpool2d(values, indices.reshape([2, 1, 2, 3]), { kernelSize: 2 }),
      'maxUnpool2d: indices must have the shape of x [1, 2, 2, 3], got [2, 1, 2, 3]',
    ],
    [
      'indices',
      () => F.maxUnpool2d(values, indices.add(20), { kernelSize: 2 }),
      'maxUnpool2d: labels and indices must be integers from 0 to 23, got',
    ],
    [
      'outputSize',
      () => F.maxUnpool2d(values, indices, { kernelSize: 2, outputSize: [6, 6] }),
      'maxUnpool2d: outputSize must be from [4, 6] to less than a stride [2, 2] more, got [6, 6]',
    ],
  ])('%s', (_, mistake, message) => expect(mistake).toThrow(message))
})
