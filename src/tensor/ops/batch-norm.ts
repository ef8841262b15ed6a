import { expect, GradusError } from '../../errors.ts'
import { showShape, sizeOf } from '../../reference/array.ts'
import type { BatchNormBackwardOptions, ChannelOptions } from '../../reference/batch-norm.ts'
import { expectSameDType } from '../backend.ts'
import { apply, define } from '../operation.ts'
import { noGrad } from '../tape.ts'
import type { Tensor } from '../tensor.ts'
import { needed } from './layer-norm.ts'
import { reshape } from './view.ts'

const batchMean = define<ChannelOptions>({ name: 'batchMean', forward: (k, [x], o) => k.batchMean(x, o) })
const batchVariance = define<ChannelOptions>({ name: 'batchVariance', forward: (k, [x, mean], o) => k.batchVariance(x, mean, o) })

/** Mean and variance are inputs without gradient: in training dx contains their part. */
const batchNormOperation = define<BatchNormBackwardOptions>({
  name: 'batchNorm',
  saves: 'x',
  forward: (k, [x, mean, variance, w = null, b = null], o) => k.batchNorm(x, mean, variance, w, b, o),
  consumes: () => true,
  backward: (k, dy, { x: [x, mean, variance, w = null], options, needs }) => {
    const [dx, dw, db] = k.batchNormBackward(dy, x, mean, variance, w, options)
    return needed(k, [dx, null, null, dw, db], needs)
  },
  composite: (dy, { x: [x, mean, variance, w], options: { eps, training } }) => {
    const over = (t: Tensor) => t.mean([0, 2], { keepdim: true }) // [N, C, S] -> [1, C, 1]
    const channels = (t: Tensor) => t.unsqueeze(1) // [C] -> [C, 1]
    const difference = x.sub(training ? over(x) : channels(mean)) // [N, C, S]
    const rstd = (training ? over(difference.pow(2)) : channels(variance)).add(eps).pow(-0.5)
    const xHat = difference.mul(rstd) // [N, C, S]
    const rest = training ? dy.sub(over(dy)).sub(xHat.mul(over(dy.mul(xHat)))) : dy
    const dx = rest.mul(rstd)
    return [w ? dx.mul(channels(w)) : dx, null, null, dy.mul(xHat).sum([0, 2]), dy.sum([0, 2])]
  },
})

export interface BatchNormOptions {
  /** Scale, [C]. Default 1. */
  weight?: Tensor | null
  /** Shift, [C]. Default 0. */
  bias?: Tensor | null
  /** Normalise with the batch's own mean and variance; else with runningMean and runningVar. Default false. */
  training?: boolean
  /** ε: keeps the division from 0. Default 1e-5. */
  eps?: number
  /** Mean and variance over earlier batches, [C]. In training they move towards those of the batch, in place. */
  runningMean?: Tensor | null
  runningVar?: Tensor | null
  /** How far they move: running = (1 - momentum) · running + momentum · batch. Default 0.1. */
  momentum?: number
}

/**
 * y = w_c · (x - μ_c) / √(σ²_c + ε) + b_c, each channel by itself        x: [N, C, ...] -> y: x's shape        Ioffe & Szegedy 2015
 *
 * The batch is normalised with its own variance, Σ (x - μ)² / M; runningVar takes the estimate of that of the data, Σ (x - μ)² / (M - 1).
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  const { weight, bias, training = false, eps = 1e-5, runningMean, runningVar, momentum = 0.1 } = options
  expect(x.ndim >= 2, 'batchNorm', () => `x must have shape [N, C, ...], got ${showShape(x.shape)}`)
  expect(x.dtype !== 'int32', 'batchNorm', () => "expected a float tensor, got int32; convert it with .to('float32')")
  expect(eps >= 0, 'batchNorm', () => `eps must be 0 or more, got ${eps}`)
  const [n, c] = x.shape
  const s = sizeOf(x.shape.slice(2))
  for (const [name, t] of Object.entries({ weight, bias, runningMean, runningVar })) {
    if (!t) continue
    expect(
      t.ndim === 1 && t.size === c,
      'batchNorm',
      () => `${name} must have shape [${c}], one number per channel of x ${showShape(x.shape)}, got ${showShape(t.shape)}`,
    )
    expectSameDType('batchNorm', x.dtype, t.dtype)
  }
  const places = reshape(x, [n, c, s])
  const size = { n, c, s }
  const [mean, variance] = training ? moments(places, size) : given(runningMean, runningVar)
  if (training) noGrad(() => follow(runningMean, runningVar, mean, variance, n * s, momentum))

  const parameters = weight ? [weight, ...(bias ? [bias] : [])] : []
  const y = apply(batchNormOperation, [places, mean, variance, ...parameters], [n, c, s], { ...size, eps, training })
  return reshape(bias && !weight ? y.add(bias.unsqueeze(1)) : y, x.shape)
}

/** The statistics of the batch itself. */
function moments(x: Tensor, size: ChannelOptions): [mean: Tensor, variance: Tensor] {
  const m = size.n * size.s
  expect(
    m > 1,
    'batchNorm',
    () => `training needs more than one number per channel, got shape ${showShape(x.shape)}; for a single sample use eval()`,
  )
  const mean = apply(batchMean, [x], [size.c], size)
  return [mean, apply(batchVariance, [x, mean], [size.c], size)]
}

/** The statistics of earlier batches. */
function given(runningMean: Tensor | null | undefined, runningVar: Tensor | null | undefined): [mean: Tensor, variance: Tensor] {
  if (!runningMean || !runningVar) throw new GradusError('batchNorm', 'outside training runningMean and runningVar must be given')
  return [runningMean, runningVar]
}

/** The running statistics move towards those of the batch. */
function follow(
  runningMean: Tensor | null | undefined,
  runningVar: Tensor | null | undefined,
  mean: Tensor,
  variance: Tensor,
  m: number,
  momentum: number,
): void {
  runningMean?.mul_(1 - momentum).add_(mean.mul(momentum))
  runningVar?.mul_(1 - momentum).add_(variance.mul((momentum * m) / (m - 1)))
}
