/** The simple recurrent network over a whole sequence: `src/reference/rnn.ts`. Per step one product by the packed weights and one pass over the state. */

import { tanh } from './functions'
import { multiplyPacked, packMatrix } from './matmul-packed'
import { zipRow } from './rows'
import { addBiases, productAt, stateBefore, statesBefore, stepAt, tanhSlope, weightsAt } from './sequence'

class TanhOfSum { @inline of(a: v128, b: v128, _p: v128, _q: v128): v128 { return tanh(f32x4.add(a, b)) } }
class ReluOfSum { @inline of(a: v128, b: v128, zero: v128, _: v128): v128 { return f32x4.pmax(f32x4.add(a, b), zero) } }

/** h0: [N, H], wHh: [H, H], bIh, bHh: [H] -> y: [T, N, H], in which W_ih · x stands first */
export function rnn(
  h0: usize, wHh: usize, bIh: usize, bHh: usize, y: usize, t: usize, n: usize, h: usize, reverse: bool, relu: bool, from: usize, rows: usize, scratch: usize,
): void {
  const none = f32x4.splat(0)
  const size = (n * h) << 2
  const row = h << 2
  const weights = scratch + weightsAt(rows, h)
  const product = scratch + productAt(rows, h, h)
  h0 += from * row
  y += from * row
  addBiases(bIh, bHh, scratch, h)
  packMatrix(weights, wHh, true, <i32>h, <i32>h)
  for (let at: usize = 0; at < t; at++) {
    const s = stepAt(at, t, reverse)
    let yRow = y + s * size
    multiplyPacked(stateBefore(s, y, h0, t, size, reverse), weights, yRow, <i32>h, yRow, <i32>h, <i32>rows, <i32>h, <i32>h, product)
    for (let b: usize = 0; b < rows; b++, yRow += row) {
      if (relu) zipRow<ReluOfSum>(yRow, scratch, yRow, h, none, none)
      else zipRow<TanhOfSum>(yRow, scratch, yRow, h, none, none)
    }
  }
}

class Plus { @inline of(a: v128, b: v128, _p: v128, _q: v128): v128 { return f32x4.add(a, b) } }
class TanhSlope { @inline of(dh: v128, y: v128, _p: v128, _q: v128): v128 { return f32x4.mul(dh, tanhSlope(y)) } }
class ReluSlope { @inline of(dh: v128, y: v128, one: v128, zero: v128): v128 { return f32x4.mul(dh, v128.and(f32x4.gt(y, zero), one)) } }

/** dy, y: [T, N, H], h0: [N, H], wHh: [H, H] -> da, before: [T, N, H], dh0: [N, H] */
export function rnnBackward(
  dy: usize, h0: usize, wHh: usize, y: usize, da: usize, before: usize, dh0: usize,
  t: usize, n: usize, h: usize, reverse: bool, relu: bool, from: usize, rows: usize, scratch: usize,
): void {
  const one = f32x4.splat(1)
  const zero = f32x4.splat(0)
  const size = (n * h) << 2
  const first = (from * h) << 2
  const count = rows * h
  const weights = scratch + weightsAt(rows, h)
  const product = scratch + productAt(rows, h, h)
  h0 += first
  dh0 += first
  packMatrix(weights, wHh, false, <i32>h, <i32>h)
  memory.fill(dh0, 0, count << 2) // dh of the running step, in the end that of the initial state
  for (let at = t; at > 0; at--) {
    const place = first + stepAt(at - 1, t, reverse) * size
    zipRow<Plus>(dh0, dy + place, dh0, count, zero, zero)
    if (relu) zipRow<ReluSlope>(dh0, y + place, da + place, count, one, zero)
    else zipRow<TanhSlope>(dh0, y + place, da + place, count, one, zero)
    multiplyPacked(da + place, weights, 0, 0, dh0, <i32>h, <i32>rows, <i32>h, <i32>h, product)
  }
  statesBefore(y + first, h0, before + first, t, size, count << 2, reverse)
}
