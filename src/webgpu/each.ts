import type { DType } from '../reference/array.ts'
import type { Argument, Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Element, Parameter, Source } from './program.ts'

const THREADS = 256

/** How WGSL calls the numbers of a dtype. */
export const elementOf = (dtype: DType): Element => (dtype === 'int32' ? 'i32' : 'f32')

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
export function typed(make: (T: Element) => Source): (dtype: DType) => Source {
  const sources = new Map<Element, Source>()
  return (dtype) => {
    const T = elementOf(dtype)
    const source = sources.get(T) ?? make(T)
    sources.set(T, source)
    return source
  }
}
