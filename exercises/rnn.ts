/**
 * A recurrent network (Elman 1990) reads a sequence step by step. What it has
 * read so far is its state h, which is one more input of the next step:
 *
 *     h_t = tanh(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh)
 *
 * Laid out over time it is a deep network whose layers share their weights. So
 * backpropagation goes through time (Werbos 1990): from the last step to the
 * first, and every step adds its part to the same gradient. On the way back the
 * gradient is multiplied by a Jacobian at each step, ∂h_t / ∂h_t-1. Over many
 * steps such a product vanishes or explodes (Bengio and others 1994).
 */
import { blank, lesson } from '../src/learn/index.ts'
import { lines, table } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/** A matrix, row by row. */
export type Matrix = readonly Float64Array[]

/** The weights of a recurrent layer: H neurons on I inputs and on their own last answers. A gradient by them has the same form. */
export interface Weights {
  readonly wIh: Matrix // H rows of [I]
  readonly wHh: Matrix // H rows of [H]
  readonly bIh: Float64Array // [H]
  readonly bHh: Float64Array // [H]
}

/** A matrix times a vector.  y_j = Σ_i w_ji · x_i        w: m rows of [n], x: [n] -> y: [m] */
export function times(w: Matrix, x: Float64Array): Float64Array {
  return Float64Array.from(w, (row) => row.reduce((sum, w_ji, i) => sum + w_ji * x[i], 0)) // worked: read it, then go on
}

/** One step.  h_t = tanh(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh)        x: [I], hBefore: h_t-1: [H] -> h_t: [H] */
export function step(weights: Weights, x: Float64Array, hBefore: Float64Array): Float64Array {
  return blank('step', weights, x, hBefore)
}

/**
 * The whole sequence, by the same weights at every step.
 * hs[0] = h0,  hs[t + 1] = step(xs[t], hs[t])        xs: T inputs of [I], h0: [H] -> hs: T + 1 states of [H], h0 first
 */
export function forward(weights: Weights, xs: Matrix, h0: Float64Array): Float64Array[] {
  return blank('forward', weights, xs, h0)
}

/** What one step makes of a gradient that comes back to its state. */
export interface Back {
  readonly gradient: Weights // of this step alone
  readonly dhBefore: Float64Array // what goes on to the step before, [H]
}

/**
 * One step back. dh is the gradient by the step's answer h = tanh(a), and tanh'(a) = 1 - h².
 * da = dh ⊙ (1 - h²);  dW_ih = da · xᵀ,  dW_hh = da · h_t-1ᵀ,  db_ih = db_hh = da;  dh_t-1 = W_hhᵀ · da
 * dh: [H], x: [I], hBefore: h_t-1: [H], h: h_t: [H] -> gradient: as the weights, dhBefore: [H]
 */
export function stepBackward(weights: Weights, dh: Float64Array, x: Float64Array, hBefore: Float64Array, h: Float64Array): Back {
  return blank('stepBackward', weights, dh, x, hBefore, h)
}

/** The sum of two gradients, or the weights after a change, number by number.        a, b: of the same sizes -> a new one of these sizes */
export function added(a: Weights, b: Weights): Weights {
  const plus = (u: Float64Array, v: Float64Array) => u.map((u_i, i) => u_i + v[i])
  const rows = (u: Matrix, v: Matrix) => u.map((row, j) => plus(row, v[j]))
  return { wIh: rows(a.wIh, b.wIh), wHh: rows(a.wHh, b.wHh), bIh: plus(a.bIh, b.bIh), bHh: plus(a.bHh, b.bHh) }
}

/** All numbers of a gradient times the same factor.        gradient: of any sizes -> a new one of these sizes */
export function scaled(gradient: Weights, factor: number): Weights {
  const by = (v: Float64Array) => v.map((v_i) => v_i * factor)
  return { wIh: gradient.wIh.map(by), wHh: gradient.wHh.map(by), bIh: by(gradient.bIh), bHh: by(gradient.bHh) }
}

/**
 * Backpropagation through time: from the last step to the first. A state acts on the loss by itself, dhs[t], and through the next state.
 * dh = dhs[t] + dh_before of step t + 1 (0 behind the last step);  the gradient is the sum of those of all steps
 * xs: T of [I], hs: T + 1 of [H] as forward gives them, dhs: T of [H], dhs[t] belongs to hs[t + 1] -> a gradient, as the weights
 */
export function bptt(weights: Weights, xs: Matrix, hs: Matrix, dhs: Matrix): Weights {
  return blank('bptt', weights, xs, hs, dhs)
}

/**
 * Truncated backpropagation through time: the states run through, but nothing is carried back from one window into the one before it.
 * The windows are the steps 0 … k - 1, k … 2k - 1, and so on; the last may be shorter. Their gradients are added up.
 * xs: T of [I], hs: T + 1 of [H], dhs: T of [H], k: 1 or more -> a gradient, as the weights
 */
export function truncatedBptt(weights: Weights, xs: Matrix, hs: Matrix, dhs: Matrix, k: number): Weights {
  return blank('truncatedBptt', weights, xs, hs, dhs, k)
}

/** How long a gradient is, all its numbers taken together.  ‖g‖ = √(Σ g²)        gradient: of any sizes -> number */
export function norm({ wIh, wHh, bIh, bHh }: Weights): number {
  return Math.hypot(...[...wIh, ...wHh, bIh, bHh].flatMap((row) => [...row]))
}

/**
 * Clips a gradient (Pascanu and others 2013): one that is too long is made shorter, in the same direction; any other stays as it is.
 * g · min(1, maxNorm / ‖g‖)        gradient: of any sizes, maxNorm: above 0 -> a gradient of these sizes
 */
export function clip(gradient: Weights, maxNorm: number): Weights {
  return blank('clip', gradient, maxNorm)
}

/** A recurrent layer, and one linear neuron that reads its state.  y_t = v · h_t + c        v: [H] */
export interface Network {
  readonly weights: Weights
  readonly v: Float64Array
  readonly c: number
}

/** What the network answers after every step.        xs: T of [I] -> y: [T], hs: T + 1 of [H] */
export function answer({ weights, v, c }: Network, xs: Matrix): { y: Float64Array; hs: Float64Array[] } {
  const hs = forward(weights, xs, new Float64Array(v.length))
  return { y: times(hs.slice(1), v).map((y_t) => y_t + c), hs }
}

/** How a network is trained: k steps back, by the learning rate α, with gradients not longer than maxNorm. */
export interface Training {
  readonly k: number
  readonly alpha: number
  readonly maxNorm: number
}

/**
 * One step of training: the answers should be the inputs of `delay` steps ago. E = mean of ½ (y_t - x_(t - delay))² over the later steps.
 * xs: T of [1] -> a new network, the mean of (y_t - x_(t - delay))², and how long the gradient was before it was clipped
 */
export function trainStep(network: Network, xs: Matrix, delay: number, { k, alpha, maxNorm }: Training) {
  const { weights, v, c } = network
  const { y, hs } = answer(network, xs)
  const dy = y.map((y_t, t) => (t < delay ? 0 : (y_t - xs[t - delay][0]) / (y.length - delay))) // [T]
  const dhs = Array.from(dy, (dy_t) => v.map((v_j) => v_j * dy_t)) // T of [H]
  const gradient = truncatedBptt(weights, xs, hs, dhs, k)
  const error = dy.reduce((sum, dy_t) => sum + dy_t * dy_t, 0) * (y.length - delay)
  const next: Network = {
    weights: added(weights, scaled(clip(gradient, maxNorm), -alpha)),
    v: v.map((v_j, j) => v_j - alpha * dy.reduce((sum, dy_t, t) => sum + dy_t * hs[t + 1][j], 0)),
    c: c - alpha * dy.reduce((sum, dy_t) => sum + dy_t, 0),
  }
  return { network: next, error, length: norm(gradient) }
}

/** A matrix that turns vectors and keeps their lengths: random rows, made to stand at right angles by Gram & Schmidt.        n: number -> n rows of [n] */
export function rotation(n: number, generator: Generator): Float64Array[] {
  const rows: Float64Array[] = []
  while (rows.length < n) {
    let row = generator.normal(new Float64Array(n))
    for (const other of rows) {
      const along = times([other], row)[0]
      row = row.map((value, i) => value - along * other[i])
    }
    const length = Math.hypot(...row)
    rows.push(row.map((value) => value / length))
  }
  return rows
}

await lesson(import.meta, ({ show, print, status, options }) => {
  const H = 8
  const generator = new Generator(options.seed)
  const uniform = (n: number, bound: number) => generator.uniform(new Float64Array(n), -bound, bound)

  // How long a gradient is that starts at the last state with length 1 and goes back, step by step.
  const T = 60
  const turn = rotation(H, generator)
  const wIh = Array.from({ length: H }, () => uniform(1, 1)) // H rows of [1]
  const lengths = (rho: number, xs: Matrix) => {
    const weights = { wIh, wHh: turn.map((row) => row.map((w) => w * rho)), bIh: new Float64Array(H), bHh: new Float64Array(H) }
    const hs = forward(weights, xs, new Float64Array(H))
    let dh: Float64Array = new Float64Array(H).with(0, 1)
    const found = [1]
    for (let t = T - 1; t >= 0; t--) {
      dh = stepBackward(weights, dh, xs[t], hs[t], hs[t + 1]).dhBefore
      found.push(Math.hypot(...dh))
    }
    return found
  }
  const curves = (xs: Matrix) => ({ 'ρ = 1.2': lengths(1.2, xs), 'ρ = 1': lengths(1, xs), 'ρ = 0.8': lengths(0.8, xs) })
  const silence = Array.from({ length: T }, () => new Float64Array(1))
  const noise = silence.map(() => uniform(1, 1))
  const xLabel = 'steps back'
  show(lines(curves(silence), { title: 'how long a gradient is on its way back: no input', xLabel, log: true, height: 9 }))
  print('Every state is 0 here. W_hh turns vectors, and makes them ρ times as long: ρ^k after k steps. It vanishes or explodes.', '')
  show(lines(curves(noise), { title: 'the same with random input', xLabel, log: true, height: 9 }))
  print("Now no state is 0, and each step multiplies by tanh' = 1 - h² as well, which is below 1.", '')

  // The echo: say which bit came five steps ago.
  const delay = 5
  const length = 24
  const bits = () => Array.from(generator.randint(0, 2, length), (bit) => Float64Array.of(2 * bit - 1)) // of -1 and 1
  const epochs = options.epochs ?? (options.quick ? 8 : 25) // of 100 sequences each
  const sequences = Array.from({ length: 100 * epochs }, bits)
  /** Weights as PyTorch draws them, but W_hh so many times larger. */
  const fresh = (times: number): Network => {
    const bound = 1 / Math.sqrt(H)
    const rows = (n: number, b: number) => Array.from({ length: H }, () => uniform(n, b))
    return {
      weights: { wIh: rows(1, 1), wHh: rows(H, times * bound), bIh: uniform(H, bound), bHh: uniform(H, bound) },
      v: uniform(H, bound),
      c: 0,
    }
  }
  const train = (what: string, start: Network, how: Training) => {
    let network = start
    const errors: number[] = []
    let longest = 0
    for (const [i, xs] of sequences.entries()) {
      const after = trainStep(network, xs, delay, how)
      network = after.network
      errors.push(after.error)
      longest = Math.max(longest, after.length)
      status(`${what}: sequence ${i + 1} of ${sequences.length}, error ${after.error.toFixed(3)}`)
    }
    return { network, errors, longest }
  }
  const unseen = Array.from({ length: 50 }, bits)
  const rightOf = ({ network }: { network: Network }) => {
    const right = unseen.flatMap((xs) => [...answer(network, xs).y.slice(delay)].map((y_t, i) => y_t * xs[i][0] > 0))
    return `${((100 * right.filter(Boolean).length) / right.length).toFixed(1)}%`
  }
  const start = fresh(1)
  const windows = Object.fromEntries(
    [4, 8, length].map((k) => {
      const what = k === length ? `all ${k} steps back` : `${k} steps back`
      return [what, train(what, start, { k, alpha: 0.1, maxNorm: 1 })]
    }),
  )
  const errorsOf = (runs: Record<string, { errors: number[] }>) =>
    Object.fromEntries(Object.entries(runs).map(([name, { errors }]) => [name, errors]))
  show(lines(errorsOf(windows), { title: 'echo a bit after 5 steps: the mean of (y - d)²', xLabel: 'sequence', log: true, height: 11 }))
  show(
    table(
      ['gradient carried', 'right of 950 new bits'],
      Object.entries(windows).map(([name, run]) => [name, rightOf(run)]),
    ),
  )
  print('Cut after 4 steps, a gradient never gets to the bit that it should be about.', '')

  const xs = unseen[0]
  const { y } = answer(windows[`all ${length} steps back`].network, xs)
  const wanted = Array.from(y, (_, t) => (t < delay ? Number.NaN : xs[t - delay][0]))
  show(lines({ 'the bit of 5 steps ago': wanted, 'the answer': y }, { title: 'a new sequence', xLabel: 'step', height: 7 }))
  print('')

  const wild = fresh(5)
  const runs = {
    'not clipped': train('not clipped', wild, { k: length, alpha: 0.3, maxNorm: Number.POSITIVE_INFINITY }),
    'clipped at 1': train('clipped at 1', wild, { k: length, alpha: 0.3, maxNorm: 1 }),
  }
  show(lines(errorsOf(runs), { title: 'W_hh 5 times as large at first: the mean of (y - d)²', xLabel: 'sequence', log: true, height: 11 }))
  show(
    table(
      ['', 'longest gradient', 'right of 950 new bits'],
      Object.entries(runs).map(([name, run]) => [name, run.longest.toFixed(1), rightOf(run)]),
    ),
  )
  print('One gradient that explodes is enough to throw the weights far away. Clipped, it still says where to, but not how far.')
})
