import { expect } from '../../errors.ts'
import { broadcastShape } from '../../reference/arithmetic.ts'
import { type DType, isSameShape, type Shape, showShape, sizeOf, stridesOf, zerosOf } from '../../reference/array.ts'
import type { AttentionOptions } from '../../reference/attention.ts'
import { expectSameDType } from '../backend.ts'
import { fromHost, full } from '../creation.ts'
import { apply, checked, define } from '../operation.ts'
import { noGrad } from '../tape.ts'
import type { Tensor } from '../tensor.ts'
import { where } from './arithmetic.ts'
import { matmul } from './matmul.ts'
import { expand, reshape, slice, transpose } from './view.ts'

const attentionOperation = define<AttentionOptions>({
  name: 'attention',
  saves: 'xy',
  forward: (kernels, [q, k, v, mask = null], o) => kernels.attention(q, k, v, mask, o),
  backward: (kernels, dy, { x: [q, k, v, mask = null], y, options }) => {
    const gradients = kernels.attentionBackward(dy, q, k, v, y, mask, options)
    return mask ? [...gradients, null] : gradients
  },
  composite: (packed, { x: [q, k, v, mask], options: { e, isCausal = false } }) => {
    const dy = unpacked(packed, q, v) // [..., L, Ev]
    const weights = weigh(q, k, bias(q, k, mask, isCausal)) // [..., L, S]
    const dv = matmul(transpose(weights, -2, -1), dy)
    const dweights = matmul(dy, transpose(v, -2, -1))
    const dscores = weights.mul(dweights.sub(dweights.mul(weights).sum(-1, { keepdim: true }))).div(Math.sqrt(e))
    return [matmul(dscores, k), matmul(transpose(dscores, -2, -1), q), dv, ...(mask ? [null] : [])]
  },
})

/** The result [..., L, Ev], which the kernel gives in front of the sums that its backward pass starts from. */
function unpacked(packed: Tensor, q: Tensor, v: Tensor): Tensor {
  const shape = [...q.shape.slice(0, -1), v.shape.at(-1) ?? 1]
  return reshape(slice(packed, 0, sizeOf(shape)), shape)
}

export interface ScaledDotProductAttentionOptions {
  /** Query i attends to keys 0 ... i only. Default false. */
  isCausal?: boolean
  /**
   * Which query may attend to which key, in a shape that broadcasts to [..., L, S]: a mask of 0 and 1, int32 or float (1 = may attend), or a float tensor that
   * is added to the scores (-∞ = must not). A float tensor of zeros alone is of the second kind. With `isCausal` both must allow a key.
   */
  attnMask?: Tensor
}

/**
 * y = softmax(q · kᵀ / √E + mask) · v        q: [..., L, E], k: [..., S, E], v: [..., S, Ev] -> y: [..., L, Ev]        Vaswani et al. 2017, eq. 1
 * Memory grows with L + S, not with L · S, but where the mask itself requires grad. A query that may attend to no key gives 0, as in PyTorch from 2.5 on.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: ScaledDotProductAttentionOptions = {}): Tensor {
  const operation = 'scaledDotProductAttention'
  const mask = expectFitting(operation, q, k, options)
  const { isCausal = false } = options
  expectSameDType(operation, q.dtype, v.dtype)
  expect(
    v.ndim === k.ndim && isSameShape(v.shape.slice(0, -1), k.shape.slice(0, -1)),
    operation,
    () => `v ${showShape(v.shape)} must have one row per key, as k ${showShape(k.shape)} has, on the same leading axes`,
  )
  if (mask?.requiresGrad) return matmul(weigh(q, k, bias(q, k, mask, isCausal)), v)

  const [batch, [l, e]] = [q.shape.slice(0, -2), q.shape.slice(-2)]
  const [s, ev] = v.shape.slice(-2)
  const inputs = [q, k, v]
  const sizes: AttentionOptions = { n: sizeOf(batch), l, s, e, ev, isCausal }
  if (mask) {
    const rows = expand(mask, [...mask.shape.slice(0, -1), s])
    inputs.push(rows)
    sizes.mask = { offsets: offsetsOf(batch, rows.shape), row: (rows.shape.at(-2) ?? 1) === 1 ? 0 : s }
  }
  return unpacked(apply(attentionOperation, inputs, [sizes.n * l * (ev + 1)], sizes), q, v)
}

/** softmax(q · kᵀ / √E + mask): how much each query takes from each key        q: [..., L, E], k: [..., S, E] -> [..., L, S], to look at, or to drop some. */
export function attentionWeights(q: Tensor, k: Tensor, options: ScaledDotProductAttentionOptions = {}): Tensor {
  const mask = expectFitting('attentionWeights', q, k, options)
  return weigh(q, k, bias(q, k, mask, options.isCausal ?? false))
}

/** Checks what scores are made from, and gives the mask as what is added to them. */
function expectFitting(operation: string, q: Tensor, k: Tensor, { attnMask }: ScaledDotProductAttentionOptions): Tensor | undefined {
  expectSameDType(operation, q.dtype, k.dtype)
  expect(q.dtype !== 'int32', operation, () => "expected float tensors, got int32; convert them with .to('float32')")
  const shapes = () => `q ${showShape(q.shape)} and k ${showShape(k.shape)}`
  expect(q.ndim >= 2 && k.ndim >= 2, operation, () => `expected q [..., L, E] and k [..., S, E], got ${shapes()}`)
  expect(isSameShape(q.shape.slice(0, -2), k.shape.slice(0, -2)), operation, () => `${shapes()} differ on the axes before the last two`)
  const e = q.shape.at(-1) ?? 0
  expect(e === k.shape.at(-1), operation, () => `${shapes()} must have one width on their last axis`)
  expect(e > 0, operation, () => `${shapes()} have no numbers on their last axis`)
  if (!attnMask) return undefined
  const scores = [...q.shape.slice(0, -1), k.shape.at(-2) ?? 0]
  const together = broadcastShape(attnMask.shape, scores)
  expect(
    together !== null && isSameShape(together, scores),
    operation,
    () => `attnMask ${showShape(attnMask.shape)} does not broadcast to the scores ${showShape(scores)}`,
  )
  return additive(operation, 'attnMask', attnMask, q.dtype, 0)
}

/**
 * A mask as what is added to the scores: 0 and -∞ for one of 0 and 1, of which `forbidden` forbids; a float mask that is not of this kind as it is.
 * Errors for an int32 mask with other numbers, and for a float mask of another dtype that is to be added.
 */
export function additive(operation: string, name: string, mask: Tensor, dtype: DType, forbidden: 0 | 1): Tensor {
  if (mask.requiresGrad) {
    expectSameDType(operation, dtype, mask.dtype)
    return mask
  }
  return noGrad(() => {
    if (mask.dtype === 'int32') {
      const law = { operation, expected: `${name} of dtype int32 must hold 0 and 1`, min: 0, max: 1 }
      return forbidding(checked(mask, law), forbidden, dtype)
    }
    const [zeros, ones] = [mask.eq(0), mask.eq(1)]
    const isBinary = zeros.add(ones).eq(0).sum().eq(0).mul(ones.sum().gt(0)) // [], on the backend: nobody waits for it
    if (mask.dtype === dtype) return where(isBinary, forbidding(mask, forbidden, dtype), mask)
    if (isBinary.item() === 0) expectSameDType(operation, dtype, mask.dtype)
    return forbidding(mask, forbidden, dtype)
  })
}

/** -∞ where the mask is `forbidden`, else 0. */
const forbidding = (mask: Tensor, forbidden: 0 | 1, dtype: DType): Tensor =>
  where(mask.eq(forbidden), full([], -Infinity, { dtype }), full([], 0, { dtype }))

/** Where the mask of each attention begins, in a mask whose leading axes broadcast to `batch`. */
function offsetsOf(batch: Shape, mask: Shape): number[] {
  const strides = stridesOf(mask)
  const added = batch.length + 2 - mask.length
  let offsets = [0]
  for (const [axis, n] of batch.entries()) {
    const step = axis < added || mask[axis - added] === 1 ? 0 : strides[axis - added]
    offsets = offsets.flatMap((offset) => Array.from({ length: n }, (_, i) => offset + i * step))
  }
  return offsets
}

/** What is added to the scores, or null: the mask and, where attention is causal, -∞ for j > i. */
function bias(q: Tensor, k: Tensor, mask: Tensor | undefined, isCausal: boolean): Tensor | null {
  if (!isCausal) return mask ?? null
  const [l, s] = [q.shape.at(-2) ?? 0, k.shape.at(-2) ?? 0]
  const causal = zerosOf(q.dtype, l * s)
  for (let i = 0; i < l; i++) causal.fill(-Infinity, i * s + Math.min(i + 1, s), (i + 1) * s)
  const later = fromHost('attention', causal, [l, s])
  return mask ? mask.add(later) : later
}

/** So little that e^x is 0 beside any score, and a number to compute with, which -∞ is not. */
const NEVER = -1e30

/** softmax(q · kᵀ / √E + bias) in traced operations; 0 wherever the bias is -∞.        -> [..., L, S] */
function weigh(q: Tensor, k: Tensor, bias: Tensor | null): Tensor {
  const scores = matmul(q, transpose(k, -2, -1)).div(Math.sqrt(q.shape.at(-1) ?? 1))
  if (!bias) return scores.softmax(-1)
  return scores
    .add(bias.clamp({ min: NEVER }))
    .softmax(-1)
    .mul(bias.gt(-Infinity))
}
