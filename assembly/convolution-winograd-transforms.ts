/**
 * The transforms of Winograd's F(2×2, 3×3): four outputs of a 3 × 3 window by 16 products where the definition needs 36. With d: [4, 4], the patch that the four windows
 * look at, and w: [3, 3],
 *
 *     y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A        ⊙: element by element
 *
 *          ┌ 1  0 -1  0 ┐       ┌ 1  0  0 ┐
 *     Bᵀ = │ 0  1  1  0 │   G = │ ½  ½  ½ │   Aᵀ = ┌ 1  1  1  0 ┐
 *          │ 0 -1  1  0 │       │ ½ -½  ½ │        └ 0  1 -1 -1 ┘
 *          └ 0  1  0 -1 ┘       └ 0  0  1 ┘
 *
 * Winograd 1980, "Arithmetic Complexity of Computations"; Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", eq. 8. y is linear in w, so its adjoint gives
 * the gradient:
 *
 *     dw = Gᵀ [ (A dy Aᵀ) ⊙ (Bᵀ d B) ] G
 *
 * Each function transforms four of a kind, one in every lane, and writes element (r, s) of the results `step` bytes behind the one before, in rows.
 */

import { loadEvery } from './window-lines'

/** How many products a tile of 2 × 2 outputs takes. */
export const PRODUCTS: i32 = 16

/** Rows of four patches -> the four columns, a patch in every lane -> row r of Bᵀ d B from that of Bᵀ d */
@inline
function transformPatchRow(t0: v128, t1: v128, t2: v128, t3: v128, to: usize, step: usize): void {
  const low01 = v128.shuffle<f32>(t0, t1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(t0, t1, 2, 6, 3, 7)
  const low23 = v128.shuffle<f32>(t2, t3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(t2, t3, 2, 6, 3, 7)
  const d0 = v128.shuffle<f64>(low01, low23, 0, 2), d1 = v128.shuffle<f64>(low01, low23, 1, 3)
  const d2 = v128.shuffle<f64>(high01, high23, 0, 2), d3 = v128.shuffle<f64>(high01, high23, 1, 3)
  v128.store(to, f32x4.sub(d0, d2))
  v128.store(to + step, f32x4.add(d1, d2))
  v128.store(to + 2 * step, f32x4.sub(d2, d1))
  v128.store(to + 3 * step, f32x4.sub(d1, d3))
}

/** Bᵀ d B of the patches that begin at p0 ... p3, their rows `row` bytes apart. */
export function transformPatches(p0: usize, p1: usize, p2: usize, p3: usize, row: usize, to: usize, step: usize): void {
  const third: usize = 2 * row, fourth: usize = 3 * row
  transformPatchRow(
    f32x4.sub(v128.load(p0), v128.load(p0 + third)), f32x4.sub(v128.load(p1), v128.load(p1 + third)),
    f32x4.sub(v128.load(p2), v128.load(p2 + third)), f32x4.sub(v128.load(p3), v128.load(p3 + third)), to, step)
  transformPatchRow(
    f32x4.add(v128.load(p0 + row), v128.load(p0 + third)), f32x4.add(v128.load(p1 + row), v128.load(p1 + third)),
    f32x4.add(v128.load(p2 + row), v128.load(p2 + third)), f32x4.add(v128.load(p3 + row), v128.load(p3 + third)), to + 4 * step, step)
  transformPatchRow(
    f32x4.sub(v128.load(p0 + third), v128.load(p0 + row)), f32x4.sub(v128.load(p1 + third), v128.load(p1 + row)),
    f32x4.sub(v128.load(p2 + third), v128.load(p2 + row)), f32x4.sub(v128.load(p3 + third), v128.load(p3 + row)), to + 8 * step, step)
  transformPatchRow(
    f32x4.sub(v128.load(p0 + row), v128.load(p0 + fourth)), f32x4.sub(v128.load(p1 + row), v128.load(p1 + fourth)),
    f32x4.sub(v128.load(p2 + row), v128.load(p2 + fourth)), f32x4.sub(v128.load(p3 + row), v128.load(p3 + fourth)), to + 12 * step, step)
}

/**
 * G w Gᵀ of the first `count` of four filters, `apart` bytes from one to the next; turned by 180° if `isTurned`, as the input gradient needs them.
 */
export function transformFilters(w: usize, apart: usize, count: i32, isTurned: bool, to: usize, step: usize): void {
  for (let j = 0; j < 3; j++) { // column j of G w goes to the beginning of its row, from where the row is finished
    const at = to + <usize>j * step
    const w0 = loadEvery(isTurned ? w + <usize>(8 - j) * 4 : w + <usize>j * 4, apart, count)
    const w1 = loadEvery(isTurned ? w + <usize>(5 - j) * 4 : w + <usize>(3 + j) * 4, apart, count)
    const w2 = loadEvery(isTurned ? w + <usize>(2 - j) * 4 : w + <usize>(6 + j) * 4, apart, count)
    v128.store(at, w0)
    v128.store(at + 4 * step, plusHalf(w0, w1, w2))
    v128.store(at + 8 * step, minusHalf(w0, w1, w2))
    v128.store(at + 12 * step, w2)
  }
  for (let r = 0; r < 4; r++, to += 4 * step) {
    const w0 = v128.load(to), w1 = v128.load(to + step), w2 = v128.load(to + 2 * step)
    v128.store(to + step, plusHalf(w0, w1, w2))
    v128.store(to + 2 * step, minusHalf(w0, w1, w2))
    v128.store(to + 3 * step, w2)
  }
}

/** ½ (a + b + c) */
@inline
function plusHalf(a: v128, b: v128, c: v128): v128 {
  return f32x4.mul(f32x4.add(f32x4.add(a, c), b), f32x4.splat(0.5))
}

/** ½ (a - b + c) */
@inline
function minusHalf(a: v128, b: v128, c: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.add(a, c), b), f32x4.splat(0.5))
}

/** A dy Aᵀ of the tiles of 2 × 2 that begin at p0 ... p3, their rows `row` bytes apart. */
export function transformTiles(p0: usize, p1: usize, p2: usize, p3: usize, row: usize, to: usize, step: usize): void {
  const upper01 = v128.load_lane<f64>(p1, v128.load64_zero(p0), 1), upper23 = v128.load_lane<f64>(p3, v128.load64_zero(p2), 1)
  const lower01 = v128.load_lane<f64>(p1 + row, v128.load64_zero(p0 + row), 1), lower23 = v128.load_lane<f64>(p3 + row, v128.load64_zero(p2 + row), 1)
  const y00 = v128.shuffle<f32>(upper01, upper23, 0, 2, 4, 6), y01 = v128.shuffle<f32>(upper01, upper23, 1, 3, 5, 7)
  const y10 = v128.shuffle<f32>(lower01, lower23, 0, 2, 4, 6), y11 = v128.shuffle<f32>(lower01, lower23, 1, 3, 5, 7)
  transformTileRow(y00, y01, to, step)
  transformTileRow(f32x4.add(y00, y10), f32x4.add(y01, y11), to + 4 * step, step)
  transformTileRow(f32x4.sub(y00, y10), f32x4.sub(y01, y11), to + 8 * step, step)
  transformTileRow(f32x4.neg(y10), f32x4.neg(y11), to + 12 * step, step)
}

/** Row r of A dy Aᵀ from that of A dy */
@inline
function transformTileRow(left: v128, right: v128, to: usize, step: usize): void {
  v128.store(to, left)
  v128.store(to + step, f32x4.add(left, right))
  v128.store(to + 2 * step, f32x4.sub(left, right))
  v128.store(to + 3 * step, f32x4.neg(right))
}

/** b + Aᵀ m A of four tiles, m's elements `step` bytes apart, to the four places where they begin, their rows `row` bytes apart. */
export function storeOutputs(m: usize, step: usize, b: v128, to0: usize, to1: usize, to2: usize, to3: usize, row: usize): void {
  const below: usize = 4 * step
  const left0 = leftOf(m, step), right0 = rightOf(m, step)
  m += below
  const left1 = f32x4.add(leftOf(m, step), b), right1 = f32x4.add(rightOf(m, step), b) // row 1 stands in all four outputs
  m += below
  const left2 = leftOf(m, step), right2 = rightOf(m, step)
  m += below
  const left3 = leftOf(m, step), right3 = rightOf(m, step)
  const y00 = f32x4.add(f32x4.add(left0, left1), left2), y01 = f32x4.add(f32x4.add(right0, right1), right2)
  const y10 = f32x4.sub(f32x4.sub(left1, left2), left3), y11 = f32x4.sub(f32x4.sub(right1, right2), right3)
  const upper01 = v128.shuffle<f32>(y00, y01, 0, 4, 1, 5), upper23 = v128.shuffle<f32>(y00, y01, 2, 6, 3, 7)
  const lower01 = v128.shuffle<f32>(y10, y11, 0, 4, 1, 5), lower23 = v128.shuffle<f32>(y10, y11, 2, 6, 3, 7)
  v128.store_lane<f64>(to0, upper01, 0)
  v128.store_lane<f64>(to1, upper01, 1)
  v128.store_lane<f64>(to2, upper23, 0)
  v128.store_lane<f64>(to3, upper23, 1)
  v128.store_lane<f64>(to0 + row, lower01, 0)
  v128.store_lane<f64>(to1 + row, lower01, 1)
  v128.store_lane<f64>(to2 + row, lower23, 0)
  v128.store_lane<f64>(to3 + row, lower23, 1)
}

/** The two elements of a row of m A */
@inline
function leftOf(m: usize, step: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(m), v128.load(m + step)), v128.load(m + 2 * step))
}
@inline
function rightOf(m: usize, step: usize): v128 {
  return f32x4.sub(f32x4.sub(v128.load(m + step), v128.load(m + 2 * step)), v128.load(m + 3 * step))
}

/** Gᵀ u G, the first `count` of four filters, to w, `apart` bytes from one to the next. It overwrites u. */
export function storeFilters(u: usize, step: usize, w: usize, apart: usize, count: i32): void {
  const row: usize = 4 * step
  for (let s = 0; s < 4; s++) { // column s of Gᵀ u
    const at = u + <usize>s * step
    const u0 = v128.load(at), u1 = v128.load(at + row), u2 = v128.load(at + 2 * row), u3 = v128.load(at + 3 * row)
    v128.store(at, plusHalfSum(u0, u1, u2))
    v128.store(at + row, f32x4.mul(f32x4.sub(u1, u2), f32x4.splat(0.5)))
    v128.store(at + 2 * row, plusHalfSum(u3, u1, u2))
  }
  for (let i = 0; i < 3; i++, u += row, w += 12) {
    const u0 = v128.load(u), u1 = v128.load(u + step), u2 = v128.load(u + 2 * step), u3 = v128.load(u + 3 * step)
    storeEvery(w, plusHalfSum(u0, u1, u2), apart, count)
    storeEvery(w + 4, f32x4.mul(f32x4.sub(u1, u2), f32x4.splat(0.5)), apart, count)
    storeEvery(w + 8, plusHalfSum(u3, u1, u2), apart, count)
  }
}

/** a + ½ (b + c) */
@inline
function plusHalfSum(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.add(b, c), f32x4.splat(0.5)))
}

/** The first `count` lanes, 1 to 4, `apart` bytes from one to the next. */
@inline
function storeEvery(to: usize, v: v128, apart: usize, count: i32): void {
  v128.store_lane<f32>(to, v, 0)
  if (count > 1) v128.store_lane<f32>(to + apart, v, 1)
  if (count > 2) v128.store_lane<f32>(to + 2 * apart, v, 2)
  if (count > 3) v128.store_lane<f32>(to + 3 * apart, v, 3)
}
