/** What every kernel shares: four float32 lanes at a time. */

/**
 * `a · b + c` in every lane. The relaxed build rounds once (fused multiply-add), the plain build twice, so that the plain build gives the same bits on
 * every machine. A compile-time constant chooses; nothing is decided at run time.
 */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}
