/** Updates in place: what the specs of the optimisers share. */
import fc from 'fast-check'
import type { Kernels } from '../src/kernels.ts'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import { type Bound, builds, double, expectNear, lengths } from './twins.ts'

/** An update by any backend: of lists of w, of dw and of the buffers, of which some may be null. */
export type Update = <A>(kernels: Kernels<A>, lists: A[][]) => void

/** How many numbers each parameter has: no parameter, one or more. */
export const parameters = fc.array(lengths, { maxLength: 3 })
export const totalOf = (sizes: readonly number[]) => sizes.reduce((sum, n) => sum + n, 0)

/** The parameters of these sizes, which lie one behind the other. */
function cut(x: Float32Array, sizes: readonly number[]): Float32Array[] {
  return sizes.map((n, i) => x.slice(totalOf(sizes.slice(0, i)), totalOf(sizes.slice(0, i)) + n))
}

/**
 * However the numbers are cut into parameters, both builds leave them as the reference leaves one array of them all in float64, each within its bound. The gradients
 * stay as they are.
 */
export function expectUpdates(
  update: Update,
  sizes: readonly number[],
  arrays: readonly Float32Array[],
  bounds: (exact: Float64Array[]) => Bound[],
): void {
  const exact = arrays.map(double)
  update<HostArray>(
    reference,
    exact.map((x) => [x]),
  )
  const allowed = bounds(exact)
  for (const { kernels, simd } of builds) {
    const there = arrays.map((x) => cut(x, sizes).map((part) => kernels.upload(part)))
    update(kernels, there)
    for (const [i, list] of there.entries()) {
      const after = list.flatMap((x) => [...kernels.download(x, 'spec')])
      expectNear(Float32Array.from(after), exact[i], allowed[i], `${simd}, list ${i}`)
      for (const x of list) kernels.release(x)
    }
  }
}

/** The bound for w: its own rounding, and a share of the step that it took. */
export const ofStep = (before: HostArray, after: HostArray, share = 5e-6, floor = 1e-7): Bound => ({
  ulp: 1,
  abs: (i) => share * Math.abs(after[i] - before[i]) + floor,
})

/** The numbers that come from running an update on one weight, from zeroed buffers, over these gradients. */
export function path(
  update: (kernels: Kernels<HostArray>, lists: HostArray[][], step: number) => void,
  gradients: readonly number[],
  buffers: number,
): number[] {
  const arrays = [new Float64Array(1), new Float64Array(1), ...Array.from({ length: buffers }, () => new Float64Array(1))]
  return gradients.map((gradient, t) => {
    arrays[1][0] = gradient
    update(
      reference,
      arrays.map((x) => [x]),
      t + 1,
    )
    return arrays[0][0]
  })
}
