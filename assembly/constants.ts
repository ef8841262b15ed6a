/**
 * The constants of e^x, tanh and Φ, in the first KiB of the memory, where no array lies. From code, V8 builds a vector of equal numbers by three instructions,
 * once more in every step of a loop; from memory it takes one load. e^x and softmax run 1.2 times as fast for it.
 */

export const ONE: usize = 64
/** 1.5 · 2^23: adding it rounds to a whole number, which then stands in the lowest bits. */
export const ROUND: usize = 68
export const LOG2_E: usize = 72
/** -ln 2 in two parts: n times the first is exact for |n| < 2^15, the second is what is missing (Cody & Waite 1980). */
export const MINUS_LN2_HIGH: usize = 76
export const MINUS_LN2_LOW: usize = 80
/** Beyond these, e^x is ∞ and 0. */
export const EXP_MAX: usize = 84
export const EXP_MIN: usize = 88
/** The coefficients of (e^r - 1 - r) / r² for |r| <= ln 2 / 2, by power of r. */
export const EXP_4: usize = 92
export const EXP_3: usize = 96
export const EXP_2: usize = 100
export const EXP_1: usize = 104
export const EXP_0: usize = 108
/** Where e^x is 0 at the latest, if denormal numbers are left out: from here to -127.5 · ln 2, 2^n of e^x = 2^n · e^r has the bits of 0. */
export const DECAY_MIN: usize = 112
/** Up to this |x|, 2^n of e^x = 2^n · e^r is a normal number. */
export const MODERATE: usize = 256
/** tanh: the same as LOG2_E and ln 2, for half steps. */
export const TWO_LOG2_E: usize = 260
export const MINUS_HALF_LN2_HIGH: usize = 264
export const MINUS_HALF_LN2_LOW: usize = 268
export const HALF: usize = 116
export const TWO: usize = 120
export const MINUS_TWO: usize = 124
/** The sign bit. */
export const SIGN: usize = 128
/** tanh: beyond this |x|, it is 1. */
export const TANH_MAX: usize = 132
/** tanh: how far the ranges of its argument are shifted, in units of ln 2 / 2. */
export const TANH_SHIFT: usize = 136
/** The coefficients of (tanh r - r) / r³, by power of r². */
export const TANH_2: usize = 140
export const TANH_1: usize = 144
export const TANH_0: usize = 148
/** Φ: a greater |x| is cut to this, so that Q stays finite. */
export const CDF_MAX: usize = 152
/** Φ(-a) = e^(-a²/2) · P(a) / Q(a): the coefficients of P and of Q by power of a; P_0 = ½, Q_0 = 1. */
export const CDF_P4: usize = 156
export const CDF_P3: usize = 160
export const CDF_P2: usize = 164
export const CDF_P1: usize = 168
export const CDF_Q4: usize = 172
export const CDF_Q3: usize = 176
export const CDF_Q2: usize = 180
export const CDF_Q1: usize = 184
export const MINUS_HALF: usize = 188
/** The middle of Φ and of GELU's slope: from ½ to them, divided by x, as polynomials in x² - 2 for |x| <= 2: their coefficients by power. */
export const MIDDLE_7: usize = 192
export const MIDDLE_6: usize = 196
export const MIDDLE_5: usize = 200
export const MIDDLE_4: usize = 204
export const MIDDLE_3: usize = 208
export const MIDDLE_2: usize = 212
export const MIDDLE_1: usize = 216
export const MIDDLE_0: usize = 220
export const SLOPE_7: usize = 224
export const SLOPE_6: usize = 228
export const SLOPE_5: usize = 232
export const SLOPE_4: usize = 236
export const SLOPE_3: usize = 240
export const SLOPE_2: usize = 244
export const SLOPE_1: usize = 248
export const SLOPE_0: usize = 252

/** Writes them: once for each memory, before anything else. */
export function writeConstants(): void {
  store<f32>(ONE, 1)
  store<f32>(ROUND, 12582912)
  store<f32>(LOG2_E, 1.4426950408889634)
  store<f32>(MINUS_LN2_HIGH, -0.693359375)
  store<f32>(MINUS_LN2_LOW, 2.12194440054690583e-4)
  store<f32>(EXP_MAX, 89)
  store<f32>(EXP_MIN, -104)
  store<f32>(EXP_4, 0.0013814475387334824)
  store<f32>(EXP_3, 0.008368777111172676)
  store<f32>(EXP_2, 0.04166839271783829)
  store<f32>(EXP_1, 0.1666651964187622)
  store<f32>(EXP_0, 0.49999994039535522)
  store<f32>(DECAY_MIN, -88)
  store<f32>(MODERATE, 87)
  store<f32>(HALF, 0.5)
  store<f32>(TWO, 2)
  store<f32>(MINUS_TWO, -2)
  store<i32>(SIGN, 0x80000000)
  store<f32>(TANH_MAX, 10)
  store<f32>(TANH_SHIFT, -0.23718)
  store<f32>(TANH_2, -0.05130433663725853)
  store<f32>(TANH_1, 0.13323307037353516)
  store<f32>(TANH_0, -0.33333224058151245)
  store<f32>(TWO_LOG2_E, 2.8853900817779268)
  store<f32>(MINUS_HALF_LN2_HIGH, -0.3466796875)
  store<f32>(MINUS_HALF_LN2_LOW, 1.06097221e-4)
  store<f32>(CDF_MAX, 1e4)
  store<f32>(CDF_P4, 4.4159361323181656e-07)
  store<f32>(CDF_P3, 0.01233808882534504)
  store<f32>(CDF_P2, 0.09845233708620071)
  store<f32>(CDF_P1, 0.3226412832736969)
  store<f32>(CDF_Q4, 0.0309746153652668)
  store<f32>(CDF_Q3, 0.245926171541214)
  store<f32>(CDF_Q2, 0.8483947515487671)
  store<f32>(CDF_Q1, 1.4431664943695068)
  store<f32>(MINUS_HALF, -0.5)
  store<f32>(MIDDLE_7, -1.6885984166492563e-08)
  store<f32>(MIDDLE_6, 2.8894089609821094e-07)
  store<f32>(MIDDLE_5, -4.092737526661949e-06)
  store<f32>(MIDDLE_4, 5.153820166015066e-05)
  store<f32>(MIDDLE_3, -0.0005546255852095783)
  store<f32>(MIDDLE_2, 0.005000194068998098)
  store<f32>(MIDDLE_1, -0.037794262170791626)
  store<f32>(MIDDLE_0, 0.2979397177696228)
  store<f32>(SLOPE_7, -2.4110607910188264e-07)
  store<f32>(SLOPE_6, 3.5807108815788524e-06)
  store<f32>(SLOPE_5, -4.235627784510143e-05)
  store<f32>(SLOPE_4, 0.0004334878467489034)
  store<f32>(SLOPE_3, -0.0036120901349931955)
  store<f32>(SLOPE_2, 0.02334570325911045)
  store<f32>(SLOPE_1, -0.11117564141750336)
  store<f32>(SLOPE_0, 0.4447023570537567)
}

/** One of them in all four lanes. */
@inline
export function constant(address: usize): v128 {
  return v128.load32_splat(address)
}
