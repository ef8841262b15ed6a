import type { DType } from '../reference/array.ts'
import type { Argument, Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Element, Parameter, Source } from './program.ts'

const THREADS = 256

/** How WGSL calls the numbers of a dtype. */
export type Scalar = 'f32' | 'i32'
export const elementOf = (dtype: DType): Scalar => (dtype === 'int32' ? 'i32' : 'f32')

export interface EachSource {
  readonly reads: Readonly<Record<string, Element>>
  readonly writes: Readonly<Record<string, Element>>
  readonly params?: Readonly<Record<string, Parameter>>
  readonly declarations?: string
  readonly checks?: boolean
  /** What is done for number i of n: `y[i] = x[i] * p.factor;` */
  readonly body: string
}

/** A kernel with a thread for each of n numbers. */
export function eachSource(name: string, { body, params = {}, ...rest }: EachSource): Source {
  return {
    ...rest,
    name,
    params: { ...params, n: 'u32' },
    main: `  let i = group * ${THREADS}u + local;
  if (i >= p.n) { return; }
  ${body}`,
  }
}

/** Runs it on n numbers. */
export function runEach(
  gpu: Gpu,
  source: Source,
  n: number,
  arrays: Readonly<Record<string, GpuArray>>,
  params: Readonly<Record<string, Argument>> = {},
): void {
  gpu.run(source, arrays, { ...params, n }, Math.ceil(n / THREADS))
}

/** One source for each kind of number, made when it is first asked for. */
export function typed(make: (T: Scalar) => Source): (dtype: DType) => Source {
  const sources = new Map<Scalar, Source>()
  return (dtype) => {
    const T = elementOf(dtype)
    const source = sources.get(T) ?? make(T)
    sources.set(T, source)
    return source
  }
}

/** `unary('exp', 'exp_(x[i])')`: a kernel for y_i = f(x_i). */
export const unary = (name: string, y: string, rest: Omit<EachSource, 'reads' | 'writes' | 'body'> = {}, T: Element = 'f32'): Source =>
  eachSource(name, { ...rest, reads: { x: T }, writes: { y: T }, body: `y[i] = ${y};` })

export function runUnary(gpu: Gpu, source: Source, x: GpuArray, params?: Readonly<Record<string, Argument>>): GpuArray {
  const y = gpu.allocate(source.name, x.dtype, x.length)
  runEach(gpu, source, x.length, { x, y }, params)
  return y
}

/** `backward('expBackward', 'dy[i] * v[i]')`: a kernel for dx_i = dy_i · f'(v_i), where v is x or y. */
export const backward = (name: string, dx: string, rest: Omit<EachSource, 'reads' | 'writes' | 'body'> = {}): Source =>
  eachSource(name, { ...rest, reads: { dy: 'f32', v: 'f32' }, writes: { dx: 'f32' }, body: `dx[i] = ${dx};` })

export function runBackward(gpu: Gpu, source: Source, dy: GpuArray, v: GpuArray, params?: Readonly<Record<string, Argument>>): GpuArray {
  const dx = gpu.allocate(source.name, dy.dtype, dy.length)
  runEach(gpu, source, dy.length, { dy, v, dx }, params)
  return dx
}
