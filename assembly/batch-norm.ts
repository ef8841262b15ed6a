/**
 * Batch norm: `src/reference/batch-norm.ts`. x, y, dy, dx: [N, C, S]; mean, variance, w, b, dw, db: [C], all of them there. Where S = 1 the channels are
 * columns, four to a vector; else they are rows of S numbers. Channels do not know of one another: what is summed over the samples is summed for some of them, from where
 * the pointers stand.
 */

import { addToSums, clearSums, closeGroup, columnSums, dotDifference, GROUP, SquareOfDifference, sumOf } from './moments'
import { Itself, loadFirst, storeFirst, sumRow } from './rows'
import { madd } from './simd'

/** Bytes of scratch that each of these needs. */
export function batchNormScratch(c: usize): usize {
  return 2 * columnSums(c)
}

/** Σ f(x, p_c) over a channel's rows, for the channel at `x`. */
@inline
function sumOfRows<F>(x: usize, n: usize, c: usize, s: usize, p: v128): f64 {
  let total: f64 = 0
  for (let j: usize = 0; j < n; j++) total += sumRow<F>(x + ((j * c * s) << 2), s, p, f32x4.splat(0))
  return total
}

/** Σ_n f(x_nc, p_c) for each column. */
@inline
function sumColumns<F>(x: usize, p: usize, n: usize, c: usize, channels: usize, sums: usize): void {
  const f = changetype<F>(0)
  const row = channels << 2
  clearSums(sums, channels)
  for (let j: usize = 0; j < n; j++) {
    for (let i: usize = 0; i < row; i += 16) addToSums(sums + i, f.of(loadFirst(x + i, (row - i) >> 2), v128.load(p + i), f32x4.splat(0)))
    if ((j + 1) % GROUP == 0 || j + 1 == n) closeGroup(sums, channels)
    x += c << 2
  }
}

export function batchMean(x: usize, mean: usize, n: usize, c: usize, channels: usize, s: usize, scratch: usize): void {
  if (s == 1) sumColumns<Itself>(x, mean, n, c, channels, scratch)
  for (let i: usize = 0; i < channels; i++) {
    const total = s == 1 ? sumOf(scratch, channels, i) : sumOfRows<Itself>(x + ((i * s) << 2), n, c, s, f32x4.splat(0))
    store<f32>(mean + (i << 2), <f32>(total / <f64>(n * s)))
  }
}

export function batchVariance(x: usize, mean: usize, variance: usize, n: usize, c: usize, channels: usize, s: usize, scratch: usize): void {
  if (s == 1) sumColumns<SquareOfDifference>(x, mean, n, c, channels, scratch)
  for (let i: usize = 0; i < channels; i++) {
    const total = s == 1 ? sumOf(scratch, channels, i) : sumOfRows<SquareOfDifference>(x + ((i * s) << 2), n, c, s, v128.load32_splat(mean + (i << 2)))
    store<f32>(variance + (i << 2), <f32>(total / <f64>(n * s)))
  }
}

@inline
function rstdOf(variance: usize, i: usize, eps: f64): f64 {
  return 1 / sqrt<f64>(<f64>load<f32>(variance + (i << 2)) + eps)
}

/** One of several rows of C numbers in scratch, in whole lines. */
@inline
function part(scratch: usize, c: usize, k: usize): usize {
  return scratch + k * (((c + 15) & ~15) << 2)
}

export function batchNorm(
  x: usize, mean: usize, variance: usize, w: usize, b: usize, y: usize, n: usize, c: usize, s: usize, eps: f64, scratch: usize,
): void {
  const scale = part(scratch, c, 0)
  for (let i: usize = 0; i < c; i++) store<f32>(scale + (i << 2), <f32>(rstdOf(variance, i, eps) * <f64>load<f32>(w + (i << 2))))
  const row = c << 2
  for (let j: usize = 0; j < n; j++) {
    if (s == 1) {
      for (let i: usize = 0; i < row; i += 16) {
        const count = (row - i) >> 2
        const difference = f32x4.sub(loadFirst(x + i, count), v128.load(mean + i))
        storeFirst(y + i, madd(difference, v128.load(scale + i), v128.load(b + i)), count)
      }
    } else {
      for (let i: usize = 0; i < row; i += 4) {
        const at = i * s
        scaleRow(x + at, y + at, s, v128.load32_splat(mean + i), v128.load32_splat(scale + i), v128.load32_splat(b + i))
      }
    }
    x += row * s
    y += row * s
  }
}

/** y_i = (x_i - mean) · scale + shift        x -> y: [n] */
@inline
function scaleRow(x: usize, y: usize, n: usize, mean: v128, scale: v128, shift: v128): void {
  const end = x + (n << 2)
  for (; x + 64 <= end; x += 64, y += 64) {
    const y0 = madd(f32x4.sub(v128.load(x), mean), scale, shift)
    const y1 = madd(f32x4.sub(v128.load(x, 16), mean), scale, shift)
    const y2 = madd(f32x4.sub(v128.load(x, 32), mean), scale, shift)
    const y3 = madd(f32x4.sub(v128.load(x, 48), mean), scale, shift)
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(y, y2, 32)
    v128.store(y, y3, 48)
  }
  for (; x < end; x += 16, y += 16) {
    const count = (end - x) >> 2
    storeFirst(y, madd(f32x4.sub(loadFirst(x, count), mean), scale, shift), count)
  }
}

export function batchNormBackward(
  dy: usize, x: usize, mean: usize, variance: usize, w: usize, dx: usize, dw: usize, db: usize,
  n: usize, c: usize, channels: usize, s: usize, eps: f64, training: bool, scratch: usize,
): void {
  const sumsW = scratch
  const sumsB = scratch + columnSums(channels)
  if (s == 1) {
    sumColumns<Itself>(dy, mean, n, c, channels, sumsB)
    dotColumns(dy, x, mean, n, c, channels, sumsW)
  }
  for (let i: usize = 0; i < channels; i++) {
    const rstd = rstdOf(variance, i, eps)
    let totalB: f64 = 0
    let totalW: f64 = 0
    if (s == 1) {
      totalB = sumOf(sumsB, channels, i)
      totalW = sumOf(sumsW, channels, i)
    } else {
      const m = v128.load32_splat(mean + (i << 2))
      for (let j: usize = 0; j < n; j++) {
        const at = ((j * c + i) * s) << 2
        totalB += sumRow<Itself>(dy + at, s, f32x4.splat(0), f32x4.splat(0))
        totalW += dotDifference(dy + at, x + at, s, m)
      }
    }
    store<f32>(dw + (i << 2), <f32>(totalW * rstd))
    store<f32>(db + (i << 2), <f32>totalB)
  }
  // dx = scale · (dy - shift - (x - μ) · along). The sums are read: their scratch is free.
  const scale = part(scratch, channels, 0)
  const shift = part(scratch, channels, 1)
  const along = part(scratch, channels, 2)
  for (let i: usize = 0; i < channels; i++) {
    const rstd = rstdOf(variance, i, eps)
    const share = training ? 1 / <f64>(n * s) : 0
    store<f32>(scale + (i << 2), <f32>(rstd * <f64>load<f32>(w + (i << 2))))
    store<f32>(shift + (i << 2), <f32>(share * <f64>load<f32>(db + (i << 2))))
    store<f32>(along + (i << 2), <f32>(share * rstd * <f64>load<f32>(dw + (i << 2))))
  }
  const row = channels << 2
  const sample = (c * s) << 2
  for (let j: usize = 0; j < n; j++) {
    if (s == 1) {
      for (let i: usize = 0; i < row; i += 16) {
        const count = (row - i) >> 2
        const lost = madd(f32x4.sub(loadFirst(x + i, count), v128.load(mean + i)), v128.load(along + i), v128.load(shift + i))
        storeFirst(dx + i, f32x4.mul(v128.load(scale + i), f32x4.sub(loadFirst(dy + i, count), lost)), count)
      }
    } else {
      for (let i: usize = 0; i < row; i += 4) {
        const at = i * s
        const m = v128.load32_splat(mean + i)
        backwardRow(dy + at, x + at, dx + at, s, m, v128.load32_splat(scale + i), v128.load32_splat(shift + i), v128.load32_splat(along + i))
      }
    }
    x += sample
    dy += sample
    dx += sample
  }
}

/** Σ_n dy_nc · (x_nc - μ_c) for each column. */
@inline
function dotColumns(dy: usize, x: usize, mean: usize, n: usize, c: usize, channels: usize, sums: usize): void {
  const row = channels << 2
  clearSums(sums, channels)
  for (let j: usize = 0; j < n; j++) {
    for (let i: usize = 0; i < row; i += 16) {
      const count = (row - i) >> 2
      addToSums(sums + i, f32x4.mul(loadFirst(dy + i, count), f32x4.sub(loadFirst(x + i, count), v128.load(mean + i))))
    }
    if ((j + 1) % GROUP == 0 || j + 1 == n) closeGroup(sums, channels)
    dy += c << 2
    x += c << 2
  }
}

/** dx_i = scale · (dy_i - shift - (x_i - mean) · along)        dy, x -> dx: [n] */
@inline
function backwardRow(dy: usize, x: usize, dx: usize, n: usize, mean: v128, scale: v128, shift: v128, along: v128): void {
  const end = x + (n << 2)
  for (; x + 32 <= end; x += 32, dy += 32, dx += 32) {
    const lost0 = madd(f32x4.sub(v128.load(x), mean), along, shift)
    const lost1 = madd(f32x4.sub(v128.load(x, 16), mean), along, shift)
    v128.store(dx, f32x4.mul(scale, f32x4.sub(v128.load(dy), lost0)))
    v128.store(dx, f32x4.mul(scale, f32x4.sub(v128.load(dy, 16), lost1)), 16)
  }
  for (; x < end; x += 16, dy += 16, dx += 16) {
    const count = (end - x) >> 2
    const lost = madd(f32x4.sub(loadFirst(x, count), mean), along, shift)
    storeFirst(dx, f32x4.mul(scale, f32x4.sub(loadFirst(dy, count), lost)), count)
  }
}
