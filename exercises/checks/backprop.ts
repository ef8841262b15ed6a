import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/backprop.ts'
import {
  changed,
  collapse,
  forward,
  hiddenDelta,
  type Layer,
  layerChange,
  meanSquaredError,
  type Network,
  outputDelta,
  type Sample,
  sigmoid,
  trainStep,
  weightedSums,
} from '../solutions/backprop.ts'

const alpha = draw.number({ min: 0.125, max: 2 })
const input = (n: number) => draw.vector(n, { min: -2, max: 2 })
const layer = (m: number, n: number): fc.Arbitrary<Layer> =>
  fc.record({ w: fc.array(draw.vector(n, { min: -1, max: 1 }), { minLength: m, maxLength: m }), b: draw.vector(m, { min: -1, max: 1 }) })
const target = (k: number) => fc.array(fc.constantFrom(0, 1), { minLength: k, maxLength: k }).map((d) => Float64Array.from(d))
/** What sigmoids answer: between 0 and 1, and not so near to either that their slope vanishes. */
const answers = (m: number) => draw.vector(m, { min: 0.125, max: 0.875 })
const sizes = <T>(of: (n: number) => fc.Arbitrary<T>) => draw.withLength({ min: 1, max: 3 }, of)
/** As many inputs as hidden neurons and outputs, so that a swap of two of them gives an answer that can be told by name. */
const task = sizes((n) =>
  fc.tuple(fc.record<Network>({ hidden: layer(n, n), output: layer(n, n) }), fc.record<Sample>({ x: input(n), d: target(n) })),
)

const vec = (...values: number[]) => Float64Array.from(values)
const TORCH = 'PyTorch 1.13, float64'
/** A network of two inputs, two hidden neurons and two outputs, with published answers. */
const MAZUR: Network = {
  hidden: { w: [vec(0.15, 0.2), vec(0.25, 0.3)], b: vec(0.35, 0.35) },
  output: { w: [vec(0.4, 0.45), vec(0.5, 0.55)], b: vec(0.6, 0.6) },
}
const MAZUR_SAMPLE: Sample = { x: vec(0.05, 0.1), d: vec(0.01, 0.99) }
/** Two inputs, three hidden neurons, one output. */
const NET: Network = {
  hidden: { w: [vec(0.5, -0.25), vec(-0.75, 1), vec(0.25, 0.5)], b: vec(0.125, -0.5, 0.25) },
  output: { w: [vec(1, -0.5, 0.75)], b: vec(-0.25) },
}
const SAMPLE: Sample = { x: vec(1, 0), d: vec(1) }
const H = vec(0.6513548646660542, 0.22270013882530884, 0.6224593312018546)
const DELTA = vec(0.06940927823247275)

type Weights = Layer['w']

const close = (a: number, b: number, within = 1e-9) => Math.abs(a - b) <= within * Math.max(1, Math.abs(b))
const zeros = (v: Float64Array) => new Float64Array(v.length)
const total = (v: Float64Array) => v.reduce((sum, value) => sum + value, 0)
/** The same values, all 0 but the first, or but the last. */
const first = (v: Float64Array) => v.map((value, i) => (i === 0 ? value : 0))
const last = (v: Float64Array) => v.map((value, i) => (i === v.length - 1 ? value : 0))
const plus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i])
const transposed = (w: Weights) => Array.from(w[0], (_, i) => Float64Array.from(w, (row) => row[i]))
const product = (a: Weights, b: Weights) =>
  a.map((row) => Float64Array.from(b[0], (_, i) => row.reduce((sum, a_kj, j) => sum + a_kj * b[j][i], 0)))
/** The sigmoid's answer after its sum has grown by h. */
const grown = (y: number, h: number) => 1 / (1 + ((1 - y) / y) * Math.exp(-h))
/** E = ½ Σ (d - y)² of one sample, as it is with h added to one number: to w[j][i], or to b[j] where i is the number of inputs. */
function halfSquare(network: Network, sample: Sample, name: 'hidden' | 'output' = 'output', j = 0, i = 0, h = 0): number {
  const w = network[name].w.map((row, r) => row.map((value, c) => (r === j && c === i ? value + h : value)))
  const b = network[name].b.map((value, r) => (r === j && i === w[0].length ? value + h : value))
  return meanSquaredError({ ...network, [name]: { w, b } }, [sample]) / 2
}

export default checks<typeof lesson>({
  forward: {
    hints: [
      'The hidden layer sees x. What does the output layer see?',
      'h = sigmoid(weightedSums(hidden layer, x));  y = sigmoid(weightedSums(output layer, h))',
      'const h = sigmoid(weightedSums(network.hidden, …))\nconst y = sigmoid(weightedSums(network.output, …))\nreturn { h, y }',
    ],
    inputs: task.map(([network, { x }]): [Network, Float64Array] => [network, x]),
    laws: {
      'all answers lie between 0 and 1': (f, network, x) =>
        [...f(network, x).h, ...f(network, x).y].every((value) => value > 0 && value < 1),
      'an output layer of zeros answers 0.5, whatever x is': (f, network, x) =>
        f({ ...network, output: { w: network.output.w.map(zeros), b: zeros(network.output.b) } }, x).y.every((y_k) => y_k === 0.5),
    },
    frozen: [
      {
        args: [MAZUR, MAZUR_SAMPLE.x],
        gives: { h: vec(0.593269992, 0.596884378), y: vec(0.75136507, 0.772928465) },
        from: 'Mazur, A Step by Step Backpropagation Example, 2015',
      },
      { args: [NET, SAMPLE.x], gives: { h: H, y: vec(0.6806692908213472) }, from: TORCH },
    ],
    mutants: {
      'the hidden layer has no φ: h are its sums': (network, x) => {
        const h = weightedSums(network.hidden, x)
        return { h, y: sigmoid(weightedSums(network.output, h)) }
      },
      'the output layer has no φ: y are its sums': answering(({ output }, _, h) => weightedSums(output, h)),
      'φ is missing in both layers: they are one layer then': (network, x) => {
        const h = weightedSums(network.hidden, x)
        return { h, y: weightedSums(network.output, h) }
      },
      'the output layer is given x; it should be given h': answering(({ output }, x) => sigmoid(weightedSums(output, x))),
      'the output layer is given the sums of the hidden layer; it should be given h, after φ': answering(({ hidden, output }, x) =>
        sigmoid(weightedSums(output, weightedSums(hidden, x))),
      ),
      'the two layers are swapped: x goes through the hidden layer first': (network, x) =>
        forward({ hidden: network.output, output: network.hidden }, x),
      'both steps go through the hidden layer; the second should go through network.output': (network, x) =>
        forward({ hidden: network.hidden, output: network.hidden }, x),
      'h and y are swapped in the result': (network, x) => {
        const { h, y } = forward(network, x)
        return { h: y, y: h }
      },
    },
  },
  outputDelta: {
    hints: [
      'That is the delta rule with the sigmoid: how far off, times how steep the sigmoid is there.',
      'δ_k = y_k · (1 - y_k) · (d_k - y_k)',
      'return y.map((y_k, k) => y_k * (…) * (d[k] - …))',
    ],
    inputs: sizes((k) => fc.tuple(target(k), answers(k))),
    laws: {
      'δ is minus the slope of E = ½ Σ (d - y)² over v: (E(v - h) - E(v + h)) / 2h': (f, d, y) => {
        const E = (k: number, h: number) => (d[k] - grown(y[k], h)) ** 2 / 2
        return f(d, y).every((delta_k, k) => close(delta_k, (E(k, -1e-4) - E(k, 1e-4)) / 2e-4, 1e-7))
      },
      'where the output is what was wanted, δ = 0': (f, _, y) => f(y, y).every((delta_k) => delta_k === 0),
    },
    frozen: [
      {
        args: [MAZUR_SAMPLE.d, vec(0.7513650695523157, 0.7729284653214625)],
        gives: [-0.13849856162855695, 0.03809823651655623],
        from: TORCH,
      },
      { args: [SAMPLE.d, vec(0.6806692908213472)], gives: DELTA, from: TORCH },
    ],
    mutants: {
      "φ'(v) is missing: that is the error e alone; δ = y · (1 - y) · e": (d, y) => y.map((y_k, k) => d[k] - y_k),
      'the sign is turned: y - d where it should be d - y': (d, y) => outputDelta(d, y).map((value) => -value),
      "only half of φ'(v): 1 - y is missing": (d, y) => y.map((y_k, k) => y_k * (d[k] - y_k)),
      "only half of φ'(v): y is missing before (1 - y)": (d, y) => y.map((y_k, k) => (1 - y_k) * (d[k] - y_k)),
      'brackets are missing: y · 1 - y · e': (d, y) => y.map((y_k, k) => y_k * 1 - y_k * (d[k] - y_k)),
      "that is φ' of tanh, 1 - y²; the sigmoid has y · (1 - y)": (d, y) => y.map((y_k, k) => (1 - y_k * y_k) * (d[k] - y_k)),
      'the sigmoid is taken once more; y is already φ(v)': (d, y) => {
        const again = sigmoid(y)
        return y.map((y_k, k) => again[k] * (1 - again[k]) * (d[k] - y_k))
      },
      "φ' is taken at the target d, where it is 0; it should be taken at y": (d, y) => y.map((y_k, k) => d[k] * (1 - d[k]) * (d[k] - y_k)),
      'the error is squared: its sign is lost': (d, y) => outputDelta(d, y).map((value, k) => value * (d[k] - y[k])),
      'the factor 2 of the square is there; E has ½ before it, so it is gone': (d, y) => outputDelta(d, y).map((value) => 2 * value),
    },
  },
  hiddenDelta: {
    hints: [
      'A hidden neuron had a part in the error of every output neuron: as large a part as the weight between the two.',
      'e_j = w_1j · δ_1 + w_2j · δ_2 + … over all output neurons k;  δ_j = h_j · (1 - h_j) · e_j',
      'return h.map((h_j, j) => {\n  let e_j = 0\n  for (let k = 0; k < delta.length; k++) e_j += output.w[…][…] * delta[k]\n  return h_j * (1 - h_j) * …\n})',
    ],
    // As many outputs as hidden neurons: W in place of Wᵀ gives an answer, too.
    inputs: sizes((m) => fc.tuple(layer(m, m), draw.vector(m, { min: -1, max: 1 }), answers(m))),
    laws: {
      'no δ comes back when none is there': (f, output, delta, h) => f(output, zeros(delta), h).every((value) => value === 0),
      'δ of a hidden sum is the slope of Σ_k δ_k · v_k, v = W · φ(v_h) + b, over it': (f, output, delta, h) => {
        const sent = (j: number, step: number) => total(weightedSums(output, h.with(j, grown(h[j], step))).map((v_k, k) => delta[k] * v_k))
        return f(output, delta, h).every((delta_j, j) => close(delta_j, (sent(j, 1e-4) - sent(j, -1e-4)) / 2e-4, 1e-7))
      },
    },
    frozen: [
      {
        args: [MAZUR.output, vec(-0.13849856162855695, 0.03809823651655623), vec(0.5932699921071872, 0.596884378259767)],
        gives: [-0.008771354689486933, -0.009954254705217198],
        from: TORCH,
      },
      { args: [NET.output, DELTA, H], gives: [0.015762271332600365, -0.0060075391618675785, 0.012233578534398317], from: TORCH },
    ],
    mutants: {
      'W is used where Wᵀ belongs: w[j][k] where it should be w[k][j]': (output, delta, h) =>
        hiddenDelta({ ...output, w: transposed(output.w) }, delta, h),
      "φ'(v) is missing: that is the error Wᵀ · δ alone": (output, delta, h) => back(output, delta, h),
      'the weights are missing: every hidden neuron gets all of δ': (output, delta, h) =>
        hiddenDelta({ ...output, w: output.w.map((row) => row.map(() => 1)) }, delta, h),
      'only the last output neuron counts: e = … where it should be e += …': (output, delta, h) => hiddenDelta(output, last(delta), h),
      'only the first output neuron counts: sum over all of them': (output, delta, h) => hiddenDelta(output, first(delta), h),
      "only half of φ'(v): 1 - h is missing": (output, delta, h) => back(output, delta, h).map((e_j, j) => h[j] * e_j),
      "only half of φ'(v): h is missing before (1 - h)": (output, delta, h) => back(output, delta, h).map((e_j, j) => (1 - h[j]) * e_j),
      'the sigmoid is taken once more; h is already φ(v)': (output, delta, h) => {
        const again = sigmoid(h)
        return back(output, delta, h).map((e_j, j) => again[j] * (1 - again[j]) * e_j)
      },
      'the sign is turned; δ of the output is right already': (output, delta, h) => hiddenDelta(output, delta, h).map((value) => -value),
      'weightedSums(output, δ) goes forward, W · δ + b; back goes Wᵀ · δ, without the bias': (output, delta, h) =>
        weightedSums(output, delta).map((e_j, j) => h[j] * (1 - h[j]) * e_j),
      'the bias b_k is sent back, too; no hidden neuron has a part in it': (output, delta, h) =>
        h.map((h_j, j) => h_j * (1 - h_j) * output.w.reduce((sum, row, k) => sum + (row[j] + output.b[k]) * delta[k], 0)),
      "φ' is taken at h[k], inside the sum; it belongs to the hidden neuron: h[j]": (output, delta, h) =>
        h.map((_, j) => output.w.reduce((sum, row, k) => sum + h[k] * (1 - h[k]) * row[j] * delta[k], 0)),
    },
  },
  layerChange: {
    hints: [
      'One row for each neuron, one column for each input. How did the delta rule change one row?',
      'Δw_ji = α · δ_j · x_i;  the bias is the weight of an input that is always 1, so Δb_j = α · δ_j',
      'return {\n  w: Array.from(delta, (delta_j) => x.map((x_i) => …)),\n  b: delta.map((delta_j) => …),\n}',
    ],
    inputs: sizes((m) => sizes((n) => fc.tuple(alpha, draw.vector(m), input(n)))),
    laws: {
      'the sums v at x move by α · δ_j · (|x|² + 1)': (f, a, delta, x) => {
        const square = total(x.map((x_i) => x_i * x_i))
        return weightedSums(f(a, delta, x), x).every((moved, j) => close(moved, a * delta[j] * (square + 1)))
      },
      'an input of zeros changes the biases alone': (f, a, delta, x) =>
        f(a, delta, zeros(x)).w.every((row) => row.every((value) => value === 0)),
    },
    frozen: [
      // -α · ∂E/∂W and -α · ∂E/∂b at α = 0.5
      {
        args: [0.5, DELTA, H],
        gives: { w: [vec(0.022605035514840395, 0.007728727949068085, 0.021602226453894216)], b: vec(0.03470463911623638) },
        from: TORCH,
      },
      {
        args: [0.5, vec(0.015762271332600365, -0.0060075391618675785, 0.012233578534398317), SAMPLE.x],
        gives: {
          w: [vec(0.007881135666300183, 0), vec(-0.0030037695809337892, 0), vec(0.006116789267199159, 0)],
          b: vec(0.007881135666300183, -0.0030037695809337892, 0.006116789267199159),
        },
        from: TORCH,
      },
    ],
    mutants: {
      'rows and columns are swapped: x · δᵀ where it should be δ · xᵀ; a row belongs to a neuron': (a, delta, x) => ({
        w: transposed(layerChange(a, delta, x).w),
        b: layerChange(a, delta, x).b,
      }),
      'the sign is turned: δ already points where the sums should go': (a, delta, x) => layerChange(-a, delta, x),
      'the learning rate α is missing': (_, delta, x) => layerChange(1, delta, x),
      'the biases move without the learning rate α': (a, delta, x) => ({ w: layerChange(a, delta, x).w, b: delta }),
      'the weights move without the learning rate α': (a, delta, x) => ({ w: layerChange(1, delta, x).w, b: layerChange(a, delta, x).b }),
      'the biases do not learn': (a, delta, x) => ({ w: layerChange(a, delta, x).w, b: zeros(delta) }),
      'the inputs are missing: all weights of a neuron change by the same amount': (a, delta, x) => layerChange(a, delta, zeros(x).fill(1)),
      'all neurons change by the δ of the first; neuron j has its own δ_j': (a, delta, x) => layerChange(a, zeros(delta).fill(delta[0]), x),
      'the input is in the change of the bias, too: its input is 1': (a, delta, x) => ({
        w: layerChange(a, delta, x).w,
        b: delta.map((delta_j) => a * delta_j * total(x)),
      }),
      'all weights of a neuron change by α · δ · Σ x; each should take its own x_i': (a, delta, x) =>
        layerChange(a, delta, zeros(x).fill(total(x))),
    },
  },
  trainStep: {
    hints: [
      'Four functions above do it together. Compute both δ first, with the weights as they were, and change the layers after that.',
      'h and y come from forward, δ from d and y, δ_h from network.output, δ and h. Each layer changes by its own δ and its own input.',
      'const { h, y } = forward(…)\nconst delta = outputDelta(…)\nconst deltaHidden = hiddenDelta(network.output, …, …)\nreturn {\n  hidden: changed(network.hidden, layerChange(alpha, deltaHidden, …)),\n  output: changed(network.output, layerChange(alpha, delta, …)),\n}',
    ],
    inputs: fc.tuple(task, alpha).map(([[network, sample], a]): [Network, Sample, number] => [network, sample, a]),
    laws: {
      'every number moves by -α times the slope of E = ½ Σ (d - y)²': (f, network, sample, a) => {
        const after = f(network, sample, a)
        return (['hidden', 'output'] as const).every((name) => {
          const slope = (j: number, i: number) =>
            (halfSquare(network, sample, name, j, i, 1e-4) - halfSquare(network, sample, name, j, i, -1e-4)) / 2e-4
          return network[name].b.every((b_j, j) => {
            const moved = [...network[name].w[j].map((w_ji, i) => after[name].w[j][i] - w_ji), after[name].b[j] - b_j]
            return moved.every((by, i) => close(by, -a * slope(j, i), 1e-6))
          })
        })
      },
      'a small step makes the error of the sample no larger': (f, network, sample) =>
        halfSquare(f(network, sample, 0.001), sample) <= halfSquare(network, sample) + 1e-12,
    },
    frozen: [
      {
        args: [NET, SAMPLE, 0.5],
        gives: {
          hidden: {
            w: [vec(0.5078811356663002, -0.25), vec(-0.7530037695809337, 1), vec(0.25611678926719916, 0.5)],
            b: vec(0.1328811356663002, -0.5030037695809337, 0.25611678926719916),
          },
          output: { w: [vec(1.0226050355148404, -0.4922712720509319, 0.7716022264538942)], b: vec(-0.2152953608837636) },
        },
        from: TORCH,
      },
    ],
    mutants: {
      'the output layer is changed first, and δ goes back through its new weights; take the old ones': (network, sample, a) => {
        const { output } = trainStep(network, sample, a)
        return step('hidden', ({ x, h, delta }) => [hiddenDelta(output, delta, h), x])(network, sample, a)
      },
      'the hidden layer is changed first, and the output layer learns from its new answers; take the old ones': (network, sample, a) => {
        const { hidden } = trainStep(network, sample, a)
        return { hidden, output: trainStep({ ...network, hidden }, sample, a).output }
      },
      'the hidden layer does not learn': (network, sample, a) => ({ ...trainStep(network, sample, a), hidden: network.hidden }),
      'the output layer does not learn': (network, sample, a) => ({ ...trainStep(network, sample, a), output: network.output }),
      'the hidden layer changes by h; its input is x': step('hidden', ({ h, deltaHidden }) => [deltaHidden, h]),
      'the hidden layer changes by the δ of the output layer; it has its own': step('hidden', ({ x, delta }) => [delta, x]),
      'the error d - y is sent back to the hidden layer; send δ': step('hidden', ({ network, x, h, e }) => [
        hiddenDelta(network.output, e, h),
        x,
      ]),
      'δ goes back through the hidden layer; it should go back through network.output': step('hidden', ({ network, x, h, delta }) => [
        hiddenDelta(network.hidden, delta, h),
        x,
      ]),
      'the output layer changes by x; its input is h': step('output', ({ x, delta }) => [delta, x]),
      'the output layer changes by its answer y; its input is h': step('output', ({ y, delta }) => [delta, y]),
      'x and h have changed places: the hidden layer changes by x, the output layer by h': (network, sample, a) => ({
        ...step('hidden', ({ h, deltaHidden }) => [deltaHidden, h])(network, sample, a),
        output: step('output', ({ x, delta }) => [delta, x])(network, sample, a).output,
      }),
      'the output layer changes by the error d - y; it should change by δ': step('output', ({ h, e }) => [e, h]),
      'the learning rate α is missing': (network, sample) => trainStep(network, sample, 1),
      'it learns away from the target: changes are added, and δ has the right sign already': (network, sample, a) =>
        trainStep(network, sample, -a),
      'd and y have changed places in outputDelta: at d = 0 or 1 it finds no slope, and nothing moves': (network) => network,
      'the change alone is given; the new network is asked for': (network, sample, a) => {
        const { x, h, delta, deltaHidden } = passes(network, sample)
        return { hidden: layerChange(a, deltaHidden, x), output: layerChange(a, delta, h) }
      },
    },
  },
  collapse: {
    hints: [
      'Write W2 · (W1 · x + b1) + b2 without the brackets. What stands before x, and what is left?',
      'W = W2 · W1, that is w_ki = Σ_j w2_kj · w1_ji;  b = W2 · b1 + b2, which is weightedSums(second, b1)',
      'const w = second.w.map((row) => first.w[0].map((_, i) => {\n  let sum = 0\n  for (let j = 0; j < row.length; j++) sum += row[j] * first.w[…][…]\n  return sum\n}))\nreturn { w, b: weightedSums(second, …) }',
    ],
    inputs: sizes((n) => fc.tuple(layer(n, n), layer(n, n))),
    laws: {
      'it answers as the two do, one after the other': (f, first, second) =>
        [zeros(first.b), ...first.w].every((x) => {
          const both = weightedSums(second, weightedSums(first, x))
          return weightedSums(f(first, second), x).every((v_k, k) => close(v_k, both[k]))
        }),
    },
    frozen: [{ args: [NET.hidden, NET.output], gives: { w: [vec(1.0625, -0.375)], b: vec(0.3125) }, from: TORCH }],
    mutants: {
      'the product is W1 · W2; the layer that comes second stands left: W2 · W1': withW((w1, w2) => product(w1, w2)),
      'the two layers are swapped: x goes through the first one first': (first, second) => collapse(second, first),
      'the weights are multiplied element by element; a matrix product sums rows times columns': withW((w1, w2) =>
        w2.map((row, k) => row.map((value, j) => value * w1[k][j])),
      ),
      'the weights are added; W2 · (W1 · x) needs their product': withW((w1, w2) =>
        w2.map((row, k) => row.map((value, j) => value + w1[k][j])),
      ),
      'the product is W2 · W1ᵀ: first.w[i][j] where it should be first.w[j][i]': withW((w1, w2) => product(w2, transposed(w1))),
      'only the last product is kept: sum = … where it should be sum += …': withW((w1, w2) => product(w2.map(last), w1)),
      'b1 goes through W2, too: b = W2 · b1 + b2, not b1 + b2': withB((_, b1, b2) => plus(b1, b2)),
      'b1 is lost: b = W2 · b1 + b2': withB((_, __, b2) => b2),
      'b2 is lost: b = W2 · b1 + b2': withB((w, b1, b2) => weightedSums({ w, b: zeros(b2) }, b1)),
      'b2 does not go through W2, it comes after it: b = W2 · b1 + b2': withB((w, b1, b2) =>
        weightedSums({ w, b: zeros(b2) }, plus(b1, b2)),
      ),
      'b1 and b2 have changed places: b = W2 · b1 + b2': withB((w, b1, b2) => weightedSums({ w, b: b1 }, b2)),
    },
  },
})

/** Forward, but for y. */
function answering(of: (network: Network, x: Float64Array, h: Float64Array) => Float64Array): typeof forward {
  return (network, x) => {
    const { h } = forward(network, x)
    return { h, y: of(network, x, h) }
  }
}

/** What one pass forward and one pass back find. */
function passes(network: Network, { x, d }: Sample) {
  const { h, y } = forward(network, x)
  const delta = outputDelta(d, y)
  return { network, x, h, y, e: d.map((d_k, k) => d_k - y[k]), delta, deltaHidden: hiddenDelta(network.output, delta, h) }
}

/** A step in which one layer changes by another δ, or by another input. */
function step(
  name: 'hidden' | 'output',
  of: (found: ReturnType<typeof passes>) => [delta: Float64Array, x: Float64Array],
): typeof trainStep {
  return (network, sample, a) => {
    const change = layerChange(a, ...of(passes(network, sample)))
    return { ...trainStep(network, sample, a), [name]: changed(network[name], change) }
  }
}

/** The single layer, but for its weights, or its biases. */
function withW(of: (w1: Weights, w2: Weights) => Weights): typeof collapse {
  return (one, two) => ({ ...collapse(one, two), w: of(one.w, two.w) })
}
function withB(of: (w2: Weights, b1: Float64Array, b2: Float64Array) => Float64Array): typeof collapse {
  return (one, two) => ({ ...collapse(one, two), b: of(two.w, one.b, two.b) })
}

/** What the output layer sends back to each hidden neuron: e = Wᵀ · δ. */
function back({ w }: Layer, delta: Float64Array, h: Float64Array): Float64Array {
  return h.map((_, j) => w.reduce((sum, row, k) => sum + row[j] * delta[k], 0))
}
