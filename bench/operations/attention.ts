import type { Family, OperationBench } from './operation.ts'

/** 8 sequences of 4 heads. */
const SIZES = { n: 32, l: 128, s: 128, e: 32, ev: 32 }
const X = 32 * 128 * 32
const FLOPS = 2 * 2 * 32 * 128 * 128 * 32 // scores and weighted sums

function passes(label: string, isCausal: boolean): OperationBench[] {
  const options = { ...SIZES, isCausal }
  const share = isCausal ? 0.5 : 1 // of the keys, a query that looks back alone sees half
  return [
    {
      name: `attention${label} 32×[128, 32]`,
      flops: share * FLOPS,
      task: (k, inputs) => {
        const [q, keys, v] = [inputs.numbers(X), inputs.numbers(X), inputs.numbers(X)]
        return () => k.attention(q, keys, v, null, options)
      },
    },
    {
      name: `attention${label} backward`,
      flops: 2.5 * share * FLOPS, // the scores once more, and two products for each of the two
      task: (k, inputs) => {
        const [q, keys, v] = [inputs.numbers(X), inputs.numbers(X), inputs.numbers(X)]
        const y = inputs.given(k.download(k.attention(q, keys, v, null, options), 'bench'))
        const dy = inputs.numbers(X)
        return () => k.attentionBackward(dy, q, keys, v, y, null, options)
      },
    },
  ]
}

export const attention: Family = { name: 'attention', operations: [...passes('', false), ...passes(' causal', true)] }
