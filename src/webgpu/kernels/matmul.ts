import type { Activated } from '../../reference/activation.ts'
import type { MatmulKernels, MatmulOptions } from '../../reference/matmul.ts'
import { type Factor, type Gemm, runGemm } from '../gemm.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Element } from '../program.ts'
import { activate } from './activation.ts'

/** What lies in lines of so many numbers can be read and written four at a time. */
const isVector = (line: number): boolean => line % 4 === 0
const elementOf = (line: number): Element => (isVector(line) ? 'vec4f' : 'f32')

function factor(name: 'a' | 'b', along: Factor['along'], line: number): Factor {
  const edge = name === 'a' ? 'p.m' : 'p.n'
  const place = along === 'k' ? `(s * ${edge} + i) * p.k + k` : `(s * p.k + k) * ${edge} + i`
  return isVector(line) ? { along, vector: true, load: `return ${name}[(${place}) / 4u];` } : { along, load: `return ${name}[${place}];` }
}

type ProductOptions = MatmulOptions & Activated

/** a: [batch, m, k], b: [batch, k, n] (or as their transposes) -> y: [batch, m, n]; `bias`: [n] is added to every row, and then comes the activation. */
function productSource(name: string, options: ProductOptions, withBias: boolean): Gemm {
  const { m, k, n, transA = false, transB = false } = options
  const [lineA, lineB] = [transA ? m : k, transB ? k : n]
  const bias = (place: string) => (withBias ? ` + bias[${place}]` : '')
  return {
    name,
    reads: { a: elementOf(lineA), b: elementOf(lineB), ...(withBias ? { bias: elementOf(n) } : {}) },
    writes: { y: elementOf(n) },
    a: factor('a', transA ? 'across' : 'k', lineA),
    b: factor('b', transB ? 'k' : 'across', lineB),
    declarations: activate(options, elementOf(n)),
    store: isVector(n)
      ? `y[((s * p.m + i) * p.n + j) / 4u] = activate(value${bias('j / 4u')});`
      : `y[(s * p.m + i) * p.n + j] = activate(value${bias('j')});`,
    vectorStore: isVector(n),
  }
}

const sources = new Map<string, Gemm>()

/** The product of matrices that lie in memory. Equal layouts have one. `name` is the kernel's, for messages. */
export function productOf(name: string, options: ProductOptions, withBias: boolean): Gemm {
  const { m, k, n, transA = false, transB = false, activation } = options
  const key = [name, transA, transB, ...[m, k, n].map(isVector), withBias, activation].join()
  const source = sources.get(key) ?? productSource(name, options, withBias)
  sources.set(key, source)
  return source
}

export function product(gpu: Gpu, name: string, a: GpuArray, b: GpuArray, options: ProductOptions, bias?: GpuArray): GpuArray {
  const { m, k, n, batch = 1 } = options
  const y = gpu.allocate(name, a.dtype, batch * m * n)
  runGemm(gpu, productOf(name, options, bias !== undefined), { m, n, k, batch }, { a, b, y, ...(bias ? { bias } : {}) })
  return y
}

export function matmul(gpu: Gpu): MatmulKernels<GpuArray> {
  return { matmul: (a, b, options) => product(gpu, 'matmul', a, b, options) }
}
