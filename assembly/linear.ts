import { activate } from './activation'
import { MC, product } from './matmul'
import { multiplyPacked } from './matmul-packed'

/** Bytes of n numbers. */
@inline
function bytes(n: i32): usize {
  return <usize>n << 2
}

/**
 * y = f(x · wᵀ + b), or some columns of it: y's rows are `rowY` numbers apart. Where there is an activation f, it meets MC rows at a time, while they still lie in the
 * cache. b may be 0 for none; isPacked: w as `packInPlace` leaves it. `scratch` points to matmulScratch(m, n, k) bytes.
 *
 *     x: [m, k], w: [n, k], b: [n] -> y: [m, n]
 */
export function linear(
  x: usize, w: usize, isPacked: bool, b: usize, activation: i32, y: usize, rowY: i32, m: i32, n: i32, k: i32, scratch: usize,
): void {
  const most = activation ? MC : m
  for (let first = 0; first < m; first += most) {
    const rows = min(most, m - first)
    const end = y + bytes(rows * rowY)
    if (isPacked) multiplyPacked(x, w, b, 0, y, rowY, rows, n, k, scratch)
    else product(x, k, false, w, k, true, b, 0, y, rowY, rows, n, k, scratch)
    if (activation) for (let row = y; row < end; row += bytes(rowY)) activate(activation, row, n)
    x += bytes(rows * k)
    y = end
  }
}
