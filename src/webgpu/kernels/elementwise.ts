import type { ElementwiseKernels, PowOptions } from '../../reference/elementwise.ts'
import { backward, runBackward, runUnary, typed, unary } from '../each.ts'
import { exp, log, special } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { exponentOf, exponentOfParams, exponentParams, pow as power } from '../power.ts'
import type { Source } from '../program.ts'
import { sine } from '../trigonometric.ts'

const neg = typed((T) => unary('neg', '-x[i]', {}, T))
const abs = typed((T) => unary('abs', 'abs(x[i])', {}, T))
/** Comparisons with NaN are false: it stays. */
const clamp = typed((T) =>
  unary('clamp', 'select(select(x[i], p.high, x[i] > p.high), p.low, x[i] < p.low)', { params: { low: T, high: T } }, T),
)

const sines = { declarations: `${special}${sine}` }
const sources = {
  exp: unary('exp', 'exp_(x[i])', { declarations: exp }),
  log: unary('log', 'log_(x[i])', { declarations: `${special}${log}` }),
  sqrt: unary('sqrt', 'select(sqrt(x[i]), nan(), x[i] < 0.0)', { declarations: special }),
  sin: unary('sin', 'sine(x[i], 0u)', sines),
  cos: unary('cos', 'sine(x[i], 1u)', sines),
  pow: unary('pow', `pow_(x[i], ${exponentOfParams})`, { declarations: `${special}${exp}${log}${power}`, params: exponentParams }),
}

/** Powers that are cheaper as a product or a root, and what is no power at all. As √x, x^½ is NaN for -∞, and -0 for -0. */
const powers = new Map<number, Source>([
  [0, unary('pow', '1.0')],
  [0.5, sources.sqrt],
  [1, unary('pow', 'x[i]')],
  [2, unary('pow', 'x[i] * x[i]')],
  [3, unary('pow', 'x[i] * x[i] * x[i]')],
  [-1, unary('pow', '1.0 / x[i]')],
  [Number.NaN, unary('pow', 'nan()', { declarations: special })],
])

const backwards = {
  exp: backward('expBackward', 'dy[i] * v[i]'),
  log: backward('logBackward', 'dy[i] / v[i]'),
  sqrt: backward('sqrtBackward', '0.5 * dy[i] / v[i]'),
  abs: backward('absBackward', 'dy[i] * select(sign(v[i]), v[i], isNan(v[i]))', { declarations: special }),
  sin: backward('sinBackward', 'dy[i] * sine(v[i], 1u)', sines),
  cos: backward('cosBackward', 'dy[i] * sine(v[i], 2u)', sines), // -sin x = sin(x + 2 · π/2)
  pow: backward('powBackward', 'dy[i] * p.exponent * v[i]', { params: { exponent: 'f32' } }),
  clamp: backward('clampBackward', 'dy[i] * select(0.0, 1.0, v[i] >= p.low && v[i] <= p.high)', { params: { low: 'f32', high: 'f32' } }),
}

export function elementwise(gpu: Gpu): ElementwiseKernels<GpuArray> {
  const of = (source: Source) => (x: GpuArray) => runUnary(gpu, source, x)
  const back = (source: Source) => (dy: GpuArray, v: GpuArray) => runBackward(gpu, source, dy, v)

  function pow(x: GpuArray, { exponent }: PowOptions): GpuArray {
    const simple = powers.get(exponent)
    return simple ? runUnary(gpu, simple, x) : runUnary(gpu, sources.pow, x, exponentOf(exponent))
  }

  return {
    neg: (x) => runUnary(gpu, neg(x.dtype), x),
    exp: of(sources.exp),
    expBackward: back(backwards.exp),
    log: of(sources.log),
    logBackward: back(backwards.log),
    sqrt: of(sources.sqrt),
    sqrtBackward: back(backwards.sqrt),
    abs: (x) => runUnary(gpu, abs(x.dtype), x),
    absBackward: back(backwards.abs),
    sin: of(sources.sin),
    sinBackward: back(backwards.sin),
    cos: of(sources.cos),
    cosBackward: back(backwards.cos),
    pow,
    /** v is x^(p-1), x itself for p = 2, or 1 for p = 0. */
    powBackward(dy, x, { exponent }) {
      const v = exponent === 2 ? x : pow(x, { exponent: exponent === 0 ? 0 : exponent - 1 })
      const dx = runBackward(gpu, backwards.pow, dy, v, { exponent })
      if (v !== x) gpu.memory.release(v)
      return dx
    },
    clamp: (x, { min, max }) => runUnary(gpu, clamp(x.dtype), x, { low: bound(x, min), high: bound(x, max) }),
    clampBackward: (dy, x, { min, max }) => runBackward(gpu, backwards.clamp, dy, x, { low: min, high: max }),
  }
}

/** A bound as x can hold it: for whole numbers it is cut to one, as writing it into an array does. */
function bound(x: GpuArray, value: number): number {
  return x.dtype === 'int32' ? Math.trunc(Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1)) : value
}
