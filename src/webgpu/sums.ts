import { special } from './functions.ts'
import type { Argument, Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'
import type { Element, Parameter, Source } from './program.ts'
import { ROW_THREADS, rowReductions } from './workgroup.ts'

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

/** Makes its sums in parts, and adds the parts in their order, until one is left. The order depends on the sizes alone: same sizes, same numbers, same bits. */
export interface ChannelSumsSources {
  /** Places of one channel in one sample that are one part. */
  readonly rows: Source
  /** Where S = 1, rows of columns that are one part. */
  readonly columns: Source
}

/** So many numbers of a channel are one part: in a row 16 for each thread of a workgroup, in columns as well. */
const PLACES = 16 * ROW_THREADS
/** A workgroup has so many columns beside one another, and so many threads for each. */
const WIDTH = 16
const HEIGHT = 16
const ROWS = 16 * HEIGHT

export function channelSums(sums: ChannelSums): ChannelSumsSources {
  const { name, reads, params, declarations = '', channel = '', terms } = sums
  const names = Object.keys(terms)
  const each = (line: (sum: string) => string) => names.map(line).join('\n')
  const common = { name, reads, writes: Object.fromEntries(names.map((sum) => [sum, 'f32'] as const)) }
  const add = each((sum) => `sum_${sum} += ${terms[sum]};`)
  const rows: Source = {
    ...common,
    params: { ...params, c: 'u32', s: 'u32', parts: 'u32', all: 'u32' },
    workgroup: [ROW_THREADS, 1, 1],
    declarations: `${special}${rowReductions}${declarations}`,
    main: `
  if (group >= p.all) { return; }
  let c = group % p.c;
  let part = group / p.c % p.parts;
  let n = group / p.c / p.parts;
  ${channel}
  ${each((sum) => `var sum_${sum} = 0.0;`)}
  let end = min((part + 1) * ${PLACES}, p.s);
  for (var place = part * ${PLACES} + local; place < end; place += ${ROW_THREADS}) {
    let i = (n * p.c + c) * p.s + place;
    ${add}
  }
  ${each((sum) => `let all_${sum} = rowSum(local, sum_${sum});`)}
  if (local == 0) {
    ${each((sum) => `${sum}[group] = all_${sum};`)} // [N, parts, C]
  }`,
  }
  const columns: Source = {
    ...common,
    params: { ...params, c: 'u32', s: 'u32', parts: 'u32', rows: 'u32' },
    workgroup: [WIDTH, HEIGHT, 1],
    declarations: `${columnSum}${declarations}`,
    main: `
  let across = (p.c + ${WIDTH - 1}) / ${WIDTH};
  let c = group % across * ${WIDTH} + lid.x;
  let part = group / across;
  if (part >= p.parts) { return; }
  ${each((sum) => `var sum_${sum} = 0.0;`)}
  if (c < p.c) {
    ${channel}
    let end = min((part + 1) * ${ROWS}, p.rows);
    for (var n = part * ${ROWS} + lid.y; n < end; n += ${HEIGHT}) {
      let place = 0u;
      let i = n * p.c + c;
      ${add}
    }
  }
  ${each((sum) => `let all_${sum} = columnSum(local, sum_${sum});`)}
  if (lid.y == 0 && c < p.c) {
    ${each((sum) => `${sum}[part * p.c + c] = all_${sum};`)} // [parts, C]
  }`,
  }
  return { rows, columns }
}

/** `columnSum(local, x)`: what the threads of a column have together, for the first of them. All threads must call it. */
const columnSum = `
var<workgroup> columns: array<f32, ${WIDTH * HEIGHT}>;
fn columnSum(local: u32, x: f32) -> f32 {
  workgroupBarrier();
  columns[local] = x;
  workgroupBarrier();
  if (local >= ${WIDTH}) { return 0.0; }
  var sum = 0.0;
  for (var i = local; i < ${WIDTH * HEIGHT}; i += ${WIDTH}) { sum += columns[i]; }
  return sum;
}`

const plain = channelSums({ name: 'sum', reads: { x: 'f32' }, terms: { y: 'x[i]' } })

/** Runs them. Gives an array of C numbers for each term, in the order of the terms. */
export function runChannelSums(
  gpu: Gpu,
  sources: ChannelSumsSources,
  { n, c, s }: { n: number; c: number; s: number },
  arrays: Readonly<Record<string, GpuArray>>,
  params: Readonly<Record<string, Argument>> = {},
): GpuArray[] {
  const source = s === 1 ? sources.columns : sources.rows
  const parts = s === 1 ? partsOf(n) : Math.ceil(s / PLACES)
  const rows = s === 1 ? parts : n * parts // that are left to be added
  const sums = Object.fromEntries(Object.keys(source.writes).map((sum) => [sum, gpu.allocate(source.name, 'float32', rows * c)]))
  const groups = s === 1 ? parts * Math.ceil(c / WIDTH) : rows * c
  gpu.run(source, { ...arrays, ...sums }, { ...params, c, s, parts, ...(s === 1 ? { rows: n } : { all: groups }) }, groups)
  return Object.values(sums).map((sum) => addRows(gpu, sum, rows, c))
}

const partsOf = (rows: number) => Math.max(1, Math.ceil(rows / ROWS))

/** Σ_i x_ij        x: [rows, C], which is released -> [C] */
function addRows(gpu: Gpu, x: GpuArray, rows: number, c: number): GpuArray {
  if (rows === 1) return x
  const parts = partsOf(rows)
  const y = gpu.allocate('sum', 'float32', parts * c)
  gpu.run(plain.columns, { x, y }, { c, s: 1, parts, rows }, parts * Math.ceil(c / WIDTH))
  gpu.memory.release(x)
  return addRows(gpu, y, parts, c)
}
