import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/delta-rule.ts'
import {
  type Activation,
  batchChange,
  delta,
  error,
  meanSquaredError,
  output,
  type Sample,
  sigmoid,
  sigmoidDerivative,
  type Weights,
  weightChange,
} from '../solutions/delta-rule.ts'

const activation = fc.constantFrom<Activation>('identity', 'sigmoid')
const alpha = draw.number({ min: 0.125, max: 2 })
const weights = (m: number, n: number) => fc.array(draw.vector(n, { min: -1, max: 1 }), { minLength: m, maxLength: m })
const input = (n: number) => draw.vector(n, { min: -2, max: 2 })
const target = (m: number) => fc.array(fc.constantFrom(0, 1), { minLength: m, maxLength: m }).map((d) => Float64Array.from(d))
/** Outputs as a sigmoid gives them, never 0 or 1: there φ' vanishes, and a mistake in it could not be seen. */
const y = draw.number({ min: 0.125, max: 0.875 })

const TORCH = 'PyTorch 1.13, float64'
/** Two neurons on three inputs. */
const W: Weights = [Float64Array.of(0.5, -0.25, 0.125), Float64Array.of(-1, 0.75, 0.25)]
const FOUR: readonly Sample[] = [
  { x: Float64Array.of(1, -2, 1), d: Float64Array.of(1, 0) },
  { x: Float64Array.of(0.5, 1, 1), d: Float64Array.of(0, 1) },
  { x: Float64Array.of(-1.5, 0.25, 1), d: Float64Array.of(0, 1) },
  { x: Float64Array.of(2, 2, 1), d: Float64Array.of(1, 0) },
]

const times = (change: readonly Float64Array[], factor: number) => change.map((row) => row.map((value) => factor * value))
const close = (a: number, b: number, within = 1e-9) => Math.abs(a - b) <= within * Math.max(1, Math.abs(b))

export default checks<typeof lesson>({
  weightChange: {
    hints: [
      'A weight is to blame as much as its input was large: an input of 0 had no part in the error, so its weight stays.',
      'Δw = [α · δ · x_1, α · δ · x_2, …, α · δ · x_n]',
      'return x.map((x_i) => … * … * x_i)',
    ],
    inputs: fc.tuple(
      alpha,
      draw.number(),
      draw.withLength({ min: 1, max: 4 }, (n) => draw.vector(n)),
    ),
    laws: {
      'it moves v = Σ w_i · x_i by α · δ · |x|²': (f, a, delta, x) => {
        const change = f(a, delta, x)
        const moved = x.reduce((sum, x_i, i) => sum + change[i] * x_i, 0)
        return close(moved, a * delta * x.reduce((sum, x_i) => sum + x_i * x_i, 0))
      },
    },
    frozen: [
      // -α · ∂E/∂w of E = (1 - w·x)² / 2 at w = [0.5, -0.25]
      { args: [0.25, -0.75, Float64Array.of(3, -1)], gives: [-0.5625, 0.1875], from: TORCH },
      { args: [0.1, 1, Float64Array.of(2, 4)], gives: [0.2, 0.4], from: TORCH },
    ],
    mutants: {
      'the sign of Δw is flipped: the weights run away from the target': (a, delta, x) => weightChange(-a, delta, x),
      'the learning rate α is missing': (_, delta, x) => weightChange(1, delta, x),
      'δ is missing: the weights change as if every error were 1': (a, _, x) => weightChange(a, 1, x),
      'the input x_i is missing: all weights change by the same amount': (a, delta, x) => x.map(() => a * delta),
      'α · δ is added to x_i; it should be multiplied by it': (a, delta, x) => x.map((x_i) => a * delta + x_i),
      'δ is squared: its sign, which says in which direction to go, is lost': (a, delta, x) => weightChange(a, delta * delta, x),
      'x_i is squared: the sign of the input is lost': (a, delta, x) =>
        weightChange(
          a,
          delta,
          x.map((x_i) => x_i * x_i),
        ),
      'every Δw_i is the sum over all inputs; it should take its own x_i alone': (a, delta, x) =>
        x.map(() => a * delta * x.reduce((sum, x_i) => sum + x_i, 0)),
      'the last weight does not change; the bias is one of the weights, too': (a, delta, x) =>
        weightChange(a, delta, x).map((change, i) => (i === x.length - 1 ? 0 : change)),
    },
  },
  sigmoid: {
    hints: [
      'A large v should give nearly 1, a very negative one nearly 0, and v = 0 exactly 0.5.',
      'y = 1 / (1 + e^(-v)); JavaScript writes e^(-v) as Math.exp(-v)',
      'return 1 / (… + Math.exp(…))',
    ],
    // Whole numbers make the shorter counterexamples. Some are huge: there e^v is Infinity.
    inputs: fc.tuple(
      fc.oneof(
        { arbitrary: fc.integer({ min: -8, max: 8 }), weight: 4 },
        { arbitrary: draw.number(), weight: 4 },
        { arbitrary: fc.constantFrom(-800, 800), weight: 1 },
      ),
    ),
    laws: {
      'y lies between 0 and 1': (f, v) => f(v) >= 0 && f(v) <= 1,
      'what v lacks to 1, -v has: sigmoid(-v) = 1 - sigmoid(v)': (f, v) => close(f(-v), 1 - f(v)),
      'it rises with v': (f, v) => f(v + 1) >= f(v),
    },
    frozen: [
      { args: [1], gives: 0.7310585786300049, from: TORCH },
      { args: [-2], gives: 0.11920292202211755, from: TORCH },
    ],
    mutants: {
      'it falls where it should rise: the minus in e^(-v) is missing': (v) => sigmoid(-v),
      'brackets are missing: 1 / 1 + e^(-v) divides first': (v) => 1 + Math.exp(-v),
      'the 1 below the line is missing: that is e^v': (v) => Math.exp(v),
      'e^(-v) is subtracted from 1; it should be added': (v) => 1 / (1 - Math.exp(-v)),
      'e^(-v) itself is given; y = 1 / (1 + e^(-v))': (v) => Math.exp(-v),
      'that is right until v = 709, then e^v / (1 + e^v) is Infinity / Infinity; 1 / (1 + e^(-v)) is not': (v) =>
        Math.exp(v) / (1 + Math.exp(v)),
      'that is tanh, from -1 to 1; the sigmoid goes from 0 to 1': (v) => Math.tanh(v),
      'that is the step of the perceptron; the sigmoid rises gently': (v) => (v >= 0 ? 1 : 0),
      'v times -1 is not in the exponent: 1 / (1 - e^v)': (v) => 1 / (1 - Math.exp(v)),
      'the power is of 2, not of e: use Math.exp': (v) => 1 / (1 + 2 ** -v),
    },
  },
  sigmoidDerivative: {
    hints: [
      'It is given y = sigmoid(v), not v. Nothing but a product is needed: no Math.exp.',
      "φ'(v) = y · (1 - y): 0.25 at its steepest, where y = 0.5, and nearly 0 at both ends",
      'return y * (…)',
    ],
    inputs: fc.tuple(draw.number({ min: 0, max: 1 })),
    laws: {
      'it is the slope of the sigmoid, (φ(v + h) - φ(v - h)) / 2h, where y = φ(v)': (f, y) => {
        const v = Math.log(Math.max(y, 0.125) / (1 - Math.min(y, 0.875))) // the ends lie at infinity
        return close(f(sigmoid(v)), (sigmoid(v + 1e-4) - sigmoid(v - 1e-4)) / 2e-4, 1e-7)
      },
      'the curve is as steep above as below: y and 1 - y': (f, y) => close(f(1 - y), f(y)),
    },
    frozen: [
      { args: [0.5], gives: 0.25, from: TORCH },
      { args: [0.7310585786300049], gives: 0.19661193324148185, from: TORCH },
      { args: [0.11920292202211755], gives: 0.1049935854035065, from: TORCH },
    ],
    mutants: {
      "the sigmoid is taken once more; y is already φ(v), so φ'(v) = y · (1 - y)": (y) => sigmoid(y) * (1 - sigmoid(y)),
      'the sign is turned: y · (y - 1) is never positive, but the sigmoid rises': (y) => y * (y - 1),
      'only 1 - y is given; y · (1 - y)': (y) => 1 - y,
      'y itself is given; y · (1 - y)': (y) => y,
      'a plus stands where a minus belongs: y · (1 + y)': (y) => y * (1 + y),
      'that is the derivative of tanh, 1 - y²; the sigmoid has y - y²': (y) => 1 - y * y,
      'brackets are missing: y · 1 - y is 0': (y) => y * 1 - y,
      'that is the largest slope, 0.25, whatever y is': () => 0.25,
    },
  },
  output: {
    hints: [
      'Take one neuron first: its row w[j] weighs the inputs, as in the perceptron. Then its sum goes through φ.',
      "v_j = Σ_i w_ji · x_i;  y_j = sigmoid(v_j) if the activation is 'sigmoid', else v_j itself",
      "return Float64Array.from(w, (w_j) => {\n  let v = 0\n  for (let i = 0; i < x.length; i++) v += …\n  return activation === 'sigmoid' ? … : …\n})",
    ],
    // As many neurons as inputs, so that a swap of rows and columns gives an answer that can be told by name.
    inputs: draw.withLength({ min: 1, max: 3 }, (n) => fc.tuple(weights(n, n), input(n), activation)),
    laws: {
      'an input of zeros is answered by φ(0)': (f, w, x, phi) =>
        f(
          w,
          x.map(() => 0),
          phi,
        ).every((y_j) => y_j === (phi === 'sigmoid' ? 0.5 : 0)),
      'a doubled input doubles what the identity answers': (f, w, x) => {
        const once = f(w, x, 'identity')
        return f(
          w,
          x.map((x_i) => 2 * x_i),
          'identity',
        ).every((y_j, j) => close(y_j, 2 * once[j]))
      },
    },
    frozen: [
      { args: [W, Float64Array.of(1, -2, 0.5), 'identity'], gives: [1.0625, -2.375], from: TORCH },
      { args: [W, Float64Array.of(1, -2, 0.5), 'sigmoid'], gives: [0.7431680086124811, 0.08509904500702024], from: TORCH },
    ],
    mutants: {
      "the sums v are given; where the activation is 'sigmoid', y = sigmoid(v)": (w, x) => output(w, x, 'identity'),
      "the sigmoid is taken even where the activation is 'identity'": (w, x) => output(w, x, 'sigmoid'),
      'the two activations are swapped': (w, x, phi) => output(w, x, phi === 'sigmoid' ? 'identity' : 'sigmoid'),
      'φ is taken of every product; it should be taken once, of their sum': (w, x, phi) =>
        Float64Array.from(w, (w_j) => w_j.reduce((sum, w_ji, i) => sum + (phi === 'sigmoid' ? sigmoid(w_ji * x[i]) : w_ji * x[i]), 0)),
      'rows and columns are swapped: w[i][j] where it should be w[j][i]; a row is a neuron': (w, x, phi) => output(transposed(w), x, phi),
      'all neurons answer with the weights of the first; neuron j has the row w[j]': (w, x, phi) =>
        output(
          w.map(() => w[0]),
          x,
          phi,
        ),
      'the weights are left out: only the inputs are summed': (w, x, phi) =>
        output(
          w.map((w_j) => w_j.map(() => 1)),
          x,
          phi,
        ),
      'only the last product is kept: v = … where it should be v += …': (w, x, phi) =>
        output(
          w.map((w_j) => w_j.map((w_ji, i) => (i === x.length - 1 ? w_ji : 0))),
          x,
          phi,
        ),
      'the last input, that of the bias, is left out': (w, x, phi) =>
        output(
          w.map((w_j) => w_j.map((w_ji, i) => (i === x.length - 1 ? 0 : w_ji))),
          x,
          phi,
        ),
      'v is not set back to 0 before the next neuron': (w, x, phi) => {
        let v = 0
        return Float64Array.from(w, (w_j) => {
          for (let i = 0; i < x.length; i++) v += w_j[i] * x[i]
          return phi === 'sigmoid' ? sigmoid(v) : v
        })
      },
      "the answer is 0 or 1, as the perceptron's; y is the number before any step": (w, x, phi) =>
        output(w, x, phi).map((y_j) => (y_j >= (phi === 'sigmoid' ? 0.5 : 0) ? 1 : 0)),
    },
  },
  delta: {
    hints: [
      'The error of a neuron counts for less where its sigmoid is flat: there v must move far to change y at all.',
      'δ_j = y_j · (1 - y_j) · (d_j - y_j) for the sigmoid, δ_j = d_j - y_j for the identity',
      "return y.map((y_j, j) => {\n  const slope = activation === 'sigmoid' ? … : 1\n  return slope * error(…, …)\n})",
    ],
    inputs: draw.withLength({ min: 1, max: 4 }, (m) =>
      fc.tuple(
        target(m),
        fc.array(y, { minLength: m, maxLength: m }).map((values) => Float64Array.from(values)),
        activation,
      ),
    ),
    laws: {
      'δ is minus the slope of E = e²/2 over v: (E(v - h) - E(v + h)) / 2h': (f, d, y, phi) => {
        const at = (v: number) => (phi === 'sigmoid' ? sigmoid(v) : v)
        const E = (v: number, d_j: number) => (d_j - at(v)) ** 2 / 2
        return f(d, y, phi).every((delta_j, j) => {
          const v = phi === 'sigmoid' ? Math.log(y[j] / (1 - y[j])) : y[j]
          return close(delta_j, (E(v - 1e-4, d[j]) - E(v + 1e-4, d[j])) / 2e-4, 1e-7)
        })
      },
      'where the output is what was wanted, δ = 0': (f, _, y, phi) => f(y, y, phi).every((delta_j) => delta_j === 0),
    },
    frozen: [
      {
        args: [Float64Array.of(1, 0, 0), Float64Array.of(0.6224593312018546, 0.2689414213699951, 0.8807970779778823), 'sigmoid'],
        gives: [0.08872345867463685, -0.052877092784266715, -0.09247804322982986],
        from: TORCH,
      },
      { args: [Float64Array.of(1), Float64Array.of(1.75), 'identity'], gives: [-0.75], from: TORCH },
    ],
    mutants: {
      "φ'(v) is missing: for the sigmoid δ = y · (1 - y) · e": (d, y) => delta(d, y, 'identity'),
      "the slope of the sigmoid is taken even for the identity, where φ' = 1": (d, y) => delta(d, y, 'sigmoid'),
      'the two activations are swapped': (d, y, phi) => delta(d, y, phi === 'sigmoid' ? 'identity' : 'sigmoid'),
      'the sign of e is turned: e = d - y': (d, y, phi) => delta(d, y, phi).map((value) => -value),
      "φ' is taken at the error e; it should be taken at the output y": (d, y, phi) =>
        y.map((y_j, j) => (phi === 'sigmoid' ? sigmoidDerivative(d[j] - y_j) : 1) * (d[j] - y_j)),
      "φ' is taken at the target d, where it is 0; it should be taken at the output y": (d, y, phi) =>
        y.map((y_j, j) => (phi === 'sigmoid' ? sigmoidDerivative(d[j]) : 1) * (d[j] - y_j)),
      'the sigmoid is taken once more; y is already φ(v)': (d, y, phi) =>
        y.map((y_j, j) => (phi === 'sigmoid' ? sigmoidDerivative(sigmoid(y_j)) : 1) * (d[j] - y_j)),
      'φ itself stands in place of its slope: y · e; it should be y · (1 - y) · e': (d, y, phi) =>
        y.map((y_j, j) => (phi === 'sigmoid' ? y_j : 1) * (d[j] - y_j)),
      "e is divided by φ'(v); it should be multiplied": (d, y, phi) =>
        y.map((y_j, j) => (d[j] - y_j) / (phi === 'sigmoid' ? sigmoidDerivative(y_j) : 1)),
      'e is squared: its sign is lost': (d, y, phi) => delta(d, y, phi).map((value, j) => value * (d[j] - y[j])),
      'all neurons get the δ of the first; each has its own d_j and y_j': (d, y, phi) => y.map(() => delta(d, y, phi)[0]),
    },
  },
  batchChange: {
    hints: [
      'Ask every sample what it would change, and collect that. The weights w stay as they are until the whole batch has been asked.',
      'ΔW_j = 1/N · Σ over the N samples of α · δ_j · x, with δ = delta(d, output(w, x, activation), activation)',
      'const change = w.map((w_j) => new Float64Array(w_j.length))\nfor (const { x, d } of batch) {\n  const deltas = delta(d, output(…), activation)\n  for (let j = 0; j < w.length; j++) {\n    const own = weightChange(alpha, …, x)\n    for (let i = 0; i < x.length; i++) change[j][i] += own[i] / …\n  }\n}\nreturn change',
    ],
    inputs: fc
      .record({ m: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 1, max: 3 }) })
      .chain(({ m, n }) =>
        fc.tuple(weights(m, n), fc.array(fc.record({ x: input(n), d: target(m) }), { minLength: 1, maxLength: 4 }), alpha, activation),
      ),
    laws: {
      'a batch that holds every sample twice has the same mean': (f, w, batch, a, phi) => {
        const once = f(w, batch, a, phi)
        return f(w, [...batch, ...batch], a, phi).every((row, j) => row.every((value, i) => close(value, once[j][i])))
      },
      'it is -α times the slope of E = ½ · the mean of Σ e², for every weight': (f, w, batch, a, phi) => {
        const E = (j: number, i: number, h: number) => {
          const moved = w.map((row, r) => row.map((value, c) => (r === j && c === i ? value + h : value)))
          return meanSquaredError(moved, batch, phi) / 2
        }
        return f(w, batch, a, phi).every((row, j) =>
          row.every((value, i) => close(value, (-a * (E(j, i, 1e-4) - E(j, i, -1e-4))) / 2e-4, 1e-6)),
        )
      },
    },
    frozen: [
      // -α · ∂E/∂W of E = ½ · the mean over the four samples of Σ e²
      {
        args: [W, FOUR, 0.5, 'sigmoid'],
        gives: [
          [0.031161344630355556, -0.010406217329715643, -0.010282258007569565],
          [-0.025022406841009225, -0.013361106699126943, -0.0016755790651192086],
        ],
        from: TORCH,
      },
      {
        args: [W, FOUR, 0.5, 'identity'],
        gives: [
          [-0.05859375, 0.130859375, 0.1015625],
          [0.55078125, -0.466796875, 0.2578125],
        ],
        from: TORCH,
      },
    ],
    mutants: {
      'you summed over the batch; it should be the mean: divide by the number of samples': (w, batch, a, phi) =>
        times(batchChange(w, batch, a, phi), batch.length),
      'you divided by the number of samples twice': (w, batch, a, phi) => times(batchChange(w, batch, a, phi), 1 / batch.length),
      'you divided by the number of neurons; divide by the number of samples': (w, batch, a, phi) =>
        times(batchChange(w, batch, a, phi), batch.length / w.length),
      'you divided by the number of inputs; divide by the number of samples': (w, batch, a, phi) =>
        times(batchChange(w, batch, a, phi), batch.length / w[0].length),
      'the weights move after every sample; in a batch all samples meet the same weights': (w, batch, a, phi) => {
        let current = w
        for (const sample of batch) current = sum(current, times(batchChange(current, [sample], a, phi), 1 / batch.length))
        return sum(current, times(w, -1))
      },
      'only the last sample is left: change = … where it should be change += …': (w, batch, a, phi) =>
        times(batchChange(w, batch.slice(-1), a, phi), 1 / batch.length),
      'only the first sample is used': (w, batch, a, phi) => batchChange(w, batch.slice(0, 1), a, phi),
      'the new weights are given; only their change is asked for': (w, batch, a, phi) => sum(w, batchChange(w, batch, a, phi)),
      'the sign is turned: the weights run away from the targets': (w, batch, a, phi) => times(batchChange(w, batch, a, phi), -1),
      'the learning rate α is missing': (w, batch, _, phi) => batchChange(w, batch, 1, phi),
      'the learning rate α is there twice; weightChange has it already': (w, batch, a, phi) => batchChange(w, batch, a * a, phi),
      "e stands where δ belongs: φ'(v) is missing": (w, batch, a, phi) =>
        meanOf(w, batch, ({ x, d }) => {
          const y = output(w, x, phi)
          return w.map((_, j) => weightChange(a, error(d[j], y[j]), x))
        }),
      'all neurons change by the δ of the first; neuron j has its own δ_j': (w, batch, a, phi) =>
        batchChange(w, batch, a, phi).map((_, __, change) => change[0]),
    },
  },
})

const transposed = (w: Weights): Weights => Array.from(w[0], (_, i) => Float64Array.from(w, (row) => row[i]))

const sum = (a: Weights, b: Weights): Float64Array[] => a.map((row, j) => row.map((value, i) => value + b[j][i]))

/** The mean over the batch of what `of` gives for a sample. */
function meanOf(w: Weights, batch: readonly Sample[], of: (sample: Sample) => Float64Array[]): Float64Array[] {
  let total: Float64Array[] = times(w, 0)
  for (const sample of batch) total = sum(total, of(sample))
  return times(total, 1 / batch.length)
}
