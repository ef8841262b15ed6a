/**
 * The functions of analysis in WGSL, of stated accuracy on every device: WGSL's own may be off by as much as 2^-11. A kernel's `declarations` hold those that it
 * calls. Compilers may assume that there are neither infinities nor NaN, so these are told by their bits.
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

/** `exp_(x)`: e^x = 2^n · e^r with n = round(x / ln 2), as in assembly/functions.ts. At most 2 ulp; below 2^-126 it is 0 where the device has no denormal numbers. */
export const exp = `
fn power2(k: i32) -> f32 { return bitcast<f32>((k + 127) << 23u); }
fn exp_(x0: f32) -> f32 {
  if ((bitcast<u32>(x0) & 0x7fffffffu) > 0x7f800000u) { return x0; }
  let x = clamp(x0, -104.0, 89.0);
  let n = round(x * 1.4426950408889634);
  let r = fma(n, 2.12194440054690583e-4, fma(n, -0.693359375, x));
  var q = fma(0.0013814475387334824, r, 0.008368777111172676);
  q = fma(q, r, 0.04166839271783829);
  q = fma(q, r, 0.1666651964187622);
  q = fma(q, r, 0.49999994039535522);
  let e = fma(fma(q, r, 1.0), r, 1.0);
  let half = i32(n) >> 1u; // 2^n in two factors: one alone has no exponent for 2^128 and 2^-149
  return e * power2(half) * power2(i32(n) - half);
}`
