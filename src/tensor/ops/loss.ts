import { expect } from '../../errors.ts'
import { isSameShape, showShape } from '../../reference/array.ts'
import type { CrossEntropyOptions } from '../../reference/cross-entropy.ts'
import { expectSameDType } from '../backend.ts'
import { apply, checked, define } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { gatherAlong, indices } from './gather.ts'
import { oneHot } from './one-hot.ts'
import { softmax } from './softmax.ts'

export interface ReductionOptions {
  /** What becomes of the single losses: their mean (default), their sum, or they stay as they are. */
  reduction?: 'mean' | 'sum' | 'none'
}

function reduced(operation: string, loss: Tensor, { reduction = 'mean' }: ReductionOptions): Tensor {
  if (reduction === 'mean') return loss.mean()
  if (reduction === 'sum') return loss.sum()
  expect(reduction === 'none', operation, () => `reduction must be 'mean', 'sum' or 'none', got ${JSON.stringify(reduction)}`)
  return loss
}

/** The target, of x's shape and dtype, and without NaN: it would silently spread to every parameter. */
function comparable(operation: string, x: Tensor, target: Tensor): Tensor {
  expect(
    isSameShape(x.shape, target.shape),
    operation,
    () => `x ${showShape(x.shape)} and target ${showShape(target.shape)} must have one shape`,
  )
  expectSameDType(operation, x.dtype, target.dtype)
  return target.requiresGrad ? target : checked(target, { operation, expected: 'target must hold numbers' })
}

/** ℓ = mean (x - t)²,  dx = 2 (x - t) / n */
export function mseLoss(x: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const t = comparable('mseLoss', x, target)
  return reduced('mseLoss', x.sub(t).pow(2), options)
}

/** ℓ = mean |x - t|,  dx = sign(x - t) / n */
export function l1Loss(x: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const t = comparable('l1Loss', x, target)
  return reduced('l1Loss', x.sub(t).abs(), options)
}

export interface HuberOptions extends ReductionOptions {
  /** Up to this distance the loss is a parabola, beyond it a straight line. Default 1. */
  delta?: number
}

/** ℓ = ½ e² where |e| <= δ, else δ (|e| - ½ δ),  e = x - t        Huber 1964 */
export function huberLoss(x: Tensor, target: Tensor, { delta = 1, ...options }: HuberOptions = {}): Tensor {
  const t = comparable('huberLoss', x, target)
  expect(delta > 0, 'huberLoss', () => `delta must be above 0, got ${delta}`)
  const distance = x.sub(t).abs()
  const near = distance.clamp({ max: delta }) // |e| as far as the parabola reaches
  const loss = near.mul(distance.sub(near.mul(0.5)))
  return reduced('huberLoss', loss, options)
}

const crossEntropyOperation = define<CrossEntropyOptions>({
  name: 'crossEntropy',
  saves: 'x',
  forward: (k, [x, target], o) => k.crossEntropy(x, target, o),
  backward: (k, dy, { x: [x, target], options }) => [k.crossEntropyBackward(dy, x, target, options), null],
  composite: (dy, { x: [x, target], options: { c, labelSmoothing = 0 } }) => {
    const q = oneHot(target, c)
      .to(x.dtype)
      .mul(1 - labelSmoothing)
      .add(labelSmoothing / c)
    return [softmax(x, -1).sub(q).mul(dy.unsqueeze(1)), null]
  },
})

export interface CrossEntropyLossOptions extends ReductionOptions {
  /** The part of the target spread evenly over all classes. Default 0. */
  labelSmoothing?: number
}

/** ℓ_i = -ln softmax(x_i)[t_i]        logits: [N, C], target: [N] classes -> their mean */
export function crossEntropy(logits: Tensor, target: Tensor, { labelSmoothing = 0, ...options }: CrossEntropyLossOptions = {}): Tensor {
  const [n, c] = expectLabels('crossEntropy', logits, target)
  expect(labelSmoothing >= 0 && labelSmoothing <= 1, 'crossEntropy', () => `labelSmoothing must lie between 0 and 1, got ${labelSmoothing}`)
  const labels = indices('crossEntropy', target, c)
  return reduced('crossEntropy', apply(crossEntropyOperation, [logits, labels], [n], { n, c, labelSmoothing }), options)
}

/** ℓ_i = -x_i[t_i] for x that are log-probabilities        x: [N, C], target: [N] classes -> their mean */
export function nllLoss(x: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const [, c] = expectLabels('nllLoss', x, target)
  return reduced(
    'nllLoss',
    gatherAlong(x, 1, indices('nllLoss', target, c).unsqueeze(1))
      .squeeze(1)
      .neg(),
    options,
  )
}

function expectLabels(operation: string, x: Tensor, target: Tensor): [n: number, c: number] {
  expect(x.ndim === 2, operation, () => `the first argument must have shape [N, C], got ${showShape(x.shape)}`)
  const [n, c] = x.shape
  expect(
    target.ndim === 1 && target.size === n,
    operation,
    () => `target must have shape [${n}], one class per row of ${showShape(x.shape)}, got ${showShape(target.shape)}`,
  )
  return [n, c]
}

/** ℓ = -t·ln x - (1 - t)·ln(1 - x), each logarithm at least -100        x: probabilities, t: 0 to 1, one shape */
export function binaryCrossEntropy(x: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const t = comparable('binaryCrossEntropy', x, target)
  const p = checked(x, {
    operation: 'binaryCrossEntropy',
    expected: 'x must be probabilities between 0 and 1',
    advice: 'for logits use binaryCrossEntropyWithLogits',
    min: 0,
    max: 1,
  })
  const boundedLog = (p: Tensor) => p.log().clamp({ min: -100 })
  const one = t.mul(boundedLog(p)) // t·ln x
  const zero = t
    .neg()
    .add(1)
    .mul(boundedLog(p.neg().add(1))) // (1 - t)·ln(1 - x)
  return reduced('binaryCrossEntropy', one.add(zero).neg(), options)
}

const withLogits = define<null>({
  name: 'binaryCrossEntropyWithLogits',
  saves: 'x',
  forward: (k, [x, target]) => k.binaryCrossEntropyWithLogits(x, target),
  backward: (k, dy, { x: [x, target], needs, shape }) => [
    needs[0] ? k.binaryCrossEntropyWithLogitsBackward(dy, x, target) : null,
    needs[1] ? negatedProduct(k, dy, x, shape) : null,
  ],
  composite: (dy, { x: [x, target] }) => [dy.mul(x.sigmoid().sub(target)), dy.mul(x).neg()],
})

function negatedProduct<A>(
  k: { mul(a: A, b: A, o: { a: readonly number[]; b: readonly number[] }): A; neg(x: A): A; release(x: A): void },
  dy: A,
  x: A,
  shape: readonly number[],
): A {
  const product = k.mul(dy, x, { a: shape, b: shape })
  const negated = k.neg(product)
  k.release(product)
  return negated
}

/** ℓ = -t·ln σ(x) - (1 - t)·ln(1 - σ(x)), without overflow        x: logits, t: 0 to 1, one shape */
export function binaryCrossEntropyWithLogits(x: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const t = comparable('binaryCrossEntropyWithLogits', x, target)
  return reduced('binaryCrossEntropyWithLogits', apply(withLogits, [x, t], x.shape, null), options)
}

export interface MultiMarginOptions extends ReductionOptions {
  /** How far the target's score must lie above the others. Default 1. */
  margin?: number
  /** The power of each violation, 1 or 2. Default 1. */
  p?: 1 | 2
}

/** ℓ_i = Σ_{j≠t} max(0, margin - x_i[t] + x_i[j])^p / C        x: [N, C] scores, target: [N] classes -> their mean (Weston & Watkins 1999) */
export function multiMarginLoss(x: Tensor, target: Tensor, { margin = 1, p = 1, ...options }: MultiMarginOptions = {}): Tensor {
  const [, c] = expectLabels('multiMarginLoss', x, target)
  expect(p === 1 || p === 2, 'multiMarginLoss', () => `p must be 1 or 2, got ${p}`)
  const labels = indices('multiMarginLoss', target, c)
  const ofTarget = gatherAlong(x, 1, labels.unsqueeze(1)) // [N, 1]
  const others = oneHot(labels, c).to(x.dtype).neg().add(1) // [N, C], 0 at the target
  const violations = x.sub(ofTarget).add(margin).relu().mul(others) // [N, C]
  return reduced('multiMarginLoss', (p === 1 ? violations : violations.pow(2)).sum(1).div(c), options)
}
