/** What a kernel computes on inputs of any size, for spec/every-kernel.ts: the kinds of kernels that take the same arguments. */
import fc from 'fast-check'
import type { HostKernels, Kernels } from '../src/kernels.ts'
import { ACTIVATIONS, type Activation } from '../src/reference/activation.ts'
import type { HostArray } from '../src/reference/array.ts'
import type { ConvolutionOptions } from '../src/reference/convolution.ts'
import type { MemoryKernels } from '../src/reference/memory.ts'
import { numbers, places, type Range, seeds } from './twins.ts'

export type EveryKernel<A> = Kernels<A> & HostKernels<A>
export type KernelName = Exclude<keyof EveryKernel<unknown>, keyof MemoryKernels<unknown>>

/** What the sizes of a case come from. */
export interface Problem {
  n: number
  c: number
  s: number
  k: number
  flag: boolean
  seed: number
}

/** None, one, a few, around the width of a vector and of a cache line, and more. */
export const problems: fc.Arbitrary<Problem> = fc.record({
  n: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 1, 16, 33)),
  c: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 15, 16, 17, 40)),
  s: fc.integer({ min: 1, max: 9 }),
  k: fc.integer({ min: 1, max: 5 }),
  flag: fc.boolean(),
  seed: seeds,
})

export interface Case {
  inputs: HostArray[]
  /** All that the kernel yields or writes. */
  compute<A>(kernels: EveryKernel<A>, ...inputs: A[]): (A | null)[]
}

export type MakeCase = (problem: Problem) => Case

export const positive = { min: 0.25, max: 4 }
const half = { min: -0.5, max: 0.5 }
export const count = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1)

/** Arrays of these lengths. */
export const arrays = (seed: number, lengths: readonly number[], range: Range = { min: -1, max: 1 }) =>
  lengths.map((n, i) => numbers(seed + i, n, range))

type UnaryName = 'abs' | 'cos' | 'exp' | 'gelu' | 'log' | 'neg' | 'relu' | 'sigmoid' | 'sin' | 'sqrt' | 'tanh'
type BinaryName = `${Exclude<UnaryName, 'neg'>}Backward` | `binaryCrossEntropyWithLogits`
type BroadcastName = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'eq' | 'gt' | 'lt'

export const unary = (name: UnaryName, range?: Range): MakeCase => {
  return ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c], range), compute: (k, x) => [k[name](x)] })
}

export const binary = (name: BinaryName, range?: Range): MakeCase => {
  return ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c, n * c], range), compute: (k, x, y) => [k[name](x, y)] })
}

/** Whole numbers, so that some are equal; none is 0. */
export const broadcast = (name: BroadcastName): MakeCase => {
  return ({ n, c, s, k: kind, seed }) => {
    const a = [n, c, s]
    const b = [a, [1], [s], [c, 1], [n, 1, s]][kind - 1]
    const inputs = [a, b].map((shape, i) => Float32Array.from(places(seed + i, count(shape), 6), (v) => v - 2.5))
    return { inputs, compute: (k, x, y) => [k[name](x, y, { a, b })] }
  }
}

export const rows = (name: 'softmax' | 'logSoftmax'): MakeCase => {
  return ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c]), compute: (k, x) => [k[name](x, { n, c })] })
}

export const rowsBackward = (name: 'softmaxBackward' | 'logSoftmaxBackward'): MakeCase => {
  return ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c, n * c]), compute: (k, dy, y) => [k[name](dy, y, { n, c })] })
}

export const axis = (name: 'sum' | 'mean' | 'argmax' | 'argmin'): MakeCase => {
  return ({ n: outer, c: n, s: inner, seed }) => ({
    inputs: arrays(seed, [outer * n * inner]),
    compute: (k, x) => [k[name](x, { outer, n, inner })],
  })
}

/** An update in place: of up to four parameters, and of all their buffers, which are positive. */
export const update = (buffers: number, run: <A>(kernels: EveryKernel<A>, lists: A[][], flag: boolean) => void): MakeCase => {
  return ({ n, c, s, k: count, flag, seed }) => {
    const sizes = [n * c, s, 0, c * s].slice(0, count - 1)
    return {
      inputs: Array.from({ length: 2 + buffers }, (_, i) => arrays(seed + 9 * i, sizes, positive)).flat(),
      compute: (k, ...all) => {
        const lists = Array.from({ length: 2 + buffers }, (_, i) => all.slice(i * sizes.length, (i + 1) * sizes.length))
        run(k, lists, flag)
        return all
      },
    }
  }
}

export const adam = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 3 }

export const pooling = ({ n, c, s, k }: Problem) => {
  return { x: [n, s + 4, (c % 13) + 4], window: [2, 3], stride: [2, 1 + (k % 2)], padding: [1, 1] } as const
}
export const pooled = ({ x: [n, h, w], stride }: ReturnType<typeof pooling>) =>
  n * (Math.floor(h / stride[0]) + 1) * (Math.floor((w - 1) / stride[1]) + 1)

export const pool = (name: 'maxPool2d' | 'maxPool2dIndices'): MakeCase => {
  return (problem) => ({ inputs: arrays(problem.seed, [count(pooling(problem).x)]), compute: (k, x) => [k[name](x, pooling(problem))] })
}

/** None, or one of them. */
export const activationOf = ({ k }: Problem): Activation | undefined => ACTIVATIONS.at(k % (ACTIVATIONS.length + 1))

/** Windows of one to three numbers each way, strides, dilation, groups, depthwise. */
export function convolution({ n, c, s, k, flag, seed }: Problem): { o: ConvolutionOptions; x: HostArray; w: HostArray; b: HostArray } {
  const groups = flag ? 1 + (c % 8) : 1
  const channels = flag ? groups : c
  const filters = groups * (1 + (k % 4))
  const o: ConvolutionOptions = {
    x: [n % 4, channels, s + 4, (c % 7) + 4],
    w: [filters, channels / groups, 1 + (k % 3), 1 + (s % 3)],
    stride: [1 + (s % 2), 1],
    padding: [1, k % 2],
    dilation: [1, 1 + (n % 2)],
    groups,
  }
  const [x, w, b] = arrays(seed, [count(o.x), count(o.w), filters])
  return { o, x, w, b }
}

/** Its output has other sizes than its input, so the gradients take a forward pass as dy. */
export const convolutionGradient = (name: 'conv2dInputGradient' | 'conv2dWeightGradient'): MakeCase => {
  return (problem) => {
    const { o, x, w } = convolution(problem)
    return { inputs: [x, w], compute: (k, x, w) => [k[name](k.conv2d(x, w, null, o), name === 'conv2dInputGradient' ? w : x, o)] }
  }
}

export const attention = ({ n, c: l, s, k: e, flag, seed }: Problem) => {
  const o = { n: n % 5, l, s, e, ev: 3, isCausal: flag, ...(flag ? {} : { mask: { offsets: new Array<number>(n % 5).fill(0), row: s } }) }
  return { o, inputs: [...arrays(seed, [o.n * l * e, o.n * s * e, o.n * s * 3]), numbers(seed, l * s)] }
}

/** Powers that have kernels of their own, and one that has not. */
export const exponents = [0, 0.5, 1.7, 2, -1]

type CellName = 'rnn' | 'gru' | 'lstm'
const GATES = { rnn: 1, gru: 3, lstm: 4 }

/** x, h0, c0 (of lstm alone), wIh, wHh and a bias for both. */
function sequence(name: CellName, { n, c, s: i, k: t, flag, seed }: Problem, nonlinearity: 'tanh' | 'relu' = 'tanh') {
  const h = 1 + (c % 17)
  const g = GATES[name] * h
  const o = { t, n, i, h, reverse: flag, nonlinearity } as const
  const forward = <A>(k: EveryKernel<A>, [x, h0, c0, wIh, wHh, b]: A[]): A =>
    name === 'lstm' ? k.lstm(x, h0, c0, wIh, wHh, b, b, o) : k[name](x, h0, wIh, wHh, b, b, o)
  return { o, forward, inputs: arrays(seed, [t * n * i, n * h, n * h, g * i, g * h, g], half) }
}

export const cell = (name: CellName): MakeCase => {
  return (problem) => {
    const { forward, inputs } = sequence(name, problem, problem.flag ? 'tanh' : 'relu')
    return { inputs, compute: (k, ...inputs) => [forward(k, inputs)] }
  }
}

export const cellBackward = (name: CellName): MakeCase => {
  return (problem) => {
    const { o, forward, inputs } = sequence(name, problem)
    const dy = numbers(problem.seed + 9, (name === 'lstm' ? 2 : 1) * o.t * o.n * o.h)
    const needs = new Array<boolean>(7).fill(true)
    return {
      inputs: [...inputs, dy],
      compute: (k, ...[x, h0, c0, wIh, wHh, b, dy]) => {
        const y = forward(k, [x, h0, c0, wIh, wHh, b])
        if (name === 'lstm') return k.lstmBackward(dy, x, h0, c0, wIh, wHh, y, o, needs)
        return k[`${name}Backward`](dy, x, h0, wIh, wHh, y, o, needs)
      },
    }
  }
}
