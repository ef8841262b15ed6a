import { runEach, typed } from './each.ts'
import type { Argument, Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Source } from './program.ts'

/** Settles a complaint that came up: it is about the first of the wrong numbers, and no other can take its place. */
const settle = typed((T) => ({
  name: 'check',
  reads: { x: T },
  writes: {},
  params: { complaint: 'u32' },
  workgroup: [1, 1, 1],
  checks: true,
  main: `
  let place = ~atomicLoad(&complaints[1]);
  if (atomicLoad(&complaints[0]) != p.complaint || atomicLoad(&complaints[3]) == 1u) { return; }
  atomicStore(&complaints[2], bitcast<u32>(f32(x[place])));
  atomicStore(&complaints[3], 1u);`,
}))

/** `runEach` with a source that `checks` the numbers of x, n of them. */
export function runChecked(
  gpu: Gpu,
  source: Source,
  n: number,
  arrays: Readonly<Record<string, GpuArray>> & { readonly x: GpuArray },
  params: Readonly<Record<string, Argument>> & { readonly complaint: number },
): void {
  runEach(gpu, source, n, arrays, params)
  if (n > 0) gpu.run(settle(arrays.x.dtype), { x: arrays.x }, { complaint: params.complaint }, 1)
}
