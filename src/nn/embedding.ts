import { expect } from '../errors.ts'
import { F, noGrad, randn, type Tensor, where } from '../tensor/index.ts'
import { forgetful } from './chain.ts'
import { Module, Parameter } from './module.ts'

export interface EmbeddingOptions {
  /** The index of a word without meaning, such as padding: its row starts as zeros and is not learned. Default none. */
  paddingIdx?: number | null
}

/** A learned vector for each word of a vocabulary.        index: any shape S -> [...S, dim];  weight: [words, dim], standard normal at first */
export class Embedding extends Module {
  readonly weight: Parameter
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null

  constructor(numEmbeddings: number, embeddingDim: number, { paddingIdx = null }: EmbeddingOptions = {}) {
    super()
    for (const [name, n] of Object.entries({ numEmbeddings, embeddingDim })) {
      expect(Number.isInteger(n) && n > 0, 'Embedding', () => `${name} must be an integer above 0, got ${n}`)
    }
    const inRange = (i: number) => Number.isInteger(i) && i >= -numEmbeddings && i < numEmbeddings
    expect(
      paddingIdx === null || inRange(paddingIdx),
      'Embedding',
      () => `paddingIdx must be an integer between ${-numEmbeddings} and ${numEmbeddings - 1}, got ${paddingIdx}`,
    )
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx
    this.weight = new Parameter(randn([numEmbeddings, embeddingDim]))
    const padding = this.paddingIdx
    if (padding !== null) noGrad(() => this.weight.select(0, padding).zero_())
  }

  forward(index: Tensor): Tensor {
    const y = F.embedding(index, this.weight)
    if (this.paddingIdx === null) return y
    return where(index.eq(this.paddingIdx).unsqueeze(-1), F.embedding(index, this.weight.detach()), y)
  }
}

forgetful(Embedding)
