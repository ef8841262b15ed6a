/**
 * Reading and writing with strides: `src/reference/strided.ts`. Both sides have strides here, in elements and possibly negative, so that reading a view, writing
 * one and adding to one are the same walk over [n0, n1, n2]. The caller orders the axes: the last is the one on which y is contiguous, if there is one;
 * the one before it that on which x is, if it is another.
 */

import { Axes } from './axes'
import { loadFirst, storeFirst } from './rows'
import { storeTransposed } from './simd'

/** y_ijk = x_ijk, x walked by a, y by b. An element is four bytes. */
export function stridedCopy(x: usize, y: usize, axes: Axes): void {
  for (let i = 0; i < axes.n0; i++) {
    const p = x + <usize>((i * axes.a0) << 2)
    const q = y + <usize>((i * axes.b0) << 2)
    if (axes.b2 == 1 && axes.a1 == 1 && axes.a2 != 1 && axes.a2 != 0) {
      transpose(p, q, axes.n1, axes.n2, <usize>(axes.a2 << 2), <usize>(axes.b1 << 2))
      continue
    }
    for (let j = 0; j < axes.n1; j++) {
      copyRow(p + <usize>((j * axes.a1) << 2), q + <usize>((j * axes.b1) << 2), axes.n2, axes.a2, axes.b2)
    }
  }
}

@inline
function copyRow(x: usize, y: usize, n: i32, dx: i32, dy: i32): void {
  if (dx == 1 && dy == 1) {
    for (; n >= 16; n -= 16, x += 64, y += 64) {
      v128.store(y, v128.load(x))
      v128.store(y, v128.load(x, 16), 16)
      v128.store(y, v128.load(x, 32), 32)
      v128.store(y, v128.load(x, 48), 48)
    }
    for (; n > 0; n -= 4, x += 16, y += 16) storeFirst(y, loadFirst(x, n), n)
  } else if (dx == 0 && dy == 1) {
    const value = v128.load32_splat(x)
    for (; n > 0; n -= 4, y += 16) storeFirst(y, value, n)
  } else {
    for (; n > 0; n--, x += <usize>(dx << 2), y += <usize>(dy << 2)) store<i32>(y, load<i32>(x))
  }
}

/** So many rows of x are transposed at a time, so that their lines are still in the cache when the next columns are read. */
const ROWS: i32 = 32

/** y_jk = x_kj        x: [N2, N1] -> y: [N1, N2], rows dx and dy bytes apart */
function transpose(x: usize, y: usize, n1: i32, n2: i32, dx: usize, dy: usize): void {
  for (; n2 > 0; n2 -= ROWS, x += ROWS * dx, y += ROWS << 2) {
    const rows = min(n2, ROWS)
    let j = 0
    for (; j + 4 <= n1; j += 4) transposeFour(x + <usize>(j << 2), y + <usize>j * dy, rows, dx, dy)
    for (; j < n1; j++) copyRow(x + <usize>(j << 2), y + <usize>j * dy, rows, <i32>dx >> 2, 1)
  }
}

/** Four columns of x become four rows of y, in blocks of 4 × 4. */
@inline
function transposeFour(x: usize, y: usize, rows: i32, dx: usize, dy: usize): void {
  for (; rows >= 4; rows -= 4, x += 4 * dx, y += 16) {
    storeTransposed(y, dy, v128.load(x), v128.load(x + dx), v128.load(x + 2 * dx), v128.load(x + 3 * dx))
  }
  for (; rows > 0; rows--, x += dx, y += 4) {
    const v = v128.load(x)
    v128.store_lane<i32>(y, v, 0)
    v128.store_lane<i32>(y + dy, v, 1)
    v128.store_lane<i32>(y + 2 * dy, v, 2)
    v128.store_lane<i32>(y + 3 * dy, v, 3)
  }
}

/** y_ijk += x_ijk, x walked by a, y by b. */
export function stridedAdd(x: usize, y: usize, axes: Axes): void {
  for (let i = 0; i < axes.n0; i++) {
    for (let j = 0; j < axes.n1; j++) {
      const p = x + <usize>((i * axes.a0 + j * axes.a1) << 2)
      const q = y + <usize>((i * axes.b0 + j * axes.b1) << 2)
      addRow(p, q, axes.n2, axes.a2, axes.b2)
    }
  }
}

@inline
function addRow(x: usize, y: usize, n: i32, dx: i32, dy: i32): void {
  if (dx == 1 && dy == 1) {
    for (; n > 0; n -= 4, x += 16, y += 16) storeFirst(y, f32x4.add(loadFirst(y, n), loadFirst(x, n)), n)
  } else {
    for (; n > 0; n--, x += <usize>(dx << 2), y += <usize>(dy << 2)) store<f32>(y, load<f32>(y) + load<f32>(x))
  }
}
