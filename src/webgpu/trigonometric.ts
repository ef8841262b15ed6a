/**
 * `sine(x, quarter)`: sin(x + quarter · π/2), for every x; at most 1 ulp, measured over all kinds of float32 numbers. NaN for infinities. Calls `special`.
 *
 * A GPU has no float64 in which x - n · π/2 could be computed, so integers do it (Payne & Hanek 1983): x = m · 2^(e-32) with a whole m of 32 bits, and 1/(2π) is a string of
 * bits. Those 96 that follow the first e, times m, give the angle in turns: what stands above them makes whole turns. Two bits of it are the quadrant; the next 62,
 * read as a signed number, are the rest, within half a quadrant, of which 29 can be zeros in front. Times π/2 it is the rest in radians, in two parts that are exact.
 * Then the series of sine or of cosine on [-π/4, π/4], with the coefficients of Cephes (Moshier 1992).
 */
export const sine = `
/** 1/(2π) = 0.28be60db9391... in hexadecimal */
const turns = array(0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau);

/** a · b in two words, the lower one first. */
fn product(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a & 0xffffu) * (b >> 16u);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u) + (cross & 0xffffu);
  return vec2u((middle << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (cross >> 16u) + (middle >> 16u));
}

struct Angle { quadrant: u32, rest: f32, low: f32 }

fn reduced(x: f32) -> Angle {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits <= 0x3f490fdau) { return Angle(0u, x, 0.0); } // |x| < π/4
  let m = (bits << 8u) | 0x80000000u;
  let e = (bits >> 23u) - 126u;
  let i = e >> 5u;
  let shift = e & 31u;
  var word = vec3u(select(0u, turns[max(i, 1u) - 1u], i > 0u), turns[i], turns[i + 1u]);
  let next = vec3u(turns[i], turns[i + 1u], turns[i + 2u]);
  if (shift > 0u) { word = (word << vec3u(shift)) | (next >> vec3u(32u - shift)); }
  let middle = product(m, word.y);
  let low = middle.x + product(m, word.z).y;
  let high = middle.y + m * word.x + select(0u, 1u, low < middle.x);
  let quadrant = (high + 0x20000000u) >> 30u;
  let isNegative = (high & 0x20000000u) != 0u; // rounded up
  let rest = select(vec2u(low, high & 0x3fffffffu), vec2u(~low, ~high & 0x3fffffffu), isNegative); // but for the last of 62 bits
  let zeros = countLeadingZeros(rest.y); // at least 2; below 32, since no float32 number is that near to a multiple of π/2
  let radians = product((rest.y << zeros) | (rest.x >> (32u - zeros)), 0xc90fdaa2u).y; // π/2 · 2^31
  let unit = bitcast<f32>((98u - zeros) << 23u); // 2^(-29 - zeros)
  let sign = select(unit, -unit, isNegative != (x < 0.0));
  return Angle(select(quadrant, 0u - quadrant, x < 0.0), sign * f32(radians & 0xffffff00u), sign * f32(radians & 0xffu));
}

fn sine(x: f32, quarter: u32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return nan(); }
  let angle = reduced(x);
  let r = angle.rest;
  let z = r * r;
  let quadrant = angle.quadrant + quarter;
  var y: f32;
  if ((quadrant & 1u) == 0u) {
    let s = fma(fma(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1);
    y = select(r + fma(r * z, s, angle.low), r, z == 0.0); // -0 stays
  } else {
    let c = fma(fma(2.443315711809948e-5, z, -1.388731625493765e-3), z, 4.166664568298827e-2);
    let start = bitcast<f32>(bitcast<u32>(1.0 - 0.5 * z) & 0xfffff000u); // 12 bits, so that 1 - start is exact
    y = start + ((1.0 - start) - 0.5 * z + fma(z * z, c, -r * angle.low));
  }
  return select(y, -y, (quadrant & 2u) != 0u);
}`
