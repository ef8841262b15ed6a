/** Activations, and their derivatives: `src/reference/activation.ts`. x, y, dy, dx: [n] */

import { geluSlope, normalCdf, sigmoid as sigmoidOf, tanh as tanhOf } from './functions'
import { map, mapPairs, zip } from './lines'
import { mapRow, zipRow } from './rows'

/** max(0, x), where NaN and -0 are not less than 0 */
class Relu { @inline of(x: v128): v128 { return f32x4.pmax(x, f32x4.splat(0)) } }
export function relu(x: usize, y: usize, n: usize): void { map<Relu>(x, y, n) }

/** dy · 1 or dy · 0, so that a NaN in dy is seen */
class ReluBackward { @inline of(dy: v128, y: v128): v128 { return f32x4.mul(dy, v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.splat(1))) } }
export function reluBackward(dy: usize, y: usize, dx: usize, n: usize): void { zip<ReluBackward>(dy, y, dx, n) }

class LeakyRelu { @inline of(x: v128, a: v128, _: v128): v128 { return v128.bitselect(x, f32x4.mul(a, x), f32x4.gt(x, f32x4.splat(0))) } }
export function leakyRelu(x: usize, y: usize, n: usize, negativeSlope: f32): void {
  mapRow<LeakyRelu>(x, y, n, f32x4.splat(negativeSlope), f32x4.splat(0))
}

class LeakyReluBackward {
  @inline of(dy: v128, x: v128, a: v128, _: v128): v128 {
    return f32x4.mul(dy, v128.bitselect(f32x4.splat(1), a, f32x4.gt(x, f32x4.splat(0))))
  }
}
export function leakyReluBackward(dy: usize, x: usize, dx: usize, n: usize, negativeSlope: f32): void {
  zipRow<LeakyReluBackward>(dy, x, dx, n, f32x4.splat(negativeSlope), f32x4.splat(0))
}

class Sigmoid { @inline of(x: v128): v128 { return sigmoidOf(x) } }
export function sigmoid(x: usize, y: usize, n: usize): void { mapPairs<Sigmoid>(x, y, n) }

class SigmoidBackward { @inline of(dy: v128, y: v128): v128 { return f32x4.mul(f32x4.mul(dy, y), f32x4.sub(f32x4.splat(1), y)) } }
export function sigmoidBackward(dy: usize, y: usize, dx: usize, n: usize): void { zip<SigmoidBackward>(dy, y, dx, n) }

class Tanh { @inline of(x: v128): v128 { return tanhOf(x) } }
export function tanh(x: usize, y: usize, n: usize): void { mapPairs<Tanh>(x, y, n) }

/** 1 - y² as (1 - y)(1 + y), which keeps its digits where |y| is nearly 1 */
class TanhBackward {
  @inline of(dy: v128, y: v128): v128 {
    const one = f32x4.splat(1)
    return f32x4.mul(dy, f32x4.mul(f32x4.sub(one, y), f32x4.add(one, y)))
  }
}
export function tanhBackward(dy: usize, y: usize, dx: usize, n: usize): void { zip<TanhBackward>(dy, y, dx, n) }

/** The places in ACTIVATIONS of src/reference/activation.ts, from 1; 0: none. */
const RELU: i32 = 1, SIGMOID: i32 = 2, TANH: i32 = 3

/** y_i = f(y_i), where a layer has just written them        y: [n], anywhere */
export function activate(activation: i32, y: usize, n: usize): void {
  const none = f32x4.splat(0)
  if (activation == RELU) mapRow<Alone<Relu>>(y, y, n, none, none)
  else if (activation == SIGMOID) mapRow<Alone<Sigmoid>>(y, y, n, none, none)
  else if (activation == TANH) mapRow<Alone<Tanh>>(y, y, n, none, none)
}

/** A function without parameters, for the loops over rows. */
class Alone<F> { @inline of(x: v128, _p: v128, _q: v128): v128 { return changetype<F>(0).of(x) } }

class Gelu { @inline of(x: v128): v128 { return f32x4.mul(x, normalCdf(x)) } }
export function gelu(x: usize, y: usize, n: usize): void { mapPairs<Gelu>(x, y, n) }

/** dy · (Φ(x) + x · φ(x)) */
class GeluBackward { @inline of(dy: v128, x: v128): v128 { return f32x4.mul(dy, geluSlope(x)) } }
export function geluBackward(dy: usize, x: usize, dx: usize, n: usize): void { zip<GeluBackward>(dy, x, dx, n) }
