/** Filling: `src/reference/memory.ts`. A number is four bytes, float32 or int32. */

/** n numbers with the bit pattern `bits`        y: [n] */
export function fill(y: usize, n: usize, bits: i32): void {
  const value = i32x4.splat(bits)
  const end = y + (n << 2)
  for (; y < end; y += 16) v128.store(y, value)
}
