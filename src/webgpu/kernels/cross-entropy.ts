import type { CrossEntropyKernels } from '../../reference/cross-entropy.ts'
import { eachSource, runEach } from '../each.ts'
import { exp, log1p, sigmoid } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Source } from '../program.ts'
import { ROW_THREADS } from '../workgroup.ts'
import { rows, sumOfExp } from './softmax.ts'

/** q of the target is `ofTarget + ofAny`, that of the others `ofAny`. */
const params = { ...rows.params, ofTarget: 'f32', ofAny: 'f32' } as const

const lossSource: Source = {
  ...rows,
  name: 'crossEntropy',
  reads: { x: 'f32', labels: 'i32' },
  writes: { loss: 'f32' },
  params,
  main: `${sumOfExp}
  let logSum = log_(sum);
  var total = 0.0;
  if (p.ofAny != 0.0) {
    var part = 0.0;
    for (var i = local; i < p.c; i += ${ROW_THREADS}u) { part += x[row + i] - greatest; }
    total = p.ofAny * (rowSum(local, subgroup, part) - f32(p.c) * logSum);
  }
  if (local == 0u) { loss[group] = -p.ofTarget * (x[row + u32(labels[group])] - greatest - logSum) - total; }`,
}

const lossBackwardSource: Source = {
  ...rows,
  name: 'crossEntropyBackward',
  reads: { dy: 'f32', x: 'f32', labels: 'i32' },
  writes: { dx: 'f32' },
  params,
  main: `${sumOfExp}
  let label = u32(labels[group]);
  for (var i = local; i < p.c; i += ${ROW_THREADS}u) {
    let q = p.ofAny + select(0.0, p.ofTarget, i == label);
    dx[row + i] = dy[group] * (exp_(x[row + i] - greatest) / sum - q);
  }`,
}

const binarySource = eachSource('binaryCrossEntropyWithLogits', {
  reads: { x: 'f32', t: 'f32' },
  writes: { loss: 'f32' },
  declarations: `${exp}${log1p}`,
  body: 'loss[i] = max(x[i], 0.0) - x[i] * t[i] + log1p_(exp_(-abs(x[i])));',
})

const binaryBackwardSource = eachSource('binaryCrossEntropyWithLogitsBackward', {
  reads: { dy: 'f32', x: 'f32', t: 'f32' },
  writes: { dx: 'f32' },
  declarations: `${exp}${sigmoid}`,
  body: 'dx[i] = dy[i] * (sigmoid_(x[i]) - t[i]);',
})

export function crossEntropy(gpu: Gpu): CrossEntropyKernels<GpuArray> {
  return {
    crossEntropy(x, labels, { n, c, labelSmoothing = 0 }) {
      const loss = gpu.allocate('crossEntropy', x.dtype, n)
      gpu.run(lossSource, { x, labels, loss }, { rows: n, c, ofTarget: 1 - labelSmoothing, ofAny: labelSmoothing / c }, n)
      return loss
    },
    crossEntropyBackward(dy, x, labels, { n, c, labelSmoothing = 0 }) {
      const dx = gpu.allocate('crossEntropyBackward', x.dtype, x.length)
      gpu.run(lossBackwardSource, { dy, x, labels, dx }, { rows: n, c, ofTarget: 1 - labelSmoothing, ofAny: labelSmoothing / c }, n)
      return dx
    },
    binaryCrossEntropyWithLogits(x, t) {
      const loss = gpu.allocate('binaryCrossEntropyWithLogits', x.dtype, x.length)
      runEach(gpu, binarySource, x.length, { x, t, loss })
      return loss
    },
    binaryCrossEntropyWithLogitsBackward(dy, x, t) {
      const dx = gpu.allocate('binaryCrossEntropyWithLogitsBackward', x.dtype, x.length)
      runEach(gpu, binaryBackwardSource, x.length, { dy, x, t, dx })
      return dx
    },
  }
}
