import type { AxisOptions } from '../reference/reduction.ts'
import type { Element, Parameter } from './program.ts'

/** Threads of a workgroup. */
export const THREADS = 256
/** Neighbouring lines that a workgroup works on at most: it reads runs of so many numbers. */
const WIDEST = 64
/** So many numbers a thread takes on by itself before another one shares its line, and before the line is cut. */
const FEW = 8
const MANY = 32

/**
 * Work along one axis of an array [outer, n, inner]. A line is the n numbers along it at one place of the other axes. Neighbouring lines lie side by side in memory: `width`
 * of them are worked on together, each by `lanes` threads in turn. Longer lines are cut into `chunks` of `length` numbers. All of these follow from n and inner alone, so
 * that the order of summation is always the same.
 */
export interface Lines extends AxisOptions {
  width: number
  lanes: number
  length: number
  chunks: number
  /** How many times `width` lines there are side by side. */
  tiles: number
}

export function linesOf({ outer, n, inner }: AxisOptions): Lines {
  const width = Math.min(WIDEST, powerOfTwo(inner))
  const lanes = Math.min(THREADS / width, powerOfTwo(n / FEW))
  const length = Math.min(Math.max(1, n), lanes * MANY)
  return { outer, n, inner, width, lanes, length, chunks: Math.max(1, Math.ceil(n / length)), tiles: Math.ceil(inner / width) }
}

/** The least power of two that is not below x. */
const powerOfTwo = (x: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, x)))

export const groupsOf = ({ outer, chunks, tiles, width, lanes }: Lines): number =>
  Math.ceil((outer * chunks * tiles) / (THREADS / (width * lanes)))

/** The parameters of a kernel along lines. */
export const params: Readonly<Record<keyof Lines, Parameter>> = {
  outer: 'u32',
  n: 'u32',
  inner: 'u32',
  width: 'u32',
  lanes: 'u32',
  length: 'u32',
  chunks: 'u32',
  tiles: 'u32',
}

/**
 * Where a thread is: `lane` of its line; numbers `begin` to below `end`, of which number j stands at `line + j * p.inner`; `result` is the place for what becomes of them, [outer,
 * chunks, inner]. Threads that are not `isThere` have no line. All must reach every barrier.
 */
export const start = `
  let threads = p.width * p.lanes;
  let lane = local % threads / p.width;
  let item = group * (${THREADS}u / threads) + local / threads;
  let column = item % p.tiles * p.width + local % p.width;
  let chunk = item / p.tiles % p.chunks;
  let o = item / (p.tiles * p.chunks);
  let isThere = o < p.outer && column < p.inner;
  let begin = chunk * p.length;
  let end = min(begin + p.length, p.n);
  let line = o * p.n * p.inner + column;
  let result = (o * p.chunks + chunk) * p.inner + column;`

/**
 * `lineSum(local, subgroup, lane, x)`: what the threads of a line have together, added by halves, for the first of them. All must call it. Halves that lie in one sub-group
 * need neither memory nor a barrier. They are the same halves, so that the sum has the same bits for sub-groups of any size. Needs `subgroups`.
 */
export const lineSum = (T: Element): string => `
var<workgroup> partial: array<${T}, ${THREADS}>;
fn lineSum(local: u32, subgroup: u32, lane: u32, x: ${T}) -> ${T} {
  workgroupBarrier();
  partial[local] = x;
  var half = p.lanes / 2u;
  for (; half * p.width >= subgroup; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[local] += partial[local + half * p.width]; }
  }
  workgroupBarrier();
  var sum = partial[local];
  for (; half > 0u; half /= 2u) { sum += exchange_${T}(sum, half * p.width); }
  return sum;
}`
