/** Arrays on a WasmMemory of their own, for the specs of it. */
import type { HostArray } from '../src/reference/array.ts'
import { type WasmArray, WasmMemory } from '../src/wasm/memory.ts'

export const PAGE = 65536
export const KiB = 1024
export const BASE = 1000

export function create(budget?: number, pages = PAGE): WasmMemory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true })
  return new WasmMemory(memory, BASE, budget === undefined ? {} : { budget })
}

/** Its place in the heap, as a kernel sees it. */
export function view(memory: WasmMemory, x: WasmArray): HostArray {
  const all = memory[x.dtype]
  const start = memory.address(x) / all.BYTES_PER_ELEMENT
  return all.subarray(start, start + x.length)
}

/** A kernel that makes an array of n numbers, 1, 2, 3, ... */
export function make(memory: WasmMemory, n: number, ...inputs: WasmArray[]): WasmArray {
  memory.begin('make', ...inputs)
  const y = memory.allocate('float32', n)
  view(memory, y).set(countTo(n))
  return y
}

export const countTo = (n: number) => Float32Array.from({ length: n }, (_, i) => i + 1)

export function same(a: HostArray, b: HostArray): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
