import { type HostArray, like } from './array.ts'
import { type MatmulKernels, matmul } from './matmul.ts'
import { type MemoryKernels, memory } from './memory.ts'
import { type ReductionKernels, sum } from './reduction.ts'

/** T steps of a sequence, N samples side by side, I numbers in each input, H in each state. */
export interface SequenceOptions {
  t: number
  n: number
  i: number
  h: number
  /** From the last step to the first. Default false. */
  reverse?: boolean
}

export interface RnnOptions extends SequenceOptions {
  nonlinearity: 'tanh' | 'relu'
}

export interface RnnKernels<A> {
  rnn(x: A, h0: A, wIh: A, wHh: A, bIh: A, bHh: A, options: RnnOptions): A
  /** Gives dx, dh0, dwIh, dwHh, dbIh, dbHh, null where none is needed. */
  rnnBackward(dy: A, x: A, h0: A, wIh: A, wHh: A, y: A, options: RnnOptions, needs: readonly boolean[]): (A | null)[]
}

/**
 * h_t = f(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh),  f = tanh or max(0, ·)        Elman 1990
 *
 * x: [T, N, I], h0: [N, H], wIh: [H, I], wHh: [H, H], bIh, bHh: [H] -> h: [T, N, H]
 */
export function rnn(
  x: HostArray,
  h0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  bIh: HostArray,
  bHh: HostArray,
  options: RnnOptions,
): HostArray {
  const { t, n, i, h, nonlinearity } = options
  const f = nonlinearity === 'tanh' ? Math.tanh : (a: number) => Math.max(0, a)
  const y = like(x, t * n * h)
  for (const s of stepsOf(options)) {
    const before = stateBefore(s, y, h0, options) // [N, H]
    for (let b = 0; b < n; b++) {
      for (let j = 0; j < h; j++) {
        y[(s * n + b) * h + j] = f(affine(wIh, bIh, x, s * n + b, j, i) + affine(wHh, bHh, before, b, j, h)) // [T, N, H]
      }
    }
  }
  return y
}

/**
 * Back-propagation through time: a state acts on its own output and, through W_hh, on the next state (Werbos 1990). With the pre-activations a,
 *
 *     dh_t = dy_t + W_hhᵀ · da_t+1
 *     da_t = dh_t · f'(a_t),  f' = 1 - h_t² for tanh, 1 where h_t > 0 for the ReLU
 *
 * dy, y: [T, N, H] -> da: [T, N, H], and from it all gradients by {@link affineBackward}.
 */
export function rnnBackward(
  dy: HostArray,
  x: HostArray,
  h0: HostArray,
  wIh: HostArray,
  wHh: HostArray,
  y: HostArray,
  options: RnnOptions,
  needs: readonly boolean[],
): (HostArray | null)[] {
  const { t, n, h, nonlinearity } = options
  const slope = nonlinearity === 'tanh' ? (y: number) => 1 - y * y : (y: number) => (y > 0 ? 1 : 0)
  const da = like(x, t * n * h)
  let dh = like(x, n * h) // what the step after this one asks of its state, [N, H]
  for (const s of stepsOf(options).reverse()) {
    for (let p = 0; p < n * h; p++) {
      const place = s * n * h + p
      da[place] = (dy[place] + dh[p]) * slope(y[place]) // [T, N, H]
    }
    dh = matmul(stepOf(da, s, n * h), wHh, { m: n, k: h, n: h }) // [N, H]
  }
  const before = statesBefore(y, h0, options)
  const [dx, ...dw] = affineBackward(affineKernels, da, da, x, before, wIh, options, [needs[0], ...needs.slice(2)])
  return [dx, needs[1] ? dh : null, ...dw]
}

/** The steps in the order in which they are taken. */
export function stepsOf({ t, reverse = false }: SequenceOptions): number[] {
  const steps = Array.from({ length: t }, (_, s) => s)
  return reverse ? steps.reverse() : steps
}

/** What belongs to step s of an array of T steps. */
export function stepOf(x: HostArray, s: number, size: number): HostArray {
  return x.subarray(s * size, (s + 1) * size)
}

/** The state that step s starts from: that of the step before it, the initial one at first.        states: [T, N, H] -> [N, H] */
export function stateBefore(s: number, states: HostArray, initial: HostArray, { t, n, h, reverse = false }: SequenceOptions): HostArray {
  const before = reverse ? s + 1 : s - 1
  return before >= 0 && before < t ? stepOf(states, before, n * h) : initial
}

/** The states that all steps start from.        states: [T, N, H], initial: [N, H] -> [T, N, H] */
export function statesBefore(states: HostArray, initial: HostArray, options: SequenceOptions): HostArray {
  const { n, h } = options
  const before = like(initial, options.t * n * h)
  for (const s of stepsOf(options)) before.set(stateBefore(s, states, initial, options), s * n * h)
  return before
}

/** (W · x + b)_j for one row of x        w: [J, K], b: [J], x: [rows, K] */
export function affine(w: HostArray, b: HostArray, x: HostArray, row: number, j: number, k: number): number {
  let sum = b[j]
  for (let p = 0; p < k; p++) sum += w[j * k + p] * x[row * k + p]
  return sum
}

/** What `affineBackward` computes with. */
export type AffineKernels<A> = Pick<MatmulKernels<A> & ReductionKernels<A> & MemoryKernels<A>, 'matmul' | 'sum' | 'copy'>

/** The same of the reference. */
export const affineKernels: AffineKernels<HostArray> = { matmul, sum, copy: memory.copy }

/**
 * Every step passes through the same weights, so their gradients are sums over all steps, each one product:
 *
 *     dx = da · W_ih        dW_ih = daᵀ · x        dW_hh = daᵀ · h_before        db = Σ da
 *
 * daIh, daHh: [T, N, G], where the input and where the state enters; x: [T, N, I], before: [T, N, H], wIh: [G, I]; needs and result: dx, dwIh, dwHh, dbIh, dbHh
 */
export function affineBackward<A>(
  kernels: AffineKernels<A>,
  daIh: A,
  daHh: A,
  x: A,
  before: A,
  wIh: A,
  { t, n, i, h }: SequenceOptions,
  needs: readonly boolean[],
  g: number = h,
): (A | null)[] {
  const rows = t * n
  const dbIh = needs[3] ? kernels.sum(daIh, { outer: 1, n: rows, inner: g }) : null // [G]
  return [
    needs[0] ? kernels.matmul(daIh, wIh, { m: rows, k: g, n: i }) : null, // [T, N, I]
    needs[1] ? kernels.matmul(daIh, x, { m: g, k: rows, n: i, transA: true }) : null, // [G, I]
    needs[2] ? kernels.matmul(daHh, before, { m: g, k: rows, n: h, transA: true }) : null, // [G, H]
    dbIh,
    needs[4] ? (dbIh !== null && daHh === daIh ? kernels.copy(dbIh) : kernels.sum(daHh, { outer: 1, n: rows, inner: g })) : null, // [G]
  ]
}
