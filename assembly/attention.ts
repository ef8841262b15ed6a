/**
 * Scaled dot-product attention, one head at a time: `src/reference/attention.ts`. Queries and keys are taken in blocks, so that of the scores [L, S] only one
 * block is ever in memory, and it stays in the cache.
 *
 * Forward, each row of weights is normalised as it comes (online softmax, Milakov & Gimelshein 2018): when a block of keys brings a greater score, what was
 * summed so far shrinks by e^(old maximum - new maximum). Backward, the weights are computed again from ln Σ e^scores, block by block (Rabe & Staats
 * 2021; Dao et al., "FlashAttention", 2022).
 */

import { decay, exp, log } from './functions'
import { beat } from './heartbeat'
import { matmul, matmulScratch } from './matmul'
import { dotRow, Itself, mapRow, maxRow, sumRow, zipRow } from './rows'
import { madd } from './simd'

/** Queries and keys in a block: its scores take 32 KiB, twice that backward. Of 32 to 128 by 64 to 256, measured, no other was faster on the whole. */
const ROWS: i32 = 64
const COLUMNS: i32 = 128

/** Bytes of a float32. */
const F: usize = 4
/** Bytes of a block of scores, and of one number per row of a block. */
const BLOCK: usize = <usize>(ROWS * COLUMNS) * F
const COLUMN: usize = <usize>ROWS * F

/** Bytes of scratch that both directions need, whatever L and S. */
export function attentionScratch(e: i32, ev: i32): usize {
  const scores = max(matmulScratch(ROWS, COLUMNS, e), matmulScratch(ROWS, COLUMNS, ev))
  const sums = max(matmulScratch(ROWS, max(e, ev), COLUMNS), matmulScratch(COLUMNS, max(e, ev), ROWS))
  return 2 * BLOCK + 2 * COLUMN + max(scores, sums)
}

/** 1 / √E */
@inline
function scaleOf(e: i32): f32 {
  return <f32>(1 / sqrt<f64>(<f64>e))
}

/** How many of the keys from j0 on, at most `columns`, query i attends to. */
@inline
function visible(i: i32, j0: i32, columns: i32, isCausal: bool): i32 {
  return isCausal ? max(0, min(columns, i + 1 - j0)) : columns
}

class ScaleAndMask { @inline of(x: v128, mask: v128, scale: v128, _: v128): v128 { return madd(x, scale, mask) } }
/** e^(x · scale - base), where no x · scale is greater than base */
class Weight { @inline of(x: v128, scale: v128, minusBase: v128): v128 { return decay(madd(x, scale, minusBase)) } }
class Times { @inline of(x: v128, factor: v128, _: v128): v128 { return f32x4.mul(x, factor) } }

/**
 * q: [L, E], k: [S, E], v: [S, Ev], mask: its rows maskRow numbers apart, or 0 for none -> y: [L, Ev], logSum: [L]. `scratch` points to attentionScratch bytes,
 * 16-byte aligned.
 */
export function attention(
  q: usize, k: usize, v: usize, mask: usize, maskRow: i32, y: usize, logSum: usize,
  l: i32, s: i32, e: i32, ev: i32, isCausal: bool, scratch: usize,
): void {
  const scores = scratch
  const maxima = scores + 2 * BLOCK
  const sums = maxima + COLUMN
  const work = sums + COLUMN
  const scale = f32x4.splat(mask ? 1 : scaleOf(e)) // a mask is added to scaled scores
  const rowY = <usize>ev * F

  for (let i0 = 0; i0 < l; i0 += ROWS) {
    beat()
    const rows = min(ROWS, l - i0)
    const keys = isCausal ? min(s, i0 + rows) : s
    const yi = y + <usize>i0 * rowY
    if (keys == 0) memory.fill(yi, 0, <usize>rows * rowY)
    for (let i = 0; i < rows; i++) {
      store<f32>(maxima + <usize>i * F, -Infinity)
      store<f32>(sums + <usize>i * F, 0)
    }
    for (let j0 = 0; j0 < keys; j0 += COLUMNS) {
      const columns = min(COLUMNS, keys - j0)
      scoreBlock(q, k, mask, maskRow, scores, i0, j0, rows, columns, e, isCausal, work)
      for (let i = 0; i < rows; i++) {
        const row = scores + <usize>(i * columns) * F
        weighRow(row, columns, visible(i0 + i, j0, columns, isCausal), scale, maxima + <usize>i * F, sums + <usize>i * F, yi + <usize>i * rowY, ev, j0 > 0)
      }
      matmul(scores, columns, false, 0, v + <usize>(j0 * ev) * F, ev, false, 0, yi, ev, j0 > 0, 0, rows, ev, columns, 1, work)
    }
    for (let i = 0; i < rows; i++) {
      const sum = load<f32>(sums + <usize>i * F)
      const isMasked = sum == 0
      mapRow<Times>(yi + <usize>i * rowY, yi + <usize>i * rowY, ev, f32x4.splat(isMasked ? 0 : 1 / sum), f32x4.splat(0))
      const logarithm = load<f32>(maxima + <usize>i * F) + f32x4.extract_lane(log(f32x4.splat(sum)), 0)
      store<f32>(logSum + <usize>(i0 + i) * F, isMasked ? Infinity : logarithm)
    }
  }
}

/** A block of q · kᵀ: [rows, columns]; with a mask scaled and masked already, without one neither. */
function scoreBlock(
  q: usize, k: usize, mask: usize, maskRow: i32, scores: usize,
  i0: i32, j0: i32, rows: i32, columns: i32, e: i32, isCausal: bool, work: usize,
): void {
  matmul(q + <usize>(i0 * e) * F, e, false, 0, k + <usize>(j0 * e) * F, e, true, 0, scores, columns, false, 0, rows, columns, e, 1, work)
  if (!mask) return
  const scale = f32x4.splat(scaleOf(e))
  for (let i = 0; i < rows; i++) {
    const row = scores + <usize>(i * columns) * F
    const maskOfRow = mask + <usize>((i0 + i) * maskRow + j0) * F
    zipRow<ScaleAndMask>(row, maskOfRow, row, visible(i0 + i, j0, columns, isCausal), scale, scale)
  }
}

/**
 * Scores become e^(score - maximum so far), and 0 from `count` on. Where this block raises the maximum, the row's sum and its part of y so far shrink
 * accordingly. A row of which all scores are -∞ has no maximum: against 0, its weights are 0.
 */
@inline
function weighRow(row: usize, columns: i32, count: i32, scale: v128, maximum: usize, total: usize, y: usize, ev: i32, isLater: bool): void {
  const none = f32x4.splat(0)
  const before = load<f32>(maximum)
  const now = max<f32>(before, maxRow(row, count) * f32x4.extract_lane(scale, 0))
  const base: f32 = now == -Infinity ? <f32>0 : now
  mapRow<Weight>(row, row, count, scale, f32x4.splat(-base))
  memory.fill(row + <usize>count * F, 0, <usize>(columns - count) * F)
  let sum = <f32>sumRow<Itself>(row, count, none, none)
  if (isLater) {
    const shrink = now == before ? none : exp(f32x4.splat(before - base))
    if (now != before) mapRow<Times>(y, y, ev, shrink, none)
    sum += load<f32>(total) * (now == before ? 1 : f32x4.extract_lane(shrink, 0))
  }
  store<f32>(maximum, now)
  store<f32>(total, sum)
}

/** dscores_ij = weights_ij · (dweights_ij - dot_i) / √E */
class ScoresBackward {
  @inline of(weights: v128, dweights: v128, dot: v128, scale: v128): v128 { return f32x4.mul(f32x4.mul(weights, scale), f32x4.sub(dweights, dot)) }
}

/** dy, y: [L, Ev], logSum: [L] as attention gave them -> dq: [L, E], dk: [S, E], dv: [S, Ev]. Σ_m dweights_im · weights_im is dy_i · y_i. */
export function attentionBackward(
  dy: usize, q: usize, k: usize, v: usize, y: usize, logSum: usize, mask: usize, maskRow: i32, dq: usize, dk: usize, dv: usize,
  l: i32, s: i32, e: i32, ev: i32, isCausal: bool, scratch: usize,
): void {
  const weights = scratch
  const dscores = weights + BLOCK
  const dots = dscores + BLOCK
  const work = dots + 2 * COLUMN
  const trueScale = f32x4.splat(scaleOf(e))
  const scale = mask ? f32x4.splat(1) : trueScale
  memory.fill(dq, 0, <usize>(l * e) * F)
  memory.fill(dk, 0, <usize>(s * e) * F)
  memory.fill(dv, 0, <usize>(s * ev) * F)

  for (let i0 = 0; i0 < l; i0 += ROWS) {
    beat()
    const rows = min(ROWS, l - i0)
    const keys = isCausal ? min(s, i0 + rows) : s
    const qi = q + <usize>(i0 * e) * F
    const dyi = dy + <usize>(i0 * ev) * F
    for (let i = 0; i < rows; i++) store<f32>(dots + <usize>i * F, <f32>dotRow(dyi + <usize>(i * ev) * F, y + <usize>((i0 + i) * ev) * F, ev))
    for (let j0 = 0; j0 < keys; j0 += COLUMNS) {
      const columns = min(COLUMNS, keys - j0)
      const kj = k + <usize>(j0 * e) * F
      const dkj = dk + <usize>(j0 * e) * F
      scoreBlock(q, k, mask, maskRow, weights, i0, j0, rows, columns, e, isCausal, work)
      matmul(dyi, ev, false, 0, v + <usize>(j0 * ev) * F, ev, true, 0, dscores, columns, false, 0, rows, columns, ev, 1, work)
      for (let i = 0; i < rows; i++) {
        const row = weights + <usize>(i * columns) * F
        const drow = dscores + <usize>(i * columns) * F
        const count = visible(i0 + i, j0, columns, isCausal)
        mapRow<Weight>(row, row, count, scale, f32x4.splat(-load<f32>(logSum + <usize>(i0 + i) * F)))
        zipRow<ScoresBackward>(row, drow, drow, count, v128.load32_splat(dots + <usize>i * F), trueScale)
        memory.fill(row + <usize>count * F, 0, <usize>(columns - count) * F)
        memory.fill(drow + <usize>count * F, 0, <usize>(columns - count) * F)
      }
      matmul(weights, columns, true, 0, dyi, ev, false, 0, dv + <usize>(j0 * ev) * F, ev, true, 0, columns, ev, rows, 1, work)
      matmul(dscores, columns, false, 0, kj, e, false, 0, dq + <usize>(i0 * e) * F, e, true, 0, rows, e, columns, 1, work)
      matmul(dscores, columns, true, 0, qi, e, false, 0, dkj, e, true, 0, columns, e, rows, 1, work)
    }
  }
}
