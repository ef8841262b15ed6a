/**
 * The functions of analysis in WGSL, as in assembly/functions.ts: WGSL's own may be off by as much as 2^-11. A kernel's `declarations` hold those that it calls, and
 * what these call in turn. Each comment states the greatest error in units in the last place (ulp), measured over all kinds of float32 numbers on a device whose
 * division is exact; WGSL allows 2.5 ulp for a division, which adds as much where the comment names one. NaN gives NaN. Compilers may assume that there are neither
 * infinities nor NaN, so these are told by their bits; results below 2^-126 are 0 where the device has no denormal numbers.
 */

/** `isNan(x)`, `infinity()`, `nan()`: infinities and NaN have no literals in WGSL, and a constant expression must not yield them. */
export const special = `
var<private> infinityBits: u32 = 0x7f800000u;
fn infinity() -> f32 { return bitcast<f32>(infinityBits); }
fn nan() -> f32 { return bitcast<f32>(infinityBits | 0x400000u); }
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`

/** `isWhole(x)`: whether x is an integer. A denormal number is none, also where the device takes it for 0; nor is NaN. */
export const whole = `
fn isWhole(x: f32) -> bool {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  return bits == 0u || (bits >= 0x3f800000u && bits < 0x7f800000u && x == trunc(x));
}`

/**
 * `exp_(x)`: e^x = 2^n · e^r with n = round(x / ln 2). At most 1.2 ulp. Its parts: `power2(k)` is 2^k for k from -126 to 127, `times2(y, k)` y · 2^k for k from -252 to
 * 254, `quotient(x)` n, `remainder(x, n)` r, `expOfRemainder(r)` e^r for |r| <= ln 2 / 2.
 */
export const exp = `
fn power2(k: i32) -> f32 { return bitcast<f32>((k + 127) << 23u); }
fn times2(y: f32, k: i32) -> f32 { // in two factors: one alone has no exponent for 2^128 and 2^-149
  let half = k >> 1u;
  return y * power2(half) * power2(k - half);
}
fn quotient(x: f32) -> f32 { return round(x * 1.4426950408889634); }
fn remainder(x: f32, n: f32) -> f32 { // ln 2 in two parts: n times the first is exact (Cody & Waite 1980)
  return fma(n, 2.12194440054690583e-4, fma(n, -0.693359375, x));
}
fn expOfRemainder(r: f32) -> f32 {
  var p = fma(0.0013814475387334824, r, 0.008368777111172676);
  p = fma(p, r, 0.04166839271783829);
  p = fma(p, r, 0.1666651964187622);
  p = fma(p, r, 0.49999994039535522);
  return fma(fma(p, r, 1.0), r, 1.0);
}
fn exp_(x0: f32) -> f32 {
  if ((bitcast<u32>(x0) & 0x7fffffffu) > 0x7f800000u) { return x0; }
  let x = clamp(x0, -104.0, 89.0);
  let n = quotient(x);
  return times2(expOfRemainder(remainder(x, n)), i32(n));
}`

/**
 * `log_(x)`: ln x = n · ln 2 + ln(1 + f), x = 2^n · (1 + f), √½ <= 1 + f < √2, by the series of FreeBSD's logf (Sun Microsystems 1993) in s = f / (2 + f). At most
 * 1 ulp. ln 0 = -∞, ln x = NaN for x < 0. Calls `special`. `fractionOf(x)` gives (1 + f, n) of a positive x; a denormal number is a whole number of 2^-149.
 */
export const log = `
fn fractionOf(x: f32) -> vec2f {
  let size = bitcast<u32>(x);
  let isDenormal = size < 0x00800000u;
  let bits = select(size, bitcast<u32>(f32(size)), isDenormal) + (0x3f800000u - 0x3f3504f3u);
  let n = i32(bits >> 23u) - select(127, 127 + 149, isDenormal);
  return vec2f(bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u), f32(n));
}
fn log_(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return -infinity(); }
  if (bits > 0x80000000u) { return nan(); }
  if (bits >= 0x7f800000u) { return x; }
  let m = fractionOf(x);
  let f = m.x - 1.0;
  let n = m.y;
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let even = w * fma(w, 0.24279078841209412, 0.40000972151756287);
  let odd = z * fma(w, 0.28498786687850952, 0.66666662693023682);
  let square = 0.5 * f * f;
  // f - (f²/2 - s · (f²/2 + R)), the smallest first
  let y = fma(s, square + (even + odd), n * 9.0580006145e-6) - square + f;
  return fma(n, 0.693138122558593750, y);
}`

/** `log1p_(x)`: ln(1 + x) = 2 artanh(s/2) with s = x / (1 + x/2), a division, for 0 <= x <= 1. At most 2.5 ulp. */
export const log1p = `
fn log1p_(x: f32) -> f32 {
  let s = x / fma(0.5, x, 1.0);
  let z = 0.25 * s * s;
  var p = fma(0.2802448570728302, z, 0.27999135851860046);
  p = fma(p, z, 0.4002169966697693);
  p = fma(p, z, 0.6666641235351562);
  return fma(0.5 * s * z, p, s);
}`

/** `sigmoid_(x)`: 1 / (1 + e^-|x|) for x >= 0, e^-|x| / (1 + e^-|x|) for x < 0, a division. At most 2.41 ulp. Calls `exp`. */
export const sigmoid = `
fn sigmoid_(x: f32) -> f32 {
  let e = exp_(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`

/**
 * `tanh_(x)`: with 2|x| = n · ln 2 + r, w = tanh(r/2) and s = 2^n it is (s - 1 + (s + 1)·w) / (s + 1 + (s - 1)·w), and for n >= 2
 * 1 + (2w - 2) / (s + 1 + (s - 1)·w), with the sign of x: see assembly/functions.ts. A division. At most 2 ulp. Calls `special` and `exp`.
 */
export const tanh = `
fn tanh_(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let z = min(2.0 * abs(x), 20.0);
  let n = quotient(z - 0.1644);
  let r = remainder(z, n);
  let square = r * r;
  let p = fma(fma(-0.0008016302599571645, square, 0.008327066898345947), square, -0.08333306014537811);
  let w = fma(0.5 * r, p * square, 0.5 * r);
  let s = power2(i32(n));
  let isLarge = s > 2.0;
  let above = fma(select(s + 1.0, 2.0, isLarge), w, select(s - 1.0, -2.0, isLarge));
  let y = above / fma(s - 1.0, w, s + 1.0) + select(0.0, 1.0, isLarge);
  return select(y, -y, x < 0.0);
}`

/**
 * `bell(x)`: φ(x) · √(2π) = e^(-x²/2). `normalCdf(x, bell(x))`: Φ(x), the standard normal distribution, from Φ(-a) = bell(a) · P(a) / Q(a) for a >= 0. Absolute error
 * at most 1.2e-7. Both call `exp`.
 */
export const normal = `
fn bell(x: f32) -> f32 { return exp_(-0.5 * x * x); }
fn normalCdf(x: f32, bell: f32) -> f32 {
  let a = min(abs(x), 1e4);
  var p = fma(4.4159361323181656e-07, a, 0.01233808882534504);
  p = fma(p, a, 0.09845233708620071);
  p = fma(p, a, 0.3226412832736969);
  p = fma(p, a, 0.5);
  var q = fma(0.0309746153652668, a, 0.245926171541214);
  q = fma(q, a, 0.8483947515487671);
  q = fma(q, a, 1.4431664943695068);
  q = fma(q, a, 1.0);
  let tail = bell * p / q;
  return select(1.0 - tail, tail, x < 0.0);
}`
