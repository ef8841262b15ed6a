import { expect } from '../errors.ts'
import { defaultGenerator } from '../random.ts'
import { fromHost } from './creation.ts'
import type { Tensor } from './tensor.ts'

export type { Activated, Activation } from '../reference/activation.ts'
export { attentionWeights, type ScaledDotProductAttentionOptions, scaledDotProductAttention } from './ops/attention.ts'
export { type BatchNormOptions, batchNorm } from './ops/batch-norm.ts'
export { type ConvTranspose2dOptions, convTranspose2d } from './ops/conv-transpose.ts'
export { type Conv1dOptions, type Conv2dOptions, conv1d, conv2d, type WindowOptions } from './ops/convolution.ts'
export { gelu, leakyRelu, relu, sigmoid, tanh } from './ops/elementwise.ts'
export { embedding } from './ops/gather.ts'
export { gru } from './ops/gru.ts'
export { pad } from './ops/join.ts'
export { type LayerNormOptions, layerNorm } from './ops/layer-norm.ts'
export { linear } from './ops/linear.ts'
export * from './ops/loss.ts'
export { lstm } from './ops/lstm.ts'
export { oneHot } from './ops/one-hot.ts'
export {
  type AvgPool2dOptions,
  avgPool2d,
  type MaxUnpool2dOptions,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  type Pool2dOptions,
} from './ops/pooling.ts'
export { rnn } from './ops/rnn.ts'
export type { SequenceWeights } from './ops/sequence.ts'
export { logSoftmax, softmax } from './ops/softmax.ts'

export interface DropoutOptions {
  /** The probability with which an element is set to 0. Default 0.5. */
  p?: number
  /** Outside training x passes through. Default true. */
  training?: boolean
}

/** y = x · mask / (1 - p), where mask keeps each element with probability 1 - p; with p = 0, x itself, and nothing is drawn        Srivastava et al. 2014 */
export function dropout(x: Tensor, { p = 0.5, training = true }: DropoutOptions = {}): Tensor {
  expect(p >= 0 && p <= 1, 'dropout', () => `p must lie between 0 and 1, got ${p}`)
  if (!training || p === 0) return x
  const mask = x.dtype === 'float64' ? new Float64Array(x.size) : new Float32Array(x.size)
  return x.mul(fromHost('dropout', defaultGenerator.dropoutMask(mask, p), x.shape))
}
