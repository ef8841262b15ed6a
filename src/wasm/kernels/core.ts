import type { DType } from '../../reference/array.ts'
import type { WasmArray, WasmMemory } from '../memory.ts'
import type { Threads } from '../threads.ts'
import type { Kernel } from '../worker.ts'

/** What a concept's kernels are made from: the functions that assembly/ exports for it, the memory they work on, and who computes. Pointers count bytes. */
export interface Core<E> {
  exports: E
  memory: WasmMemory
  threads: Threads
}

/** y_i = f(x_i), dx_i = f(dy_i, v_i), y_i = f(a_i, b_i, c_i), each over n numbers; further arguments are parameters of f. */
export type Unary = (x: number, y: number, n: number, ...parameters: number[]) => void
export type Binary = (a: number, b: number, y: number, n: number, ...parameters: number[]) => void
export type Ternary = (a: number, b: number, c: number, y: number, n: number) => void

/** About how many nanoseconds a number (or a multiply-add of a product) takes on one thread; whether work is cut hangs on it. Measured: docs/design/threads.md. */
export const COST = { product: 0.045, simple: 0.12, update: 0.4, function: 0.8, power: 4 } as const

/** Numbers in a cache line: kernels that go through whole arrays go line by line. */
export const LINE = 16

/** Runs a kernel that treats each of n numbers by itself. Its arguments are addresses of arrays of n numbers (0: none), n, and parameters. */
export function runEach(
  threads: Threads,
  kernel: Kernel,
  arrays: readonly number[],
  n: number,
  parameters: readonly number[] = [],
  cost: number = COST.simple,
): void {
  if (threads.isSmall(n * cost)) {
    kernel(...arrays, n, ...parameters)
    return
  }
  threads.run(kernel, { n, step: LINE, cost: n * cost }, (from, to) => [
    ...arrays.map((address) => (address === 0 ? 0 : address + 4 * from)),
    to - from,
    ...parameters,
  ])
}

/** Runs a kernel whose result has the length of its operand. */
export function runUnary(
  { memory, threads }: Core<unknown>,
  operation: string,
  kernel: Unary,
  x: WasmArray,
  parameters?: number[],
  cost?: number,
): WasmArray {
  memory.begin(operation, x)
  const y = memory.successor(x)
  runEach(threads, kernel, [memory.address(x), memory.address(y)], x.length, parameters, cost)
  return y
}

export function runBinary(
  { memory, threads }: Core<unknown>,
  operation: string,
  kernel: Binary,
  a: WasmArray,
  b: WasmArray,
  parameters?: number[],
  cost?: number,
): WasmArray {
  memory.begin(operation, a, b)
  const y = memory.successor(a)
  runEach(threads, kernel, [memory.address(a), memory.address(b), memory.address(y)], a.length, parameters, cost)
  return y
}

export function runTernary(
  { memory, threads }: Core<unknown>,
  operation: string,
  kernel: Ternary,
  a: WasmArray,
  b: WasmArray,
  c: WasmArray,
  cost?: number,
): WasmArray {
  memory.begin(operation, a, b, c)
  const y = memory.allocate(b.dtype, a.length)
  const addresses = [memory.address(a), memory.address(b), memory.address(c), memory.address(y)]
  runEach(threads, kernel, addresses, a.length, [], cost)
  return y
}

/** The four bytes of a number in the given type, read as an int32. */
export function bitsOf(dtype: DType, value: number): number {
  return dtype === 'int32' ? value | 0 : new Int32Array(new Float32Array([value]).buffer)[0]
}
