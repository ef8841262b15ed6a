import type { DistanceKernels } from '../../reference/distance.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface DistanceExports {
  /** Bytes of scratch that squaredDistances and nearest need. */
  squaredDistancesScratch(n: number, d: number): number
  nearestScratch(n: number, d: number, k: number): number
  squaredDistances(x: number, y: number, distances: number, n: number, m: number, d: number, scratch: number): void
  nearest(x: number, y: number, places: number, n: number, m: number, d: number, k: number, scratch: number): void
}

export function distance({ exports, memory }: Core<DistanceExports>): DistanceKernels<WasmArray> {
  return {
    squaredDistances(x, y, { n, m, d }) {
      memory.begin('squaredDistances', x, y)
      const distances = memory.allocate(x.dtype, n * m)
      const scratch = memory.scratch(exports.squaredDistancesScratch(n, d))
      exports.squaredDistances(memory.address(x), memory.address(y), memory.address(distances), n, m, d, scratch)
      return distances
    },
    nearest(x, y, { n, m, d, k }) {
      memory.begin('nearest', x, y)
      const places = memory.allocate('int32', n * k)
      const scratch = memory.scratch(exports.nearestScratch(n, d, k))
      exports.nearest(memory.address(x), memory.address(y), memory.address(places), n, m, d, k, scratch)
      return places
    },
  }
}
