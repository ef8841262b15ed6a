import { expect } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { F, noGrad, type Tensor, zeros } from '../tensor/index.ts'
import { additive } from '../tensor/ops/attention.ts'
import { xavierUniform } from './init.ts'
import { Linear } from './layers.ts'
import { Module, Parameter } from './module.ts'

export interface MultiheadAttentionOptions {
  /** In training each weight is set to 0 with this probability. Default 0. */
  dropout?: number
  /** Inputs and output are [N, L, E] instead of [L, N, E]. Default false. */
  batchFirst?: boolean
}

/** As in PyTorch, a mask of 0 and 1 has the opposite sense here to that of `F.scaledDotProductAttention`: 1 = must not attend. */
export interface AttentionInputs {
  /** Which query must not attend to which key: [L, S] or [N·heads, L, S], of 0 and 1, or a float mask that is added to the scores. */
  attnMask?: Tensor
  /** Which keys are padding, to be attended to by nobody: [N, S], [S] without a batch; of 0 and 1, or added to the scores. */
  keyPaddingMask?: Tensor
  /** Query i attends to keys 0 ... i only. Default false. */
  isCausal?: boolean
  /** Whether the weights, averaged over the heads, are wanted; without them no [L, S] matrix is made. Default true. */
  needWeights?: boolean
}

/**
 * Several attentions side by side, each on its own projection of queries, keys and values to E / heads numbers; a last projection mixes their results.
 * q: [L, N, E], k, v: [S, N, E] (batch first where so constructed, or without a batch [L, E], [S, E])
 * -> [output: as q, weights: [N, L, S] or null]        Vaswani et al. 2017, section 3.2.2
 */
export class MultiheadAttention extends Module<
  [q: Tensor, k: Tensor, v: Tensor, options?: AttentionInputs],
  [output: Tensor, weights: Tensor | null]
> {
  /** The rows for queries, then those for keys, then those for values.        [3E, E] and [3E] */
  readonly in_proj_weight: Parameter
  readonly in_proj_bias: Parameter
  readonly out_proj: Linear
  readonly embedDim: number
  readonly numHeads: number
  readonly dropout: number
  readonly batchFirst: boolean

  constructor(embedDim: number, numHeads: number, { dropout = 0, batchFirst = false }: MultiheadAttentionOptions = {}) {
    super()
    for (const [name, n] of Object.entries({ embedDim, numHeads })) {
      expect(Number.isInteger(n) && n > 0, 'MultiheadAttention', () => `${name} must be an integer above 0, got ${n}`)
    }
    expect(embedDim % numHeads === 0, 'MultiheadAttention', () => `numHeads must divide embedDim, got ${numHeads} heads for ${embedDim}`)
    expect(dropout >= 0 && dropout <= 1, 'MultiheadAttention', () => `dropout must lie between 0 and 1, got ${dropout}`)
    this.embedDim = embedDim
    this.numHeads = numHeads
    this.dropout = dropout
    this.batchFirst = batchFirst
    this.in_proj_weight = new Parameter(zeros([3 * embedDim, embedDim]))
    this.in_proj_bias = new Parameter(zeros([3 * embedDim]))
    this.out_proj = new Linear(embedDim, embedDim) // draws before in_proj_weight, as PyTorch does
    xavierUniform(this.in_proj_weight)
    noGrad(() => this.out_proj.bias?.zero_())
  }

  forward(q: Tensor, k: Tensor, v: Tensor, options?: AttentionInputs & { needWeights?: true }): [output: Tensor, weights: Tensor]
  forward(q: Tensor, k: Tensor, v: Tensor, options?: AttentionInputs): [output: Tensor, weights: Tensor | null]
  forward(q: Tensor, k: Tensor, v: Tensor, options: AttentionInputs = {}): [output: Tensor, weights: Tensor | null] {
    this.#expectFitting(q, k, v)
    if (q.ndim === 2) {
      const axis = this.batchFirst ? 0 : 1
      const [batched, weights] = this.forward(q.unsqueeze(axis), k.unsqueeze(axis), v.unsqueeze(axis), {
        ...options,
        keyPaddingMask: options.keyPaddingMask?.unsqueeze(0),
      })
      return [batched.squeeze(axis), weights?.squeeze(0) ?? null]
    }
    const { isCausal = false, needWeights = true } = options
    const [queries, keys, values] = [q, k, v].map((x, part) => this.#heads(this.#project(x, part))) // [N, H, L, D], [N, H, S, D] twice
    const attnMask = this.#mask(queries, keys, options) // broadcasts to [N, H, L, S]
    const isDropping = this.training && this.dropout > 0
    if (!needWeights && !isDropping) {
      return [this.#join(F.scaledDotProductAttention(queries, keys, values, { attnMask, isCausal })), null]
    }
    const all = F.attentionWeights(queries, keys, { attnMask, isCausal })
    const weights = F.dropout(all, { p: this.dropout, training: isDropping }) // [N, H, L, S]
    return [this.#join(weights.matmul(values)), needWeights ? weights.mean(1) : null]
  }

  /** x · wᵀ + b with the part of the rows that is for queries (0), keys (1) or values (2). */
  #project(x: Tensor, part: number): Tensor {
    const [start, end] = [part * this.embedDim, (part + 1) * this.embedDim]
    return F.linear(x, this.in_proj_weight.slice(start, end), this.in_proj_bias.slice(start, end))
  }

  /** [L, N, E], or batch first, -> [N, H, L, D] */
  #heads(x: Tensor): Tensor {
    const split = x.reshape(...x.shape.slice(0, 2), this.numHeads, this.embedDim / this.numHeads)
    return this.batchFirst ? split.permute(0, 2, 1, 3) : split.permute(1, 2, 0, 3)
  }

  /** [N, H, L, D] -> the output: [L, N, E], or batch first */
  #join(y: Tensor): Tensor {
    const heads = this.batchFirst ? y.permute(0, 2, 1, 3) : y.permute(2, 0, 1, 3)
    return this.out_proj.forward(heads.flatten(2))
  }

  /** Both masks as one that is added to the scores. */
  #mask(q: Tensor, k: Tensor, { attnMask, keyPaddingMask }: AttentionInputs): Tensor | undefined {
    const [n, h, l] = q.shape
    const s = k.shape[2]
    const added = (name: string, mask: Tensor) => additive('MultiheadAttention', name, mask, q.dtype, 1)
    if (attnMask) {
      const fits = [
        [l, s],
        [n * h, l, s],
      ].some((shape) => isSameShape(shape, attnMask.shape))
      expect(
        fits,
        'MultiheadAttention',
        () => `attnMask must have shape [${l}, ${s}] or [${n * h}, ${l}, ${s}], got ${showShape(attnMask.shape)}`,
      )
    }
    if (keyPaddingMask) {
      expect(
        isSameShape(keyPaddingMask.shape, [n, s]),
        'MultiheadAttention',
        () => `keyPaddingMask must have shape [${n}, ${s}], got ${showShape(keyPaddingMask.shape)}`,
      )
    }
    const ofPlaces = attnMask && added('attnMask', attnMask.ndim === 3 ? attnMask.reshape(n, h, l, s) : attnMask)
    const ofKeys = keyPaddingMask && added('keyPaddingMask', keyPaddingMask.reshape(n, 1, 1, s))
    return ofPlaces && ofKeys ? ofPlaces.add(ofKeys) : (ofPlaces ?? ofKeys)
  }

  #expectFitting(q: Tensor, k: Tensor, v: Tensor): void {
    const shapes = () => `got q ${showShape(q.shape)}, k ${showShape(k.shape)}, v ${showShape(v.shape)}`
    const layout = this.batchFirst ? '[N, L, E]' : '[L, N, E]'
    expect(
      (q.ndim === 2 || q.ndim === 3) && k.ndim === q.ndim && v.ndim === q.ndim,
      'MultiheadAttention',
      () => `expected q, k and v ${layout}, or all without the batch, ${shapes()}`,
    )
    expect(
      q.shape.at(-1) === this.embedDim,
      'MultiheadAttention',
      () => `q must have ${this.embedDim} numbers on its last axis, ${shapes()}`,
    )
    expect(
      k.shape.at(-1) === this.embedDim && isSameShape(k.shape, v.shape),
      'MultiheadAttention',
      () => `k and v must have one shape, with ${this.embedDim} numbers on the last axis, ${shapes()}`,
    )
    const batch = this.batchFirst ? 0 : 1
    expect(
      q.ndim === 2 || q.shape[batch] === k.shape[batch],
      'MultiheadAttention',
      () => `q and k must have one batch size (${layout}), ${shapes()}`,
    )
  }
}
