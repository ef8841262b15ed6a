/** Reading at places that are themselves data, and adding there: `src/reference/gather.ts`. Indices are int32 and within range. */

import { Itself, mapRow, zipRow } from './rows'

/** y_oji = x_o,index(o,j,i),i        x: [O, N, I], index: [O, K, I] -> y: [O, K, I]. An element is four bytes. */
export function gather(x: usize, index: usize, y: usize, outer: usize, n: usize, inner: usize, k: usize): void {
  for (let o: usize = 0; o < outer; o++) {
    for (let j: usize = 0; j < k; j++) {
      for (let i: usize = 0; i < inner; i++) {
        store<i32>(y, load<i32>(x + ((<usize>load<i32>(index) * inner + i) << 2)))
        index += 4
        y += 4
      }
    }
    x += (n * inner) << 2
  }
}

/** dx_o,index(o,j,i),i += dy_oji, in the order of j        dy, index: [O, K, I] -> dx: [O, N, I], zero before */
export function scatterAdd(dy: usize, index: usize, dx: usize, outer: usize, n: usize, inner: usize, k: usize): void {
  for (let o: usize = 0; o < outer; o++) {
    for (let j: usize = 0; j < k; j++) {
      for (let i: usize = 0; i < inner; i++) {
        const place = dx + ((<usize>load<i32>(index) * inner + i) << 2)
        store<f32>(place, load<f32>(place) + load<f32>(dy))
        index += 4
        dy += 4
      }
    }
    dx += (n * inner) << 2
  }
}

/** y_j = x_index(j)        x: [N, W], index: [K] -> y: [K, W]. An element is four bytes. */
export function indexSelect(x: usize, index: usize, y: usize, width: usize, k: usize): void {
  const none = f32x4.splat(0)
  for (let j: usize = 0; j < k; j++) {
    mapRow<Itself>(x + ((<usize>load<i32>(index + (j << 2)) * width) << 2), y, width, none, none)
    y += width << 2
  }
}

class Plus { @inline of(a: v128, b: v128, _p: v128, _q: v128): v128 { return f32x4.add(a, b) } }

/** dx_index(j) += dy_j, in the order of j        dy: [K, W], index: [K] -> dx: [N, W], zero before */
export function indexAdd(dy: usize, index: usize, dx: usize, width: usize, k: usize): void {
  const none = f32x4.splat(0)
  for (let j: usize = 0; j < k; j++) {
    const row = dx + ((<usize>load<i32>(index + (j << 2)) * width) << 2)
    zipRow<Plus>(row, dy, row, width, none, none)
    dy += width << 2
  }
}
