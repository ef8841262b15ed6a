import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/perceptron.ts'
import { learnSample, type Neuron, output, type Sample, step, weightedSum } from '../solutions/perceptron.ts'

const neuron = (n: number): fc.Arbitrary<Neuron> => fc.record({ w: draw.vector(n), b: draw.number() })
const sample = (n: number): fc.Arbitrary<Sample> => fc.record({ x: draw.vector(n), d: fc.constantFrom(0, 1) })
const neuronAndInput = draw.withLength({ min: 1, max: 4 }, (n) => fc.tuple(neuron(n), draw.vector(n)))
/** Half of these lie on the neuron's line, where v = 0 exactly: there it is decided whether the step is ≥ or >. */
const nearTheLine = fc.oneof(
  neuronAndInput,
  neuronAndInput.map(([n, x]): [Neuron, Float64Array] => [{ ...n, b: n.b - weightedSum(n, x) }, x]),
)
const alpha = draw.number({ min: 0.125, max: 2 })

/** A neuron and a corner of the unit square: the gates of Saitoh, Deep Learning from Scratch (2016), section 2.3. */
const AND: Neuron = { w: Float64Array.of(0.5, 0.5), b: -0.7 }
const NAND: Neuron = { w: Float64Array.of(-0.5, -0.5), b: 0.7 }
const corner = (x1: number, x2: number) => Float64Array.of(x1, x2)
const SAITOH = 'Saitoh, Deep Learning from Scratch, 2016, section 2.3'

/** Four samples that a perceptron learns from w = [0, 0], b = 0: after the first epoch w = [-3, -1], b = 0, after the second w = [-2, -3], b = 1. */
const FOUR: readonly Sample[] = [
  { x: Float64Array.of(2, 2), d: 0 },
  { x: Float64Array.of(1, -2), d: 1 },
  { x: Float64Array.of(-2, 2), d: 0 },
  { x: Float64Array.of(-1, 1), d: 1 },
]
const HAGAN = 'Hagan, Demuth and Beale, Neural Network Design, chapter 4'

const moved = (from: Neuron, { x }: Sample, by: number): Neuron => ({ w: from.w.map((w, i) => w + by * x[i]), b: from.b + by })

export default checks<typeof lesson>({
  weightedSum: {
    hints: [
      'Every input has a weight of its own. How much does input i bring to the sum?',
      'v = w_1 · x_1 + w_2 · x_2 + … + w_n · x_n + b',
      'let v = neuron.b\nfor (let i = 0; i < x.length; i++) v += …\nreturn v',
    ],
    inputs: neuronAndInput,
    laws: {
      'without any input only the bias is left': (f, n, x) => f(n, new Float64Array(x.length)) === n.b,
      'doubled inputs double what is above the bias': (f, n, x) =>
        f(
          n,
          x.map((v) => 2 * v),
        ) -
          n.b ===
        2 * (f(n, x) - n.b),
    },
    frozen: [
      { args: [AND, corner(0, 1)], gives: -0.19999999999999996, from: SAITOH },
      { args: [{ w: Float64Array.of(1, -0.8), b: 0 }, Float64Array.of(1, 2)], gives: -0.6, from: HAGAN },
      { args: [{ w: Float64Array.of(2, 1.2), b: 0 }, Float64Array.of(-1, 2)], gives: 0.4, from: HAGAN },
    ],
    mutants: {
      'the bias b is missing': (n, x) => weightedSum({ ...n, b: 0 }, x),
      'the bias b is subtracted; it is to be added': (n, x) => weightedSum({ ...n, b: -n.b }, x),
      'the bias b is added once for every input; it is to be added once': (n, x) => weightedSum({ ...n, b: n.b * x.length }, x),
      'the inputs are summed without their weights': (n, x) => weightedSum({ ...n, w: n.w.map(() => 1) }, x),
      'the loop leaves out the first input (i starts at 1)': (n, x) => weightedSum({ ...n, w: n.w.map((w, i) => (i === 0 ? 0 : w)) }, x),
      'the loop leaves out the last input (i ends too early)': (n, x) =>
        weightedSum({ ...n, w: n.w.map((w, i) => (i === x.length - 1 ? 0 : w)) }, x),
      'the loop goes one too far, beyond the end of x (i <= x.length)': () => Number.NaN,
      'only the last product is kept: v = … where it should be v += …': (n, x) => n.w[x.length - 1] * x[x.length - 1],
    },
  },
  output: {
    hints: [
      'Two of the functions above do it together: one weighs, one decides.',
      'y = step(v), where v is the weighted sum of the inputs x',
      'return step(weightedSum(…, …))',
    ],
    inputs: nearTheLine,
    laws: {
      'the output is 0 or 1': (f, n, x) => [0, 1].includes(f(n, x)),
      'a neuron with all its signs turned gives the other output, unless v = 0': (f, n, x) =>
        weightedSum(n, x) === 0 || f({ w: n.w.map((w) => -w), b: -n.b }, x) === 1 - f(n, x),
    },
    frozen: [
      { args: [AND, corner(0, 0)], gives: 0, from: SAITOH },
      { args: [AND, corner(0, 1)], gives: 0, from: SAITOH },
      { args: [AND, corner(1, 1)], gives: 1, from: SAITOH },
      { args: [NAND, corner(1, 1)], gives: 0, from: SAITOH },
    ],
    mutants: {
      'the weighted sum is given itself; step() is missing': (n, x) => weightedSum(n, x),
      'the output is upside down: 1 where v < 0': (n, x) => 1 - output(n, x),
      'the bias is left out': (n, x) => output({ ...n, b: 0 }, x),
      'at v = 0 the neuron stays silent; there it should fire (≥, not >)': (n, x) => (weightedSum(n, x) > 0 ? 1 : 0),
      'the output is -1 or 1; it should be 0 or 1': (n, x) => 2 * output(n, x) - 1,
      'the neuron fires whatever the input': () => 1,
    },
  },
  learnSample: {
    hints: [
      'How far is the output from what was wanted, and in which direction? If it is right, nothing moves.',
      'e = d - y;  the new w_i = w_i + α · e · x_i;  the new b = b + α · e',
      'const e = sample.d - output(neuron, sample.x)\nreturn { w: neuron.w.map((w, i) => w + …), b: neuron.b + … }',
    ],
    inputs: draw.withLength({ min: 1, max: 4 }, (n) => fc.tuple(neuron(n), sample(n), alpha)),
    laws: {
      'a sample that is answered rightly changes nothing': (f, n, s, a) => {
        const after = f(n, { ...s, d: output(n, s.x) }, a)
        return after.b === n.b && after.w.every((w, i) => w === n.w[i])
      },
      'after a mistake v has moved towards the right side, by α · (|x|² + 1)': (f, n, s, a) => {
        const e = s.d - output(n, s.x)
        const square = s.x.reduce((sum, x) => sum + x * x, 0)
        return Math.abs(weightedSum(f(n, s, a), s.x) - weightedSum(n, s.x) - a * e * (square + 1)) < 1e-9
      },
    },
    frozen: [
      { args: [{ w: Float64Array.of(0, 0), b: 0 }, FOUR[0], 1], gives: { w: Float64Array.of(-2, -2), b: -1 }, from: HAGAN },
      { args: [{ w: Float64Array.of(-2, -2), b: -1 }, FOUR[3], 1], gives: { w: Float64Array.of(-3, -1), b: 0 }, from: HAGAN },
    ],
    mutants: {
      'the sign of e is turned: it learns away from the target (e = d - y)': (n, s, a) => moved(n, s, a * (output(n, s.x) - s.d)),
      'the learning rate α is missing': (n, s) => moved(n, s, s.d - output(n, s.x)),
      'the bias is not learnt': (n, s, a) => ({ ...learnSample(n, s, a), b: n.b }),
      'the bias moves without the learning rate α': (n, s, a) => ({ ...learnSample(n, s, a), b: n.b + s.d - output(n, s.x) }),
      'the weights are not learnt': (n, s, a) => ({ ...learnSample(n, s, a), w: n.w }),
      'the input x_i is missing: all weights move by the same amount': (n, s, a) => {
        const e = s.d - output(n, s.x)
        return { w: n.w.map((w) => w + a * e), b: n.b + a * e }
      },
      'the error is d - v, before the step; it should be d - y (that will be the delta rule)': (n, s, a) =>
        moved(n, s, a * (s.d - weightedSum(n, s.x))),
      'it moves by d, whether there was a mistake or not': (n, s, a) => moved(n, s, a * s.d),
      'the old weights are forgotten: the change is given in place of the new neuron': (n, s, a) =>
        moved({ w: new Float64Array(n.w.length), b: 0 }, s, a * (s.d - output(n, s.x))),
    },
  },
  learnEpoch: {
    hints: [
      'The neuron that a sample leaves behind is the one that meets the next sample.',
      'For every sample: count it if y ≠ d, then neuron ← learnSample(neuron, sample, α)',
      'let mistakes = 0\nlet current = neuron\nfor (const sample of samples) {\n  if (output(current, sample.x) !== …) mistakes++\n  current = …\n}\nreturn { neuron: current, mistakes }',
    ],
    inputs: draw.withLength({ min: 1, max: 3 }, (n) => fc.tuple(neuron(n), fc.array(sample(n), { maxLength: 5 }), alpha)),
    laws: {
      'an epoch without samples changes nothing': (f, n, _, a) => f(n, [], a).mistakes === 0 && f(n, [], a).neuron.b === n.b,
      'no mistakes, no change': (f, n, samples, a) => f(n, samples, a).mistakes > 0 || f(n, samples, a).neuron.b === n.b,
    },
    frozen: [
      {
        args: [{ w: Float64Array.of(0, 0), b: 0 }, FOUR, 1],
        gives: { neuron: { w: Float64Array.of(-3, -1), b: 0 }, mistakes: 2 },
        from: HAGAN,
      },
      {
        args: [{ w: Float64Array.of(-3, -1), b: 0 }, FOUR, 1],
        gives: { neuron: { w: Float64Array.of(-2, -3), b: 1 }, mistakes: 1 },
        from: HAGAN,
      },
    ],
    mutants: {
      'every sample starts again from the first neuron': (n, samples, a) => ({
        neuron: samples.reduce((_, s) => learnSample(n, s, a), n),
        mistakes: samples.filter((s) => output(n, s.x) !== s.d).length,
      }),
      'mistakes are counted after learning; count before the neuron moves': (n, samples, a) => epoch(n, samples, a, { after: true }),
      'mistakes are counted with the neuron of the start': (n, samples, a) => ({
        ...epoch(n, samples, a),
        mistakes: samples.filter((s) => output(n, s.x) !== s.d).length,
      }),
      'the right answers are counted, not the mistakes': (n, samples, a) => {
        const right = epoch(n, samples, a)
        return { ...right, mistakes: samples.length - right.mistakes }
      },
      'the neuron of the start is returned, not the one that has learnt': (n, samples, a) => ({ ...epoch(n, samples, a), neuron: n }),
      'the mistakes are not counted': (n, samples, a) => ({ ...epoch(n, samples, a), mistakes: 0 }),
      'the samples are learnt in reversed order': (n, samples, a) => epoch(n, [...samples].reverse(), a),
      'it stops after the first sample': (n, samples, a) => epoch(n, samples.slice(0, 1), a),
    },
  },
  boundary: {
    hints: [
      'On the line the neuron is undecided: v = 0. Solve that for x2.',
      'w_1 · x1 + w_2 · x2 + b = 0, so x2 = -(w_1 · x1 + b) / w_2',
      'return -(neuron.w[0] * x1 + …) / …',
    ],
    inputs: fc.tuple(neuron(2), draw.number()).filter(([n]) => n.w[1] !== 0),
    laws: {
      'on the line v = 0': (f, n, x1) => Math.abs(weightedSum(n, Float64Array.of(x1, f(n, x1)))) < 1e-9,
    },
    frozen: [
      { args: [{ w: Float64Array.of(1, 1), b: -1 }, 0], gives: 1, from: HAGAN },
      { args: [{ w: Float64Array.of(1, 1), b: -1 }, 1], gives: 0, from: HAGAN },
    ],
    mutants: {
      'the sign is turned: the minus is missing': (n, x1) => (n.w[0] * x1 + n.b) / n.w[1],
      'the minus stands before the first term only; it belongs to the bias, too': (n, x1) => (-n.w[0] * x1 + n.b) / n.w[1],
      'the bias is missing': (n, x1) => (-n.w[0] * x1) / n.w[1],
      'only the bias is divided by w_2: brackets are missing': (n, x1) => -(n.w[0] * x1 + n.b / n.w[1]),
      'w_1 and w_2 are swapped': (n, x1) => -(n.w[1] * x1 + n.b) / (n.w[0] || Number.NaN),
      'the division by w_2 is missing': (n, x1) => -(n.w[0] * x1 + n.b),
    },
  },
})

/** An epoch as it should be, or with the mistakes counted after learning. */
function epoch(start: Neuron, samples: readonly Sample[], rate: number, { after = false } = {}) {
  let current = start
  let mistakes = 0
  for (const s of samples) {
    const next = learnSample(current, s, rate)
    if (step(weightedSum(after ? next : current, s.x)) !== s.d) mistakes++
    current = next
  }
  return { neuron: current, mistakes }
}
