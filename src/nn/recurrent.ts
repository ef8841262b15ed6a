import { expect } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { cat, F, stack, type Tensor, zeros } from '../tensor/index.ts'
import { uniform } from './init.ts'
import { Module, Parameter } from './module.ts'

export interface RecurrentOptions {
  /** So many layers, each on the output of the one before it. Default 1. */
  numLayers?: number
  /** A second pass from the last step to the first; the outputs of both stand side by side. Default false. */
  bidirectional?: boolean
  /** x and output are [N, T, ·] instead of [T, N, ·]; states are [·, N, H] in any case. Default false. */
  batchFirst?: boolean
  /** In training, sets elements of the output of each layer but the last to 0 with this probability. Default 0. */
  dropout?: number
}

export interface RNNOptions extends RecurrentOptions {
  /** Default 'tanh'. */
  nonlinearity?: 'tanh' | 'relu'
}

/** What one layer in one direction gives: the output of all steps, [T, N, H], and its last states, [N, H] each. */
interface Passed {
  output: Tensor
  last: readonly Tensor[]
}

/**
 * What RNN, LSTM and GRU share: layers, directions, and their parameters. Layer k has `weight_ih_lk`: [G·H, I], `weight_hh_lk`: [G·H, H], `bias_ih_lk` and
 * `bias_hh_lk`: [G·H], and for the other direction the same with `_reverse`; I is the input's size, and D·H from the second layer on. All start uniform in ±1/√H.
 */
abstract class Recurrent<In extends unknown[], State> extends Module<In, [output: Tensor, state: State]> {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly bidirectional: boolean
  readonly batchFirst: boolean
  readonly dropout: number
  readonly [weight: `weight_${string}`]: Parameter
  readonly [bias: `bias_${string}`]: Parameter

  constructor(gates: number, inputSize: number, hiddenSize: number, options: RecurrentOptions) {
    super()
    const { numLayers = 1, bidirectional = false, batchFirst = false, dropout = 0 } = options
    const name = this.constructor.name
    for (const [argument, n] of Object.entries({ inputSize, hiddenSize, numLayers })) {
      expect(Number.isInteger(n) && n > 0, name, () => `${argument} must be an integer above 0, got ${n}`)
    }
    expect(dropout >= 0 && dropout <= 1, name, () => `dropout must lie between 0 and 1, got ${dropout}`)
    expect(
      dropout === 0 || numLayers > 1,
      name,
      () => `dropout acts between layers, so ${dropout} needs numLayers above 1, got ${numLayers}`,
    )
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    this.numLayers = numLayers
    this.bidirectional = bidirectional
    this.batchFirst = batchFirst
    this.dropout = dropout
    const bound = 1 / Math.sqrt(hiddenSize)
    const rows = gates * hiddenSize
    for (let layer = 0; layer < numLayers; layer++) {
      const width = layer === 0 ? inputSize : this.#directions.length * hiddenSize
      const shapes = { weight_ih: [rows, width], weight_hh: [rows, hiddenSize], bias_ih: [rows], bias_hh: [rows] }
      for (const direction of this.#directions) {
        for (const [kind, shape] of Object.entries(shapes)) {
          Object.assign(this, { [`${kind}_l${layer}${direction}`]: new Parameter(uniform(zeros(shape), -bound, bound)) })
        }
      }
    }
  }

  get #directions(): readonly string[] {
    return this.bidirectional ? ['', '_reverse'] : ['']
  }

  /** One layer in one direction. states: its initial ones, [N, H] each. */
  protected abstract pass(x: Tensor, states: readonly Tensor[], weights: F.SequenceWeights, reverse: boolean): Passed

  /** All layers. initial: by name [D · numLayers, N, H], or undefined for zeros -> output and the last states, in the same shape */
  protected run(x: Tensor, initial: Readonly<Record<string, Tensor | undefined>>): [output: Tensor, states: Tensor[]] {
    this.#expectInput(x)
    const steps = this.batchFirst ? x.transpose(0, 1) : x // [T, N, I]
    const initialStates = Object.entries(initial).map(([name, state]) => this.#stateFor(name, state, steps))
    const last: Tensor[][] = initialStates.map(() => [])
    let output = steps
    for (let layer = 0; layer < this.numLayers; layer++) {
      const passed = this.#directions.map((direction, d) => {
        const place = layer * this.#directions.length + d
        const states = initialStates.map((state) => state.select(0, place)) // [N, H]
        return this.pass(output, states, this.#weights(`l${layer}${direction}`), d === 1)
      })
      for (const { last: states } of passed) for (const [k, state] of states.entries()) last[k].push(state)
      output =
        passed.length === 1
          ? passed[0].output
          : cat(
              passed.map((p) => p.output),
              -1,
            ) // [T, N, D · H]
      if (layer < this.numLayers - 1 && this.dropout > 0) output = F.dropout(output, { p: this.dropout, training: this.training })
    }
    return [this.batchFirst ? output.transpose(0, 1) : output, last.map((states) => stack(states))]
  }

  #weights(suffix: string): F.SequenceWeights {
    return {
      wIh: this[`weight_ih_${suffix}`],
      wHh: this[`weight_hh_${suffix}`],
      bIh: this[`bias_ih_${suffix}`],
      bHh: this[`bias_hh_${suffix}`],
    }
  }

  #expectInput(x: Tensor): void {
    const axes = this.batchFirst ? 'N, T' : 'T, N'
    expect(
      x.ndim === 3 && x.shape[2] === this.inputSize,
      this.constructor.name,
      () => `x must have shape [${axes}, ${this.inputSize}] (batchFirst: ${this.batchFirst}), got ${showShape(x.shape)}`,
    )
    expect(
      x.shape[this.batchFirst ? 1 : 0] > 0,
      this.constructor.name,
      () => `the sequence has no steps: x has shape ${showShape(x.shape)}`,
    )
  }

  #stateFor(name: string, state: Tensor | undefined, steps: Tensor): Tensor {
    const shape = [this.#directions.length * this.numLayers, steps.shape[1], this.hiddenSize]
    if (state === undefined) return zeros(shape, { dtype: steps.dtype })
    expect(
      isSameShape(state.shape, shape),
      this.constructor.name,
      () => `${name} must have shape ${showShape(shape)} (directions · layers, samples, hiddenSize), got ${showShape(state.shape)}`,
    )
    return state
  }
}

/**
 * h_t = f(W_ih · x_t + b_ih + W_hh · h_t-1 + b_hh)        Elman 1990
 *
 * x: [T, N, I], h0: [D · numLayers, N, H] or zeros -> [output, hn]: the last layer's states, [T, N, D · H], and the last states of all layers, shaped as h0
 */
export class RNN extends Recurrent<[x: Tensor, h0?: Tensor], Tensor> {
  readonly nonlinearity: 'tanh' | 'relu'

  constructor(inputSize: number, hiddenSize: number, { nonlinearity = 'tanh', ...options }: RNNOptions = {}) {
    super(1, inputSize, hiddenSize, options)
    const known = nonlinearity === 'tanh' || nonlinearity === 'relu'
    expect(known, 'RNN', () => `nonlinearity must be 'tanh' or 'relu', got ${JSON.stringify(nonlinearity)}`)
    this.nonlinearity = nonlinearity
  }

  forward(x: Tensor, h0?: Tensor): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, { h0 })
    return [output, hn]
  }

  protected pass(x: Tensor, [h0]: readonly Tensor[], weights: F.SequenceWeights, reverse: boolean): Passed {
    const [output, hn] = F.rnn(x, h0, weights, { nonlinearity: this.nonlinearity, reverse })
    return { output, last: [hn] }
  }
}

/**
 * Long short-term memory, rows of the weights in the order i, f, g, o        Hochreiter & Schmidhuber 1997, Gers et al. 2000
 *
 * x: [T, N, I], h0, c0: [D · numLayers, N, H] or zeros -> [output, [hn, cn]]: the last layer's h, [T, N, D · H], and the last h and c of all layers, shaped as h0
 */
export class LSTM extends Recurrent<[x: Tensor, initial?: readonly [h0: Tensor, c0: Tensor]], [hn: Tensor, cn: Tensor]> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(4, inputSize, hiddenSize, options)
  }

  forward(x: Tensor, initial?: readonly [h0: Tensor, c0: Tensor]): [output: Tensor, state: [hn: Tensor, cn: Tensor]] {
    const isPair = initial === undefined || (Array.isArray(initial) && initial.length === 2)
    expect(isPair, 'LSTM', () => 'the initial state must be a pair [h0, c0]')
    const [output, [hn, cn]] = this.run(x, { h0: initial?.[0], c0: initial?.[1] })
    return [output, [hn, cn]]
  }

  protected pass(x: Tensor, [h0, c0]: readonly Tensor[], weights: F.SequenceWeights, reverse: boolean): Passed {
    const [output, last] = F.lstm(x, [h0, c0], weights, { reverse })
    return { output, last }
  }
}

/**
 * Gated recurrent units, rows of the weights in the order r, z, n        Cho et al. 2014
 *
 * x: [T, N, I], h0: [D · numLayers, N, H] or zeros -> [output, hn]: the last layer's states, [T, N, D · H], and the last states of all layers, shaped as h0
 */
export class GRU extends Recurrent<[x: Tensor, h0?: Tensor], Tensor> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(3, inputSize, hiddenSize, options)
  }

  forward(x: Tensor, h0?: Tensor): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, { h0 })
    return [output, hn]
  }

  protected pass(x: Tensor, [h0]: readonly Tensor[], weights: F.SequenceWeights, reverse: boolean): Passed {
    const [output, hn] = F.gru(x, h0, weights, { reverse })
    return { output, last: [hn] }
  }
}
