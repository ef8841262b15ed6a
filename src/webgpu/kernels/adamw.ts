import type { AdamwKernels } from '../../reference/adamw.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runAdam } from './adam.ts'

export const adamw = (gpu: Gpu): AdamwKernels<GpuArray> => ({
  adamwInto(w, dw, m, v, vMax, options) {
    runAdam(gpu, { w, dw, m, v }, vMax, { ...options, weightDecay: 0 }, 1 - options.lr * options.weightDecay)
  },
})
