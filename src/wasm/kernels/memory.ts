import type { MemoryKernels } from '../../reference/memory.ts'
import type { WasmArray } from '../memory.ts'
import { bitsOf, type Core } from './core.ts'

export interface MemoryExports {
  fill(y: number, n: number, bits: number): void
}

export function arrays({ exports, memory }: Core<MemoryExports>): MemoryKernels<WasmArray> {
  return {
    name: 'wasm',
    dtypes: ['float32'],
    upload: (host) => memory.upload(host),
    download: (x, operation) => memory.download(x, operation),
    read: async (x, operation) => memory.download(x, operation),
    peek: (x) => memory.peek(x),
    leave: async () => {},
    release: (x) => memory.release(x),
    consume: (x, run) => memory.consume(x, run),
    retire: (xs) => memory.retire(xs),
    supersede: (xs) => memory.supersede(xs),
    fill(x, n, value) {
      memory.begin('fill')
      const y = memory.allocate(x.dtype, n)
      exports.fill(memory.address(y), n, bitsOf(x.dtype, value))
      return y
    },
    copy(x) {
      memory.begin('copy', x)
      const y = memory.allocate(x.dtype, x.length)
      const from = memory.address(x) / 4
      memory.int32.copyWithin(memory.address(y) / 4, from, from + x.length)
      return y
    },
  }
}

/** The address of x, or where x is null that of n float32 numbers of one value, in scratch. */
export function orFilled({ exports, memory }: Core<MemoryExports>, x: WasmArray | null, n: number, value: number): number {
  if (x) return memory.address(x)
  const filled = memory.scratch(4 * n)
  exports.fill(filled, n, bitsOf('float32', value))
  return filled
}

/** Those arrays that are there: what a call begins with. */
export function present(...arrays: (WasmArray | null)[]): WasmArray[] {
  return arrays.filter((array) => array !== null)
}
