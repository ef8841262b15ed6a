import type { Kernels } from '../src/kernels.ts'
import { Generator } from '../src/random.ts'

/** One kernel on one shape: what it computes, and how much work that is. */
export interface OperationBench {
  name: string
  /** Floating-point operations per call, for those that compute; bytes read and written, for those that move. */
  flops?: number
  bytes?: number
  task<A>(kernels: Kernels<A>): () => void
}

const million = 1 << 20
const generator = new Generator(1)
const normal = (n: number) => generator.normal(new Float32Array(n))

function product(label: string, size: number, transA: boolean, transB: boolean): OperationBench {
  return {
    name: `matmul ${label} ${size}³`,
    flops: 2 * size ** 3,
    task: (k) => {
      const [a, b] = [k.upload(normal(size * size)), k.upload(normal(size * size))]
      return () => k.release(k.matmul(a, b, { m: size, k: size, n: size, transA, transB }))
    },
  }
}

/** A kernel of one argument on a million elements: reads and writes each once. */
function unary(name: 'exp' | 'tanh' | 'sigmoid' | 'gelu' | 'relu' | 'log'): OperationBench {
  return {
    name: `${name} 1M`,
    bytes: 8 * million,
    task: (k) => {
      const x = k.upload(normal(million).map(name === 'log' ? Math.abs : (v) => v))
      return () => k.release(k[name](x))
    },
  }
}

export const operations: OperationBench[] = [
  ...[256, 512, 1024].flatMap((size) => [
    product('NN', size, false, false),
    product('NT', size, false, true),
    product('TN', size, true, false),
  ]),
  ...(['exp', 'tanh', 'sigmoid', 'gelu', 'relu', 'log'] as const).map(unary),
  {
    name: 'add 1M',
    bytes: 12 * million,
    task: (k) => {
      const [a, b] = [k.upload(normal(million)), k.upload(normal(million))]
      return () => k.release(k.add(a, b, { a: [million], b: [million] }))
    },
  },
  {
    name: 'add [1024, 1024] + [1024]',
    bytes: 8 * million,
    task: (k) => {
      const [a, b] = [k.upload(normal(million)), k.upload(normal(1024))]
      return () => k.release(k.add(a, b, { a: [1024, 1024], b: [1024] }))
    },
  },
  {
    name: 'sum 1M',
    bytes: 4 * million,
    task: (k) => {
      const x = k.upload(normal(million))
      return () => k.release(k.sum(x, { outer: 1, n: million, inner: 1 }))
    },
  },
  {
    name: 'transpose [1024, 1024]',
    bytes: 8 * million,
    task: (k) => {
      const x = k.upload(normal(million))
      return () => k.release(k.strided(x, { shape: [1024, 1024], strides: [1, 1024], offset: 0 }))
    },
  },
  {
    name: 'softmax [128, 1000]',
    bytes: 8 * 128_000,
    task: (k) => {
      const x = k.upload(normal(128_000))
      return () => k.release(k.softmax(x, { n: 128, c: 1000 }))
    },
  },
  {
    name: 'crossEntropy [128, 10]',
    bytes: 4 * 1408,
    task: (k) => {
      const [x, target] = [k.upload(normal(1280)), k.upload(generator.randint(0, 10, 128))]
      return () => k.release(k.crossEntropy(x, target, { n: 128, c: 10 }))
    },
  },
  {
    name: 'Adam update 200k',
    bytes: 28 * 200_000,
    task: (k) => {
      const [w, dw, m, v] = [1, 1, 0, 0].map((scale) => k.upload(normal(200_000).map((x) => x * scale)))
      let step = 0
      return () => k.adamInto(w, dw, m, v, null, { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, step: ++step })
    },
  },
]
