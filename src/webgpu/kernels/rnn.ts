import type { LinearKernels } from '../../reference/linear.ts'
import type { RnnKernels } from '../../reference/rnn.ts'
import { exp, special, tanh } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { affineBackward, projectInputs, runSteps, runStepsBackward, stepBackwardSource, stepSource } from './sequence.ts'

const step = (f: string) =>
  stepSource('rnn', 1, {
    reads: {},
    writes: {},
    declarations: `${special}${exp}${tanh}
fn relu(x: f32) -> f32 { return select(max(0.0, x), x, isNan(x)); }`,
    cell: `y[place] = ${f}(a[place] + (bHh[j] + sums));`,
  })
const steps = { tanh: step('tanh_'), relu: step('relu') }

const stepBackward = (slope: string) =>
  stepBackwardSource('rnnBackward', 1, 'da', {
    reads: { dy: 'f32', y: 'f32' },
    writes: { da: 'f32' },
    declarations: '',
    cell: `da[place] = (dy[place] + dhNext) * ${slope};`,
  })
const stepsBackward = {
  tanh: stepBackward('((1.0 - y[place]) * (1.0 + y[place]))'),
  relu: stepBackward('select(0.0, 1.0, y[place] > 0.0)'),
}

const initialBackward = stepBackwardSource('rnnBackward', 1, 'da', {
  reads: { da: 'f32' },
  writes: { dh0: 'f32' },
  declarations: '',
  cell: 'dh0[b * p.h + j] = dhNext;',
})

export function rnn(gpu: Gpu, linear: LinearKernels<GpuArray>): RnnKernels<GpuArray> {
  return {
    rnn(x, h0, wIh, wHh, bIh, bHh, options) {
      const { t, n, h, nonlinearity } = options
      const a = projectInputs(gpu, 'rnn', { x, wIh, bIh }, options, h)
      const y = gpu.allocate('rnn', x.dtype, t * n * h)
      runSteps(gpu, steps[nonlinearity], { a, h0, wHh, bHh, y }, options)
      gpu.memory.release(a)
      return y
    },
    rnnBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, h, nonlinearity } = options
      const da = gpu.allocate('rnnBackward', x.dtype, t * n * h)
      const dh0 = gpu.allocate('rnnBackward', x.dtype, n * h)
      runStepsBackward(gpu, stepsBackward[nonlinearity], needs[1] ? initialBackward : null, { dy, wHh, y, da, dh0 }, options)
      const slopes = { daIh: da, daHh: da, x, h0, wIh, wHh, y }
      const [dx, ...dw] = affineBackward(gpu, linear, slopes, options, h, [needs[0], ...needs.slice(2)])
      for (const array of needs[1] ? [da] : [da, dh0]) gpu.memory.release(array)
      return [dx, needs[1] ? dh0 : null, ...dw]
    },
  }
}
