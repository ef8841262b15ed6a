/** Updates in place: what the specs of the optimisers share. */
import type { Kernels } from '../src/kernels.ts'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import { type Bound, builds, double, expectNear } from './twins.ts'

/** An update by any backend: w, dw and the buffers, of which some may be null. */
export type Update = <A>(kernels: Kernels<A>, arrays: A[]) => void

/** Both builds leave the arrays as the reference does in float64, each within its bound. What it leaves is returned. */
export function expectUpdates(update: Update, arrays: readonly Float32Array[], bounds: (exact: Float64Array[]) => Bound[]): Float64Array[] {
  const exact = arrays.map(double)
  update<HostArray>(reference, exact)
  const allowed = bounds(exact)
  for (const { kernels, simd } of builds) {
    const there = arrays.map((x) => kernels.upload(x))
    update(kernels, there)
    for (const [i, x] of there.entries()) {
      expectNear(kernels.download(x, 'spec'), exact[i], allowed[i], `${simd}, array ${i}`)
      kernels.release(x)
    }
  }
  return exact
}

/** The bound for w: its own rounding, and a share of the step that it took. */
export const ofStep = (before: HostArray, after: HostArray, share = 5e-6, floor = 1e-7): Bound => ({
  ulp: 1,
  abs: (i) => share * Math.abs(after[i] - before[i]) + floor,
})

/** The numbers that come from running an update on one weight, from zeroed buffers, over these gradients. */
export function path(
  update: (kernels: Kernels<HostArray>, arrays: HostArray[], step: number) => void,
  gradients: readonly number[],
  buffers: number,
): number[] {
  const arrays = [new Float64Array(1), new Float64Array(1), ...Array.from({ length: buffers }, () => new Float64Array(1))]
  return gradients.map((gradient, t) => {
    arrays[1][0] = gradient
    update(reference, arrays, t + 1)
    return arrays[0][0]
  })
}
