import { argsort, type GatherKernels } from '../../reference/gather.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'
import type { MemoryExports } from './memory.ts'

export interface GatherExports {
  gather(x: number, index: number, y: number, outer: number, n: number, inner: number, k: number): void
  scatterAdd(dy: number, index: number, dx: number, outer: number, n: number, inner: number, k: number): void
  indexSelect(x: number, index: number, y: number, width: number, k: number): void
  indexAdd(dy: number, index: number, dx: number, width: number, k: number): void
}

/** Rows that are read are cut. Adding stays on the caller, and so does reading number by number: docs/design/threads.md. */
export function gather({ exports, memory, threads }: Core<GatherExports & MemoryExports>): GatherKernels<WasmArray> {
  /** Runs with the addresses of x, of index and of a new array of `size` numbers. */
  function run(operation: string, x: WasmArray, index: WasmArray, size: number, kernel: (x: number, index: number, y: number) => void) {
    memory.begin(operation, x, index)
    const y = memory.allocate(x.dtype, size)
    kernel(memory.address(x), memory.address(index), memory.address(y))
    return y
  }

  return {
    gather: (x, index, { outer, n, inner, k }) =>
      run('gather', x, index, outer * k * inner, (px, pi, py) => exports.gather(px, pi, py, outer, n, inner, k)),
    scatterAdd: (dy, index, { outer, n, inner, k }) =>
      run('scatterAdd', dy, index, outer * n * inner, (pdy, pi, pdx) => {
        exports.fill(pdx, outer * n * inner, 0)
        exports.scatterAdd(pdy, pi, pdx, outer, n, inner, k)
      }),
    indexSelect: (x, index, { width, k }) =>
      run('indexSelect', x, index, k * width, (px, pi, py) => {
        threads.run(exports.indexSelect, { n: k, cost: k * width * COST.simple }, (from, to) => {
          return [px, pi + 4 * from, py + 4 * width * from, width, to - from]
        })
      }),
    indexAdd: (dy, index, { n, width, k }) =>
      run('indexAdd', dy, index, n * width, (pdy, pi, pdx) => {
        exports.fill(pdx, n * width, 0)
        exports.indexAdd(pdy, pi, pdx, width, k)
      }),
    /** Sorting is all branches: it stays on the host. */
    argsort: (x, options) => memory.upload(argsort(memory.download(x, 'argsort'), options)),
  }
}
