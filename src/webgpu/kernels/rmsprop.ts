import type { RmspropKernels } from '../../reference/rmsprop.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runUpdate, updateSource } from '../update.ts'

const source = (isCentred: boolean, hasMomentum: boolean) =>
  updateSource(
    'rmspropInto',
    ['v', ...(isCentred ? ['mean'] : []), ...(hasMomentum ? ['velocity'] : [])],
    ['lr', 'alpha', 'fresh', 'eps', 'momentum'],
    `
  v[i] = p.alpha * v[i] + p.fresh * g * g;
  ${isCentred ? 'mean[i] = p.alpha * mean[i] + p.fresh * g;' : ''}
  let d = g / (sqrt(${isCentred ? 'max(0.0, v[i] - mean[i] * mean[i])' : 'v[i]'}) + p.eps);
  ${hasMomentum ? 'velocity[i] = p.momentum * velocity[i] + d;' : ''}
  w[i] -= p.lr * ${hasMomentum ? 'velocity[i]' : 'd'};`,
  )

const sources = [false, true].map((isCentred) => [false, true].map((hasMomentum) => source(isCentred, hasMomentum)))

export const rmsprop = (gpu: Gpu): RmspropKernels<GpuArray> => ({
  rmspropInto(w, dw, v, mean, velocity, { lr, alpha, eps, weightDecay, momentum }) {
    const arrays = { w, dw, v, ...(mean && { mean }), ...(velocity && { velocity }) }
    const source = sources[Number(mean !== null)][Number(velocity !== null)]
    runUpdate(gpu, source, arrays, { lr, alpha, fresh: 1 - alpha, eps, momentum, weightDecay })
  },
})
