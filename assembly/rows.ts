/**
 * Loops over one row, which may start and end anywhere. Its last one to three numbers go through the same vector code as the others, in a register that is
 * padded. p and q are parameters of the function, one number in every lane.
 */

/** The first `count` numbers at p, 1 to 4; the lanes behind them are 0. Nothing behind them is read. */
@inline
export function loadFirst(p: usize, count: usize): v128 {
  if (count >= 4) return v128.load(p)
  if (count == 1) return v128.load32_zero(p)
  const two = v128.load64_zero(p)
  return count == 2 ? two : v128.load_lane<f32>(p, two, 2, 8)
}

/** Writes the first `count` lanes of v, 1 to 4. */
@inline
export function storeFirst(p: usize, v: v128, count: usize): void {
  if (count >= 4) {
    v128.store(p, v)
  } else if (count == 1) {
    v128.store_lane<f32>(p, v, 0)
  } else {
    v128.store_lane<f64>(p, v, 0)
    if (count == 3) v128.store_lane<f32>(p, v, 2, 8)
  }
}

/** All ones in the first `count` lanes, 1 to 3. */
@inline
export function firstLanes(count: usize): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>count))
}

/** y_i = value, the same in every lane        y: [n] */
@inline
export function fillRow(y: usize, n: usize, value: v128): void {
  for (const end = y + (n << 2); y < end; y += 16) storeFirst(y, value, (end - y) >> 2)
}

/** y_i = f(x_i, p, q)        x -> y: [n] */
@inline
export function mapRow<F>(x: usize, y: usize, n: usize, p: v128, q: v128): void {
  const f = changetype<F>(0)
  const end = x + (n << 2)
  for (; x + 64 <= end; x += 64, y += 64) {
    const y0 = f.of(v128.load(x), p, q)
    const y1 = f.of(v128.load(x, 16), p, q)
    const y2 = f.of(v128.load(x, 32), p, q)
    const y3 = f.of(v128.load(x, 48), p, q)
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(y, y2, 32)
    v128.store(y, y3, 48)
  }
  for (; x < end; x += 16, y += 16) {
    const count = (end - x) >> 2
    storeFirst(y, f.of(loadFirst(x, count), p, q), count)
  }
}

/** y_i = f(a_i, b_i, p, q)        a, b -> y: [n] */
@inline
export function zipRow<F>(a: usize, b: usize, y: usize, n: usize, p: v128, q: v128): void {
  const f = changetype<F>(0)
  const end = a + (n << 2)
  for (; a + 64 <= end; a += 64, b += 64, y += 64) {
    const y0 = f.of(v128.load(a), v128.load(b), p, q)
    const y1 = f.of(v128.load(a, 16), v128.load(b, 16), p, q)
    const y2 = f.of(v128.load(a, 32), v128.load(b, 32), p, q)
    const y3 = f.of(v128.load(a, 48), v128.load(b, 48), p, q)
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(y, y2, 32)
    v128.store(y, y3, 48)
  }
  for (; a < end; a += 16, b += 16, y += 16) {
    const count = (end - a) >> 2
    storeFirst(y, f.of(loadFirst(a, count), loadFirst(b, count), p, q), count)
  }
}

/** The pair sums of eight vectors: rounding errors grow with the depth of the tree, three, not with the number of terms. */
@inline
export function tree(v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128): v128 {
  return f32x4.add(
    f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3)),
    f32x4.add(f32x4.add(v4, v5), f32x4.add(v6, v7)),
  )
}

/** Lanes 0 and 1, or 2 and 3, in double precision. */
@inline
export function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v)
}

@inline
export function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1))
}

/** A term of a plain sum. */
export class Itself { @inline of(x: v128, _p: v128, _q: v128): v128 { return x } }

/** Σ_i f(x_i, p, q)        x: [n]. Eight vectors are added in float32, as a tree; everything beyond that in float64. */
@inline
export function sumRow<F>(x: usize, n: usize, p: v128, q: v128): f64 {
  const f = changetype<F>(0)
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  const end = x + (n << 2)
  for (; x + 128 <= end; x += 128) {
    const s = tree(
      f.of(v128.load(x), p, q),
      f.of(v128.load(x, 16), p, q),
      f.of(v128.load(x, 32), p, q),
      f.of(v128.load(x, 48), p, q),
      f.of(v128.load(x, 64), p, q),
      f.of(v128.load(x, 80), p, q),
      f.of(v128.load(x, 96), p, q),
      f.of(v128.load(x, 112), p, q),
    )
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  for (; x < end; x += 16) {
    const count = (end - x) >> 2
    let s = f.of(loadFirst(x, count), p, q)
    if (count < 4) s = v128.and(s, firstLanes(count))
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  const s = f64x2.add(s0, s1)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}

/** Σ_i a_i · b_i        a, b: [n] */
export function dotRow(a: usize, b: usize, n: usize): f64 {
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  const end = a + (n << 2)
  for (; a + 128 <= end; a += 128, b += 128) {
    const s = tree(
      f32x4.mul(v128.load(a), v128.load(b)),
      f32x4.mul(v128.load(a, 16), v128.load(b, 16)),
      f32x4.mul(v128.load(a, 32), v128.load(b, 32)),
      f32x4.mul(v128.load(a, 48), v128.load(b, 48)),
      f32x4.mul(v128.load(a, 64), v128.load(b, 64)),
      f32x4.mul(v128.load(a, 80), v128.load(b, 80)),
      f32x4.mul(v128.load(a, 96), v128.load(b, 96)),
      f32x4.mul(v128.load(a, 112), v128.load(b, 112)),
    )
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  for (; a < end; a += 16, b += 16) {
    const count = (end - a) >> 2
    const s = f32x4.mul(loadFirst(a, count), loadFirst(b, count))
    s0 = f64x2.add(s0, low(s))
    s1 = f64x2.add(s1, high(s))
  }
  const s = f64x2.add(s0, s1)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}

/** The greatest of n numbers, NaN left out; -∞ if there is none.        x: [n] */
export function maxRow(x: usize, n: usize): f32 {
  let best = f32x4.splat(-Infinity)
  let best1 = best
  const end = x + (n << 2)
  for (; x + 32 <= end; x += 32) {
    best = f32x4.pmax(best, v128.load(x))
    best1 = f32x4.pmax(best1, v128.load(x, 16))
  }
  for (; x < end; x += 16) {
    const count = (end - x) >> 2
    let v = loadFirst(x, count)
    if (count < 4) v = v128.bitselect(v, f32x4.splat(-Infinity), firstLanes(count))
    best = f32x4.pmax(best, v)
  }
  best = f32x4.pmax(best, best1)
  best = f32x4.pmax(best, v128.shuffle<f64>(best, best, 1, 0))
  best = f32x4.pmax(best, v128.shuffle<f32>(best, best, 1, 0, 3, 2))
  return f32x4.extract_lane(best, 0)
}
