import { type HostArray, like } from './array.ts'
import { matmul } from './matmul.ts'
import { affine, affineBackward, affineKernels, type SequenceOptions, stateBefore, statesBefore, stepOf, stepsOf } from './rnn.ts'

export interface LstmKernels<A> {
  lstm(x: A, h0: A, c0: A, wIh: A, wHh: A, bIh: A, bHh: A, options: SequenceOptions): A
  /** Gives dx, dh0, dc0, dwIh, dwHh, dbIh, dbHh, null where none is needed. */
  lstmBackward(dy: A, x: A, h0: A, c0: A, wIh: A, wHh: A, y: A, options: SequenceOptions, needs: readonly boolean[]): (A | null)[]
}

/**
 * A cell c that carries what gates let in and do not let go:
 *
 *     i_t = σ(W_ii · x_t + b_ii + W_hi · h_t-1 + b_hi)        input gate
 *     f_t = σ(W_if · x_t + b_if + W_hf · h_t-1 + b_hf)        forget gate
 *     g_t = tanh(W_ig · x_t + b_ig + W_hg · h_t-1 + b_hg)     candidate
 *     o_t = σ(W_io · x_t + b_io + W_ho · h_t-1 + b_ho)        output gate
 *     c_t = f_t · c_t-1 + i_t · g_t
 *     h_t = o_t · tanh c_t
 *
 * Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000. The rows of the weights are those of i, f, g and o, one block after the other.
 *
 * x: [T, N, I], h0, c0: [N, H], wIh: [4H, I], wHh: [4H, H], bIh, bHh: [4H] -> h: [T, N, H], c: [T, N, H], gates: [T, N, 4H], in one array
 */
export function lstm(
  x: HostArray,
  h0: HostArray,
  c0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  bIh: HostArray,
  bHh: HostArray,
  options: SequenceOptions,
): HostArray {
  const { n, i, h } = options
  const y = like(x, lstmSize(options))
  const [hs, cs, gates] = partsOf(y, options)
  for (const s of stepsOf(options)) {
    const hBefore = stateBefore(s, hs, h0, options) // [N, H]
    const cBefore = stateBefore(s, cs, c0, options) // [N, H]
    for (let b = 0; b < n; b++) {
      const row = s * n + b
      const a = (j: number) => affine(wIh, bIh, x, row, j, i) + affine(wHh, bHh, hBefore, b, j, h) // [4H]
      for (let j = 0; j < h; j++) {
        const input = logistic(a(j))
        const forget = logistic(a(h + j))
        const candidate = Math.tanh(a(2 * h + j))
        const output = logistic(a(3 * h + j))
        const c = forget * cBefore[b * h + j] + input * candidate
        cs[row * h + j] = c // [T, N, H]
        hs[row * h + j] = output * Math.tanh(c) // [T, N, H]
        for (const [k, gate] of [input, forget, candidate, output].entries()) gates[row * 4 * h + k * h + j] = gate // [T, N, 4H]
      }
    }
  }
  return y
}

/**
 * Back-propagation through time (Werbos 1990). The cell passes its gradient on through the forget gate alone, so it need not vanish:
 *
 *     dh_t = dy_t + W_hhᵀ · da_t+1            dc_t = dcy_t + f_t+1 · dc_t+1 + dh_t · o_t · (1 - tanh² c_t)
 *     da_i = dc_t · g_t · i_t · (1 - i_t)     da_f = dc_t · c_t-1 · f_t · (1 - f_t)
 *     da_g = dc_t · i_t · (1 - g_t²)          da_o = dh_t · tanh c_t · o_t · (1 - o_t)
 *
 * dy: [2, T, N, H], of h and of c; y: as lstm gives it -> da: [T, N, 4H], and from it all gradients by `affineBackward`.
 */
export function lstmBackward(
  dy: HostArray,
  x: HostArray,
  h0: HostArray,
  c0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  y: HostArray,
  options: SequenceOptions,
  needs: readonly boolean[],
): (HostArray | null)[] {
  const { t, n, h } = options
  const [hs, cs, gates] = partsOf(y, options)
  const da = like(x, t * n * 4 * h)
  let dhNext = like(x, n * h) // what the step after this one asks of h and c, [N, H]
  const dcNext = like(x, n * h)
  for (const s of stepsOf(options).reverse()) {
    const cBefore = stateBefore(s, cs, c0, options) // [N, H]
    for (let b = 0; b < n; b++) {
      for (let j = 0; j < h; j++) {
        const place = (s * n + b) * h + j
        const gate = (s * n + b) * 4 * h + j
        const [input, forget, candidate, output] = [0, 1, 2, 3].map((k) => gates[gate + k * h])
        const tanhC = Math.tanh(cs[place])
        const dh = dy[place] + dhNext[b * h + j]
        const dc = dy[t * n * h + place] + dcNext[b * h + j] + dh * output * (1 - tanhC * tanhC)
        da[gate] = dc * candidate * input * (1 - input)
        da[gate + h] = dc * cBefore[b * h + j] * forget * (1 - forget)
        da[gate + 2 * h] = dc * input * (1 - candidate * candidate)
        da[gate + 3 * h] = dh * tanhC * output * (1 - output) // [T, N, 4H]
        dcNext[b * h + j] = dc * forget
      }
    }
    dhNext = matmul(stepOf(da, s, n * 4 * h), wHh, { m: n, k: 4 * h, n: h }) // [N, H]
  }
  const before = statesBefore(hs, h0, options)
  const [dx, ...dw] = affineBackward(affineKernels, da, da, x, before, wIh, options, [needs[0], ...needs.slice(3)], 4 * h)
  return [dx, needs[1] ? dhNext : null, needs[2] ? dcNext : null, ...dw]
}

/** σ(a) = 1 / (1 + e^-a) */
export function logistic(a: number): number {
  return 1 / (1 + Math.exp(-a))
}

/** How many numbers lstm gives: h and c of all steps, and behind them the gates, which the backward pass needs. */
export function lstmSize({ t, n, h }: SequenceOptions): number {
  return 6 * t * n * h
}

function partsOf(y: HostArray, { t, n, h }: SequenceOptions): [h: HostArray, c: HostArray, gates: HostArray] {
  const size = t * n * h
  return [y.subarray(0, size), y.subarray(size, 2 * size), y.subarray(2 * size)]
}
