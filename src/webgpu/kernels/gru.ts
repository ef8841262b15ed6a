import { type GruKernels, gruSize } from '../../reference/gru.ts'
import type { LinearKernels } from '../../reference/linear.ts'
import { exp, sigmoid, special, tanh } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { affineBackward, projectInputs, runSteps, runStepsBackward, stateBefore, stepBackwardSource, stepSource } from './sequence.ts'

/** y holds h of all steps, and behind them r, z, n and m. */
const gates = `
fn gates(row: u32, j: u32) -> u32 { return p.t * p.n * p.h + 4u * row * p.h + j; }`

const step = stepSource('gru', 3, {
  reads: {},
  writes: {},
  declarations: `${special}${exp}${sigmoid}${tanh}${gates}`,
  cell: `let at = 3u * row * p.h + j;
  let ofState = vec3f(bHh[j], bHh[j + p.h], bHh[j + 2u * p.h]) + sums;
  let reset = sigmoid_(a[at] + ofState[0]);
  let update = sigmoid_(a[at + p.h] + ofState[1]);
  let m = ofState[2];
  let candidate = tanh_(a[at + 2u * p.h] + reset * m);
  y[place] = (1.0 - update) * candidate + update * stateBefore(b, j);
  let gate = gates(row, j);
  y[gate] = reset;
  y[gate + p.h] = update;
  y[gate + 2u * p.h] = candidate;
  y[gate + 3u * p.h] = m;`,
})

/** dh holds what the step after this one asks of each state directly, without W_hh. */
const stepBackward = stepBackwardSource('gruBackward', 3, 'daHh', {
  reads: { dy: 'f32', y: 'f32', h0: 'f32' },
  writes: { daIh: 'f32', daHh: 'f32', dh: 'f32' },
  declarations: `${gates}${stateBefore}`,
  cell: `let gate = gates(row, j);
  let reset = y[gate];
  let update = y[gate + p.h];
  let candidate = y[gate + 2u * p.h];
  let m = y[gate + 3u * p.h];
  var dhNow = dy[place] + dhNext;
  if (p.isLast == 0u) { dhNow += dh[b * p.h + j]; }
  let dn = dhNow * (1.0 - update) * ((1.0 - candidate) * (1.0 + candidate));
  let dz = dhNow * (stateBefore(b, j) - candidate) * update * (1.0 - update);
  let dr = dn * m * reset * (1.0 - reset);
  let at = 3u * row * p.h + j;
  daIh[at] = dr;
  daIh[at + p.h] = dz;
  daIh[at + 2u * p.h] = dn;
  daHh[at] = dr;
  daHh[at + p.h] = dz;
  daHh[at + 2u * p.h] = dn * reset;
  dh[b * p.h + j] = dhNow * update;`,
})

const initialBackward = stepBackwardSource('gruBackward', 3, 'daHh', {
  reads: { daHh: 'f32' },
  writes: { dh: 'f32' },
  declarations: '',
  cell: 'dh[b * p.h + j] += dhNext;',
})

export function gru(gpu: Gpu, linear: LinearKernels<GpuArray>): GruKernels<GpuArray> {
  return {
    gru(x, h0, wIh, wHh, bIh, bHh, options) {
      const a = projectInputs(gpu, 'gru', { x, wIh, bIh }, options, 3 * options.h)
      const y = gpu.allocate('gru', x.dtype, gruSize(options))
      runSteps(gpu, step, { a, h0, wHh, bHh, y }, options)
      gpu.memory.release(a)
      return y
    },
    gruBackward(dy, x, h0, wIh, wHh, y, options, needs) {
      const { t, n, h } = options
      const daIh = gpu.allocate('gruBackward', x.dtype, t * n * 3 * h)
      const daHh = gpu.allocate('gruBackward', x.dtype, t * n * 3 * h)
      const dh = gpu.allocate('gruBackward', x.dtype, n * h) // at the end dh0
      runStepsBackward(gpu, stepBackward, needs[1] ? initialBackward : null, { dy, wHh, y, h0, daIh, daHh, dh }, options)
      const [dx, ...dw] = affineBackward(gpu, linear, { daIh, daHh, x, h0, wIh, wHh, y }, options, 3 * h, [needs[0], ...needs.slice(2)])
      for (const array of [daIh, daHh, ...(needs[1] ? [] : [dh])]) gpu.memory.release(array)
      return [dx, needs[1] ? dh : null, ...dw]
    },
  }
}
