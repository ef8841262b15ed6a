import type { DistanceKernels, DistanceOptions } from '../../reference/distance.ts'
import type { WasmArray } from '../memory.ts'
import { COST, type Core } from './core.ts'

export interface DistanceExports {
  /** Bytes of scratch that squaredDistances and nearest need. */
  squaredDistancesScratch(n: number, d: number): number
  nearestScratch(n: number, m: number, d: number, k: number): number
  squaredDistances(x: number, y: number, distances: number, n: number, m: number, d: number, scratch: number): void
  nearest(x: number, y: number, places: number, n: number, m: number, d: number, k: number, scratch: number): void
}

/** Bytes of a number. */
const F = 4
/** Rows of x in a tile. */
const ROWS = 5

export function distance({ exports, memory, threads }: Core<DistanceExports>): DistanceKernels<WasmArray> {
  /** Rows of x do not know of one another: they are cut, in few parts, since each packs y anew. */
  const workOf = ({ n, m, d }: DistanceOptions, argument: number, bytes: number) => ({
    n,
    step: ROWS,
    shares: 1,
    cost: n * m * (d * COST.product + COST.simple),
    scratch: { argument, bytes },
  })

  return {
    squaredDistances(x, y, options) {
      const { n, m, d } = options
      memory.begin('squaredDistances', x, y)
      const distances = memory.allocate(x.dtype, n * m)
      const work = workOf(options, 6, exports.squaredDistancesScratch(n, d))
      const scratch = memory.scratch(threads.scratchOf(work))
      const [px, py, to] = [x, y, distances].map((array) => memory.address(array))
      threads.run(exports.squaredDistances, work, (from, end) => [px + F * d * from, py, to + F * m * from, end - from, m, d, scratch])
      return distances
    },
    nearest(x, y, options) {
      const { n, m, d, k } = options
      memory.begin('nearest', x, y)
      const places = memory.allocate('int32', n * k)
      const work = workOf(options, 7, exports.nearestScratch(n, m, d, k))
      const scratch = memory.scratch(threads.scratchOf(work))
      const [px, py, to] = [x, y, places].map((array) => memory.address(array))
      threads.run(exports.nearest, work, (from, end) => [px + F * d * from, py, to + F * k * from, end - from, m, d, k, scratch])
      return places
    },
  }
}
