/**
 * Backpropagation (Rumelhart, Hinton & Williams 1986) is the chain rule, taken
 * from the back. An output neuron knows its error, and so its δ. A hidden one
 * has no target: it gets a share of the δ of every neuron that it feeds,
 * backwards through the same weights.
 *
 *     δ = φ'(v) ⊙ (d - y)     δ_h = φ'(v_h) ⊙ (Wᵀ · δ)     ΔW = α · δ · xᵀ
 *
 * So two layers learn XOR, which one cannot. But only with the sigmoid between
 * them: without it W2 · (W1 · x + b1) + b2 is a single layer again.
 */
import { lesson } from '../../src/learn/index.ts'
import { lines, regions, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** A layer of m neurons on n inputs.        w: m rows of [n], b: [m] */
export interface Layer {
  readonly w: readonly Float64Array[]
  readonly b: Float64Array
}

/** Two layers: the hidden one sees the input, the output layer sees what the hidden one answers. */
export interface Network {
  readonly hidden: Layer // m neurons on n inputs
  readonly output: Layer // k neurons on m inputs
}

/** An example to learn from: an input, and the output that is wanted.        x: [n], d: [k] */
export interface Sample {
  readonly x: Float64Array
  readonly d: Float64Array
}

/** What each neuron sums up.  v = W · x + b        layer: m on n, x: [n] -> v: [m] */
export function weightedSums(layer: Layer, x: Float64Array): Float64Array {
  return layer.b.map((b_j, j) => layer.w[j].reduce((v, w_ji, i) => v + w_ji * x[i], b_j)) // worked: read it, then go on
}

/** φ, element by element.  y_j = 1 / (1 + e^(-v_j)), and its slope is φ'(v_j) = y_j · (1 - y_j)        v: [m] -> y: [m] */
export function sigmoid(v: Float64Array): Float64Array {
  return v.map((v_j) => 1 / (1 + Math.exp(-v_j)))
}

/** Forward through both layers.  h = φ(W1 · x + b1),  y = φ(W2 · h + b2)        x: [n] -> h: [m], y: [k] */
export function forward(network: Network, x: Float64Array): { h: Float64Array; y: Float64Array } {
  const h = sigmoid(weightedSums(network.hidden, x)) // [m]
  const y = sigmoid(weightedSums(network.output, h)) // [k]
  return { h, y }
}

/**
 * What the output layer learns from, as in the delta rule.
 * δ_k = y_k · (1 - y_k) · (d_k - y_k)        d: what was wanted, y: what came, both [k] -> δ: [k]
 */
export function outputDelta(d: Float64Array, y: Float64Array): Float64Array {
  return y.map((y_k, k) => y_k * (1 - y_k) * (d[k] - y_k))
}

/**
 * What the hidden layer learns from: its error is what the output layer's δ sends back through the weights.
 * e_j = Σ_k w_kj · δ_k, that is e = Wᵀ · δ;  δ_j = h_j · (1 - h_j) · e_j        output: k neurons on m, delta: [k], h: [m] -> δ: [m]
 */
export function hiddenDelta(output: Layer, delta: Float64Array, h: Float64Array): Float64Array {
  return h.map((h_j, j) => {
    const e_j = delta.reduce((sum, delta_k, k) => sum + output.w[k][j] * delta_k, 0)
    return h_j * (1 - h_j) * e_j
  })
}

/**
 * The delta rule for a whole layer, α being the learning rate.
 * ΔW = α · δ · xᵀ, that is Δw_ji = α · δ_j · x_i;  Δb_j = α · δ_j        delta: [m], x: [n] -> w: m rows of [n], b: [m]
 */
export function layerChange(alpha: number, delta: Float64Array, x: Float64Array): Layer {
  return {
    w: Array.from(delta, (delta_j) => x.map((x_i) => alpha * delta_j * x_i)),
    b: delta.map((delta_j) => alpha * delta_j),
  }
}

/** A layer after its change.  W + ΔW,  b + Δb        layer, change: m on n -> a new layer: m on n */
export function changed(layer: Layer, change: Layer): Layer {
  return {
    w: layer.w.map((row, j) => row.map((w_ji, i) => w_ji + change.w[j][i])),
    b: layer.b.map((b_j, j) => b_j + change.b[j]),
  }
}

/**
 * One step of training on one sample: forward, the δ of both layers, and only then the change of both.
 * The output layer's input is h, the hidden layer's is x.        network: n inputs, k outputs, x: [n], d: [k] -> a new network
 */
export function trainStep(network: Network, sample: Sample, alpha: number): Network {
  const { x, d } = sample
  const { h, y } = forward(network, x)
  const delta = outputDelta(d, y) // [k]
  const deltaHidden = hiddenDelta(network.output, delta, h) // [m]
  return {
    hidden: changed(network.hidden, layerChange(alpha, deltaHidden, x)),
    output: changed(network.output, layerChange(alpha, delta, h)),
  }
}

/**
 * The single layer that does what two do without a φ between them.
 * W2 · (W1 · x + b1) + b2 = (W2 · W1) · x + (W2 · b1 + b2)        first: m on n, second: k on m -> one layer: k on n
 */
export function collapse(first: Layer, second: Layer): Layer {
  return {
    w: second.w.map((row) => first.w[0].map((_, i) => row.reduce((sum, w_kj, j) => sum + w_kj * first.w[j][i], 0))),
    b: weightedSums(second, first.b),
  }
}

/** How far the network is off: the mean over the samples of Σ_k (d_k - y_k)².        samples: N of x: [n], d: [k] -> number */
export function meanSquaredError(network: Network, samples: readonly Sample[]): number {
  const squares = samples.map(({ x, d }) => forward(network, x).y.reduce((sum, y_k, k) => sum + (d[k] - y_k) ** 2, 0))
  return squares.reduce((sum, square) => sum + square, 0) / samples.length
}

await lesson(import.meta, ({ show, print, options }) => {
  const xor: Sample[] = [
    { x: Float64Array.of(0, 0), d: Float64Array.of(0) },
    { x: Float64Array.of(0, 1), d: Float64Array.of(1) },
    { x: Float64Array.of(1, 0), d: Float64Array.of(1) },
    { x: Float64Array.of(1, 1), d: Float64Array.of(0) },
  ]
  const alpha = 2
  const epochs = options.epochs ?? (options.quick ? 400 : 800)
  const generator = new Generator(options.seed)
  const layer = (m: number, n: number): Layer => ({
    w: Array.from({ length: m }, () => generator.uniform(new Float64Array(n), -1, 1)),
    b: generator.uniform(new Float64Array(m), -1, 1),
  })
  const start: Network = { hidden: layer(4, 2), output: layer(1, 4) }

  let network = start
  const errors = [meanSquaredError(network, xor)]
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const sample of xor) network = trainStep(network, sample, alpha)
    errors.push(meanSquaredError(network, xor))
  }

  const picture = (title: string, of: Network) =>
    regions((x1, x2) => forward(of, Float64Array.of(x1, x2)).y[0], {
      title,
      points: xor.map(({ x }) => x),
      labels: xor.map(({ d }) => d[0]),
      lines: of.hidden.w.map((w, j) => ({ w, b: of.hidden.b[j] })),
      range: [0, 1],
      height: 9,
    })
  show(picture('XOR before training: y, and the lines where the 4 hidden neurons answer 0.5', start))
  print('')
  show(picture(`after ${epochs} epochs, α = ${alpha}`, network))
  print('')
  show(lines(errors, { title: 'the mean of (d - y)² over the four samples', xLabel: 'epoch', height: 8 }))
  print('')

  const single = collapse(network.hidden, network.output)
  const rows = xor.map(({ x, d }) => {
    const both = weightedSums(network.output, weightedSums(network.hidden, x))
    return [[...x].join(' '), d[0], forward(network, x).y[0].toFixed(3), both[0].toFixed(3), weightedSums(single, x)[0].toFixed(3)]
  })
  show(
    table(['x', 'd', 'y', 'without φ: two layers', 'one layer'], rows, { title: 'the trained network; then the same weights without φ' }),
  )
  print('Without φ both answer the same: a plane over the square. No plane is high at two opposite corners and low at the two others.')
})
