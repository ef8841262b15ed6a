/**
 * The LSTM (Hochreiter & Schmidhuber 1997) has a cell c besides its state h.
 * Four gates, each a small layer on x_t and h_t-1, say what becomes of it:
 *
 *     i = σ(a_i)   what is let in         g = tanh(a_g)   what is offered
 *     f = σ(a_f)   what is kept           o = σ(a_o)      what is shown
 *
 *     c_t = f ⊙ c_t-1 + i ⊙ g             h_t = o ⊙ tanh(c_t)
 *
 * From cell to cell a gradient is multiplied by f alone: no matrix, no tanh'.
 * Where the gate stays open it comes through a hundred steps. (The forget gate
 * is by Gers, Schmidhuber & Cummins 2000.)
 */
import { readSeries } from '../../src/data/series.ts'
import { data, F, fit, grad, manualSeed, nn, noGrad, optim, type Tensor, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { heatmap, lines, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** The weights of a cell with H numbers in its state, on I inputs. Their rows are those of i, f, g and o, one block of H after the other. */
export interface Weights {
  readonly wIh: readonly Float64Array[] // 4H rows of [I]
  readonly wHh: readonly Float64Array[] // 4H rows of [H]
  readonly bIh: Float64Array // [4H]
  readonly bHh: Float64Array // [4H]
}

/** What the gates of one step answer, or a gradient by it: input gate, forget gate, candidate, output gate.        each [H] */
export interface Gates {
  readonly i: Float64Array
  readonly f: Float64Array
  readonly g: Float64Array
  readonly o: Float64Array
}

/** What the cell remembers, and what it shows of that.        each [H] */
export interface State {
  readonly h: Float64Array
  readonly c: Float64Array
}

/** σ(a) = 1 / (1 + e^(-a)), and σ' = σ · (1 - σ)        a: number -> between 0 and 1 */
export function sigmoid(a: number): number {
  return 1 / (1 + Math.exp(-a))
}

/** What all gates sum up.  a = W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh        x: [I], hBefore: [H] -> a: [4H] */
export function sums(weights: Weights, x: Float64Array, hBefore: Float64Array): Float64Array {
  const { wIh, wHh, bIh, bHh } = weights
  const dot = (w: Float64Array, v: Float64Array) => w.reduce((sum, w_k, k) => sum + w_k * v[k], 0)
  return bIh.map((b, j) => dot(wIh[j], x) + b + dot(wHh[j], hBefore) + bHh[j]) // worked: read it, then go on
}

/** The four blocks of the sums, through σ, σ, tanh and σ.        a: [4H], blocks i, f, g, o -> each gate: [H] */
export function gatesOf(a: Float64Array): Gates {
  const H = a.length / 4
  return {
    i: a.slice(0, H).map(sigmoid),
    f: a.slice(H, 2 * H).map(sigmoid),
    g: a.slice(2 * H, 3 * H).map(Math.tanh),
    o: a.slice(3 * H).map(sigmoid),
  }
}

/** The new cell and the new state.  c_t = f ⊙ c_t-1 + i ⊙ g,  h_t = o ⊙ tanh(c_t)        gates: each [H], cBefore: [H] -> c, h: [H] */
export function nextState(gates: Gates, cBefore: Float64Array): State {
  const { i, f, g, o } = gates
  const c = cBefore.map((c_j, j) => f[j] * c_j + i[j] * g[j]) // [H]
  return { h: c.map((c_j, j) => o[j] * Math.tanh(c_j)), c }
}

/** What one step makes of the gradients that come back to it. */
export interface Back {
  readonly dGates: Gates
  readonly dcBefore: Float64Array // what goes on to the cell before, [H]
}

/**
 * Back through h = o ⊙ tanh(c) and c = f ⊙ cBefore + i ⊙ g. The cell gets a gradient from the next step, dc, and one from its own h:
 * dc_all = dc + dh ⊙ o ⊙ (1 - tanh²(c))
 * di = dc_all ⊙ g,  df = dc_all ⊙ cBefore,  dg = dc_all ⊙ i,  do = dh ⊙ tanh(c);  dcBefore = dc_all ⊙ f
 * dh, dc: [H], gates: each [H], cBefore, c: [H] -> dGates: each [H], dcBefore: [H]
 */
export function stateBackward(dh: Float64Array, dc: Float64Array, gates: Gates, cBefore: Float64Array, c: Float64Array): Back {
  const { i, f, g, o } = gates
  const tanhC = c.map(Math.tanh) // [H]
  const all = dc.map((dc_j, j) => dc_j + dh[j] * o[j] * (1 - tanhC[j] ** 2)) // [H]
  const times = (v: Float64Array, w: Float64Array) => v.map((v_j, j) => v_j * w[j])
  return { dGates: { i: times(all, g), f: times(all, cBefore), g: times(all, i), o: times(dh, tanhC) }, dcBefore: times(all, f) }
}

/**
 * Back through σ, σ, tanh and σ, from what the gates answered: σ' = σ · (1 - σ), tanh' = 1 - tanh².
 * da = [di ⊙ i ⊙ (1 - i), df ⊙ f ⊙ (1 - f), dg ⊙ (1 - g²), do ⊙ o ⊙ (1 - o)]        dGates, gates: each [H] -> da: [4H], blocks i, f, g, o
 */
export function gatesBackward(dGates: Gates, gates: Gates): Float64Array {
  const sigmoidBack = (d: Float64Array, y: Float64Array) => [...d].map((d_j, j) => d_j * y[j] * (1 - y[j]))
  const { i, f, g, o } = gates
  return Float64Array.from([
    ...sigmoidBack(dGates.i, i),
    ...sigmoidBack(dGates.f, f),
    ...[...dGates.g].map((d_j, j) => d_j * (1 - g[j] ** 2)),
    ...sigmoidBack(dGates.o, o),
  ])
}

/** How a series is brought to mean 0 and standard deviation 1. */
export interface Scale {
  readonly mean: number
  readonly std: number
}

/**
 * Mean and standard deviation of the first n values, the training part; what comes later is not known yet.
 * mean = 1/n · Σ s_t,  std = √(1/n · Σ (s_t - mean)²)        series: [T], n: 1 … T -> numbers
 */
export function fitScale(series: Float64Array, n: number): Scale {
  const known = series.subarray(0, n) // [n]
  const mean = known.reduce((sum, s) => sum + s, 0) / n
  return { mean, std: Math.sqrt(known.reduce((sum, s) => sum + (s - mean) ** 2, 0) / n) }
}

/** What is learnt from a series: windows of past values, and the value that came after each. */
export interface Windows {
  readonly x: readonly Float64Array[]
  readonly y: Float64Array
}

/**
 * All windows of a series, each beginning one step later.
 * x_k = [s_k, …, s_(k + size - 1)],  y_k = s_(k + size)        series: [T], size: below T -> x: T - size rows of [size], y: [T - size]
 */
export function windows(series: Float64Array, size: number): Windows {
  const x = Array.from({ length: series.length - size }, (_, k) => series.slice(k, k + size))
  return { x, y: series.slice(size) }
}

/** One step of a sequence, with all that the way back needs. */
export interface Step extends State {
  readonly gates: Gates
  readonly cBefore: Float64Array // [H]
}

/** All steps of a sequence, from a state of zeros, by the functions above.        xs: T inputs of [I] -> T steps */
export function run(weights: Weights, xs: readonly Float64Array[]): Step[] {
  const steps: Step[] = []
  const H = weights.bHh.length / 4
  let state: State = { h: new Float64Array(H), c: new Float64Array(H) }
  for (const x of xs) {
    const gates = gatesOf(sums(weights, x, state.h))
    const cBefore = state.c
    state = nextState(gates, cBefore)
    steps.push({ ...state, gates, cBefore })
  }
  return steps
}

/** The way back, by the functions above: from a gradient dh by the last state to all inputs and cells.        dh: [H] -> dxs: T of [I], dcs: T of [H] */
export function runBackward(weights: Weights, steps: readonly Step[], dh: Float64Array) {
  const back = (w: readonly Float64Array[], da: Float64Array) => w[0].map((_, i) => da.reduce((sum, da_j, j) => sum + w[j][i] * da_j, 0))
  let dc: Float64Array = new Float64Array(dh.length)
  const found: { dx: Float64Array; dc: Float64Array }[] = []
  for (const { gates, cBefore, c } of steps.toReversed()) {
    const { dGates, dcBefore } = stateBackward(dh, dc, gates, cBefore, c)
    const da = gatesBackward(dGates, gates) // [4H]
    found.unshift({ dx: back(weights.wIh, da), dc: dcBefore })
    dh = back(weights.wHh, da)
    dc = dcBefore
  }
  return { dxs: found.map(({ dx }) => dx), dcs: found.map(({ dc }) => dc) }
}

/** A recurrent layer of the library, and a linear one that makes a number of its last state.        x: [N, T, I] -> y: [N, 1] */
export class Reader extends nn.Module<[x: Tensor], Tensor> {
  readonly layer: nn.LSTM | nn.RNN
  readonly head: nn.Linear

  constructor(layer: nn.LSTM | nn.RNN) {
    super()
    this.layer = layer
    this.head = new nn.Linear(layer.hiddenSize, 1)
  }

  forward(x: Tensor): Tensor {
    const [output] = this.layer.forward(x) // [N, T, H]
    return this.head.forward(output.select(1, x.shape[1] - 1))
  }
}

/** A layer of nn.LSTM, as our functions take it: the first level, forwards.        layer: I inputs, H in its state -> weights of that size */
export async function weightsOf(layer: nn.LSTM): Promise<Weights> {
  const rows = async (w: Tensor) => {
    const values = Float64Array.from(await w.read())
    return Array.from({ length: w.shape[0] }, (_, j) => values.slice(j * w.shape[1], (j + 1) * w.shape[1]))
  }
  return {
    wIh: await rows(layer.weight_ih_l0),
    wHh: await rows(layer.weight_hh_l0),
    bIh: Float64Array.from(await layer.bias_ih_l0.read()),
    bHh: Float64Array.from(await layer.bias_hh_l0.read()),
  }
}

/**
 * The adding problem: a sequence of random numbers from 0 to 1, each with a mark that is 0 or 1. Two are marked, one in each half; what is
 * wanted is the sum of these two.        n: sequences, T: steps -> x: [n, T, 2], y: [n, 1]
 */
export function addingProblem(n: number, T: number, generator: Generator): { x: Tensor; y: Tensor } {
  const x = new Float32Array(n * T * 2)
  const y = new Float32Array(n)
  for (let k = 0; k < n; k++) {
    const values = generator.uniform(new Float32Array(T), 0, 1)
    const marked = [generator.randint(0, T / 2, 1)[0], generator.randint(T / 2, T, 1)[0]]
    for (let t = 0; t < T; t++) x.set([values[t], marked.includes(t) ? 1 : 0], (k * T + t) * 2)
    y[k] = values[marked[0]] + values[marked[1]]
  }
  return { x: tensor(x).reshape(n, T, 2), y: tensor(y).reshape(n, 1) }
}

/**
 * Prices that somebody could have written down, drawn by chance. 'walk': each day adds a random step, and nothing can foresee it. 'seasons':
 * a level that wanders and comes back, a rhythm of the week, one of the quarter, and noise.        T: days -> [T]
 */
export function prices(kind: 'seasons' | 'walk', T: number, generator: Generator): Float64Array {
  const week = generator.normal(new Float64Array(7), 0, 2)
  const [steps, noise] = [generator.normal(new Float64Array(T)), generator.normal(new Float64Array(T), 0, 0.7)]
  let level = 0
  return steps.map((step, t) => {
    level = kind === 'walk' ? level + step : 0.98 * level + 0.4 * step
    if (kind === 'walk') return 100 + level
    return 100 + level + week[t % 7] + 6 * Math.sin((2 * Math.PI * t) / 91) + noise[t]
  })
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const H = 16
  const generator = new Generator(options.seed)

  // A gradient by the cell on its way back, with the forget gate's bias at three values.
  const bound = 1 / Math.sqrt(H)
  const uniform = (n: number) => generator.uniform(new Float64Array(n), -bound, bound)
  const rows = (n: number) => Array.from({ length: 4 * H }, () => uniform(n))
  const drawn: Weights = { wIh: rows(2), wHh: rows(H), bIh: uniform(4 * H), bHh: new Float64Array(4 * H) }
  const noise = Array.from({ length: 100 }, () => generator.uniform(new Float64Array(2), -1, 1))
  const lengths = (bias: number) => {
    const weights = { ...drawn, bHh: drawn.bHh.map((b, j) => (j >= H && j < 2 * H ? b + bias : b)) }
    const { dcs } = runBackward(weights, run(weights, noise), new Float64Array(H).fill(bound))
    return dcs.map((dc) => Math.hypot(...dc)).reverse()
  }
  const biases = { 'b_f = 0': lengths(0), 'b_f = 1': lengths(1), 'b_f = 3': lengths(3) }
  show(lines(biases, { title: 'how long a gradient by the cell is, on its way back', xLabel: 'steps back', log: true, height: 9 }))
  print('Each step multiplies it by f = σ(a_f), and adds what comes by way of h. The bias of the forget gate decides how much is left.', '')

  // The adding problem. The functions above take one step of one sequence; thousands of sequences take the library's nn.LSTM.
  const T = options.quick ? 20 : 100
  const test = addingProblem(500, T, generator)
  const shown = Float64Array.from(await test.x.select(0, 0).read())
  const part = (k: number) => shown.filter((_, j) => j % 2 === k)
  show(lines({ number: part(0), mark: part(1) }, { title: 'the adding problem: one sequence', xLabel: 'step', height: 6 }))
  print(`Wanted is the sum of the two marked numbers. Who always says 1 is off by 1/6 = 0.167, in the mean of the squares.`, '')

  const most = options.epochs ?? (options.quick ? 20 : 50) // epochs of 50 batches
  /** Trains on new sequences in every batch, until the error on the test sequences is small. */
  async function train(name: string, layer: nn.LSTM | nn.RNN, epochs: number) {
    const model = new Reader(layer)
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 })
    const draw = new Generator(options.seed)
    const start = performance.now()
    const errors: number[] = []
    const seconds = () => (performance.now() - start) / 1000
    while (errors.length < epochs && !(errors[errors.length - 1] < 0.001)) {
      for (let batch = 0; batch < 50; batch++) {
        const { x, y } = addingProblem(32, T, draw)
        optimizer.zeroGrad()
        F.mseLoss(model.forward(x), y).backward()
        optim.clipGradNorm(model.parameters(), 1)
        optimizer.step()
      }
      const error = noGrad(() => F.mseLoss(model.forward(test.x), test.y))
      errors.push((await error.read())[0])
      status(`${name}: ${50 * errors.length} batches, ${seconds().toFixed(0)} s, error ${errors[errors.length - 1].toFixed(4)}`)
    }
    return { name, model, layer, errors, seconds: seconds() }
  }
  manualSeed(options.seed)
  const layer = new nn.LSTM(2, H, { batchFirst: true })
  const bias = tensor(Float32Array.from({ length: 4 * H }, (_, j) => (j >= H && j < 2 * H ? 1 : 0)))
  noGrad(() => layer.bias_hh_l0.copy_(bias)) // the forget gates begin open
  const lstm = await train('LSTM', layer, most)
  const rnn = await train('RNN', new nn.RNN(2, H, { batchFirst: true }), lstm.errors.length)
  const curves = Object.fromEntries([lstm, rnn].map(({ name, errors }) => [name, errors]))
  const range: [number, number] = [50, 50 * lstm.errors.length]
  show(lines(curves, { title: `mean squared error over ${T} steps`, xLabel: 'batches of 32', x: range, log: true, height: 10 }))
  const results = [lstm, rnn].map(({ name, errors, seconds }) => [
    name,
    50 * errors.length,
    seconds.toFixed(1),
    errors[errors.length - 1].toFixed(4),
  ])
  show(table(['', 'batches', 'seconds', 'mean squared error'], results))
  print('')

  // The trained cell on one sequence, step by step, by the functions above.
  const weights = await weightsOf(layer)
  const xs = Array.from({ length: T }, (_, t) => Float64Array.from(shown.subarray(2 * t, 2 * t + 2)))
  const steps = run(weights, xs)
  const readout = Float64Array.from(await lstm.model.head.weight.read()) // [H]
  const ourAnswer = lstm.model.head.forward(tensor(Float32Array.from(steps[T - 1].h))) // [1]
  const { dxs } = runBackward(weights, steps, readout)
  const cells = Array.from({ length: H }, (_, j) => steps.map(({ c }) => c[j])) // [H, T]
  show(heatmap(cells, { title: 'the trained cells over the steps of the sequence above, by our functions', xLabel: 'step' }))
  const slopes = dxs.map(([byNumber]) => byNumber)
  show(lines(slopes, { title: '∂y / ∂x_t: how much the answer depends on the number of step t', xLabel: 'step', height: 7 }))

  const x = tensor(Float32Array.from(shown), { requiresGrad: true })
  const libraryAnswer = lstm.model.forward(x.reshape(1, T, 2))
  const [dx] = grad(libraryAnswer, [x])
  const byLibrary = await dx.read()
  const apart = Math.max(...slopes.map((slope, t) => Math.abs(slope - byLibrary[2 * t])))
  const [wanted] = await test.y.read()
  print(
    `Wanted ${wanted.toFixed(4)}. Our functions say ${(await ourAnswer.read())[0].toFixed(4)}, nn.LSTM says ${(await libraryAnswer.read())[0].toFixed(4)}.`,
    `At the marked steps ∂y / ∂x_t is ${slopes
      .filter((_, t) => xs[t][1] === 1)
      .map((slope) => slope.toFixed(2))
      .join(' and ')}; by autograd and by our functions it is at most ${apart.toExponential(0)} apart.`,
    '',
  )

  // A forecast: the next value, from a window of the last 30.
  const kind = options.data === 'seasons' || options.data === 'walk' ? options.data : undefined
  const series = kind ? prices(kind, 1000, generator) : readSeries(options.data)
  const size = 30
  const [known, tuned] = [Math.floor(0.7 * series.length), Math.floor(0.85 * series.length)] // days before validation, before the test
  if (known < 3 * size)
    throw new Error(`${options.data}: a forecast from windows of ${size} takes ${5 * size} values or more, got ${series.length}`)
  const scale = fitScale(series, known)
  if (scale.std === 0) throw new Error(`${options.data}: the first ${known} values are all the same, ${scale.mean}`)
  const scaled = series.map((s) => (s - scale.mean) / scale.std)
  const all = windows(scaled, size)
  /** The windows whose value to forecast comes on one of these days. */
  const days = (from: number, to: number) => {
    const rows = Float32Array.from(all.x.slice(from - size, to - size).flatMap((row) => [...row]))
    const next = Float32Array.from(all.y.subarray(from - size, to - size))
    return new data.TensorDataset(tensor(rows).reshape(to - from, size, 1), tensor(next).reshape(to - from, 1))
  }
  const forecaster = new Reader(new nn.LSTM(1, H, { batchFirst: true }))
  const history = await fit(forecaster, {
    train: new data.DataLoader(days(size, known), { batchSize: 32, shuffle: true }),
    validation: days(known, tuned),
    epochs: options.epochs ?? (options.quick ? 10 : 100),
    optimizer: new optim.Adam(forecaster.parameters(), { lr: 0.01 }),
    loss: F.mseLoss,
    clipGradNorm: 1,
    earlyStopping: { patience: 10 },
    quiet: true,
    onEpoch: ({ epoch, validationLoss }) => status(`forecast: epoch ${epoch}, validation loss ${validationLoss?.toFixed(4)}`),
  })
  show(
    lines(
      { training: history.loss, validation: history.validationLoss },
      { title: `forecast of ${options.data}: mean squared error, scaled`, xLabel: 'epoch', log: true, height: 8 },
    ),
  )
  print(
    `${history.stoppedEarly ? 'Stopped early. The' : 'The'} parameters are those of epoch ${history.bestEpoch}, the best in validation.`,
    '',
  )

  const [testX] = days(tuned, series.length).tensors
  const scaledForecast = await noGrad(() => forecaster.forward(testX)).read()
  const forecast = Float64Array.from(scaledForecast, (z) => z * scale.std + scale.mean)
  const truth = series.subarray(tuned)
  const naive = series.subarray(tuned - 1, series.length - 1) // tomorrow is as today
  const last = Math.min(40, truth.length)
  show(
    lines(
      { truth: truth.slice(-last), LSTM: forecast.slice(-last), naive: naive.slice(-last) },
      { title: `the last ${last} days of the test`, xLabel: 'day', x: [series.length - last, series.length - 1], height: 12 },
    ),
  )
  const rmse = (of: Float64Array) => Math.sqrt(of.reduce((sum, value, t) => sum + (value - truth[t]) ** 2, 0) / truth.length)
  const [ofLstm, ofNaive] = [rmse(forecast), rmse(naive)]
  const errors = Object.entries({ LSTM: ofLstm, 'naive: as today': ofNaive }).map(([name, error]) => [name, error.toFixed(3)])
  show(table(['forecast', `off by, over ${truth.length} days (root mean square)`], errors))
  const verdict =
    ofLstm < ofNaive
      ? `is better than the naive forecast by ${(100 * (1 - ofLstm / ofNaive)).toFixed(1)}%`
      : 'does not beat the naive forecast'
  print(`Here the LSTM ${verdict}.`)
  const learnt = series.subarray(0, known)
  const [low, high] = [Math.min(...learnt), Math.max(...learnt)]
  const beyond = truth.filter((value) => value < low || value > high).length / truth.length
  if (beyond > 0.1) {
    print(
      `${(100 * beyond).toFixed(0)}% of the test lies beyond all that training has shown, ${low.toFixed(2)} to ${high.toFixed(2)}. The answer is a weighted sum of h, which never leaves -1 to 1: it cannot follow. Try the changes from day to day in place of the prices.`,
    )
  }
})
