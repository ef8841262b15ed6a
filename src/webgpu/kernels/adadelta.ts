import type { AdadeltaKernels } from '../../reference/adadelta.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runUpdate, updateSource } from '../update.ts'

const source = updateSource(
  'adadeltaInto',
  ['v', 'u'],
  ['lr', 'rho', 'fresh', 'eps'],
  `
  v[i] = p.rho * v[i] + p.fresh * g * g;
  let delta = sqrt(u[i] + p.eps) / sqrt(v[i] + p.eps) * g;
  u[i] = p.rho * u[i] + p.fresh * delta * delta;
  w[i] -= p.lr * delta;`,
)

export const adadelta = (gpu: Gpu): AdadeltaKernels<GpuArray> => ({
  adadeltaInto(w, dw, v, u, { lr, rho, eps, weightDecay }) {
    runUpdate(gpu, source, { w, dw, v, u }, { lr, rho, fresh: 1 - rho, eps, weightDecay })
  },
})
