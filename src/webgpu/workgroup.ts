/** Threads of a workgroup that works on one row. */
export const ROW_THREADS = 64

/**
 * `rowSum(local, x)`, `rowMax(local, x)`: what all threads of a workgroup of ROW_THREADS have together, by halves: always in the same order, so the same bits. All threads
 * must call it.
 */
export const rowReductions = `
var<workgroup> partial: array<f32, ${ROW_THREADS}>;
fn rowSum(local: u32, x: f32) -> f32 {
  workgroupBarrier();
  partial[local] = x;
  for (var half = ${ROW_THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) { partial[local] += partial[local + half]; }
  }
  workgroupBarrier();
  return partial[0];
}
fn greater(a: f32, b: f32) -> f32 { return select(select(b, a, a > b), a, isNan(a)); }
fn rowMax(local: u32, x: f32) -> f32 {
  workgroupBarrier();
  partial[local] = x;
  for (var half = ${ROW_THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) { partial[local] = greater(partial[local], partial[local + half]); }
  }
  workgroupBarrier();
  return partial[0];
}`
