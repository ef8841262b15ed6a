import type { Activated, Activation, ActivationKernels } from '../../reference/activation.ts'
import { backward, runBackward, runUnary, unary } from '../each.ts'
import { exp, normal, sigmoid, special, tanh } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Element, Source } from '../program.ts'

const slope = { params: { slope: 'f32' } } as const
const withNormal = { declarations: `${exp}${normal}` }

/** Those that may end other kernels: functions of one number, and what they call. */
const functions = {
  relu: { of: (x: string) => `select(max(0.0, ${x}), ${x}, isNan(${x}))`, declarations: special },
  sigmoid: { of: (x: string) => `sigmoid_(${x})`, declarations: `${exp}${sigmoid}` },
  tanh: { of: (x: string) => `tanh_(${x})`, declarations: `${special}${exp}${tanh}` },
}

/** Declares `activate(value)`, of a number or of each of four: the activation that ends a kernel, or where there is none the value itself. */
export function activate({ activation }: Activated, T: Element): string {
  if (activation === undefined) return `fn activate(value: ${T}) -> ${T} { return value; }`
  const { of, declarations } = functions[activation]
  const one = `${declarations}
fn activateOne(value: f32) -> f32 { return ${of('value')}; }`
  const each = T === 'vec4f' ? `vec4f(${[...'xyzw'].map((lane) => `activateOne(value.${lane})`).join(', ')})` : 'activateOne(value)'
  return `${one}
fn activate(value: ${T}) -> ${T} { return ${each}; }`
}

/** A kernel for each activation that may end it, and one for none, made when it is first asked for. */
export function perActivation<K>(make: (activated: Activated) => K): (activated: Activated) => K {
  const made = new Map<Activation | undefined, K>()
  return ({ activation }) => {
    const kernel = made.get(activation) ?? make({ activation })
    made.set(activation, kernel)
    return kernel
  }
}

const apart = (name: keyof typeof functions) => unary(name, functions[name].of('x[i]'), { declarations: functions[name].declarations })

const sources = {
  relu: apart('relu'),
  leakyRelu: unary('leakyRelu', 'select(p.slope * x[i], x[i], x[i] > 0.0)', slope),
  sigmoid: apart('sigmoid'),
  tanh: apart('tanh'),
  gelu: unary('gelu', 'x[i] * normalCdf(x[i], bell(x[i]))', withNormal),
}

/** dy · 1 or dy · 0, so that a NaN in dy is seen; 1 - y² as (1 - y)(1 + y), which keeps its digits where |y| is nearly 1; φ(x) = bell(x) / √(2π) */
const backwards = {
  relu: backward('reluBackward', 'dy[i] * select(0.0, 1.0, v[i] > 0.0)'),
  leakyRelu: backward('leakyReluBackward', 'dy[i] * select(p.slope, 1.0, v[i] > 0.0)', slope),
  sigmoid: backward('sigmoidBackward', 'dy[i] * v[i] * (1.0 - v[i])'),
  tanh: backward('tanhBackward', 'dy[i] * ((1.0 - v[i]) * (1.0 + v[i]))'),
  gelu: backward('geluBackward', 'dy[i] * fma(v[i] * 0.3989422804014327, bell(v[i]), normalCdf(v[i], bell(v[i])))', withNormal),
}

export function activation(gpu: Gpu): ActivationKernels<GpuArray> {
  const of = (source: Source) => (x: GpuArray) => runUnary(gpu, source, x)
  const back = (source: Source) => (dy: GpuArray, v: GpuArray) => runBackward(gpu, source, dy, v)
  return {
    relu: of(sources.relu),
    reluBackward: back(backwards.relu),
    leakyRelu: (x, { negativeSlope }) => runUnary(gpu, sources.leakyRelu, x, { slope: negativeSlope }),
    leakyReluBackward: (dy, x, { negativeSlope }) => runBackward(gpu, backwards.leakyRelu, dy, x, { slope: negativeSlope }),
    sigmoid: of(sources.sigmoid),
    sigmoidBackward: back(backwards.sigmoid),
    tanh: of(sources.tanh),
    tanhBackward: back(backwards.tanh),
    gelu: of(sources.gelu),
    geluBackward: back(backwards.gelu),
  }
}
