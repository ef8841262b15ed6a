import type { Parameter } from './program.ts'

/** What a negative x leaves in x^p: nothing, its sign, or NaN. */
const KIND = { even: 0, odd: 1, fractional: 2 } as const

/** The parameters by which a kernel gets the exponent p, and what it hands to `pow_`. */
export const exponentParams: Readonly<Record<string, Parameter>> = { high: 'f32', low: 'f32', ofOne: 'f32', kind: 'u32' }
export const exponentOfParams = 'Exponent(p.high, p.low, p.ofOne, p.kind)'

/** p in two parts, of which the first has 12 bits; 1^p, which is NaN for an infinite p; and its kind. From 2^64 on, all p are alike to float32 numbers. */
export function exponentOf(p: number) {
  const whole = Number.isInteger(p) || !Number.isFinite(p)
  const bits = new Float32Array([Math.min(Math.max(p, -(2 ** 64)), 2 ** 64)])
  const near = bits[0]
  new Uint32Array(bits.buffer)[0] &= 0xfffff000
  const [high] = bits
  return {
    high,
    low: Math.abs(near) < 2 ** 64 ? p - high : 0,
    ofOne: Number.isFinite(p) ? 1 : Number.NaN,
    kind: whole ? (p % 2 === 0 || !Number.isFinite(p) ? KIND.even : KIND.odd) : KIND.fractional,
  }
}

/**
 * `pow_(x, p)`: x^p = 2^(p · log2 |x|), with what a negative x leaves in the result. At most 1.5 ulp, for all p that are not NaN. Calls `special`, `exp` and `log`.
 *
 * A GPU has no float64, and the logarithm needs more than 24 digits, since p · log2 x reaches ±150. So s = f / (2 + f) of log2 (1 + f) = 2/ln 2 · (s + s³/3 + s⁵/5 + ...),
 * the logarithm and p are each kept in two parts, of which the first has its bits after the twelfth cut off: products of two first parts are exact.
 */
export const pow = `
struct Exponent { high: f32, low: f32, ofOne: f32, kind: u32 }

fn first(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }

fn powerOfPositive(x: f32, p: Exponent) -> f32 {
  let m = fractionOf(x);
  // log2 x = n + log2 c + log2 (m / c), with the nearest c, so that |s| <= 0.072
  var c = vec3f(1.0, 0.0, 0.0);
  if (m.x < 0.8660254) { c = vec3f(0.75, -0.4149169921875, -0.00012050709134381332); }
  if (m.x > 1.118034) { c = vec3f(1.25, 0.3218994140625, 0.000028680824862348242); }
  let f = m.x - c.x;
  let sum = m.x + c.x;
  let s = f / sum;
  let s1 = first(s);
  let sum1 = first(sum);
  let s2 = ((f - s1 * sum1) - s1 * (m.x - (sum1 - c.x))) / sum; // what s1 lacks
  let z = s * s;
  var q = fma(0.4121985831111324, z, 0.5770780163555853);
  q = fma(q, z, 0.9617966939259756);
  // 2/ln 2 = 2.884765625 + 0.0006244567779268147
  let straight = s1 * 2.884765625;
  let rest = fma(s * z, q, fma(s2, 2.884765625, fma(s, 0.0006244567779268147, c.z)));
  let start = m.y + c.y;
  let log1 = first(start + (straight + rest));
  let log2 = rest - ((log1 - start) - straight);
  // p · log2 x, whose first part is exact
  let high = log1 * p.high;
  if (abs(high) > 200.0) { return select(0.0, infinity(), high > 0.0); }
  let low = fma(log1, p.low, log2 * (p.high + p.low));
  let n = round(high + low);
  return times2(expOfRemainder(fma(high - n, 0.6931471805599453, low * 0.6931471805599453)), i32(n));
}

fn pow_(x: f32, p: Exponent) -> f32 {
  let size = bitcast<u32>(x) & 0x7fffffffu;
  let isNegative = bitcast<u32>(x) != size;
  if (size > 0x7f800000u) { return x; }
  if (isNegative && p.kind == ${KIND.fractional}u && size > 0u && size < 0x7f800000u) { return nan(); }
  var y = p.ofOne;
  if (size == 0u || size == 0x7f800000u) { y = select(0.0, infinity(), (size == 0u) == (p.high < 0.0)); }
  else if (size != 0x3f800000u) { y = powerOfPositive(bitcast<f32>(size), p); }
  return select(y, -y, isNegative && p.kind == ${KIND.odd}u);
}`
