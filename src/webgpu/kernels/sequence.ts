import type { LinearKernels } from '../../reference/linear.ts'
import { type SequenceOptions, stepsOf } from '../../reference/rnn.ts'
import { eachSource, runEach } from '../each.ts'
import { runGemm } from '../gemm.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import type { Element, Source } from '../program.ts'
import { planOf } from '../tiles.ts'
import { productOf } from './matmul.ts'

/*
 * What the layers over whole sequences have in common. What does not wait for the step before is one product over all steps: W_ih · x forward, the gradients of the
 * weights and of x backward. What does is one dispatch for each step, which multiplies with W_hh and computes the cells.
 */

/** A workgroup has TILE samples × TILE units, and sums over DEPTH numbers at a time. Rows of DEPTH + 1 begin in different banks of workgroup memory. */
const TILE = 16
const DEPTH = 32
const STRIDE = DEPTH + 1
const THREADS = TILE * TILE

/** Which step it is, which one's state it starts from, and which one starts from its own. */
const params = { t: 'u32', n: 'u32', h: 'u32', step: 'u32', before: 'u32', isFirst: 'u32', after: 'u32', isLast: 'u32' } as const

/** `stateBefore(b, j)`: the states are the first [T, N, H] of y. */
export const stateBefore = `
fn stateBefore(b: u32, j: u32) -> f32 {
  if (p.isFirst == 1u) { return h0[b * p.h + j]; }
  return y[(p.before * p.n + b) * p.h + j];
}`

/** b, j: the thread's sample and unit; row: the sample's in [T, N]; place: the unit's in [T, N, H]. */
const places = `
  let unitTiles = (p.h + ${TILE - 1}u) / ${TILE}u;
  let j0 = group % unitTiles * ${TILE}u;
  let b0 = group / unitTiles * ${TILE}u;
  if (b0 >= p.n) { return; }
  let unit = local % ${TILE}u;
  let sample = local / ${TILE}u;
  let j = j0 + unit;
  let b = b0 + sample;
  let row = p.step * p.n + b;
  let place = row * p.h + j;`

const isWithin = `
  if (b >= p.n || j >= p.h) { return; }`

/** One number for each gate of a unit, side by side. */
const gateTypes = { 1: 'f32', 3: 'vec3f', 4: 'vec4f' } as const

interface Step {
  readonly reads: Readonly<Record<string, Element>>
  readonly writes: Readonly<Record<string, Element>>
  readonly declarations: string
  /** What a unit of a sample makes of the product. */
  readonly cell: string
}

/**
 * A step forward. Its cell finds in `sums` what W_hh makes of the state before, gate by gate, without b_hh, and in `a` what comes from the inputs: [T, N, G·H]. By
 * `stateBefore(b, j)` it finds the state before. It writes its own to y.
 */
export function stepSource(name: string, gates: 1 | 3 | 4, { reads, writes, declarations, cell }: Step): Source {
  const T = gateTypes[gates]
  const weights = Array.from({ length: gates }, (_, g) => `wHh[(${g}u * p.h + j0 + line) * p.h + d0 + d]`)
  return {
    name,
    reads: { a: 'f32', h0: 'f32', wHh: 'f32', bHh: 'f32', ...reads },
    writes: { y: 'f32', ...writes },
    params,
    declarations: `${declarations}${stateBefore}
var<workgroup> weights: array<${T}, ${TILE * STRIDE}>;
var<workgroup> states: array<f32, ${TILE * STRIDE}>;`,
    main: `${places}
  var sums = ${T}();
  for (var d0 = 0u; d0 < p.h; d0 += ${DEPTH}u) {
    workgroupBarrier();
    for (var at = local; at < ${TILE * DEPTH}u; at += ${THREADS}u) {
      let line = at / ${DEPTH}u;
      let d = at % ${DEPTH}u;
      var weight = ${T}();
      var state = 0.0;
      if (d0 + d < p.h) {
        if (j0 + line < p.h) { weight = ${T}(${weights.join(', ')}); }
        if (b0 + line < p.n) { state = stateBefore(b0 + line, d0 + d); }
      }
      weights[line * ${STRIDE}u + d] = weight;
      states[line * ${STRIDE}u + d] = state;
    }
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d++) { sums += weights[unit * ${STRIDE}u + d] * states[sample * ${STRIDE}u + d]; }
  }
  ${isWithin}
  ${cell}`,
  }
}

/** A step backward. Its cell finds in `dhNext` what the step after it asks of its state through W_hh: that step's part of `da`: [T, N, G·H], times W_hh; 0 for the last. */
export function stepBackwardSource(name: string, gates: 1 | 3 | 4, da: string, { reads, writes, declarations, cell }: Step): Source {
  return {
    name,
    reads: { wHh: 'f32', ...reads },
    writes,
    params,
    declarations: `${declarations}
var<workgroup> weights: array<f32, ${DEPTH * TILE}>;
var<workgroup> slopes: array<f32, ${TILE * STRIDE}>;`,
    main: `${places}
  let rows = ${gates}u * p.h;
  var dhNext = 0.0;
  for (var r0 = 0u; r0 < select(rows, 0u, p.isLast == 1u); r0 += ${DEPTH}u) {
    workgroupBarrier();
    for (var at = local; at < ${TILE * DEPTH}u; at += ${THREADS}u) {
      let r = r0 + at / ${TILE}u;
      let x = j0 + at % ${TILE}u;
      var weight = 0.0;
      if (r < rows && x < p.h) { weight = wHh[r * p.h + x]; }
      weights[at] = weight;
      let line = at / ${DEPTH}u;
      let q = at % ${DEPTH}u;
      var slope = 0.0;
      if (b0 + line < p.n && r0 + q < rows) { slope = ${da}[(p.after * p.n + b0 + line) * rows + r0 + q]; }
      slopes[line * ${STRIDE}u + q] = slope;
    }
    workgroupBarrier();
    for (var r = 0u; r < ${DEPTH}u; r++) { dhNext += slopes[sample * ${STRIDE}u + r] * weights[r * ${TILE}u + unit]; }
  }
  ${isWithin}
  ${cell}`,
  }
}

type Arrays = Readonly<Record<string, GpuArray>>

/** Step k of those that are taken; -1 is what lies before the first. */
function runStep(gpu: Gpu, source: Source, arrays: Arrays, { t, n, h }: SequenceOptions, steps: readonly number[], k: number): void {
  const [before = 0, step = 0, after = 0] = [steps[k - 1], steps[k], steps[k + 1]]
  const groups = Math.ceil(h / TILE) * Math.ceil(n / TILE)
  gpu.run(source, arrays, { t, n, h, step, before, isFirst: Number(k === 0), after, isLast: Number(k === t - 1) }, groups)
}

/** All steps, each in one dispatch. */
export function runSteps(gpu: Gpu, source: Source, arrays: Arrays, options: SequenceOptions): void {
  const steps = stepsOf(options)
  for (let k = 0; k < options.t; k++) runStep(gpu, source, arrays, options, steps, k)
}

/** The same from the last step to the first, and then `initial`, where it is needed: what the first step asks of the state before it. */
export function runStepsBackward(gpu: Gpu, source: Source, initial: Source | null, arrays: Arrays, options: SequenceOptions): void {
  const steps = stepsOf(options)
  for (let k = options.t - 1; k >= 0; k--) runStep(gpu, source, arrays, options, steps, k)
  if (initial) runStep(gpu, initial, arrays, options, steps, -1)
}

/** W_ih · x + b_ih for all steps, summed in one part whatever their number: step by step it gives the same bits.        x: [T, N, I], wIh: [G, I], bIh: [G] -> [T, N, G] */
export function projectInputs(
  gpu: Gpu,
  name: string,
  { x, wIh, bIh }: { x: GpuArray; wIh: GpuArray; bIh: GpuArray },
  { t, n, i }: SequenceOptions,
  g: number,
): GpuArray {
  const sizes = { m: t * n, k: i, n: g, batch: 1 }
  const product = productOf(name, { ...sizes, transB: true }, true)
  const a = gpu.allocate(name, x.dtype, t * n * g)
  runGemm(gpu, product, sizes, { a: x, b: wIh, bias: bIh, y: a }, {}, { ...planOf(sizes, gpu.hasSubgroups), parts: 1 })
  return a
}

const statesBeforeSource = eachSource('statesBefore', {
  reads: { y: 'f32', initial: 'f32' },
  writes: { before: 'f32' },
  params: { state: 'u32', first: 'u32', reverse: 'u32' },
  body: `if (i / p.state == p.first) { before[i] = initial[i % p.state]; } else { before[i] = y[select(i - p.state, i + p.state, p.reverse == 1u)]; }`,
})

interface Slopes {
  /** Where the input and where the state enters: [T, N, G]. */
  daIh: GpuArray
  daHh: GpuArray
  x: GpuArray
  h0: GpuArray
  wIh: GpuArray
  wHh: GpuArray
  /** The states come first in it. */
  y: GpuArray
}

/** The gradients of what enters each step in the same way, as `affineBackward` of `src/reference/rnn.ts` says; needs and result: dx, dwIh, dwHh, dbIh, dbHh */
export function affineBackward(
  gpu: Gpu,
  { linearBackward }: LinearKernels<GpuArray>,
  { daIh, daHh, x, h0, wIh, wHh, y }: Slopes,
  { t, n, i, h, reverse = false }: SequenceOptions,
  g: number,
  needs: readonly boolean[],
): (GpuArray | null)[] {
  const m = t * n
  const before = gpu.allocate('statesBefore', x.dtype, m * h)
  const places = { state: n * h, first: reverse ? t - 1 : 0, reverse: Number(reverse) }
  runEach(gpu, statesBeforeSource, m * h, { y, initial: h0, before }, places)
  const [dx, dwIh, dbIh] = linearBackward(daIh, x, wIh, { m, k: i, n: g }, [needs[0], needs[1], needs[3]])
  const [, dwHh, dbHh] = linearBackward(daHh, before, wHh, { m, k: h, n: g }, [false, needs[2], needs[4]])
  gpu.memory.release(before)
  return [dx, dwIh, dwHh, dbIh, dbHh]
}
