import type { LinearKernels } from '../../reference/linear.ts'
import { type LstmKernels, lstmSize } from '../../reference/lstm.ts'
import { exp, sigmoid, special, tanh } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { affineBackward, projectInputs, runSteps, runStepsBackward, stepBackwardSource, stepSource } from './sequence.ts'

/** y holds h, c and the gates of all steps, one after the other. */
const declarations = `${special}${exp}${sigmoid}${tanh}
fn cells() -> u32 { return p.t * p.n * p.h; }
fn gates(row: u32, j: u32) -> u32 { return 2u * cells() + 4u * row * p.h + j; }
fn cellBefore(b: u32, j: u32) -> f32 {
  if (p.isFirst == 1u) { return c0[b * p.h + j]; }
  return y[cells() + (p.before * p.n + b) * p.h + j];
}`

const step = stepSource('lstm', 4, {
  reads: { c0: 'f32' },
  writes: {},
  declarations,
  cell: `let at = 4u * row * p.h + j;
  let its = vec4f(a[at], a[at + p.h], a[at + 2u * p.h], a[at + 3u * p.h]) + (vec4f(bHh[j], bHh[j + p.h], bHh[j + 2u * p.h], bHh[j + 3u * p.h]) + sums);
  let input = sigmoid_(its[0]);
  let forget = sigmoid_(its[1]);
  let candidate = tanh_(its[2]);
  let output = sigmoid_(its[3]);
  let c = forget * cellBefore(b, j) + input * candidate;
  y[place] = output * tanh_(c);
  y[cells() + place] = c;
  let gate = gates(row, j);
  y[gate] = input;
  y[gate + p.h] = forget;
  y[gate + 2u * p.h] = candidate;
  y[gate + 3u * p.h] = output;`,
})

/** dc holds what the step after this one asks of each cell. */
const stepBackward = stepBackwardSource('lstmBackward', 4, 'da', {
  reads: { dy: 'f32', y: 'f32', c0: 'f32' },
  writes: { da: 'f32', dc: 'f32' },
  declarations,
  cell: `let gate = gates(row, j);
  let input = y[gate];
  let forget = y[gate + p.h];
  let candidate = y[gate + 2u * p.h];
  let output = y[gate + 3u * p.h];
  let tanhC = tanh_(y[cells() + place]);
  let dh = dy[place] + dhNext;
  var dcNext = 0.0;
  if (p.isLast == 0u) { dcNext = dc[b * p.h + j]; }
  let dcNow = dy[cells() + place] + dcNext + dh * output * ((1.0 - tanhC) * (1.0 + tanhC));
  let at = 4u * row * p.h + j;
  da[at] = dcNow * candidate * input * (1.0 - input);
  da[at + p.h] = dcNow * cellBefore(b, j) * forget * (1.0 - forget);
  da[at + 2u * p.h] = dcNow * input * ((1.0 - candidate) * (1.0 + candidate));
  da[at + 3u * p.h] = dh * tanhC * output * (1.0 - output);
  dc[b * p.h + j] = dcNow * forget;`,
})

const initialBackward = stepBackwardSource('lstmBackward', 4, 'da', {
  reads: { da: 'f32' },
  writes: { dh0: 'f32' },
  declarations: '',
  cell: 'dh0[b * p.h + j] = dhNext;',
})

export function lstm(gpu: Gpu, linear: LinearKernels<GpuArray>): LstmKernels<GpuArray> {
  return {
    lstm(x, h0, c0, wIh, wHh, bIh, bHh, options) {
      const a = projectInputs(gpu, 'lstm', { x, wIh, bIh }, options, 4 * options.h)
      const y = gpu.allocate('lstm', x.dtype, lstmSize(options))
      runSteps(gpu, step, { a, h0, c0, wHh, bHh, y }, options)
      gpu.memory.release(a)
      return y
    },
    lstmBackward(dy, x, h0, c0, wIh, wHh, y, options, needs) {
      const { t, n, h } = options
      const da = gpu.allocate('lstmBackward', x.dtype, t * n * 4 * h)
      const dh0 = gpu.allocate('lstmBackward', x.dtype, n * h)
      const dc = gpu.allocate('lstmBackward', x.dtype, n * h) // at the end dc0
      runStepsBackward(gpu, stepBackward, needs[1] ? initialBackward : null, { dy, wHh, y, c0, da, dc, dh0 }, options)
      const slopes = { daIh: da, daHh: da, x, h0, wIh, wHh, y }
      const [dx, ...dw] = affineBackward(gpu, linear, slopes, options, 4 * h, [needs[0], ...needs.slice(3)])
      for (const array of [da, ...(needs[1] ? [] : [dh0]), ...(needs[2] ? [] : [dc])]) gpu.memory.release(array)
      return [dx, needs[1] ? dh0 : null, needs[2] ? dc : null, ...dw]
    },
  }
}
