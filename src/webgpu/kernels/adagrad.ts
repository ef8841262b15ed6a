import type { AdagradKernels } from '../../reference/adagrad.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runUpdate, updateSource } from '../update.ts'

const source = updateSource(
  'adagradInto',
  ['sum'],
  ['stepSize', 'eps'],
  `
  sum[i] += g * g;
  w[i] -= p.stepSize * g / (sqrt(sum[i]) + p.eps);`,
)

export const adagrad = (gpu: Gpu): AdagradKernels<GpuArray> => ({
  adagradInto(w, dw, sum, { lr, lrDecay, eps, weightDecay, step }) {
    runUpdate(gpu, source, { w, dw, sum }, { stepSize: lr / (1 + (step - 1) * lrDecay), eps, weightDecay })
  },
})
