/** ml-matrix: products and element-wise functions, in float64 and plain JavaScript. */
import { readFileSync } from 'node:fs'
import { Matrix } from 'ml-matrix'
import { samples } from '../operations/operation.ts'
import { type Prepared, serve, type Work } from '../serve.ts'
import { numbers } from '../work.ts'
import { cannot } from './cannot.ts'

const input = (rows: number, columns: number, seed: number) => Matrix.from1DArray(rows, columns, numbers(rows * columns, seed))

const operation = (compute: () => Matrix | number): Prepared => ({
  run: compute,
  result: () => {
    const y = compute()
    return typeof y === 'number' ? [y] : samples(y.to1DArray())
  },
})

function product(transA: boolean, transB: boolean): Prepared {
  const [a, b] = [input(512, 512, 1), input(512, 512, 2)]
  return operation(() => (transA ? a.transpose() : a).mmul(transB ? b.transpose() : b))
}

function unary(compute: (x: Matrix) => Matrix | number): () => Prepared {
  return () => {
    const x = input(1024, 1024, 1)
    return operation(() => compute(x))
  }
}

const work: Work = {
  'matmul NN 512³': () => product(false, false),
  'matmul NT 512³': () => product(false, true),
  'matmul TN 512³': () => product(true, false),
  'exp 1M': unary((x) => Matrix.exp(x)),
  'tanh 1M': unary((x) => Matrix.tanh(x)),
  'add 1M': () => {
    const [a, b] = [input(1024, 1024, 1), input(1024, 1024, 2)]
    return operation(() => Matrix.add(a, b))
  },
  'sum 1M': unary((x) => x.sum()),
  ...cannot('has no such function', ['gelu 1M', 'softmax [128, 1000]']),
  ...cannot('has matrices only', ['MLP step', 'CNN step', 'CNN inference', 'LSTM step', 'Transformer block step']),
}

const { version } = JSON.parse(readFileSync(new URL('./node_modules/ml-matrix/package.json', import.meta.url), 'utf8'))
await serve(work, { version })
