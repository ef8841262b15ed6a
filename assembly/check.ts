/** Whether numbers are as a law demands: `src/reference/check.ts`, which also finds the one that is not. */


/** Whether min <= x_i <= max for all x_i; NaN is not.        x: [n], n > 0 */
export function isWithin(x: usize, n: usize, min: f32, max: f32): bool {
  const least = f32x4.splat(min)
  const greatest = f32x4.splat(max)
  const first = f32x4.splat(load<f32>(x))
  let all = v128.and(f32x4.ge(first, least), f32x4.le(first, greatest))
  const end = x + ((n & ~3) << 2)
  for (let p = x; p < end; p += 16) {
    const four = v128.load(p)
    all = v128.and(all, v128.and(f32x4.ge(four, least), f32x4.le(four, greatest)))
  }
  for (let p = end; p < x + (n << 2); p += 4) {
    const one = v128.load32_splat(p)
    all = v128.and(all, v128.and(f32x4.ge(one, least), f32x4.le(one, greatest)))
  }
  return i32x4.all_true(all)
}
