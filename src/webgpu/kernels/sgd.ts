import type { SgdKernels } from '../../reference/sgd.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { runUpdate, updateSource } from '../update.ts'

const plain = updateSource('sgdInto', [], ['lr'], 'w[i] -= p.lr * g;')

const withVelocity = updateSource(
  'sgdInto',
  ['velocity'],
  ['lr', 'momentum', 'undamped', 'nesterov', 'first'],
  `
  let v = select(p.momentum * velocity[i] + p.undamped * g, g, p.first == 1.0);
  velocity[i] = v;
  w[i] -= p.lr * select(v, g + p.momentum * v, p.nesterov == 1.0);`,
)

export function sgd(gpu: Gpu): SgdKernels<GpuArray> {
  return {
    sgdInto(w, dw, velocity, { lr, momentum, dampening, nesterov, weightDecay, step }) {
      if (velocity === null) {
        runUpdate(gpu, plain, { w, dw }, { lr, weightDecay })
        return
      }
      const params = { lr, momentum, undamped: 1 - dampening, nesterov: Number(nesterov), first: Number(step === 0), weightDecay }
      runUpdate(gpu, withVelocity, { w, dw, velocity }, params)
    },
  }
}
