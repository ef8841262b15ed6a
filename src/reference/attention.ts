import { type HostArray, like } from './array.ts'
import { matmul } from './matmul.ts'
import { rowMax, softmaxBackward } from './softmax.ts'

export interface AttentionKernels<A> {
  attention(q: A, k: A, v: A, mask: A | null, options: AttentionOptions): A
  attentionBackward(dy: A, q: A, k: A, v: A, y: A, mask: A | null, options: AttentionOptions): [dq: A, dk: A, dv: A]
}

/** N independent attentions (sequences × heads), each of L queries over S keys and values. */
export interface AttentionOptions {
  n: number
  l: number
  s: number
  /** Width of a query and of a key. */
  e: number
  /** Width of a value. */
  ev: number
  /** Query i attends to keys 0 ... i only. Default false. */
  isCausal?: boolean
  /** How the mask lies, where there is one. */
  mask?: MaskLayout
}

/** Row i of the mask of attention n begins at offsets[n] + i · row; row is 0 where all queries share one. Several n may share a mask. */
export interface MaskLayout {
  offsets: readonly number[]
  row: number
}

/**
 * Scaled dot-product attention: each query gets a mean of the values, weighted by how well their keys answer to it.
 *
 *     scores_ij = q_i · k_j / √E + mask_ij           -∞ where query i must not attend to key j
 *     weights_ij = e^scores_ij / Σ_m e^scores_im     all 0 where a query may attend to no key
 *     y_i = Σ_j weights_ij · v_j
 *
 * q: [N, L, E], k: [N, S, E], v: [N, S, Ev], mask: see MaskLayout -> y: [N, L, Ev], and behind it in the same array ln Σ_j e^scores_ij: [N, L], which backward
 * starts from        Vaswani et al. 2017, eq. 1
 */
export function attention(q: HostArray, k: HostArray, v: HostArray, mask: HostArray | null, o: AttentionOptions): HostArray {
  const { n, l, s, ev } = o
  const scores = attentionScores(q, k, mask, o) // [N, L, S]
  const logSum = logSumExp(scores, n * l, s) // [N, L]
  const weights = attentionWeights(scores, logSum, s) // [N, L, S]
  const y = matmul(weights, v, { batch: n, m: l, k: s, n: ev }) // [N, L, Ev]
  const packed = like(q, n * l * ev + n * l)
  packed.set(y)
  packed.set(logSum, n * l * ev)
  return packed
}

/**
 * The three steps backwards:
 *
 *     dv_j = Σ_i weights_ij · dy_i,                dweights_ij = dy_i · v_j
 *     dscores_ij = weights_ij · (dweights_ij - Σ_m dweights_im · weights_im)
 *     dq_i = Σ_j dscores_ij · k_j / √E,            dk_j = Σ_i dscores_ij · q_i / √E
 *
 * dy: [N, L, Ev] (what stands behind is not looked at), y: as attention gives it -> dq: [N, L, E], dk: [N, S, E], dv: [N, S, Ev]
 */
export function attentionBackward(
  dy: HostArray,
  q: HostArray,
  k: HostArray,
  v: HostArray,
  y: HostArray,
  mask: HostArray | null,
  o: AttentionOptions,
): [dq: HostArray, dk: HostArray, dv: HostArray] {
  const { n, l, s, e, ev } = o
  const logSum = y.subarray(n * l * ev) // [N, L]
  const weights = attentionWeights(attentionScores(q, k, mask, o), logSum, s) // [N, L, S]
  const dv = matmul(weights, dy, { batch: n, m: s, k: l, n: ev, transA: true }) // [N, S, Ev]
  const dweights = matmul(dy, v, { batch: n, m: l, k: ev, n: s, transB: true }) // [N, L, S]
  const dscores = softmaxBackward(dweights, weights, { n: n * l, c: s }) // [N, L, S]
  for (let i = 0; i < dscores.length; i++) dscores[i] /= Math.sqrt(e)
  const dq = matmul(dscores, k, { batch: n, m: l, k: s, n: e }) // [N, L, E]
  const dk = matmul(dscores, q, { batch: n, m: s, k: l, n: e, transA: true }) // [N, S, E]
  return [dq, dk, dv]
}

/** scores_ij = q_i · k_j / √E + mask_ij; -∞ for j > i where attention is causal        -> [N, L, S] */
export function attentionScores(
  q: HostArray,
  k: HostArray,
  mask: HostArray | null,
  { n, l, s, e, isCausal = false, mask: layout }: AttentionOptions,
): HostArray {
  const scores = matmul(q, k, { batch: n, m: l, k: e, n: s, transB: true }) // [N, L, S]
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < l; i++) {
      for (let j = 0; j < s; j++) {
        const ij = (b * l + i) * s + j
        scores[ij] /= Math.sqrt(e)
        if (mask && layout) scores[ij] += mask[layout.offsets[b] + i * layout.row + j]
        if (isCausal && j > i) scores[ij] = -Infinity
      }
    }
  }
  return scores
}

/** ln Σ_j e^x_ij of each row; +∞ for a row of which all are -∞, so that its weights e^(x - ∞) are 0        x: [N, C] -> [N] */
function logSumExp(x: HostArray, n: number, c: number): HostArray {
  const logSum = like(x, n)
  for (let row = 0; row < n; row++) {
    const max = rowMax(x, row, c)
    let sum = 0
    for (let j = 0; j < c; j++) sum += Math.exp(x[row * c + j] - max)
    logSum[row] = max === -Infinity ? Infinity : max + Math.log(sum)
  }
  return logSum
}

/** weights_ij = e^(scores_ij - logSum_i)        scores: [N, L, S], logSum: [N, L] -> [N, L, S] */
export function attentionWeights(scores: HostArray, logSum: HostArray, s: number): HostArray {
  const weights = like(scores)
  for (let i = 0; i < logSum.length; i++) {
    for (let j = 0; j < s; j++) weights[i * s + j] = Math.exp(scores[i * s + j] - logSum[i])
  }
  return weights
}
