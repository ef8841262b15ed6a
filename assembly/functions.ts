/**
 * The functions of analysis, four numbers at a time. Each comment states the greatest error in units in the last place (ulp), measured over all
 * kinds of float32 numbers in both builds. NaN gives NaN. Polynomials are minimax fits; where they come from elsewhere, the source is named.
 */

import {
  CDF_MAX, CDF_P1, CDF_P2, CDF_P3, CDF_P4, CDF_Q1, CDF_Q2, CDF_Q3, CDF_Q4, constant, DECAY_MIN,
  EXP_0, EXP_1, EXP_2, EXP_3, EXP_4, EXP_MAX, EXP_MIN, HALF, LOG2_E, MODERATE, MIDDLE_0, MIDDLE_1, MIDDLE_2, MIDDLE_3, MIDDLE_4, MIDDLE_5, MIDDLE_6, MIDDLE_7,
  MINUS_HALF, MINUS_HALF_LN2_HIGH, MINUS_HALF_LN2_LOW, MINUS_LN2_HIGH, MINUS_LN2_LOW, MINUS_TWO, ONE, ROUND, SIGN,
  SLOPE_0, SLOPE_1, SLOPE_2, SLOPE_3, SLOPE_4, SLOPE_5, SLOPE_6, SLOPE_7,
  TANH_0, TANH_1, TANH_2, TANH_MAX, TANH_SHIFT, TWO, TWO_LOG2_E,
} from './constants'
import { madd } from './simd'

@inline
function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/** e^x = 2^n · e^r with n = round(x / ln 2). At most 1.2 ulp; below 2^-126 it passes through the denormal numbers to 0. */
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, constant(EXP_MAX)), constant(EXP_MIN))
  const t = quotient(x)
  const p = expOfRemainder(remainder(x, t))
  // 2^n in two factors: one alone has no exponent for 2^128 and 2^-149.
  const n = i32x4.sub(t, constant(ROUND))
  const half = i32x4.shr_s(n, 1)
  return f32x4.mul(f32x4.mul(p, power2(half)), power2(i32x4.sub(n, half)))
}

/** e^x for |x| <= 87: the bits of `exp`, and cheaper, since 2^n is a normal number. */
@inline
export function moderateExp(x: v128): v128 {
  const t = quotient(x)
  return f32x4.mul(expOfRemainder(remainder(x, t)), power2(t))
}

/** Whether all |x| are at most 87. */
@inline
export function areModerate(x0: v128, x1: v128): bool {
  const size = f32x4.pmax(f32x4.abs(x0), f32x4.abs(x1)) // NaN hides the other or goes unseen
  return i32x4.all_true(f32x4.le(size, constant(MODERATE)))
}

/** e^x for x <= 0 (up to 87), as exact as `exp`, and cheaper: what is below 2^-126 is 0. */
@inline
export function decay(x: v128): v128 {
  return moderateExp(f32x4.pmax(x, constant(DECAY_MIN)))
}

/** e^r for |r| <= ln 2 / 2 */
@inline
function expOfRemainder(r: v128): v128 {
  let p = madd(constant(EXP_4), r, constant(EXP_3))
  p = madd(p, r, constant(EXP_2))
  p = madd(p, r, constant(EXP_1))
  p = madd(p, r, constant(EXP_0))
  return madd(madd(p, r, constant(ONE)), r, constant(ONE))
}

/** n = round(x / ln 2), in the lowest bits of a float32 number. */
@inline
function quotient(x: v128): v128 {
  return madd(x, constant(LOG2_E), constant(ROUND))
}

/** r = x - n · ln 2, given quotient(x). */
@inline
function remainder(x: v128, t: v128): v128 {
  const n = f32x4.sub(t, constant(ROUND))
  return madd(n, constant(MINUS_LN2_LOW), madd(n, constant(MINUS_LN2_HIGH), x))
}

/** 2^k, for whole k from -126 to 127 in the lowest 9 bits; 0 for k = -127. */
@inline
function power2(k: v128): v128 {
  return i32x4.add(i32x4.shl(k, 23), constant(ONE))
}

/** e^(x - max): a term of softmax, for the loops over rows. */
export class ExpOfDifference { @inline of(x: v128, max: v128, _: v128): v128 { return exp(f32x4.sub(x, max)) } }

/**
 * ln x = n · ln 2 + ln(1 + f), x = 2^n · (1 + f), √½ <= 1 + f < √2. At most 1 ulp. ln 0 = -∞, ln x = NaN for x < 0. Denormal numbers are scaled up first.
 * The series in s = f / (2 + f) and its coefficients are those of FreeBSD's logf (Sun Microsystems 1993).
 */
@inline
export function log(x: v128): v128 {
  const small = f32x4.lt(x, splat(1.17549435e-38))
  const bits = i32x4.add(v128.bitselect(f32x4.mul(x, splat(33554432)), x, small), i32x4.splat(0x3f800000 - 0x3f3504f3)) // x · 2^25
  const k = i32x4.sub(i32x4.shr_s(bits, 23), v128.bitselect(i32x4.splat(127 + 25), i32x4.splat(127), small))
  const f = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3)), constant(ONE))
  const n = f32x4.convert_i32x4_s(k)
  const s = f32x4.div(f, f32x4.add(f, splat(2)))
  const z = f32x4.mul(s, s)
  const w = f32x4.mul(z, z)
  const even = f32x4.mul(w, madd(w, splat(0.24279078841209412), splat(0.40000972151756287)))
  const odd = f32x4.mul(z, madd(w, splat(0.28498786687850952), splat(0.66666662693023682)))
  const square = f32x4.mul(f32x4.mul(f, f), splat(0.5))
  // f - (f²/2 - s · (f²/2 + R)), the smallest first
  let y = madd(s, f32x4.add(square, f32x4.add(even, odd)), f32x4.mul(n, splat(9.0580006145e-6)))
  y = f32x4.add(f32x4.sub(y, square), f)
  y = madd(n, splat(0.693138122558593750), y)
  const special = v128.or(v128.or(x, f32x4.lt(x, splat(0))), v128.and(f32x4.eq(x, splat(0)), splat(-Infinity)))
  return v128.bitselect(y, special, v128.and(f32x4.gt(x, splat(0)), f32x4.lt(x, splat(Infinity))))
}

/** ln(1 + x) = 2 artanh s with s = x / (2 + x), for 0 <= x <= 1; small x keep their digits. At most 2.5 ulp. */
@inline
export function log1p(x: v128): v128 {
  const s = f32x4.div(x, f32x4.add(x, splat(2)))
  const z = f32x4.mul(s, s)
  let p = madd(splat(0.2802448570728302), z, splat(0.27999135851860046))
  p = madd(p, z, splat(0.4002169966697693))
  p = madd(p, z, splat(0.6666641235351562))
  return madd(f32x4.mul(s, z), p, f32x4.add(s, s))
}

/**
 * With |x| = n · ln 2 / 2 + r and w = tanh r, so that e^2r = (1 + w) / (1 - w), and s = 2^n:
 *
 *     tanh |x| = (e^2|x| - 1) / (e^2|x| + 1) = (s - 1 + (s + 1)·w) / (s + 1 + (s - 1)·w)
 *
 * and the sign of x. At most 2 ulp: for n = 0, up to tanh |x| = 0.25, it is w itself; for n >= 2, from 0.54 on, it is computed
 * as 1 + (2w - 2) / (s + 1 + (s - 1)·w). r reaches from -0.09 to 0.255, so that n changes at these places.
 */
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.pmin(f32x4.abs(x), constant(TANH_MAX))
  const t = f32x4.add(madd(size, constant(TWO_LOG2_E), constant(TANH_SHIFT)), constant(ROUND))
  const n = f32x4.sub(t, constant(ROUND))
  const r = madd(n, constant(MINUS_HALF_LN2_LOW), madd(n, constant(MINUS_HALF_LN2_HIGH), size))
  const square = f32x4.mul(r, r)
  let p = madd(constant(TANH_2), square, constant(TANH_1))
  p = madd(p, square, constant(TANH_0))
  const w = madd(r, f32x4.mul(p, square), r)
  const s = power2(t)
  const less = f32x4.sub(s, constant(ONE))
  const more = f32x4.add(s, constant(ONE))
  const large = f32x4.gt(s, constant(TWO))
  const above = madd(f32x4.sub(more, v128.and(large, less)), w, f32x4.sub(less, v128.and(large, more))) // 2w - 2 where large
  const y = f32x4.add(f32x4.div(above, madd(less, w, more)), v128.and(large, constant(ONE)))
  return v128.or(y, v128.and(x, constant(SIGN)))
}

/** σ(x) for the gates of a recurrent layer: as exact, and cheaper; what is below 2^-126 is 0. */
@inline
export function gate(x: v128): v128 {
  return sigmoidOf(x, decay(v128.or(x, constant(SIGN))))
}

/** σ(x) = 1 / (1 + e^-|x|) for x >= 0, e^-|x| / (1 + e^-|x|) for x < 0: small values keep their digits. At most 2.41 ulp. */
@inline
export function sigmoid(x: v128): v128 {
  return sigmoidOf(x, exp(v128.or(x, constant(SIGN))))
}

/** The same, given e^-|x|. */
@inline
function sigmoidOf(x: v128, e: v128): v128 {
  return f32x4.div(v128.bitselect(e, constant(ONE), f32x4.lt(x, splat(0))), f32x4.add(constant(ONE), e))
}

/**
 * Φ(x), the standard normal distribution. For |x| <= 2 it is ½ + x · P(x² - 2), with P of degree 7 within 3e-9: so cheap that the tail, which costs five times as
 * much, is computed only where one of the four numbers needs it. Absolute error at most 1.2e-7, relative error at most 1e-5 for x down to -13.
 */
@inline
export function normalCdf(x: v128): v128 {
  const t = madd(x, x, constant(MINUS_TWO))
  let p = madd(constant(MIDDLE_7), t, constant(MIDDLE_6))
  p = madd(p, t, constant(MIDDLE_5))
  p = madd(p, t, constant(MIDDLE_4))
  p = madd(p, t, constant(MIDDLE_3))
  p = madd(p, t, constant(MIDDLE_2))
  p = madd(p, t, constant(MIDDLE_1))
  p = madd(p, t, constant(MIDDLE_0))
  let y = madd(x, p, constant(HALF))
  const isTail = f32x4.gt(t, constant(TWO))
  if (v128.any_true(isTail)) y = v128.bitselect(tailCdf(x, bell(x)), y, isTail)
  return y
}

/** Φ(x) + x · φ(x), the slope of x · Φ(x): in the same way. Absolute error at most 3e-7. */
@inline
export function geluSlope(x: v128): v128 {
  const t = madd(x, x, constant(MINUS_TWO))
  let p = madd(constant(SLOPE_7), t, constant(SLOPE_6))
  p = madd(p, t, constant(SLOPE_5))
  p = madd(p, t, constant(SLOPE_4))
  p = madd(p, t, constant(SLOPE_3))
  p = madd(p, t, constant(SLOPE_2))
  p = madd(p, t, constant(SLOPE_1))
  p = madd(p, t, constant(SLOPE_0))
  let y = madd(x, p, constant(HALF))
  const isTail = f32x4.gt(t, constant(TWO))
  if (v128.any_true(isTail)) {
    const b = bell(x)
    y = v128.bitselect(madd(f32x4.mul(x, f32x4.splat(0.3989422804014327)), b, tailCdf(x, b)), y, isTail) // φ(x) = bell(x) / √(2π)
  }
  return y
}

/** φ(x) · √(2π) = e^(-x²/2), without denormal numbers. */
@inline
function bell(x: v128): v128 {
  return decay(f32x4.mul(f32x4.mul(x, x), constant(MINUS_HALF)))
}

/**
 * Φ(x), given bell(x): Φ(-a) = bell(a) · M(a) and Φ(a) = 1 - Φ(-a) for a >= 0. M falls from 1/2 like 1 / (a √(2π)), without a
 * bend, and so does P / Q, polynomials of degree 4: within 2e-8 up to 1, within 9e-7 up to 13, relatively.
 */
@inline
function tailCdf(x: v128, bell: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), constant(CDF_MAX))
  let p = madd(constant(CDF_P4), a, constant(CDF_P3))
  p = madd(p, a, constant(CDF_P2))
  p = madd(p, a, constant(CDF_P1))
  p = madd(p, a, constant(HALF))
  let q = madd(constant(CDF_Q4), a, constant(CDF_Q3))
  q = madd(q, a, constant(CDF_Q2))
  q = madd(q, a, constant(CDF_Q1))
  q = madd(q, a, constant(ONE))
  const tail = f32x4.div(f32x4.mul(bell, p), q)
  return v128.bitselect(tail, f32x4.sub(constant(ONE), tail), f32x4.lt(x, f32x4.splat(0)))
}

/** The greatest |x| for which sine and cosine reduce their argument rightly. */
export const MAX_ANGLE: f32 = 268435456 // 2^28

/**
 * sin(x + quarter · π/2) for |x| <= 2^28, at most 0.51 ulp: in float64, two numbers at a time. x - n · π/2 with n = round(x / (π/2)) and π/2 in two parts,
 * the first of 25 bits; then the series of sine or of cosine on [-π/4, π/4], with the coefficients of FreeBSD's __sindf and __cosdf (Sun Microsystems 1993).
 */
@inline
export function sine(x: v128, quarter: i64): v128 {
  const y0 = sine2(f64x2.promote_low_f32x4(x), quarter)
  const y1 = sine2(f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1)), quarter)
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(y0), f32x4.demote_f64x2_zero(y1), 0, 2)
}

@inline
function sine2(x: v128, quarter: i64): v128 {
  const round = f64x2.splat(6755399441055744) // 1.5 · 2^52
  const t = f64x2.add(f64x2.mul(x, f64x2.splat(0.63661977236758134308)), round)
  const n = f64x2.sub(t, round)
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, f64x2.splat(1.57079631090164184570))), f64x2.mul(n, f64x2.splat(1.58932547735281966916e-8)))
  const z = f64x2.mul(r, r)
  let s = f64x2.add(f64x2.mul(z, f64x2.splat(0.0000027183114939898219064)), f64x2.splat(-0.000198393348360966317347))
  s = f64x2.add(f64x2.mul(z, s), f64x2.splat(0.0083333293858894631756))
  s = f64x2.add(f64x2.mul(z, s), f64x2.splat(-0.166666666416265235595))
  s = f64x2.mul(r, f64x2.add(f64x2.splat(1), f64x2.mul(z, s)))
  let c = f64x2.add(f64x2.mul(z, f64x2.splat(0.0000243904487962774090654)), f64x2.splat(-0.00138867637746099294692))
  c = f64x2.add(f64x2.mul(z, c), f64x2.splat(0.0416666233237390631894))
  c = f64x2.add(f64x2.mul(z, c), f64x2.splat(-0.499999997251031003120))
  c = f64x2.add(f64x2.splat(1), f64x2.mul(z, c))
  // The quadrant in two bits: the lower one exchanges sine and cosine, the higher one turns the sign.
  const quadrant = i64x2.add(t, i64x2.splat(quarter))
  const odd = i64x2.eq(v128.and(quadrant, i64x2.splat(1)), i64x2.splat(1))
  const sign = i64x2.shl(i64x2.shr_u(quadrant, 1), 63)
  return v128.xor(v128.bitselect(c, s, odd), sign)
}

/**
 * x^p = 2^(p · log2 |x|) with what a negative x leaves in the result: nothing if p is even, its sign if p is odd, NaN if p is fractional. At most 0.51 ulp: in
 * float64, two numbers at a time; p comes twice. Special numbers as in IEEE 754, so infinities and zeros have all powers.
 */
@inline
export function pow(x: v128, p: v128, ofNegative: v128): v128 {
  const y0 = pow2(f64x2.promote_low_f32x4(x), p)
  const y1 = pow2(f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1)), p)
  const y = v128.shuffle<f64>(f32x4.demote_f64x2_zero(y0), f32x4.demote_f64x2_zero(y1), 0, 2)
  const negative = v128.and(f32x4.lt(x, splat(0)), f32x4.gt(x, splat(-Infinity)))
  const sign = v128.and(x, constant(SIGN))
  return v128.or(y, v128.and(v128.or(negative, sign), ofNegative))
}

/** The bits for the kinds of exponents. */
export function leftOfNegative(p: f64): v128 {
  if (p != floor(p)) return i32x4.splat(0x7fffffff) // NaN; not the sign, which -0 and -∞ have too
  return i32x4.splat(p / 2 == floor(p / 2) ? 0 : 0x80000000)
}

/** log2 |x| in float64, to 13 digits: n + log2 m with √½ <= m < √2, by the series of artanh in s = (m - 1) / (m + 1) */
@inline
export function log2(x: v128): v128 {
  const one = f64x2.splat(1)
  const size = f64x2.abs(x)
  const offset = i64x2.splat(0x3ff0000000000000 - 0x3fe6a09e667f3bcd)
  const bits = i64x2.add(size, offset)
  const m = i64x2.add(v128.and(bits, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e667f3bcd))
  const exponent = i64x2.sub(i64x2.shr_u(bits, 52), i64x2.splat(1023))
  const round = f64x2.splat(6755399441055744) // 1.5 · 2^52
  const n = f64x2.sub(i64x2.add(exponent, round), round)
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one))
  const z = f64x2.mul(s, s)
  let l = f64x2.add(f64x2.mul(z, f64x2.splat(1.0 / 13)), f64x2.splat(1.0 / 11))
  l = f64x2.add(f64x2.mul(z, l), f64x2.splat(1.0 / 9))
  l = f64x2.add(f64x2.mul(z, l), f64x2.splat(1.0 / 7))
  l = f64x2.add(f64x2.mul(z, l), f64x2.splat(1.0 / 5))
  l = f64x2.add(f64x2.mul(z, l), f64x2.splat(1.0 / 3))
  l = f64x2.add(f64x2.mul(z, l), one)
  l = f64x2.add(n, f64x2.mul(f64x2.mul(s, l), f64x2.splat(2 / 0.6931471805599453)))
  l = v128.bitselect(l, f64x2.splat(Infinity), f64x2.lt(size, f64x2.splat(Infinity)))
  l = v128.bitselect(f64x2.splat(-Infinity), l, f64x2.eq(size, f64x2.splat(0)))
  return v128.or(l, f64x2.ne(x, x))
}

/** |x|^p */
@inline
function pow2(x: v128, p: v128): v128 {
  const one = f64x2.splat(1)
  const round = f64x2.splat(6755399441055744) // 1.5 · 2^52
  const l = log2(x)
  // 2^y = 2^k · e^r, by the series of e^r. Beyond ±200 the result is 0 or ∞ in float32.
  const y = f64x2.pmax(f64x2.pmin(f64x2.mul(p, l), f64x2.splat(200)), f64x2.splat(-200))
  const t = f64x2.add(y, round)
  const r = f64x2.mul(f64x2.sub(y, f64x2.sub(t, round)), f64x2.splat(0.6931471805599453))
  let e = f64x2.add(f64x2.mul(r, f64x2.splat(1.0 / 362880)), f64x2.splat(1.0 / 40320))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(1.0 / 5040))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(1.0 / 720))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(1.0 / 120))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(1.0 / 24))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(1.0 / 6))
  e = f64x2.add(f64x2.mul(r, e), f64x2.splat(0.5))
  e = f64x2.add(f64x2.mul(r, e), one)
  e = f64x2.add(f64x2.mul(r, e), one)
  return f64x2.mul(e, i64x2.add(i64x2.shl(t, 52), one))
}
