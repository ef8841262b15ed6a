/** The derivatives of convolution, of any order; with an activation at its end, the numbers and gradients of one after the other. The kernels: convolution.spec.ts. */
import { beforeAll, describe, expect, it } from 'vitest'
import { F, grad, gradcheck, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { ACTIVATIONS } from '../src/reference/activation.ts'
import { sizeOf } from '../src/reference/array.ts'
import { expectClose } from './support.ts'
import { double, numbers } from './twins.ts'

describe.each(['reference', 'wasm'] as const)('F.conv2d and F.conv1d, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it('conv1d is conv2d on images one row high, with gradients', () => {
    const x = randn([2, 4, 11]).detach()
    const w = randn([6, 2, 3])
    const b = randn([6])
    for (const t of [x, w, b]) t.requiresGrad = true
    const y = F.conv1d(x, w, b, { stride: 2, padding: 2, dilation: 2, groups: 2 })
    const image = F.conv2d(x.unsqueeze(2), w.unsqueeze(2), b, { stride: [1, 2], padding: [0, 2], dilation: [1, 2], groups: 2 })
    expect(y.shape).toEqual([2, 6, 6])
    expect(y.data).toEqual(image.data)
    const weigh = (t: Tensor) => t.mul(t).sum()
    const [a, c] = [grad(weigh(y), [x, w, b]), grad(weigh(image), [x, w, b])]
    for (const [i, gradient] of a.entries()) expectClose(gradient.data, c[i].data)
  })

  it.each(ACTIVATIONS)('with %s have the numbers and the gradients of one after the other', (activation) => {
    const leaf = (shape: number[]) => randn(shape, { requiresGrad: true })
    for (const [x, w, options] of [
      [leaf([2, 6, 9, 9]), leaf([8, 6, 3, 3]), { padding: 1 }],
      [leaf([2, 1, 7, 8]), leaf([4, 1, 3, 3]), {}],
      [leaf([2, 4, 7, 8]), leaf([6, 2, 2, 3]), { stride: 2, groups: 2 }],
    ] as const) {
      const b = leaf([w.shape[0]])
      const of = (y: Tensor) => [y.data, ...grad(y.mul(y).sum(), [x, w, b]).map((gradient) => gradient.data)]
      expect(of(F.conv2d(x, w, b, { ...options, activation }))).toEqual(of(F.conv2d(x, w, b, options)[activation]()))
    }
    const [x, w, b] = [leaf([2, 4, 11]), leaf([6, 4, 3]), leaf([6])]
    expect(F.conv1d(x, w, b, { activation }).data).toEqual(F.conv1d(x, w, b)[activation]().data)
  })
})

describe('derivatives', () => {
  const options = { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 } as const
  const leaf = (seed: number, shape: number[]) =>
    tensor(double(numbers(seed, sizeOf(shape), { min: -1, max: 1 })), { requiresGrad: true }).reshape(shape)
  const leaves = () =>
    [leaf(1, [2, 2, 5, 4]), leaf(2, [4, 1, 3, 2]), leaf(3, [4])].map((t) => {
      const copy = t.detach()
      copy.requiresGrad = true
      return copy
    })
  const f = (x: Tensor, w: Tensor, b: Tensor) => F.conv2d(x, w, b, options)

  it('are right', () => expect(gradcheck(f, leaves())).toBe(true))

  it('of second order are right, for x, w and b', () => {
    const slopes = (which: number) => (x: Tensor, w: Tensor, b: Tensor) => {
      const y = f(x, w, b)
      return grad(y.mul(y).mul(y).sum(), [[x, w, b][which]], { createGraph: true })[0]
    }
    for (const which of [0, 1, 2]) expect(gradcheck(slopes(which), leaves())).toBe(true)
  })

  it('of third order are right', () => {
    const [x, w] = [leaf(4, [1, 1, 3, 3]).detach(), leaf(5, [1, 1, 2, 2]).detach()]
    x.requiresGrad = true
    w.requiresGrad = true
    const third = (x: Tensor, w: Tensor) => {
      const y = F.conv2d(x, w, null, { padding: 1 })
      const [dx] = grad(y.pow(4).sum(), [x], { createGraph: true })
      return grad(dx.mul(dx).sum(), [w], { createGraph: true })[0]
    }
    expect(gradcheck(third, [x, w])).toBe(true)
  })
})

describe.each(ACTIVATIONS)('derivatives with %s', (activation) => {
  const leaf = (seed: number, shape: number[]) => {
    const t = tensor(double(numbers(seed, sizeOf(shape), { min: -1, max: 1 }))).reshape(shape)
    t.requiresGrad = true
    return t
  }
  const leaves = () => [leaf(1, [2, 2, 4, 3]), leaf(2, [3, 2, 2, 2]), leaf(3, [3])]
  const f = (x: Tensor, w: Tensor, b: Tensor) => F.conv2d(x, w, b, { padding: [1, 0], activation })
  const slope = (g: (...t: Tensor[]) => Tensor, which: number) => (x: Tensor, w: Tensor, b: Tensor) => {
    const y = g(x, w, b)
    return grad(y.mul(y).mul(y).sum(), [[x, w, b][which]], { createGraph: true })[0]
  }

  it('are right', () => expect(gradcheck(f, leaves())).toBe(true))

  it('of second and third order are right', () => {
    for (const which of [0, 1, 2]) expect(gradcheck(slope(f, which), leaves())).toBe(true)
    const small = [leaf(4, [1, 1, 3, 2]), leaf(5, [2, 1, 2, 2]), leaf(6, [2])]
    expect(gradcheck(slope(slope(f, 0), 1), small)).toBe(true)
  })
})
