import type { WasmArray, WasmMemory } from '../memory.ts'
import { COST, type Core } from './core.ts'

/** Updates the bytes from `from` to before `to` of all parameters in the table: `assembly/update.ts`. */
export type Update = (table: number, from: number, to: number, ...parameters: number[]) => void

type List = readonly WasmArray[]
/** The weights, the gradients, and what is kept for them (null: nothing): a list each, of one array for every parameter. */
export type Lists = readonly [w: List, dw: List, ...kept: (List | null)[]]

/** Words of the table for a parameter. */
const ROW = 8
/** Numbers and bytes of a vector; every parameter begins with a new one. */
const LANES = 4
const VECTOR = 16

/**
 * The arrays of a job stay in the heap until it is over. Where all together have more bytes than this part of the memory's budget, there are several jobs: so the memory can
 * still choose who leaves, and a model needs no more room at once than its largest parameter does.
 */
const SHARE = 1 / 8

/** Updates all parameters in place, as one range of numbers that the threads share: a part may begin and end in the middle of a parameter. */
export function runUpdate(
  { memory, threads }: Core<unknown>,
  operation: string,
  kernel: Update,
  lists: Lists,
  parameters: readonly number[],
  cost: number = COST.update,
): void {
  const [w, , ...kept] = lists
  for (let first = 0, end: number; first < w.length; first = end) {
    end = endOfJob(lists, first, memory.stats().budget)
    memory.begin(operation, ...arraysOf(lists, first, end))
    const table = memory.scratch(4 * ROW * (end - first + 1))
    const n = writeTable(memory, table, lists, first, end)
    threads.run(kernel, { n, cost: n * LANES * cost }, (from, to) => [table, VECTOR * from, VECTOR * to, ...parameters])
    memory.written(...arraysOf([w, ...kept], first, end))
  }
}

/** Before which parameter a job ends that begins with this one. */
export function endOfJob(lists: Lists, first: number, budget: number): number {
  const [w] = lists
  const bytes = 4 * lists.filter((list) => list !== null).length
  let end = first + 1
  for (let sum = bytes * w[first].length; end < w.length; end++) {
    sum += bytes * w[end].length
    if (sum > SHARE * budget) break
  }
  return end
}

/** All arrays of some parameters. */
function arraysOf(lists: readonly (List | null)[], first: number, end: number): WasmArray[] {
  const arrays: WasmArray[] = []
  for (const list of lists) if (list) for (let i = first; i < end; i++) arrays.push(list[i])
  return arrays
}

/** Writes where some parameters lie, and gives how many vectors they have. Their arrays are in the heap. */
function writeTable(memory: WasmMemory, table: number, lists: Lists, first: number, end: number): number {
  const words = memory.int32
  let row = table / 4
  let vectors = 0
  for (let i = first; i < end; i++) {
    words[row] = VECTOR * vectors
    for (let j = 0; j < lists.length; j++) {
      const x = lists[j]?.[i]
      words[row + 1 + j] = x ? memory.address(x) : 0
    }
    row += ROW
    vectors += Math.ceil(lists[0][i].length / LANES)
  }
  words[row] = VECTOR * vectors
  return vectors
}
