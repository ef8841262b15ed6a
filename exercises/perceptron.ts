/**
 * A perceptron (Rosenblatt 1958) is one neuron. It weighs its inputs, adds a
 * bias, and fires or stays silent:
 *
 *     v = Σ w_i · x_i + b        y = 1 if v ≥ 0, else 0
 *
 * It learns from its mistakes alone: where it should have fired and did not,
 * the weights move towards the input; where it fired and should not have, away
 * from it. If some straight line parts the two classes, it finds one. If none
 * does, as for XOR, it goes on making mistakes for ever.
 */
import { blank, lesson } from '../src/learn/index.ts'
import { lines, regions, table } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/** A neuron with n inputs.        w: [n] */
export interface Neuron {
  readonly w: Float64Array
  readonly b: number
}

/** An example to learn from: an input and the output that is wanted (0 or 1).        x: [n] */
export interface Sample {
  readonly x: Float64Array
  readonly d: number
}

/** The step function.  y = 1 if v ≥ 0, else 0        v: number -> y: 0 or 1 */
export function step(v: number): number {
  return v >= 0 ? 1 : 0 // worked: read it, then go on
}

/** What the inputs weigh together.  v = Σ_i w_i · x_i + b        w, x: [n] -> v: number */
export function weightedSum(neuron: Neuron, x: Float64Array): number {
  return blank('weightedSum', neuron, x)
}

/** Whether the neuron fires.  y = step(v)        x: [n] -> y: 0 or 1 */
export function output(neuron: Neuron, x: Float64Array): number {
  return blank('output', neuron, x)
}

/** The learning rule.  e = d - y,  w_i + α · e · x_i,  b + α · e        α: learning rate, x: [n] -> a new neuron */
export function learnSample(neuron: Neuron, sample: Sample, alpha: number): Neuron {
  return blank('learnSample', neuron, sample, alpha)
}

/**
 * One epoch: every sample once, in order, each met by the neuron that the sample before it left behind.
 * Mistakes are counted as they are met, before the neuron moves.        samples: N of x: [n] -> a new neuron, and the number of mistakes
 */
export function learnEpoch(neuron: Neuron, samples: readonly Sample[], alpha: number): { neuron: Neuron; mistakes: number } {
  return blank('learnEpoch', neuron, samples, alpha)
}

/** The line where a neuron of two inputs decides: the x2 for which w_1 · x1 + w_2 · x2 + b = 0.        w: [2], w_2 ≠ 0 -> x2: number */
export function boundary(neuron: Neuron, x1: number): number {
  return blank('boundary', neuron, x1)
}

/** What a gate answers at the four corners of the square: (0, 0), (0, 1), (1, 0), (1, 1). */
function gate(...d: number[]): Sample[] {
  return d.map((answer, i) => ({ x: Float64Array.of(i >> 1, i & 1), d: answer }))
}

await lesson(import.meta, ({ show, print, options }) => {
  const gates = { AND: gate(0, 0, 0, 1), OR: gate(0, 1, 1, 1), NAND: gate(1, 1, 1, 0), XOR: gate(0, 1, 1, 0) }
  const epochs = options.epochs ?? (options.quick ? 12 : 25)
  const alpha = 0.5
  const start: Neuron = { w: new Generator(options.seed).uniform(new Float64Array(2), -1, 1), b: 0 }
  const mistakes: Record<string, number[]> = {}
  const learnt: Record<string, Neuron> = {}

  const rows: string[][] = []
  for (const [name, samples] of Object.entries(gates)) {
    let neuron = start
    mistakes[name] = []
    for (let epoch = 0; epoch < epochs; epoch++) {
      const after = learnEpoch(neuron, samples, alpha)
      neuron = after.neuron
      mistakes[name].push(after.mistakes)
    }
    learnt[name] = neuron
    const outputs = samples.map(({ x }) => output(neuron, x)).join(' ')
    const [from, to] = [0, 1].map((x1) => `(${x1}, ${boundary(neuron, x1).toFixed(2)})`)
    rows.push([name, samples.map(({ d }) => d).join(' '), outputs, `${from} to ${to}`])
  }
  show(table(['gate', 'wanted', 'learnt', 'its line goes from'], rows, { title: `${epochs} epochs, α = ${alpha}` }))

  for (const name of ['AND', 'XOR'] as const) {
    const picture = regions((x1, x2) => output(learnt[name], Float64Array.of(x1, x2)), {
      title: `${name} after ${epochs} epochs: where the neuron fires`,
      points: gates[name].map(({ x }) => x),
      labels: gates[name].map(({ d }) => d),
      lines: [learnt[name]],
      classes: ['0', '1'],
      height: 9,
    })
    print('')
    show(picture)
  }
  print('No straight line has (0, 1) and (1, 0) on its one side, (0, 0) and (1, 1) on its other.', '')
  show(lines({ OR: mistakes.OR, XOR: mistakes.XOR }, { title: 'mistakes per epoch', xLabel: 'epoch', height: 6 }))
})
