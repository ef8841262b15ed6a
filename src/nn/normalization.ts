import { expect } from '../errors.ts'
import { type Shape, showShape } from '../reference/array.ts'
import { F, noGrad, ones, type Tensor, tensor, zeros } from '../tensor/index.ts'
import { forgetful } from './chain.ts'
import { Buffer, Module, Parameter } from './module.ts'

export interface LayerNormOptions {
  /** ε: keeps the division from 0. Default 1e-5. */
  eps?: number
  /** Learn scale and shift. Default true. */
  elementwiseAffine?: boolean
}

/** Mean 0 and variance 1 over the last axes, then scale and shift.        x: [..., ...S] -> y: x's shape;  weight, bias: S = normalizedShape */
export class LayerNorm extends Module {
  readonly weight: Parameter | null
  readonly bias: Parameter | null
  readonly normalizedShape: Shape
  readonly eps: number

  constructor(normalizedShape: number | Shape, { eps = 1e-5, elementwiseAffine = true }: LayerNormOptions = {}) {
    super()
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
    expect(
      Array.isArray(this.normalizedShape) &&
        this.normalizedShape.length > 0 &&
        this.normalizedShape.every((n) => Number.isInteger(n) && n > 0),
      'LayerNorm',
      () => `normalizedShape must be an integer above 0 or an array of such, got ${showShape([normalizedShape].flat())}`,
    )
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null
    this.bias = elementwiseAffine ? new Parameter(zeros(this.normalizedShape)) : null
  }

  forward(x: Tensor): Tensor {
    const { normalizedShape, weight, bias, eps } = this
    return F.layerNorm(x, { normalizedShape, weight, bias, eps })
  }
}

export interface BatchNormOptions {
  /** ε: keeps the division from 0. Default 1e-5. */
  eps?: number
  /** How far the running statistics move towards those of each batch; null averages all batches evenly. Default 0.1. */
  momentum?: number | null
  /** Learn scale and shift. Default true. */
  affine?: boolean
}

/** What the layers for vectors and for images share. The buffers bear the names that they have in PyTorch's state dicts. */
abstract class BatchNorm extends Module {
  readonly weight: Parameter | null
  readonly bias: Parameter | null
  readonly running_mean: Buffer
  readonly running_var: Buffer
  /** Batches seen in training, int32. */
  readonly num_batches_tracked: Buffer
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null

  constructor(numFeatures: number, { eps = 1e-5, momentum = 0.1, affine = true }: BatchNormOptions = {}) {
    super()
    const { name } = this.constructor
    expect(Number.isInteger(numFeatures) && numFeatures > 0, name, () => `numFeatures must be an integer above 0, got ${numFeatures}`)
    expect(
      momentum === null || (momentum >= 0 && momentum <= 1),
      name,
      () => `momentum must be null or lie between 0 and 1, got ${momentum}`,
    )
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? new Parameter(ones([numFeatures])) : null
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null
    this.running_mean = new Buffer(zeros([numFeatures]))
    this.running_var = new Buffer(ones([numFeatures]))
    this.num_batches_tracked = new Buffer(tensor(0, { dtype: 'int32' }))
  }

  /** It comes from the host, by the constructor, by a state dict or by counting on, and so is at hand there on every backend. */
  get #batches(): number {
    const { num_batches_tracked: count } = this
    return (count.peek() ?? count.data)[0]
  }

  /** The numbers of axes that x may have, and how its shape is written. */
  protected abstract readonly axes: readonly number[]
  protected abstract readonly layout: string

  forward(x: Tensor): Tensor {
    const { weight, bias, eps, training, running_mean: runningMean, running_var: runningVar } = this
    const { name } = this.constructor
    expect(
      this.axes.includes(x.ndim) && x.shape[1] === this.numFeatures,
      name,
      () => `x must have shape ${this.layout} with C = ${this.numFeatures}, got ${showShape(x.shape)}`,
    )
    const batches = training ? this.#batches + 1 : 0
    const momentum = this.momentum ?? 1 / batches
    const y = F.batchNorm(x, { weight, bias, training, eps, runningMean, runningVar, momentum })
    if (training) noGrad(() => this.num_batches_tracked.copy_(batches))
    return y
  }
}

/** Each feature with mean 0 and variance 1 over the batch, then scale and shift.        x: [N, C] or [N, C, L];  weight, bias: [C] */
export class BatchNorm1d extends BatchNorm {
  protected readonly axes = [2, 3]
  protected readonly layout = '[N, C] or [N, C, L]'
}

/** Each channel with mean 0 and variance 1 over batch and places, then scale and shift.        x: [N, C, H, W];  weight, bias: [C] */
export class BatchNorm2d extends BatchNorm {
  protected readonly axes = [4]
  protected readonly layout = '[N, C, H, W]'
}

forgetful(LayerNorm, BatchNorm1d, BatchNorm2d)
