import type { Kernels } from '../../src/kernels.ts'
import type { Family, Inputs, OperationBench } from './operation.ts'

/** A whole sequence in one call. */
const OPTIONS = { t: 30, n: 32, i: 64, h: 64, nonlinearity: 'tanh' } as const
const { t, n, i, h } = OPTIONS
const NEEDS = [true, true, true, true, true, true, true]

interface Cell {
  name: 'rnn' | 'gru' | 'lstm'
  gates: number
  /** What backward's dy and forward's result hold, in [T, N, H]. */
  outputs: number
  states: number
}

const CELLS: readonly Cell[] = [
  { name: 'rnn', gates: 1, outputs: 1, states: 1 },
  { name: 'gru', gates: 3, outputs: 1, states: 1 },
  { name: 'lstm', gates: 4, outputs: 2, states: 2 },
]

function operandsOf<A>(inputs: Inputs<A>, { gates }: Cell) {
  const g = gates * h
  const weights = (size: number) => inputs.numbers(size, 1 / Math.sqrt(h)) // gradients that neither vanish nor explode
  const [x, h0, c0] = [inputs.numbers(t * n * i), inputs.numbers(n * h), inputs.numbers(n * h)]
  return { x, h0, c0, wIh: weights(g * i), wHh: weights(g * h), bIh: weights(g), bHh: weights(g) }
}

function forward<A>(k: Kernels<A>, cell: Cell, { x, h0, c0, wIh, wHh, bIh, bHh }: ReturnType<typeof operandsOf<A>>): A {
  if (cell.name === 'lstm') return k.lstm(x, h0, c0, wIh, wHh, bIh, bHh, OPTIONS)
  return k[cell.name](x, h0, wIh, wHh, bIh, bHh, OPTIONS)
}

function passes(cell: Cell): OperationBench[] {
  const flops = 2 * t * n * cell.gates * h * (i + h)
  return [
    {
      name: `${cell.name} T=${t} N=${n} I=H=${h}`,
      flops,
      task: (k, inputs) => {
        const operands = operandsOf(inputs, cell)
        return () => forward(k, cell, operands)
      },
    },
    {
      name: `${cell.name}Backward`,
      flops: 2 * flops,
      task: (k, inputs) => {
        const operands = operandsOf(inputs, cell)
        const y = inputs.given(k.download(forward(k, cell, operands), 'bench'))
        const dy = inputs.numbers(cell.outputs * t * n * h)
        const { x, h0, c0, wIh, wHh } = operands
        if (cell.name === 'lstm') return () => k.lstmBackward(dy, x, h0, c0, wIh, wHh, y, OPTIONS, NEEDS)
        const backward = `${cell.name}Backward` as const
        return () => k[backward](dy, x, h0, wIh, wHh, y, OPTIONS, NEEDS)
      },
    },
  ]
}

export const recurrent: Family = { name: 'recurrent layers', operations: CELLS.flatMap(passes) }
