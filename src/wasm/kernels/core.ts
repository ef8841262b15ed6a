import type { DType } from '../../reference/array.ts'
import type { WasmArray, WasmMemory } from '../memory.ts'

/** What a concept's kernels are made from: the functions that assembly/ exports for it, and the memory they work on. Pointers count bytes. */
export interface Core<E> {
  exports: E
  memory: WasmMemory
}

/** y_i = f(x_i), dx_i = f(dy_i, v_i), y_i = f(a_i, b_i, c_i), each over n numbers; further arguments are parameters of f. */
export type Unary = (x: number, y: number, n: number, ...parameters: number[]) => void
export type Binary = (a: number, b: number, y: number, n: number, ...parameters: number[]) => void
export type Ternary = (a: number, b: number, c: number, y: number, n: number) => void

/** Runs a kernel whose result has the length of its operand. */
export function runUnary(memory: WasmMemory, operation: string, run: Unary, x: WasmArray, ...parameters: number[]): WasmArray {
  memory.begin(operation, x)
  const y = memory.allocate(x.dtype, x.length)
  run(memory.address(x), memory.address(y), x.length, ...parameters)
  return y
}

export function runBinary(
  memory: WasmMemory,
  operation: string,
  run: Binary,
  a: WasmArray,
  b: WasmArray,
  ...parameters: number[]
): WasmArray {
  memory.begin(operation, a, b)
  const y = memory.allocate(a.dtype, a.length)
  run(memory.address(a), memory.address(b), memory.address(y), a.length, ...parameters)
  return y
}

export function runTernary(memory: WasmMemory, operation: string, run: Ternary, a: WasmArray, b: WasmArray, c: WasmArray): WasmArray {
  memory.begin(operation, a, b, c)
  const y = memory.allocate(b.dtype, a.length)
  run(memory.address(a), memory.address(b), memory.address(c), memory.address(y), a.length)
  return y
}

/** The four bytes of a number in the given type, read as an int32. */
export function bitsOf(dtype: DType, value: number): number {
  return dtype === 'int32' ? value | 0 : new Int32Array(new Float32Array([value]).buffer)[0]
}
