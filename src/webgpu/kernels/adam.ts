import type { AdamKernels, AdamOptions } from '../../reference/adam.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { type Lists, runUpdate, updateSource } from '../update.ts'

/** `keep` is what AdamW leaves of w; Adam leaves all. `greatest` yields the v that the step is divided by. */
const source = (buffers: readonly string[], greatest: string) =>
  updateSource(
    'adamInto',
    ['m', 'v', ...buffers],
    ['keep', 'stepSize', 'beta1', 'new1', 'beta2', 'new2', 'rootCorrection', 'eps'],
    `
  m[i] = p.beta1 * m[i] + p.new1 * g;
  v[i] = p.beta2 * v[i] + p.new2 * g * g;
  ${greatest}
  w[i] = p.keep * w[i] - p.stepSize * m[i] / (sqrt(greatest) / p.rootCorrection + p.eps);`,
  )

const plain = source([], 'let greatest = v[i];')
const amsgrad = source(['vMax'], 'let greatest = max(vMax[i], v[i]); vMax[i] = greatest;')

/** Adam's step; the weights keep the share `keep` of themselves beside it. */
export function runAdam(
  gpu: Gpu,
  lists: Lists<'m' | 'v'>,
  vMax: readonly GpuArray[] | null,
  { lr, beta1, beta2, eps, weightDecay, step }: AdamOptions,
  keep: number,
): void {
  const stepSize = lr / (1 - beta1 ** step)
  const rootCorrection = Math.sqrt(1 - beta2 ** step)
  const params = { keep, stepSize, beta1, new1: 1 - beta1, beta2, new2: 1 - beta2, rootCorrection, eps, weightDecay }
  if (vMax === null) runUpdate(gpu, plain, lists, params)
  else runUpdate(gpu, amsgrad, { ...lists, vMax }, params)
}

export const adam = (gpu: Gpu): AdamKernels<GpuArray> => ({
  adamInto: (w, dw, m, v, vMax, options) => runAdam(gpu, { w, dw, m, v }, vMax, options, 1),
})
