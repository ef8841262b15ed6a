import { expect } from '../errors.ts'
import { showShape } from '../reference/array.ts'
import { type Tensor, tensor } from '../tensor/index.ts'
import { MultiheadAttention } from './attention.ts'
import { Dropout, Linear } from './layers.ts'
import { Module } from './module.ts'
import { LayerNorm } from './normalization.ts'

export interface TransformerLayerOptions {
  /** Width between the two linear layers. Default 2048. */
  dimFeedforward?: number
  /** After each part, within the feed-forward part, and of attention weights. Default 0.1. */
  dropout?: number
  /** Between the two linear layers. Default 'relu'. */
  activation?: 'relu' | 'gelu'
  /** Normalise what goes into each part (Xiong et al. 2020) instead of its sum with what comes out. Default false. */
  normFirst?: boolean
  /** Sequences are [N, L, E] instead of [L, N, E]. Default false. */
  batchFirst?: boolean
}

/** Masks of 0 and 1 forbid where they are 1, floats are added to the scores: see AttentionInputs. */
export interface EncoderInputs {
  /** Which place must not attend to which.        [L, L] or [N·heads, L, L] */
  srcMask?: Tensor
  /** Which places are padding.        [N, L] */
  srcKeyPaddingMask?: Tensor
  /** Each place attends to itself and those before it only. Default false. */
  isCausal?: boolean
}

/** Masks as for the encoder, for the attention to the target itself (T places) and to the memory (S places). */
export interface DecoderInputs {
  /** [T, T] or [N·heads, T, T] */
  tgtMask?: Tensor
  /** [T, S] or [N·heads, T, S] */
  memoryMask?: Tensor
  /** [N, T] */
  tgtKeyPaddingMask?: Tensor
  /** [N, S] */
  memoryKeyPaddingMask?: Tensor
  /** Each place of the target attends to itself and those before it only. Default false. */
  tgtIsCausal?: boolean
}

/** What encoder and decoder layers share: linear1, activation, dropout, linear2. */
interface FeedForward {
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly activation: 'relu' | 'gelu'
}

/** y = w2 · f(w1 · x + b1) + b2, each place for itself        [..., E] -> [..., E] */
function feedForward({ linear1, dropout, linear2, activation }: FeedForward, x: Tensor): Tensor {
  return linear2.forward(dropout.forward(linear1.forward(x)[activation]()))
}

/** x and what a part makes of it, added; normalised before the part, or after the sum. */
function residual(x: Tensor, norm: LayerNorm, normFirst: boolean, part: (x: Tensor) => Tensor): Tensor {
  return normFirst ? x.add(part(norm.forward(x))) : norm.forward(x.add(part(x)))
}

function expectActivation(operation: string, activation: string): void {
  expect(
    activation === 'relu' || activation === 'gelu',
    operation,
    () => `activation must be 'relu' or 'gelu', got ${JSON.stringify(activation)}`,
  )
}

/** Self-attention, then two linear layers, each with a residual connection and layer norm        [L, N, E] -> [L, N, E]        Vaswani et al. 2017, section 3.1 */
export class TransformerEncoderLayer extends Module<[src: Tensor, options?: EncoderInputs]> {
  readonly self_attn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly activation: 'relu' | 'gelu'
  readonly normFirst: boolean

  constructor(
    dModel: number,
    nhead: number,
    { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', normFirst = false, batchFirst = false }: TransformerLayerOptions = {},
  ) {
    super()
    expectActivation('TransformerEncoderLayer', activation)
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst })
    this.linear1 = new Linear(dModel, dimFeedforward)
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel)
    this.norm1 = new LayerNorm(dModel)
    this.norm2 = new LayerNorm(dModel)
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.activation = activation
    this.normFirst = normFirst
  }

  forward(src: Tensor, { srcMask, srcKeyPaddingMask, isCausal }: EncoderInputs = {}): Tensor {
    const masks = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal, needWeights: false }
    const attend = (x: Tensor) => this.dropout1.forward(this.self_attn.forward(x, x, x, masks)[0])
    const think = (x: Tensor) => this.dropout2.forward(feedForward(this, x))
    const x = residual(src, this.norm1, this.normFirst, attend)
    return residual(x, this.norm2, this.normFirst, think)
  }
}

/**
 * Self-attention of the target, attention to the memory that an encoder made, then two linear layers, each with a residual connection and layer norm.
 * tgt: [T, N, E], memory: [S, N, E] -> [T, N, E]        Vaswani et al. 2017, section 3.1
 */
export class TransformerDecoderLayer extends Module<[tgt: Tensor, memory: Tensor, options?: DecoderInputs]> {
  readonly self_attn: MultiheadAttention
  readonly multihead_attn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly norm3: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly dropout3: Dropout
  readonly activation: 'relu' | 'gelu'
  readonly normFirst: boolean

  constructor(
    dModel: number,
    nhead: number,
    { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', normFirst = false, batchFirst = false }: TransformerLayerOptions = {},
  ) {
    super()
    expectActivation('TransformerDecoderLayer', activation)
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst })
    this.multihead_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst })
    this.linear1 = new Linear(dModel, dimFeedforward)
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel)
    this.norm1 = new LayerNorm(dModel)
    this.norm2 = new LayerNorm(dModel)
    this.norm3 = new LayerNorm(dModel)
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.dropout3 = new Dropout(dropout)
    this.activation = activation
    this.normFirst = normFirst
  }

  forward(tgt: Tensor, memory: Tensor, options: DecoderInputs = {}): Tensor {
    const { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, tgtIsCausal } = options
    const own = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: tgtIsCausal, needWeights: false }
    const across = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false }
    const attend = (x: Tensor) => this.dropout1.forward(this.self_attn.forward(x, x, x, own)[0])
    const look = (x: Tensor) => this.dropout2.forward(this.multihead_attn.forward(x, memory, memory, across)[0])
    const think = (x: Tensor) => this.dropout3.forward(feedForward(this, x))
    const x = residual(tgt, this.norm1, this.normFirst, attend)
    const y = residual(x, this.norm2, this.normFirst, look)
    return residual(y, this.norm3, this.normFirst, think)
  }
}

export interface PositionalEncodingOptions {
  /** Of the sum. Default 0.1. */
  dropout?: number
  /** The longest sequence. Default 5000. */
  maxLen?: number
  /** Sequences are [N, L, E] instead of [L, N, E]. Default false. */
  batchFirst?: boolean
}

/**
 * Tells tokens their places, which attention does not see, by adding waves of geometrically growing length:
 *
 *     p(t, 2i) = sin(t / 10000^(2i/E)),        p(t, 2i + 1) = cos(t / 10000^(2i/E))
 *
 * x: [L, N, E], batch first where so constructed, or [L, E] -> y: x's shape        Vaswani et al. 2017, section 3.5
 */
export class PositionalEncoding extends Module {
  /** [maxLen, E]. It is computed, so it stands in no state dict. */
  readonly table: Tensor
  readonly dropout: Dropout
  readonly batchFirst: boolean

  constructor(dModel: number, { dropout = 0.1, maxLen = 5000, batchFirst = false }: PositionalEncodingOptions = {}) {
    super()
    for (const [name, n] of Object.entries({ dModel, maxLen })) {
      expect(Number.isInteger(n) && n > 0, 'PositionalEncoding', () => `${name} must be an integer above 0, got ${n}`)
    }
    const waves = new Float32Array(maxLen * dModel)
    for (let t = 0; t < maxLen; t++) {
      for (let c = 0; c < dModel; c++) {
        const angle = t / 10000 ** ((c - (c % 2)) / dModel)
        waves[t * dModel + c] = c % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
      }
    }
    this.table = tensor(waves).reshape(maxLen, dModel)
    this.dropout = new Dropout(dropout)
    this.batchFirst = batchFirst
  }

  forward(x: Tensor): Tensor {
    const [maxLen, dModel] = this.table.shape
    expect(
      (x.ndim === 2 || x.ndim === 3) && x.shape.at(-1) === dModel,
      'PositionalEncoding',
      () => `x must have shape ${this.batchFirst ? '[N, L, ' : '[L, N, '}${dModel}] or [L, ${dModel}], got ${showShape(x.shape)}`,
    )
    const isOuter = x.ndim === 3 && !this.batchFirst // the places are the first axis, before the batch
    const length = x.shape[x.ndim === 3 && this.batchFirst ? 1 : 0]
    expect(length <= maxLen, 'PositionalEncoding', () => `x ${showShape(x.shape)} has ${length} places, maxLen is ${maxLen}`)
    const places = this.table.slice(0, length) // [L, E]
    return this.dropout.forward(x.add(isOuter ? places.unsqueeze(1) : places))
  }
}
