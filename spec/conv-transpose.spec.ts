/** The transposed convolution: the adjoint of the convolution. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { F, grad, gradcheck, manualSeed, nn, ones, setBackend, type Tensor, tensor } from '../src/index.ts'
import { sizeOf } from '../src/reference/array.ts'
import { expectClose, type Frozen, type OracleCase, oracle, thaw } from './support.ts'
import { dot, double, numbers, scale, seeds } from './twins.ts'

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }))
const problems = fc
  .record({
    n: fc.integer({ min: 0, max: 2 }),
    groups: fc.constantFrom(1, 1, 2, 3),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    size: pair(1, 6),
    window: pair(1, 4),
    stride: pair(1, 3),
    padding: pair(0, 2),
    dilation: pair(1, 2),
    more: pair(0, 2),
  })
  .map(({ more, ...o }) => ({ ...o, outputPadding: [more[0] % o.stride[0], more[1] % o.stride[1]] as const }))
  .filter(({ size, window, stride, padding, dilation }) =>
    size.every((length, d) => (length - 1) * stride[d] + dilation[d] * (window[d] - 1) + 1 > 2 * padding[d]),
  )

const random = (seed: number, shape: readonly number[]) => tensor(numbers(seed, sizeOf(shape), { min: -1, max: 1 })).reshape(shape)

describe.each(['reference', 'wasm'] as const)('F.convTranspose2d, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('is the adjoint of conv2d: <convTranspose2d(x, w), z> = <x, conv2d(z, w)>', () => {
    fc.assert(
      fc.property(problems, seeds, ({ n, groups, channels, filters, size, window, ...options }, seed) => {
        const x = random(seed, [n, channels * groups, ...size])
        const w = random(seed + 1, [channels * groups, filters, ...window])
        const y = F.convTranspose2d(x, w, null, { ...options, groups })
        const z = random(seed + 2, y.shape)
        const back = F.conv2d(z, w, null, { ...options, groups })
        expect(back.shape).toEqual(x.shape)
        const bound = 1e-5 * (scale(y.data, z.data) + scale(x.data, back.data))
        expect(Math.abs(dot(y.data, z.data) - dot(x.data, back.data))).toBeLessThanOrEqual(bound)
      }),
    )
  })

  it('places each number times the filter, side by side where stride and window are equal', () => {
    const x = tensor([1, 2, 3, 4]).reshape([1, 1, 2, 2])
    const w = tensor([1, 10, 100, 1000]).reshape([1, 1, 2, 2])
    expect(F.convTranspose2d(x, w, tensor([0.5]), { stride: 2 }).toArray()).toEqual([
      [
        [
          [1.5, 10.5, 2.5, 20.5],
          [100.5, 1000.5, 200.5, 2000.5],
          [3.5, 30.5, 4.5, 40.5],
          [300.5, 3000.5, 400.5, 4000.5],
        ],
      ],
    ])
  })

  it('takes sizes from side to side, and outputPadding chooses among the sizes that are convolved to one', () => {
    const [x, w] = [ones([1, 1, 3, 4]), ones([1, 1, 3, 2])]
    for (const more of [0, 1] as const) {
      const y = F.convTranspose2d(x, w, null, { stride: [2, 3], padding: [1, 0], dilation: [1, 2], outputPadding: [more, 2 * more] })
      expect(y.shape).toEqual([1, 1, 5 + more, 12 + 2 * more])
    }
  })

  it.each(oracle<OracleCase & { seed: number }>('conv-transpose'))('nn.ConvTranspose2d with groups draws and computes as PyTorch', (c) => {
    manualSeed(c.seed)
    const layer = new nn.ConvTranspose2d(4, 6, c.params as unknown as nn.ConvTranspose2dOptions)
    const close = (t: Tensor, frozen: Frozen) => {
      expect(t.shape).toEqual(frozen.shape)
      expectClose(t.data, frozen.data)
    }
    close(layer.weight, c.inputs.weight)
    close(layer.bias!, c.inputs.bias)
    const x = thaw(c.inputs.x).detach()
    x.requiresGrad = true
    const y = layer.forward(x)
    close(y, c.outputs.y)
    y.backward({ gradient: thaw(c.upstream.y) })
    close(x.grad!, c.grads.x)
    close(layer.weight.grad!, c.grads.weight)
    close(layer.bias!.grad!, c.grads.bias)
  })
})

describe('derivatives', () => {
  const options = { stride: [2, 1], padding: [1, 0], outputPadding: [1, 0], dilation: [1, 2], groups: 2 } as const
  const leaf = (seed: number, shape: number[]) => {
    const t = tensor(double(numbers(seed, sizeOf(shape), { min: -1, max: 1 })))
      .reshape(shape)
      .detach()
    t.requiresGrad = true
    return t
  }
  const leaves = () => [leaf(1, [1, 2, 3, 4]), leaf(2, [2, 2, 2, 3]), leaf(3, [4])]
  const f = (x: Tensor, w: Tensor, b: Tensor) => F.convTranspose2d(x, w, b, options)

  it('are right', () => expect(gradcheck(f, leaves())).toBe(true))

  it.each([0, 1, 2])('of second order are right, for argument %i', (which) => {
    const slopes = (x: Tensor, w: Tensor, b: Tensor) => grad(f(x, w, b).pow(3).sum(), [[x, w, b][which]], { createGraph: true })[0]
    expect(gradcheck(slopes, leaves())).toBe(true)
  })
})

describe('mistakes', () => {
  const x = ones([1, 2, 3, 4])
  const w = ones([2, 3, 3, 3])

  it.each<[string, () => unknown, string]>([
    ['rank of x', () => F.convTranspose2d(ones([2, 3, 4]), w), 'convTranspose2d: x must have shape [N, C, V, U], got [2, 3, 4]'],
    ['rank of w', () => F.convTranspose2d(x, ones([2, 3, 3])), 'convTranspose2d: w must have shape [C, O / groups, I, J], got [2, 3, 3]'],
    [
      'channels',
      () => F.convTranspose2d(x, ones([3, 2, 3, 3])),
      'convTranspose2d: x [1, 2, 3, 4] has 2 channels, but w [3, 2, 3, 3] takes 3',
    ],
    ['groups', () => F.convTranspose2d(x, w, null, { groups: 3 }), 'convTranspose2d: groups must divide channels, 2, got 3'],
    ['bias', () => F.convTranspose2d(x, w, ones([2])), 'convTranspose2d: b must have shape [3], got [2]'],
    [
      'outputPadding',
      () => F.convTranspose2d(x, w, null, { stride: 2, outputPadding: [1, 2] }),
      'convTranspose2d: outputPadding must be less than stride [2, 2], got [1, 2]',
    ],
    [
      'padding',
      () => F.convTranspose2d(x, w, null, { padding: 3 }),
      'convTranspose2d: padding [3, 3] leaves nothing of the output: it would be -1×0',
    ],
    [
      'empty',
      () => F.convTranspose2d(ones([1, 2, 0, 4]), w),
      'convTranspose2d: images and windows must not be empty, got x [1, 2, 0, 4] and w [2, 3, 3, 3]',
    ],
    [
      'dtype',
      () => F.convTranspose2d(x, tensor(new Float64Array(54)).reshape([2, 3, 3, 3])),
      'convTranspose2d: operands differ in dtype: float32 and float64',
    ],
    [
      'stride of the layer',
      () => new nn.ConvTranspose2d(1, 1, { kernelSize: 2, stride: -1 }),
      'ConvTranspose2d: stride must be an integer of 1 or more',
    ],
    [
      'groups of the layer',
      () => new nn.ConvTranspose2d(2, 3, { kernelSize: 2, groups: 2 }),
      'ConvTranspose2d: groups must divide outChannels, 3, got 2',
    ],
  ])('%s', (_, mistake, message) => expect(mistake).toThrow(message))
})
