import { expect } from '../../errors.ts'
import { isSameShape, type Shape, showShape, sizeOf } from '../../reference/array.ts'
import type { LayerNormOptions as RowOptions } from '../../reference/layer-norm.ts'
import { type Backend, type BackendArray, expectSameDType } from '../backend.ts'
import { apply, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { reshape } from './view.ts'

/** The gradients that are needed, one per input; the others are given back. */
export function needed(kernels: Backend, gradients: readonly (BackendArray | null)[], needs: readonly boolean[]): (BackendArray | null)[] {
  for (const [i, gradient] of gradients.entries()) if (!needs[i] && gradient !== null) kernels.release(gradient)
  return needs.map((need, i) => (need ? gradients[i] : null))
}

const layerNormOperation = define<RowOptions>({
  name: 'layerNorm',
  saves: 'x',
  forward: (k, [x, w = null, b = null], o) => k.layerNorm(x, w, b, o),
  consumes: () => true,
  backward: (k, dy, { x: [x, w = null], options, needs }) => {
    return needed(k, k.layerNormBackward(dy, x, w, options), needs)
  },
  composite: (dy, { x: [x, w], options: { eps } }) => {
    const mean = (t: Tensor) => t.mean(1, { keepdim: true })
    const difference = x.sub(mean(x)) // [N, C]
    const rstd = mean(difference.pow(2)).add(eps).pow(-0.5) // [N, 1]
    const xHat = difference.mul(rstd) // [N, C]
    const g = w ? dy.mul(w) : dy
    const dx = rstd.mul(g.sub(mean(g)).sub(xHat.mul(mean(g.mul(xHat)))))
    return [dx, dy.mul(xHat).sum(0), dy.sum(0)]
  },
})

export interface LayerNormOptions {
  /** The last axes, over which each mean and variance is taken. */
  normalizedShape: number | Shape
  /** Scale, in normalizedShape. Default 1. */
  weight?: Tensor | null
  /** Shift, in normalizedShape. Default 0. */
  bias?: Tensor | null
  /** ε: keeps the division from 0. Default 1e-5. */
  eps?: number
}

/**
 * y = w · (x - μ) / √(σ² + ε) + b with mean and variance over the last axes, for each of the rest by itself.
 * x: [..., ...S], weight, bias: S = normalizedShape -> y: x's shape        Ba, Kiros & Hinton 2016
 */
export function layerNorm(x: Tensor, { normalizedShape, weight, bias, eps = 1e-5 }: LayerNormOptions): Tensor {
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
  expectNormalizedShape('layerNorm', shape)
  expect(
    x.ndim >= shape.length && isSameShape(x.shape.slice(x.ndim - shape.length), shape),
    'layerNorm',
    () => `the last axes of x ${showShape(x.shape)} must be normalizedShape ${showShape(shape)}`,
  )
  expect(x.dtype !== 'int32', 'layerNorm', () => "expected a float tensor, got int32; convert it with .to('float32')")
  expect(eps >= 0, 'layerNorm', () => `eps must be 0 or more, got ${eps}`)
  for (const [name, t] of Object.entries({ weight, bias })) {
    if (!t) continue
    expect(isSameShape(t.shape, shape), 'layerNorm', () => `${name} must have shape ${showShape(shape)}, got ${showShape(t.shape)}`)
    expectSameDType('layerNorm', x.dtype, t.dtype)
  }
  const c = sizeOf(shape)
  const n = x.size / c
  const parameters = weight ? [weight, ...(bias ? [bias] : [])].map((t) => reshape(t, [c])) : []
  const y = reshape(apply(layerNormOperation, [reshape(x, [n, c]), ...parameters], [n, c], { n, c, eps }), x.shape)
  return bias && !weight ? y.add(bias) : y
}

/** At least one axis, none of them empty. */
export function expectNormalizedShape(operation: string, shape: Shape): void {
  expect(
    Array.isArray(shape) && shape.length > 0 && shape.every((n) => Number.isInteger(n) && n > 0),
    operation,
    () => `normalizedShape must be an integer above 0, or an array of such, got ${Array.isArray(shape) ? showShape(shape) : String(shape)}`,
  )
}
