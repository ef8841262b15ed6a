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

/** A square of 4 × 4 numbers, by its rows, stored transposed: what was column j begins at to + j · row. */
// @ts-ignore: decorator
@inline
export function storeTransposed(to: usize, row: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + row, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + 2 * row, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + 3 * row, v128.shuffle<f64>(high01, high23, 1, 3));
}
