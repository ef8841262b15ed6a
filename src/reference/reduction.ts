import { type HostArray, like } from './array.ts'

/** Functions along one axis of an array seen as [outer, n, inner]: n is the axis, the axes before and after it are folded together. */
export interface ReductionKernels<A> {
  sum(x: A, options: AxisOptions): A
  mean(x: A, options: AxisOptions): A
  meanBackward(dy: A, options: AxisOptions): A
  /** The place of the greatest (least) element, the first where there are several; a NaN counts as greatest (least). Yields int32. */
  argmax(x: A, options: AxisOptions): A
  argmin(x: A, options: AxisOptions): A
  cumsum(x: A, options: CumsumOptions): A
}

export interface AxisOptions {
  outer: number
  n: number
  inner: number
}

export interface CumsumOptions extends AxisOptions {
  /** Sum from the end: the adjoint of the sum from the front. */
  reverse?: boolean
}

/** y_oi = Σ_j x_oji,  dx_oji = dy_oi, in the precision of x, term by term        x: [O, N, I] -> y: [O, I] */
export function sum(x: HostArray, { outer, n, inner }: AxisOptions): HostArray {
  const y = like(x, outer * inner)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let j = 0; j < n; j++) y[o * inner + i] += x[(o * n + j) * inner + i] // [O, I]
    }
  }
  return y
}

/** y_oi = (1/N) Σ_j x_oji        x: [O, N, I] -> y: [O, I] */
export function mean(x: HostArray, options: AxisOptions): HostArray {
  return sum(x, options).map((total) => total / options.n)
}

/** dx_oji = dy_oi / N        dy: [O, I] -> dx: [O, N, I] */
export function meanBackward(dy: HostArray, { outer, n, inner }: AxisOptions): HostArray {
  const dx = like(dy, outer * n * inner)
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < inner; i++) dx[(o * n + j) * inner + i] = dy[o * inner + i] / n // [O, N, I]
    }
  }
  return dx
}

/** y_oji = Σ_{l <= j} x_oli,  dx_oji = Σ_{l >= j} dy_oli        x: [O, N, I] -> y: [O, N, I] */
export function cumsum(x: HostArray, { outer, n, inner, reverse = false }: CumsumOptions): HostArray {
  const y = like(x)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let total = 0
      for (let step = 0; step < n; step++) {
        const j = reverse ? n - 1 - step : step
        total += x[(o * n + j) * inner + i]
        y[(o * n + j) * inner + i] = total // [O, N, I]
      }
    }
  }
  return y
}

/** y_oi = argmax_j x_oji        x: [O, N, I] -> y: [O, I], int32. The maximum itself is `gather` at this place. */
export const argmax = (x: HostArray, o: AxisOptions) => argbest(x, o, (candidate, best) => candidate > best)

/** y_oi = argmin_j x_oji        x: [O, N, I] -> y: [O, I], int32 */
export const argmin = (x: HostArray, o: AxisOptions) => argbest(x, o, (candidate, best) => candidate < best)

function argbest(x: HostArray, { outer, n, inner }: AxisOptions, better: (candidate: number, best: number) => boolean): Int32Array {
  const y = new Int32Array(outer * inner)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let place = 0
      let best = x[o * n * inner + i]
      for (let j = 1; j < n; j++) {
        const candidate = x[(o * n + j) * inner + i]
        if (better(candidate, best) || (Number.isNaN(candidate) && !Number.isNaN(best))) {
          place = j
          best = candidate
        }
      }
      y[o * inner + i] = place // [O, I]
    }
  }
  return y
}
