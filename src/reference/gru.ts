import { type HostArray, like } from './array.ts'
import { logistic } from './lstm.ts'
import { matmul } from './matmul.ts'
import { affine, affineBackward, affineKernels, type SequenceOptions, stateBefore, statesBefore, stepOf, stepsOf } from './rnn.ts'

export interface GruKernels<A> {
  gru(x: A, h0: A, wIh: A, wHh: A, bIh: A, bHh: A, options: SequenceOptions): A
  /** Gives dx, dh0, dwIh, dwHh, dbIh, dbHh, null where none is needed. */
  gruBackward(dy: A, x: A, h0: A, wIh: A, wHh: A, y: A, options: SequenceOptions, needs: readonly boolean[]): (A | null)[]
}

/**
 * A state that a gate mixes with a candidate:
 *
 *     r_t = σ(W_ir · x_t + b_ir + W_hr · h_t-1 + b_hr)            reset gate
 *     z_t = σ(W_iz · x_t + b_iz + W_hz · h_t-1 + b_hz)            update gate
 *     m_t = W_hn · h_t-1 + b_hn
 *     n_t = tanh(W_in · x_t + b_in + r_t · m_t)                   candidate
 *     h_t = (1 - z_t) · n_t + z_t · h_t-1
 *
 * Cho et al. 2014, eq. 5-8; with the reset gate behind the product with W_hn and z_t the part that stays, as in cuDNN and PyTorch. The rows of the weights
 * are those of r, z and n, one block after the other.
 *
 * x: [T, N, I], h0: [N, H], wIh: [3H, I], wHh: [3H, H], bIh, bHh: [3H] -> h: [T, N, H], gates r, z, n and m: [T, N, 4H], in one array
 */
export function gru(
  x: HostArray,
  h0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  bIh: HostArray,
  bHh: HostArray,
  options: SequenceOptions,
): HostArray {
  const { n, i, h } = options
  const y = like(x, gruSize(options))
  const [hs, gates] = partsOf(y, options)
  for (const s of stepsOf(options)) {
    const before = stateBefore(s, hs, h0, options) // [N, H]
    for (let b = 0; b < n; b++) {
      const row = s * n + b
      const ofInput = (j: number) => affine(wIh, bIh, x, row, j, i) // [3H]
      const ofState = (j: number) => affine(wHh, bHh, before, b, j, h) // [3H]
      for (let j = 0; j < h; j++) {
        const reset = logistic(ofInput(j) + ofState(j))
        const update = logistic(ofInput(h + j) + ofState(h + j))
        const m = ofState(2 * h + j)
        const candidate = Math.tanh(ofInput(2 * h + j) + reset * m)
        hs[row * h + j] = (1 - update) * candidate + update * before[b * h + j] // [T, N, H]
        for (const [k, gate] of [reset, update, candidate, m].entries()) gates[row * 4 * h + k * h + j] = gate // [T, N, 4H]
      }
    }
  }
  return y
}

/**
 * Back-propagation through time (Werbos 1990):
 *
 *     dh_t = dy_t + z_t+1 · dh_t+1 + W_hhᵀ · daHh_t+1
 *     da_n = dh_t · (1 - z_t) · (1 - n_t²)        dm = da_n · r_t
 *     da_z = dh_t · (h_t-1 - n_t) · z_t · (1 - z_t)
 *     da_r = da_n · m_t · r_t · (1 - r_t)
 *
 * The input enters at daIh = (da_r, da_z, da_n), the state at daHh = (da_r, da_z, dm).
 *
 * dy: [T, N, H]; y: as gru gives it -> daIh, daHh: [T, N, 3H], and from them all gradients by `affineBackward`.
 */
export function gruBackward(
  dy: HostArray,
  x: HostArray,
  h0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  y: HostArray,
  options: SequenceOptions,
  needs: readonly boolean[],
): (HostArray | null)[] {
  const { t, n, h } = options
  const [hs, gates] = partsOf(y, options)
  const daIh = like(x, t * n * 3 * h)
  const daHh = like(x, t * n * 3 * h)
  const dhNext = like(x, n * h) // what the step after this one asks of its state, [N, H]
  for (const s of stepsOf(options).reverse()) {
    const before = stateBefore(s, hs, h0, options) // [N, H]
    for (let b = 0; b < n; b++) {
      for (let j = 0; j < h; j++) {
        const row = s * n + b
        const [reset, update, candidate, m] = [0, 1, 2, 3].map((k) => gates[row * 4 * h + k * h + j])
        const dh = dy[row * h + j] + dhNext[b * h + j]
        const dn = dh * (1 - update) * (1 - candidate * candidate)
        const dz = dh * (before[b * h + j] - candidate) * update * (1 - update)
        const dr = dn * m * reset * (1 - reset)
        for (const [k, d] of [dr, dz, dn].entries()) daIh[row * 3 * h + k * h + j] = d // [T, N, 3H]
        for (const [k, d] of [dr, dz, dn * reset].entries()) daHh[row * 3 * h + k * h + j] = d // [T, N, 3H]
        dhNext[b * h + j] = dh * update
      }
    }
    const throughWeights = matmul(stepOf(daHh, s, n * 3 * h), wHh, { m: n, k: 3 * h, n: h }) // [N, H]
    for (let p = 0; p < n * h; p++) dhNext[p] += throughWeights[p]
  }
  const before = statesBefore(hs, h0, options)
  const [dx, ...dw] = affineBackward(affineKernels, daIh, daHh, x, before, wIh, options, [needs[0], ...needs.slice(2)], 3 * h)
  return [dx, needs[1] ? dhNext : null, ...dw]
}

/** How many numbers gru gives: h of all steps, and behind it what the backward pass needs. */
export function gruSize({ t, n, h }: SequenceOptions): number {
  return 5 * t * n * h
}

function partsOf(y: HostArray, { t, n, h }: SequenceOptions): [h: HostArray, gates: HostArray] {
  return [y.subarray(0, t * n * h), y.subarray(t * n * h)]
}
