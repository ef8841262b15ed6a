/** Convolution, its two gradients, and theirs. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, manualSeed, nn, ones, randn, setBackend, tensor, zeros } from '../src/index.ts'
import { reference } from '../src/kernels.ts'
import { ACTIVATIONS } from '../src/reference/activation.ts'
import { type HostArray, sizeOf } from '../src/reference/array.ts'
import { type ConvolutionOptions, convolvedShape } from '../src/reference/convolution.ts'
import type { ConvolutionExports } from '../src/wasm/kernels/convolution.ts'
import { load } from '../src/wasm/load.ts'
import { expectClose, type Frozen, oracle } from './support.ts'
import {
  builds,
  type Computation,
  dot,
  double,
  expectBackward,
  expectNear,
  expectTwins,
  numbers,
  onGpu,
  onWasm,
  places,
  runs,
  scale,
  seeds,
} from './twins.ts'

/** Sizes whose window fits, with every option; `most` bounds the lengths. */
function problems(most: number, images = 3): fc.Arbitrary<ConvolutionOptions> {
  const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }))
  return fc
    .record({
      n: fc.integer({ min: 0, max: images }),
      groups: fc.constantFrom(1, 1, 2, 3),
      channels: fc.integer({ min: 0, max: 4 }),
      filters: fc.integer({ min: 0, max: 4 }),
      size: pair(1, most),
      window: pair(1, 4),
      stride: pair(1, 3),
      padding: pair(0, 3),
      dilation: pair(1, 3),
      isSame: fc.boolean(),
    })
    .map(({ n, groups, channels, filters, size: [h, w], window: [i, j], isSame, ...rest }) => {
      const same = { stride: [1, 1], padding: [i - 1, j - 1], dilation: [2, 2] } as const // the output is as large as the image
      return { x: [n, channels * groups, h, w], w: [filters * groups, channels, i, j], groups, ...rest, ...(isSame ? same : {}) } as const
    })
    .filter((o) => convolvedShape(o)[2] > 0 && convolvedShape(o)[3] > 0)
}

/** 3 × 3 neighbours: every way that such a convolution can go, with odd sizes, any padding, and channels that fill no vector. */
const threes: fc.Arbitrary<ConvolutionOptions> = fc
  .record({
    n: fc.integer({ min: 1, max: 5 }),
    groups: fc.constantFrom(1, 1, 1, 2),
    channels: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 6, max: 13 })),
    filters: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 6, max: 21 })),
    size: fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 19 })),
    padding: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
  })
  .map(({ n, groups, channels, filters, size, padding }) => {
    const [x, w] = [[n, channels * groups, ...size] as const, [filters * groups, channels, 3, 3] as const]
    return { x, w, padding, stride: [1, 1], dilation: [1, 1], groups } as const
  })
  .filter((o) => convolvedShape(o)[2] > 0 && convolvedShape(o)[3] > 0)

const sizes = (o: ConvolutionOptions) => ({ x: sizeOf(o.x), w: sizeOf(o.w), y: sizeOf(convolvedShape(o)) })

const conv2d =
  (o: ConvolutionOptions): Computation =>
  (k, x, w) =>
    k.conv2d(x, w, null, o)
const withBias =
  (o: ConvolutionOptions): Computation =>
  (k, x, w, b) =>
    k.conv2d(x, w, b, o)
const inputGradient =
  (o: ConvolutionOptions): Computation =>
  (k, dy, w) =>
    k.conv2dInputGradient(dy, w, o)
const weightGradient =
  (o: ConvolutionOptions): Computation =>
  (k, dy, x) =>
    k.conv2dWeightGradient(dy, x, o)

const whole = (seed: number, n: number) => Float32Array.from(places(seed, n, 9), (v) => v - 4)

describe('the kernels', () => {
  it('on the twins are the definitions: on whole numbers exactly', () => {
    fc.assert(
      fc.property(problems(12), seeds, (o, seed) => {
        const n = sizes(o)
        const [x, w, dy, b] = [whole(seed, n.x), whole(seed + 1, n.w), whole(seed + 2, n.y), whole(seed + 3, o.w[0])]
        expectTwins(conv2d(o), [x, w])
        expectTwins(withBias(o), [x, w, b])
        expectTwins(inputGradient(o), [dy, w])
        expectTwins(weightGradient(o), [dy, x])
      }),
      runs(200),
    )
  })

  it("on the twins are the definitions for 3 × 3 neighbours, too: Winograd's transforms halve whole numbers at most twice, which is exact", () => {
    fc.assert(
      fc.property(threes, seeds, (o, seed) => {
        const n = sizes(o)
        const [x, w, dy, b] = [whole(seed, n.x), whole(seed + 1, n.w), whole(seed + 2, n.y), whole(seed + 3, o.w[0])]
        expectTwins(withBias(o), [x, w, b])
        expectTwins(inputGradient(o), [dy, w])
        expectTwins(weightGradient(o), [dy, x])
      }),
      runs(40),
    )
  })

  it('by Winograd err by at most (C + 16) · 2^-21 times the greatest number times the greatest weight', () => {
    for (const [seed, c] of [6, 32, 129].entries()) {
      const o: ConvolutionOptions = { x: [2, c, 9, 11], w: [7, c, 3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 }
      const [x, w] = [numbers(seed + 1, sizeOf(o.x), { min: -1, max: 1 }), numbers(seed + 2, sizeOf(o.w), { min: -1, max: 1 })]
      expectTwins(conv2d(o), [x, w], { abs: (c + 16) * 2 ** -21 })
    }
  })

  it('on the twins are the definitions within rounding, where blocks of columns begin and end too', () => {
    const large: ConvolutionOptions[] = [
      { x: [2, 32, 13, 14], w: [16, 32, 3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
      { x: [1, 6, 5, 150], w: [7, 6, 3, 3], stride: [1, 1], padding: [1, 0], dilation: [1, 1], groups: 1 },
      { x: [1, 1, 70, 90], w: [3, 1, 3, 3], stride: [1, 1], padding: [1, 0], dilation: [1, 1], groups: 1 },
      { x: [1, 16, 25, 27], w: [5, 16, 5, 5], stride: [1, 1], padding: [2, 2], dilation: [1, 1], groups: 1 },
      { x: [1, 130, 21, 23], w: [3, 130, 4, 4], stride: [1, 2], padding: [1, 3], dilation: [2, 1], groups: 1 },
      { x: [1, 260, 7, 9], w: [5, 260, 3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
      { x: [1, 3, 1, 70_001], w: [2, 3, 1, 7], stride: [1, 3], padding: [0, 2], dilation: [1, 5], groups: 1 },
      { x: [2, 24, 20, 20], w: [24, 1, 3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 24 },
      { x: [2, 5, 33, 35], w: [10, 1, 3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 5 },
      { x: [2, 24, 20, 20], w: [10, 24, 1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
    ]
    for (const [seed, o] of large.entries()) {
      const n = sizes(o)
      const [x, w, dy] = [numbers(seed + 1, n.x), numbers(seed + 2, n.w), numbers(seed + 3, n.y)]
      const bound = (terms: number) => ({ ulp: 1, abs: terms * 2 ** -20 }) // as far as partial sums wander
      expectTwins(conv2d(o), [x, w], bound(n.w / o.w[0]))
      expectTwins(inputGradient(o), [dy, w], bound(n.w / o.w[1]))
      expectTwins(weightGradient(o), [dy, x], bound(n.y / o.w[0]))
    }
  })

  it('have the gradients that differences give', () => {
    fc.assert(
      fc.property(problems(5, 2), seeds, (o, seed) => {
        const n = sizes(o)
        fc.pre(n.x > 0 && n.w > 0 && n.x + n.w < 150)
        const forward = (x: HostArray, w: HostArray) => reference.conv2d(x, w, null, o)
        const backward = (dy: HostArray, x: HostArray, w: HostArray) => [
          reference.conv2dInputGradient(dy, w, o),
          reference.conv2dWeightGradient(dy, x, o),
        ]
        expectBackward(forward, backward, [double(numbers(seed, n.x)), double(numbers(seed + 1, n.w))])
      }),
      { numRuns: 40 },
    )
  })

  it('are adjoints: <dy, conv(x, w)> = <inputGradient(dy, w), x> = <weightGradient(dy, x), w>', () => {
    fc.assert(
      fc.property(fc.oneof(problems(12), threes), seeds, (o, seed) => {
        const n = sizes(o)
        const [x, w, dy] = [numbers(seed, n.x), numbers(seed + 1, n.w), numbers(seed + 2, n.y)]
        for (const build of builds) {
          const y = onWasm(build, conv2d(o), x, w)
          const [dx, dw] = [onWasm(build, inputGradient(o), dy, w), onWasm(build, weightGradient(o), dy, x)]
          const bound = 2e-6 * (scale(dy, y) + scale(dx, x) + scale(dw, w))
          expect(Math.abs(dot(dy, y) - dot(dx, x))).toBeLessThanOrEqual(bound)
          expect(Math.abs(dot(dy, y) - dot(dw, w))).toBeLessThanOrEqual(bound)
        }
      }),
      runs(100),
    )
  })

  it('with an activation at their end give what the two kernels give, one after the other', () => {
    fc.assert(
      fc.property(fc.oneof(problems(9), threes), fc.constantFrom(...ACTIVATIONS), seeds, (o, activation, seed) => {
        const n = sizes(o)
        const inputs = [numbers(seed, n.x), numbers(seed + 1, n.w), numbers(seed + 2, o.w[0])]
        const together: Computation = (k, x, w, b) => k.conv2d(x, w, b, { ...o, activation })
        const apart: Computation = (k, x) => k[activation](x)
        expect(together(reference, ...inputs)).toEqual(apart(reference, withBias(o)(reference, ...inputs)))
        for (const build of builds) {
          const expected = onWasm(build, apart, onWasm(build, withBias(o), ...inputs))
          expectNear(onWasm(build, together, ...inputs), expected, { ulp: onGpu ? 4 : 0 }, build.simd)
        }
      }),
      runs(90),
    )
  })

  it('give zeros where there are no channels or no images', () => {
    const o: ConvolutionOptions = { x: [2, 0, 3, 3], w: [2, 0, 2, 2], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }
    for (const build of builds) {
      expect(onWasm(build, conv2d(o), new Float32Array(0), new Float32Array(0))).toEqual(new Float32Array(16))
      const none: ConvolutionOptions = { ...o, x: [0, 1, 3, 3], w: [2, 1, 2, 2] }
      expect(onWasm(build, weightGradient(none), new Float32Array(0), new Float32Array(0))).toEqual(new Float32Array(8))
    }
  })
})

describe.each(['plain', 'relaxed'] as const)('images are computed apart from one another, %s', (simd) => {
  const { exports, memory } = load<ConvolutionExports>(simd)
  memory.grow(64)
  const heap = new Float32Array(memory.buffer)

  /** Runs with the addresses of the sizes, of x, w, dy, of results and sums, and of the scratch. */
  function computed(o: ConvolutionOptions, cuts: readonly number[], activation = 0): HostArray[] {
    const n = sizes(o)
    const [, , v, u] = convolvedShape(o)
    let at = 1024
    const place = (length: number, seed = 0) => {
      heap.fill(Number.NaN, at / 4, at / 4 + length + 16)
      if (seed > 0) heap.set(numbers(seed, length), at / 4)
      at += 64 * Math.ceil(length / 16 + 1)
      return at - 64 * Math.ceil(length / 16 + 1)
    }
    const [geometry, x, w, dy, y, dx, dw] = [place(48), place(n.x, 1), place(n.w, 2), place(n.y, 3), place(n.y), place(n.x), place(n.w)]
    exports.writeGeometry(geometry, ...o.x, o.w[0], o.w[2], o.w[3], v, u, ...o.stride, ...o.padding, ...o.dilation, o.groups)
    const parts = exports.weightGradientParts(geometry)
    const sums = place(parts * exports.weightGradientSums(geometry))
    const scratch = place(exports.convolutionScratch(geometry, geometry + exports.geometryBytes()) / 4)
    for (let i = 1; i < cuts.length; i++) {
      exports.conv2d(geometry, x, w, 0, activation, y, cuts[i - 1], cuts[i], scratch)
      exports.conv2dInputGradient(geometry, dy, w, dx, cuts[i - 1], cuts[i], scratch)
    }
    for (const part of cuts.length > 2 ? Array.from({ length: parts }, (_, p) => parts - 1 - p) : []) {
      exports.conv2dWeightGradientSums(geometry, dy, x, sums, part, part + 1, scratch)
    }
    if (cuts.length === 2) exports.conv2dWeightGradientSums(geometry, dy, x, sums, 0, parts, scratch)
    exports.conv2dWeightGradient(geometry, sums, dw)
    return [heap.slice(y / 4, y / 4 + n.y), heap.slice(dx / 4, dx / 4 + n.x), heap.slice(dw / 4, dw / 4 + n.w)]
  }

  it.each<[string, ConvolutionOptions['x'], ConvolutionOptions['w'], number]>([
    ['Winograd', [5, 7, 9, 11], [9, 7, 3, 3], 1],
    ['directly', [5, 2, 9, 11], [4, 2, 3, 3], 1],
    ['line by line', [5, 3, 9, 11], [3, 1, 2, 3], 3],
    ['by columns', [5, 4, 9, 11], [6, 2, 5, 3], 2],
    ['without filters', [5, 2, 9, 11], [0, 2, 3, 3], 1],
  ])('%s: the bits do not depend on how they are cut', (_, x, w, groups) => {
    const o: ConvolutionOptions = { x, w, stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups }
    const whole = computed(o, [0, 5])
    expect(whole.every((numbers) => numbers.every(Number.isFinite))).toBe(true)
    expect(computed(o, [0, 1, 3, 3, 5])).toEqual(whole)
    const [y] = computed(o, [0, 5], 1 + ACTIVATIONS.indexOf('relu'))
    expect(y).toEqual(whole[0].map((value) => Math.max(0, value)))
    expect(computed(o, [0, 1, 3, 3, 5], 1 + ACTIVATIONS.indexOf('relu'))[0]).toEqual(y)
  })
})

describe.each(['reference', 'wasm'] as const)('F.conv2d and F.conv1d, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('moves with its input: what is one to the right in x is one to the right in y', () => {
    const [x, w] = [randn([1, 2, 6, 8]), randn([3, 2, 3, 3])]
    const y = F.conv2d(x, w)
    expectClose(F.conv2d(x.slice(1, 8, { dim: 3 }), w).data, y.slice(1, 6, { dim: 3 }).data)
  })

  it('takes a number or a pair for every size, and the window may differ from side to side', () => {
    const x = randn([1, 1, 7, 9])
    const w = randn([1, 1, 3, 2])
    expect(F.conv2d(x, w, null, { stride: [2, 3], padding: [1, 0], dilation: [1, 2] }).shape).toEqual([1, 1, 4, 3])
    const [number, pair] = [2, [2, 2] as const].map((stride) => F.conv2d(x, w, null, { stride }).data)
    expect(number).toEqual(pair)
  })

  it('depthwise convolution sees each channel alone', () => {
    const x = randn([2, 3, 5, 5])
    const w = randn([3, 1, 3, 3])
    const y = F.conv2d(x, w, null, { groups: 3, padding: 1 })
    for (let c = 0; c < 3; c++) {
      const alone = F.conv2d(x.slice(c, c + 1, { dim: 1 }), w.slice(c, c + 1, { dim: 0 }), null, { padding: 1 })
      expectClose(y.slice(c, c + 1, { dim: 1 }).data, alone.data)
    }
  })
})

describe('nn.Conv2d and nn.Conv1d', () => {
  interface InitCase {
    op: string
    seed: number
    in: number
    out: number
    kernelSize: number
    weight: Frozen
    bias: Frozen
  }

  it.each(oracle<InitCase>('random').filter(({ op }) => op === 'conv2dInit'))('draws as PyTorch draws, seed $seed', (frozen) => {
    manualSeed(frozen.seed)
    const { weight, bias } = new nn.Conv2d(frozen.in, frozen.out, { kernelSize: frozen.kernelSize })
    expect(weight.shape).toEqual(frozen.weight.shape)
    expectClose(weight.data, frozen.weight.data)
    expectClose(bias!.data, frozen.bias.data)
  })

  it('are the functions with their own weights', () => {
    const options = { stride: 2, padding: 1, dilation: 2, groups: 2 }
    const conv2d = new nn.Conv2d(4, 6, { kernelSize: [3, 2], ...options })
    const x = randn([2, 4, 9, 8])
    expect(conv2d.weight.shape).toEqual([6, 2, 3, 2])
    expect(conv2d.forward(x).data).toEqual(F.conv2d(x, conv2d.weight, conv2d.bias, options).data)
    const conv1d = new nn.Conv1d(4, 6, { kernelSize: 3, bias: false, ...options })
    const s = randn([2, 4, 9])
    expect(conv1d.weight.shape).toEqual([6, 2, 3])
    expect(conv1d.forward(s).data).toEqual(F.conv1d(s, conv1d.weight, null, options).data)
    expect(Object.keys(conv2d.stateDict())).toEqual(['weight', 'bias'])
    expect(Object.keys(conv1d.stateDict())).toEqual(['weight'])
  })
})

describe('mistakes', () => {
  const x = ones([1, 4, 5, 6])
  const w = ones([2, 4, 3, 3])

  it.each<[string, () => unknown, string]>([
    ['rank of x', () => F.conv2d(ones([4, 5, 6]), w), 'conv2d: x must have shape [N, C, H, W], got [4, 5, 6]'],
    ['rank of w', () => F.conv2d(x, ones([4, 3, 3])), 'conv2d: w must have shape [O, C / groups, I, J], got [4, 3, 3]'],
    ['rank of x, 1-d', () => F.conv1d(x, ones([4, 3, 3])), 'conv1d: x must have shape [N, C, L], got [1, 4, 5, 6]'],
    [
      'channels',
      () => F.conv2d(x, ones([2, 3, 3, 3])),
      'conv2d: x [1, 4, 5, 6] has 4 channels, but w [2, 3, 3, 3] with groups 1 looks at 3',
    ],
    ['groups and channels', () => F.conv2d(x, w, null, { groups: 3 }), 'conv2d: groups must divide channels, 4, got 3'],
    ['groups and filters', () => F.conv2d(x, ones([3, 2, 3, 3]), null, { groups: 2 }), 'conv2d: groups must divide filters, 3, got 2'],
    ['no groups', () => F.conv2d(x, w, null, { groups: 0 }), 'conv2d: groups must be an integer above 0, got 0'],
    ['bias', () => F.conv2d(x, w, ones([3])), 'conv2d: b must have shape [2], got [3]'],
    [
      'stride',
      () => F.conv2d(x, w, null, { stride: 0 }),
      'conv2d: stride must be an integer of 1 or more, or a pair [down, across] of them, got 0',
    ],
    [
      'padding',
      () => F.conv2d(x, w, null, { padding: [1, -1] }),
      'conv2d: padding must be an integer of 0 or more, or a pair [down, across] of them, got [1,-1]',
    ],
    [
      'dilation',
      () => F.conv2d(x, w, null, { dilation: 1.5 }),
      'conv2d: dilation must be an integer of 1 or more, or a pair [down, across] of them, got 1.5',
    ],
    ['a pair of three', () => F.conv2d(x, w, null, { stride: [1, 1, 1] as never }), 'got [1,1,1]'],
    [
      'a pair in 1-d',
      () => F.conv1d(ones([1, 1, 4]), ones([1, 1, 2]), null, { stride: [1, 1] as never }),
      'conv1d: stride must be an integer of 1 or more, got [1,1]',
    ],
    [
      'large window',
      () => F.conv2d(x, ones([2, 4, 8, 3]), null, { padding: 1 }),
      'conv2d: the window 8×3 is larger than the padded input 7×8 (5×6 with padding 1×1)',
    ],
    [
      'spread window',
      () => F.conv2d(x, w, null, { dilation: 3 }),
      'conv2d: the window 7×7 (3×3 with dilation 3×3) is larger than the padded input 5×6 (5×6 with padding 0×0)',
    ],
    [
      'activation',
      () => F.conv2d(x, w, null, { activation: 'Relu' as never }),
      `conv2d: activation must be one of 'relu', 'sigmoid', 'tanh', got "Relu"`,
    ],
    ['empty window', () => F.conv2d(x, ones([2, 4, 0, 3])), 'conv2d: the window of w must not be empty, got shape [2, 4, 0, 3]'],
    [
      'dtype',
      () => F.conv2d(x, tensor(new Float64Array(72)).reshape([2, 4, 3, 3])),
      'conv2d: operands differ in dtype: float32 and float64',
    ],
    [
      'int32',
      () => F.conv2d(zeros([1, 4, 5, 6], { dtype: 'int32' }), w),
      "conv2d: x must be a float tensor, got int32; convert it with .to('float32')",
    ],
    [
      'no window',
      () => new nn.Conv2d(1, 2, undefined as never),
      'Conv2d: kernelSize must be an integer of 1 or more, or a pair [down, across] of them, got undefined',
    ],
    ['no channels', () => new nn.Conv2d(0, 2, { kernelSize: 3 }), 'Conv2d: inChannels must be an integer above 0, got 0'],
    ['groups of the layer', () => new nn.Conv1d(4, 6, { kernelSize: 3, groups: 4 }), 'Conv1d: groups must divide outChannels, 6, got 4'],
  ])('%s', (_, mistake, message) => expect(mistake).toThrow(message))
})
