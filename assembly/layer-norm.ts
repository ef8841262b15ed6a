/** Layer norm, row by row: `src/reference/layer-norm.ts`. x, y, dy, dx: [N, C]; w, b, dw, db: [C], all of them there */

import { addSums, addToSums, clearSums, closeGroup, columnSums, dotDifference, GROUP, SquareOfDifference, sumOf } from './moments'
import { Itself, loadFirst, storeFirst, sumRow, zipRow } from './rows'
import { madd } from './simd'

/** The mean of a row, in every lane. */
@inline
function meanOf(x: usize, c: usize): v128 {
  const none = f32x4.splat(0)
  return f32x4.splat(<f32>(sumRow<Itself>(x, c, none, none) / <f64>c))
}

/** 1 / √(variance + ε) */
@inline
function rstdOf(x: usize, c: usize, mean: v128, eps: f64): f64 {
  return 1 / sqrt<f64>(sumRow<SquareOfDifference>(x, c, mean, f32x4.splat(0)) / <f64>c + eps)
}

class Times { @inline of(a: v128, b: v128, _p: v128, _q: v128): v128 { return f32x4.mul(a, b) } }

@inline
function normalized(x: v128, mean: v128, rstd: v128): v128 {
  return f32x4.mul(f32x4.sub(x, mean), rstd)
}

export function layerNorm(x: usize, w: usize, b: usize, y: usize, n: usize, c: usize, eps: f64): void {
  const row = c << 2
  for (let j: usize = 0; j < n; j++) {
    const mean = meanOf(x, c)
    const rstd = f32x4.splat(<f32>rstdOf(x, c, mean, eps))
    let i: usize = 0
    for (; i + 32 <= row; i += 32) {
      const y0 = madd(normalized(v128.load(x + i), mean, rstd), v128.load(w + i), v128.load(b + i))
      const y1 = madd(normalized(v128.load(x + i, 16), mean, rstd), v128.load(w + i, 16), v128.load(b + i, 16))
      v128.store(y + i, y0)
      v128.store(y + i, y1, 16)
    }
    for (; i < row; i += 16) {
      const count = (row - i) >> 2
      storeFirst(y + i, madd(normalized(loadFirst(x + i, count), mean, rstd), v128.load(w + i), v128.load(b + i)), count)
    }
    x += row
    y += row
  }
}

/** Bytes of scratch that a call of `layerNormBackward` needs: the sums of dw, the sums of db, and a row of g = dy · w. */
export function layerNormScratch(c: usize): usize {
  return 2 * columnSums(c) + (((c + 15) & ~15) << 2)
}

/** Leaves Σ dy·x̂ and Σ dy of these rows at the beginning of the scratch: `addLayerNormSums` makes dw and db of them. */
export function layerNormBackward(dy: usize, x: usize, w: usize, dx: usize, n: usize, c: usize, eps: f64, scratch: usize): void {
  const sumsW = scratch
  const sumsB = scratch + columnSums(c)
  const g = sumsB + columnSums(c)
  clearSums(sumsW, c)
  clearSums(sumsB, c)
  const none = f32x4.splat(0)
  const row = c << 2
  for (let j: usize = 0; j < n; j++) {
    const mean = meanOf(x, c)
    const rstd = rstdOf(x, c, mean, eps)
    zipRow<Times>(dy, w, g, c, none, none)
    // Σ g / C and Σ g·x̂ / C
    const meanG = f32x4.splat(<f32>(sumRow<Itself>(g, c, none, none) / <f64>c))
    const along = f32x4.splat(<f32>((dotDifference(g, x, c, mean) * rstd) / <f64>c))
    const r = f32x4.splat(<f32>rstd)
    let i: usize = 0
    for (; i + 16 <= row; i += 16) {
      const dyi = v128.load(dy + i)
      const xHat = normalized(v128.load(x + i), mean, r)
      v128.store(dx + i, f32x4.mul(r, f32x4.sub(f32x4.sub(v128.load(g + i), meanG), f32x4.mul(xHat, along))))
      addToSums(sumsW + i, f32x4.mul(dyi, xHat))
      addToSums(sumsB + i, dyi)
    }
    if (i < row) {
      const count = (row - i) >> 2
      const dyi = loadFirst(dy + i, count)
      const xHat = normalized(loadFirst(x + i, count), mean, r)
      storeFirst(dx + i, f32x4.mul(r, f32x4.sub(f32x4.sub(v128.load(g + i), meanG), f32x4.mul(xHat, along))), count)
      addToSums(sumsW + i, f32x4.mul(dyi, xHat))
      addToSums(sumsB + i, dyi)
    }
    if ((j + 1) % GROUP == 0 || j + 1 == n) {
      closeGroup(sumsW, c)
      closeGroup(sumsB, c)
    }
    x += row
    dy += row
    dx += row
  }
}

/** dw and db from the sums that `parts` calls have left, one behind the other, added in this order. */
export function addLayerNormSums(scratch: usize, parts: usize, dw: usize, db: usize, c: usize): void {
  const sumsW = scratch
  const sumsB = scratch + columnSums(c)
  const size = layerNormScratch(c)
  for (let at = size; at < parts * size; at += size) {
    addSums(sumsW, sumsW + at, c)
    addSums(sumsB, sumsB + at, c)
  }
  for (let i: usize = 0; i < c; i++) {
    store<f32>(dw + (i << 2), <f32>sumOf(sumsW, c, i))
    store<f32>(db + (i << 2), <f32>sumOf(sumsB, c, i))
  }
}
