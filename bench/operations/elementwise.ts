import type { Family, OperationBench } from './operation.ts'

const MILLION = 1 << 20

/** y = f(x), or dx = f(dy, y), over a million numbers. */
type Unary = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'gelu' | 'relu'
type Backward = 'tanhBackward' | 'geluBackward' | 'reluBackward'

const unary = (name: Unary): OperationBench => ({
  name: `${name} 1M`,
  bytes: 8 * MILLION,
  task: (k, inputs) => {
    const x = name === 'log' ? inputs.positive(MILLION) : inputs.numbers(MILLION)
    return () => k[name](x)
  },
})

const backward = (name: Backward): OperationBench => ({
  name: `${name} 1M`,
  bytes: 12 * MILLION,
  task: (k, inputs) => {
    const [dy, y] = [inputs.numbers(MILLION), inputs.numbers(MILLION)]
    return () => k[name](dy, y)
  },
})

export const elementwise: Family = {
  name: 'element by element',
  operations: [
    ...(['exp', 'log', 'tanh', 'sigmoid', 'gelu', 'relu'] as const).map(unary),
    ...(['tanhBackward', 'geluBackward', 'reluBackward'] as const).map(backward),
    {
      name: 'add 1M',
      bytes: 12 * MILLION,
      task: (k, inputs) => {
        const [a, b] = [inputs.numbers(MILLION), inputs.numbers(MILLION)]
        return () => k.add(a, b, { a: [MILLION], b: [MILLION] })
      },
    },
    {
      name: 'add [1024, 1024] + [1024]',
      bytes: 8 * MILLION,
      task: (k, inputs) => {
        const [a, b] = [inputs.numbers(MILLION), inputs.numbers(1024)]
        return () => k.add(a, b, { a: [1024, 1024], b: [1024] })
      },
    },
    {
      name: 'transpose [1024, 1024]',
      bytes: 8 * MILLION,
      task: (k, inputs) => {
        const x = inputs.numbers(MILLION)
        return () => k.strided(x, { shape: [1024, 1024], strides: [1, 1024], offset: 0 })
      },
    },
  ],
}
