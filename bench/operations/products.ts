import type { Family, OperationBench } from './operation.ts'

/** C = op(A) · op(B), the second letter of a pair for B. The backward pass of a layer needs NT for the input's gradient and TN for the weights'. */
export type Transposition = 'NN' | 'NT' | 'TN'
export const TRANSPOSITIONS: readonly Transposition[] = ['NN', 'NT', 'TN']

interface Sizes {
  m: number
  k: number
  n: number
  batch?: number
}

export const productName = (kind: Transposition, size: number): string => `matmul ${kind} ${size}³`

/**
 * From so many multiply-adds on, something else looks at B before each NT product, as in training: a B that only products by it have looked at for a
 * while is packed once and for all, which is what a layer in an evaluation measures.
 */
const LARGE_ENOUGH = 128 ** 3
const FIRST = { shape: [1], strides: [1], offset: 0 }

function product(name: string, kind: Transposition, sizes: Sizes): OperationBench {
  const { m, k, n, batch = 1 } = sizes
  return {
    name,
    flops: 2 * batch * m * k * n,
    task: (kernels, inputs) => {
      const [a, b] = [inputs.numbers(batch * m * k), inputs.numbers(batch * k * n)]
      const options = { ...sizes, transA: kind === 'TN', transB: kind === 'NT' }
      if (kind !== 'NT' || batch * m * k * n < LARGE_ENOUGH) return () => kernels.matmul(a, b, options)
      return () => {
        kernels.release(kernels.strided(b, FIRST))
        return kernels.matmul(a, b, options)
      }
    },
  }
}

/** What only GPUs do in no time. */
const LARGE = [2048, 4096]

/** A layer of the MLP: 784 inputs, 256 outputs, 128 samples. */
const LAYER = { m: 128, k: 784, n: 256 }
const LAYER_FLOPS = 2 * 128 * 784 * 256

const layer: readonly OperationBench[] = [
  {
    name: 'linear 128×784×256',
    flops: LAYER_FLOPS,
    task: (k, inputs) => {
      const [x, w, b] = [inputs.numbers(128 * 784), inputs.numbers(256 * 784), inputs.numbers(256)]
      return () => k.linear(x, w, b, LAYER)
    },
  },
  {
    name: 'linearBackward',
    flops: 2 * LAYER_FLOPS,
    task: (k, inputs) => {
      const [dy, x, w] = [inputs.numbers(128 * 256), inputs.numbers(128 * 784), inputs.numbers(256 * 784)]
      return () => k.linearBackward(dy, x, w, LAYER, [true, true, true])
    },
  },
]

export const products: Family = {
  name: 'matrix products',
  operations: [
    ...[64, 128, 256, 512, 1024].flatMap((size) =>
      TRANSPOSITIONS.map((kind) => product(productName(kind, size), kind, { m: size, k: size, n: size })),
    ),
    ...LARGE.map((size) => product(productName('NN', size), 'NN', { m: size, k: size, n: size })),
    product('matmul 16³', 'NN', { m: 16, k: 16, n: 16 }),
    product('matmul NT 1×784×256', 'NT', { m: 1, k: 784, n: 256 }),
    product('matmul NN 512×9×512', 'NN', { m: 512, k: 9, n: 512 }),
    product('matmul NN 4096×64×16', 'NN', { m: 4096, k: 64, n: 16 }),
    product('matmul NT 32×(128×32×128)', 'NT', { batch: 32, m: 128, k: 32, n: 128 }),
    ...layer,
  ],
}
