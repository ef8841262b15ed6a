/** Softmax and its logarithm, row by row: `src/reference/softmax.ts`. x, y, dy, dx: [N, C] */

import { exp, ExpOfDifference, log } from './functions'
import { dotRow, Itself, mapRow, maxRow, sumRow, zipRow } from './rows'

class Times { @inline of(x: v128, factor: v128, _: v128): v128 { return f32x4.mul(x, factor) } }

export function softmax(x: usize, y: usize, n: usize, c: usize): void {
  const none = f32x4.splat(0)
  const row = c << 2
  for (let i: usize = 0; i < n; i++) {
    mapRow<ExpOfDifference>(x, y, c, f32x4.splat(maxRow(x, c)), none)
    const sum = sumRow<Itself>(y, c, none, none)
    mapRow<Times>(y, y, c, f32x4.splat(<f32>(1 / sum)), none)
    x += row
    y += row
  }
}

class SoftmaxBackward { @inline of(dy: v128, y: v128, dot: v128, _: v128): v128 { return f32x4.mul(y, f32x4.sub(dy, dot)) } }
export function softmaxBackward(dy: usize, y: usize, dx: usize, n: usize, c: usize): void {
  const row = c << 2
  for (let i: usize = 0; i < n; i++) {
    zipRow<SoftmaxBackward>(dy, y, dx, c, f32x4.splat(<f32>dotRow(dy, y, c)), f32x4.splat(0))
    dy += row
    y += row
    dx += row
  }
}

class MinusBoth { @inline of(x: v128, max: v128, logSum: v128): v128 { return f32x4.sub(f32x4.sub(x, max), logSum) } }
export function logSoftmax(x: usize, y: usize, n: usize, c: usize): void {
  const none = f32x4.splat(0)
  const row = c << 2
  for (let i: usize = 0; i < n; i++) {
    const max = f32x4.splat(maxRow(x, c))
    const sum = sumRow<ExpOfDifference>(x, c, max, none)
    mapRow<MinusBoth>(x, y, c, max, log(f32x4.splat(<f32>sum)))
    x += row
    y += row
  }
}

class LogSoftmaxBackward { @inline of(dy: v128, y: v128, sum: v128, _: v128): v128 { return f32x4.sub(dy, f32x4.mul(exp(y), sum)) } }
export function logSoftmaxBackward(dy: usize, y: usize, dx: usize, n: usize, c: usize): void {
  const none = f32x4.splat(0)
  const row = c << 2
  for (let i: usize = 0; i < n; i++) {
    zipRow<LogSoftmaxBackward>(dy, y, dx, c, f32x4.splat(<f32>sumRow<Itself>(dy, c, none, none)), none)
    dy += row
    y += row
    dx += row
  }
}
