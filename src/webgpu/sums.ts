import type { Argument, Gpu } from './gpu.ts'
import { reduction } from './kernels/reduction.ts'
import { groupsOf, lineSum, linesOf, params, start } from './lines.ts'
import type { GpuArray } from './memory.ts'
import type { Element, Parameter, Source } from './program.ts'

/** Sums over each channel of numbers that are [N, C, S]: N samples of C channels of S places. */
export interface ChannelSums {
  readonly name: string
  readonly reads: Readonly<Record<string, Element>>
  /** Beside p.c and p.s, which are there. */
  readonly params?: Readonly<Record<string, Parameter>>
  readonly declarations?: string
  /** Statements on what is the same for all numbers of channel c. */
  readonly channel?: string
  /** By the name of the sum, what is added for sample n, channel c and place `place`, whose number is at i: `{ db: 'dy[i]' }`. */
  readonly terms: Readonly<Record<string, string>>
}

/** A kernel that sums along the places of each channel and sample; where there is one place, along the samples. */
export function channelSums({ name, reads, params: own, declarations = '', channel = '', terms }: ChannelSums): Source {
  const names = Object.keys(terms)
  const each = (line: (sum: string) => string) => names.map(line).join('\n')
  return {
    name,
    reads,
    writes: Object.fromEntries(names.map((sum) => [sum, 'f32'] as const)),
    params: { ...own, ...params, c: 'u32', s: 'u32' },
    subgroups: true,
    declarations: `${lineSum('f32')}${declarations}`,
    main: `${start}
  let isColumn = p.s == 1u;
  let c = select(o % p.c, column, isColumn);
  ${each((sum) => `var part_${sum} = 0.0;`)}
  if (isThere) {
    ${channel}
    for (var j = begin + lane; j < end; j += p.lanes) {
      let i = line + j * p.inner;
      let n = select(o / p.c, j, isColumn);
      let place = select(j, 0u, isColumn);
      ${each((sum) => `part_${sum} += ${terms[sum]};`)}
    }
  }
  ${each((sum) => `let sum_${sum} = lineSum(local, subgroup, lane, part_${sum});`)}
  if (isThere && lane == 0u) {
    ${each((sum) => `${sum}[result] = sum_${sum};`)}
  }`,
  }
}

/** Runs it, and adds what it gives until one number for each channel is left. Gives an array of C numbers for each term, in the order of the terms. */
export function runChannelSums(
  gpu: Gpu,
  source: Source,
  { n, c, s }: { n: number; c: number; s: number },
  arrays: Readonly<Record<string, GpuArray>>,
  params: Readonly<Record<string, Argument>> = {},
): GpuArray[] {
  const lines = linesOf(s === 1 ? { outer: 1, n, inner: c } : { outer: n * c, n: s, inner: 1 })
  const { outer, chunks, inner } = lines
  const sums = Object.fromEntries(
    Object.keys(source.writes).map((sum) => [sum, gpu.allocate(source.name, 'float32', outer * chunks * inner)]),
  )
  gpu.run(source, { ...arrays, ...sums }, { ...params, ...lines, c, s }, groupsOf(lines))
  const samples = s === 1 ? 1 : n // for which there are sums of their own
  return Object.values(sums).map((sum) => over(gpu, over(gpu, sum, { outer, n: chunks, inner }), { outer: 1, n: samples, inner: c }))
}

/** The sum along an axis, in place of x. */
function over(gpu: Gpu, x: GpuArray, axis: { outer: number; n: number; inner: number }): GpuArray {
  if (axis.n === 1) return x
  const y = reduction(gpu).sum(x, axis)
  gpu.memory.release(x)
  return y
}
