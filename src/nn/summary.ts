import { expect } from '../errors.ts'
import { type Shape, showShape } from '../reference/array.ts'
import { noGrad, Tensor, zeros } from '../tensor/index.ts'
import type { Module } from './module.ts'
import { observe } from './observe.ts'

interface Row {
  name: string
  output: string
  parameters: number
}

/**
 * A table of a model's layers in the order in which they run: the shape of what each gives (-1 stands for the batch) and how many
 * parameters it has of its own. inputShape is that of one sample, without the batch.
 */
export function summary(model: Module, inputShape: Shape): string {
  expect(Array.isArray(inputShape), 'summary', () => `inputShape must be an array of lengths, got ${String(inputShape)}`)
  const rows: Row[] = []
  const modules = [...model.namedModules()]
  const leaves = modules.filter(([, module]) => module.namedChildren().next().done)
  const modes = modules.map(([, module]) => module.training)
  const note = (path: string, leaf: Module<unknown[], unknown>, y: unknown) => {
    rows.push({ name: `${leaf.constructor.name}${path ? ` (${path})` : ''}`, output: showOutput(y), parameters: count(leaf) })
  }
  try {
    model.eval()
    observe(leaves, note, () => noGrad(() => model.forward(zeros([1, ...inputShape]))))
  } finally {
    for (const [i, [, module]] of modules.entries()) module.training = modes[i]
  }
  return table(rows, count(model))
}

function showOutput(y: unknown): string {
  return y instanceof Tensor ? showShape([-1, ...y.shape.slice(1)]) : '...'
}

function count(module: Module<unknown[], unknown>): number {
  return module.parameters().reduce((total, parameter) => total + parameter.size, 0)
}

function table(rows: Row[], total: number): string {
  const cells = [['Layer', 'Output', 'Parameters'], ...rows.map((r) => [r.name, r.output, r.parameters.toLocaleString('en-US')])]
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)))
  const line = ([a, b, c]: string[]) => `${a.padEnd(widths[0])}  ${b.padEnd(widths[1])}  ${c.padStart(widths[2])}`
  const rule = '─'.repeat(widths[0] + widths[1] + widths[2] + 4)
  return [line(cells[0]), rule, ...cells.slice(1).map(line), rule, `${total.toLocaleString('en-US')} parameters`].join('\n')
}
