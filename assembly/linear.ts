/** Every row of y[m, n] becomes b[n]: the weighted sums are added to it. */
export function spreadRows(b: usize, y: usize, m: i32, n: i32): void {
  const bytes = <usize>n << 2
  for (let i = 0; i < m; i++, y += bytes) memory.copy(y, b, bytes)
}
