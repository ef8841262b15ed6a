import { type NadamKernels, nadamStepSizes } from '../../reference/nadam.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runUpdate, updateSource } from '../update.ts'

const source = updateSource(
  'nadamInto',
  ['m', 'v'],
  ['ofGradient', 'ofMomentum', 'beta1', 'new1', 'beta2', 'new2', 'rootCorrection', 'eps'],
  `
  m[i] = p.beta1 * m[i] + p.new1 * g;
  v[i] = p.beta2 * v[i] + p.new2 * g * g;
  w[i] -= (p.ofGradient * g + p.ofMomentum * m[i]) / (sqrt(v[i]) / p.rootCorrection + p.eps);`,
)

export const nadam = (gpu: Gpu): NadamKernels<GpuArray> => ({
  nadamInto(w, dw, m, v, options) {
    const { beta1, beta2, eps, weightDecay, step } = options
    const [ofGradient, ofMomentum] = nadamStepSizes(options)
    const rootCorrection = Math.sqrt(1 - beta2 ** step)
    const params = { ofGradient, ofMomentum, beta1, new1: 1 - beta1, beta2, new2: 1 - beta2, rootCorrection, eps, weightDecay }
    runUpdate(gpu, source, { w, dw, m, v }, params)
  },
})
