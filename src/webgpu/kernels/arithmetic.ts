import { type ArithmeticKernels, type BroadcastOptions, broadcastShape, broadcastStrides } from '../../reference/arithmetic.ts'
import { type DType, sizeOf } from '../../reference/array.ts'
import { mergeAxes } from '../../reference/axes.ts'
import { walk, walkParams } from '../axes.ts'
import { eachSource, runEach, typed } from '../each.ts'
import { special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'

/** A kernel for y = f(u, v), where u and v are numbers of a and b under the common shape. For whole numbers it may be another f. */
const broadcast = (name: string, f: string, ofInts = f) =>
  typed((T) =>
    eachSource(name, {
      reads: { a: T, b: T },
      writes: { y: T },
      params: walk.params,
      declarations: `${special}${walk.declarations}`,
      body: `let at = placesOf(i);
  let u = a[at.x];
  let v = b[at.y];
  y[i] = ${T === 'i32' ? ofInts : f};`,
    }),
  )

/** A NaN on either side stays. */
const extreme = (name: 'max' | 'min') => [`select(${name}(u, v), u + v, isNan(u) || isNan(v))`, `${name}(u, v)`] as const

const sources = {
  add: broadcast('add', 'u + v'),
  sub: broadcast('sub', 'u - v'),
  mul: broadcast('mul', 'u * v'),
  div: broadcast('div', 'u / v', 'select(u / v, 0, v == 0)'), // what JavaScript makes of ±∞ and NaN in int32 is 0
  maximum: broadcast('maximum', ...extreme('max')),
  minimum: broadcast('minimum', ...extreme('min')),
  eq: broadcast('eq', 'select(0.0, 1.0, u == v)', 'i32(u == v)'),
  gt: broadcast('gt', 'select(0.0, 1.0, u > v)', 'i32(u > v)'),
  lt: broadcast('lt', 'select(0.0, 1.0, u < v)', 'i32(u < v)'),
}

/** a, b and y are copied as bits. */
const where = typed((T) =>
  eachSource('where', {
    reads: { mask: T, a: 'u32', b: 'u32' },
    writes: { y: 'u32' },
    body: 'y[i] = select(a[i], b[i], mask[i] == 0);',
  }),
)

export function arithmetic(gpu: Gpu): ArithmeticKernels<GpuArray> {
  const on = (source: (dtype: DType) => Source) => (a: GpuArray, b: GpuArray, options: BroadcastOptions) => {
    const { name } = source(a.dtype)
    const shape = broadcastShape(options.a, options.b) ?? []
    const y = gpu.allocate(name, a.dtype, sizeOf(shape))
    const axes = mergeAxes(shape, broadcastStrides(options.a, shape), broadcastStrides(options.b, shape))
    runEach(gpu, source(a.dtype), y.length, { a, b, y }, walkParams(name, axes))
    return y
  }
  return {
    add: on(sources.add),
    sub: on(sources.sub),
    mul: on(sources.mul),
    div: on(sources.div),
    maximum: on(sources.maximum),
    minimum: on(sources.minimum),
    eq: on(sources.eq),
    gt: on(sources.gt),
    lt: on(sources.lt),
    where(mask, a, b) {
      const y = gpu.allocate('where', a.dtype, a.length)
      runEach(gpu, where(mask.dtype), y.length, { mask, a, b, y })
      return y
    },
  }
}
