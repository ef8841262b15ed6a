/**
 * The delta rule (Widrow & Hoff 1960) lets a neuron learn from how far it was
 * off, not only from whether it was wrong:
 *
 *     e = d - y        Δw_i = α · δ · x_i        δ = φ'(v) · e
 *
 * A neuron gives y = φ(v), v = Σ w_i · x_i. If φ is the identity, then φ' = 1
 * and δ = e. The sigmoid squeezes v between 0 and 1, and δ is small where it
 * is flat. The bias is the weight of one more input, which is always 1.
 *
 * The weights can move after each sample, after all of them by the mean of
 * their changes, or after a few: the same rule at three batch sizes.
 */
import { iris } from '../../data/iris.ts'
import { lesson } from '../../src/learn/index.ts'
import { lines, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** What a neuron makes of its sum v: v itself (Widrow and Hoff's Adaline), or the sigmoid of v. */
export type Activation = 'identity' | 'sigmoid'

/** The weights of a layer: one row for each neuron, one weight for each input.        m rows of [n] */
export type Weights = readonly Float64Array[]

/** An example to learn from: an input, and the output that is wanted of every neuron.        x: [n], d: [m] */
export interface Sample {
  readonly x: Float64Array
  readonly d: Float64Array
}

/** How far off an output is, and in which direction.  e = d - y        d: what was wanted, y: what came -> e: number */
export function error(d: number, y: number): number {
  return d - y // worked: read it, then go on
}

/** The delta rule: how the weights of one neuron change.  Δw_i = α · δ · x_i        α, δ: numbers, x: [n] -> Δw: [n] */
export function weightChange(alpha: number, delta: number, x: Float64Array): Float64Array {
  return x.map((x_i) => alpha * delta * x_i)
}

/** The sigmoid.  y = 1 / (1 + e^(-v))        v: number -> y: between 0 and 1 */
export function sigmoid(v: number): number {
  return 1 / (1 + Math.exp(-v))
}

/** How steep the sigmoid is at v, from y = sigmoid(v) alone.  φ'(v) = y · (1 - y)        y: number -> φ': number */
export function sigmoidDerivative(y: number): number {
  return y * (1 - y)
}

/** What every neuron of a layer answers.  y_j = φ(Σ_i w_ji · x_i)        w: m rows of [n], x: [n] -> y: [m] */
export function output(w: Weights, x: Float64Array, activation: Activation): Float64Array {
  return Float64Array.from(w, (w_j) => {
    const v = w_j.reduce((sum, w_ji, i) => sum + w_ji * x[i], 0)
    return activation === 'sigmoid' ? sigmoid(v) : v
  })
}

/** What every neuron learns from.  δ_j = φ'(v_j) · e_j; the identity has φ' = 1        d: wanted, y: output, both [m] -> δ: [m] */
export function delta(d: Float64Array, y: Float64Array, activation: Activation): Float64Array {
  return y.map((y_j, j) => {
    const slope = activation === 'sigmoid' ? sigmoidDerivative(y_j) : 1
    return slope * error(d[j], y_j)
  })
}

/**
 * How a batch changes the weights: the mean of what its samples change, all of them met by the same weights.
 * ΔW_j = 1/N · Σ α · δ_j · x        w: m rows of [n], batch: N ≥ 1 samples -> ΔW: m rows of [n]
 */
export function batchChange(w: Weights, batch: readonly Sample[], alpha: number, activation: Activation): Float64Array[] {
  const change = w.map((w_j) => new Float64Array(w_j.length))
  for (const { x, d } of batch) {
    const deltas = delta(d, output(w, x, activation), activation)
    for (const [j, row] of change.entries()) {
      const sampleChange = weightChange(alpha, deltas[j], x)
      for (let i = 0; i < row.length; i++) row[i] += sampleChange[i] / batch.length
    }
  }
  return change
}

/** One epoch: batch by batch, in the order given; the weights move after each batch.        w: m rows of [n] -> new w: m rows of [n] */
export function trainEpoch(w: Weights, samples: readonly Sample[], batchSize: number, alpha: number, activation: Activation): Weights {
  let current = w
  for (let start = 0; start < samples.length; start += batchSize) {
    const change = batchChange(current, samples.slice(start, start + batchSize), alpha, activation)
    current = current.map((w_j, j) => w_j.map((w_ji, i) => w_ji + change[j][i]))
  }
  return current
}

/** How far the layer is off, as one number: the mean over the samples of Σ_j e_j².        w: m rows of [n], samples: N of them -> number */
export function meanSquaredError(w: Weights, samples: readonly Sample[], activation: Activation): number {
  let sum = 0
  for (const { x, d } of samples) {
    for (const [j, y_j] of output(w, x, activation).entries()) sum += error(d[j], y_j) ** 2
  }
  return sum / samples.length
}

/**
 * The 150 irises in random order: 120 to learn from and 30 kept back. Every measure is shifted and scaled, so that it has mean 0 and
 * standard deviation 1 over the 120; a last input of 1 carries the bias. d is one-hot: 1 for the flower's species, 0 for the two others.
 * generator: draws the order -> training: 120 samples, unseen: 30, x: [5], d: [3]
 */
export function irises(generator: Generator): { training: readonly Sample[]; unseen: readonly Sample[] } {
  const { features, target } = iris() // [150, 4], [150]
  const order = Array.from(generator.randperm(150))
  const scaled = [0, 1, 2, 3].map((column) => {
    const values = order.map((flower) => features[4 * flower + column])
    const mean = values.slice(0, 120).reduce((sum, value) => sum + value, 0) / 120
    const variance = values.slice(0, 120).reduce((sum, value) => sum + (value - mean) ** 2, 0) / 120
    return values.map((value) => (value - mean) / Math.sqrt(variance))
  })
  const samples = order.map((flower, row) => ({
    x: Float64Array.of(...scaled.map((values) => values[row]), 1),
    d: Float64Array.of(0, 0, 0).with(target[flower], 1),
  }))
  return { training: samples.slice(0, 120), unseen: samples.slice(120) }
}

/** The samples for which the right neuron gives the largest output.        w: m rows of [n], samples: N -> N or fewer of them */
export function recognised(w: Weights, samples: readonly Sample[], activation: Activation): Sample[] {
  return samples.filter(({ x, d }) => {
    const y = output(w, x, activation)
    return d[y.indexOf(Math.max(...y))] === 1
  })
}

await lesson(import.meta, ({ show, print, options }) => {
  const generator = new Generator(options.seed)
  const { training, unseen } = irises(generator)
  const start = [0, 1, 2].map(() => generator.uniform(new Float64Array(5), -0.5, 0.5)) // a neuron for each species
  const epochs = options.epochs ?? (options.quick ? 30 : 100)

  /** Every way to train begins with the same weights, and goes through the samples in a new order in every epoch. */
  function train(activation: Activation, batchSize: number, alpha: number) {
    let w: Weights = start
    const errors = [meanSquaredError(w, training, activation)]
    for (let epoch = 0; epoch < epochs; epoch++) {
      const shuffled = Array.from(generator.randperm(training.length), (k) => training[k])
      w = trainEpoch(w, shuffled, batchSize, alpha, activation)
      errors.push(meanSquaredError(w, training, activation))
    }
    return { errors, steps: training.length / batchSize, right: (of: readonly Sample[]) => recognised(w, of, activation).length }
  }

  const single = train('sigmoid', 1, 0.3)
  const mini = train('sigmoid', 10, 0.3)
  const full = train('sigmoid', 120, 0.3)
  const identity = train('identity', 1, 0.01)

  const curves = { 'single samples': single.errors, 'mini-batches of 10': mini.errors, 'full batch': full.errors }
  show(lines(curves, { title: 'sigmoid, α = 0.3: E, the mean of Σ e² over 120 irises', xLabel: 'epoch', height: 12 }))
  print('')

  const ways = { 'single samples': single, 'mini-batches': mini, 'full batch': full, 'identity, singly': identity }
  const rows = Object.entries(ways).map(([name, { errors, steps, right }]) => {
    const reached = errors.findIndex((E) => E < 0.3)
    return [name, steps, reached < 0 ? 'later' : `epoch ${reached}`, errors[epochs].toFixed(3), right(training), right(unseen)]
  })
  show(table(['trained by', 'steps/epoch', 'E < 0.3', 'E at last', 'right of 120', 'of 30 unseen'], rows))
  print(
    'An epoch costs all four the same. Single samples are the fastest: they make 120 steps of it, the full batch one, along the mean.',
    '',
  )

  const species = iris().targetNames.map((name, s) => {
    const flowers = training.filter(({ d }) => d[s] === 1)
    return [name, flowers.length, identity.right(flowers), single.right(flowers)]
  })
  show(table(['species', 'flowers', 'right by identity', 'right by sigmoid'], species, { title: 'single samples' }))
  print('Versicolor lies between the others. Straight lines cross there, and it stands out nowhere; sigmoids level off, so it can.')
})
