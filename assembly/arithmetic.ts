/** Functions of two numbers, with broadcasting: `src/reference/arithmetic.ts`. */

import { Axes } from './axes'
import { zip3 } from './lines'
import { mapRow, zipRow } from './rows'

/** f(a, b) for two rows, and for a row and one number on either side. */
class Both<F> { @inline of(a: v128, b: v128, _p: v128, _q: v128): v128 { return changetype<F>(0).of(a, b) } }
class Left<F> { @inline of(b: v128, a: v128, _: v128): v128 { return changetype<F>(0).of(a, b) } }
class Right<F> { @inline of(a: v128, b: v128, _: v128): v128 { return changetype<F>(0).of(a, b) } }

/** y_ijk = f(a_ijk, b_ijk), y contiguous. The strides are 0 on an axis on which an operand is repeated; on the last axis they are 1 or 0. */
@inline
function broadcast<F>(a: usize, b: usize, y: usize, axes: Axes): void {
  const none = f32x4.splat(0)
  const n = axes.n2
  for (let i = 0; i < axes.n0; i++) {
    for (let j = 0; j < axes.n1; j++) {
      const pa = a + <usize>((i * axes.a0 + j * axes.a1) << 2)
      const pb = b + <usize>((i * axes.b0 + j * axes.b1) << 2)
      if (axes.a2 == 0) mapRow<Left<F>>(pb, y, n, v128.load32_splat(pa), none)
      else if (axes.b2 == 0) mapRow<Right<F>>(pa, y, n, v128.load32_splat(pb), none)
      else zipRow<Both<F>>(pa, pb, y, n, none, none)
      y += n << 2
    }
  }
}

class Add { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b) } }
export function add(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Add>(a, b, y, axes) }

class Sub { @inline of(a: v128, b: v128): v128 { return f32x4.sub(a, b) } }
export function sub(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Sub>(a, b, y, axes) }

class Mul { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, b) } }
export function mul(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Mul>(a, b, y, axes) }

class Div { @inline of(a: v128, b: v128): v128 { return f32x4.div(a, b) } }
export function div(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Div>(a, b, y, axes) }

/** NaN where either is NaN; max(-0, 0) = 0 */
class Maximum { @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b) } }
export function maximum(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Maximum>(a, b, y, axes) }

class Minimum { @inline of(a: v128, b: v128): v128 { return f32x4.min(a, b) } }
export function minimum(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Minimum>(a, b, y, axes) }

/** 1 where the lanes of a mask are all ones, else 0 */
@inline
function one(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1))
}

class Eq { @inline of(a: v128, b: v128): v128 { return one(f32x4.eq(a, b)) } }
export function eq(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Eq>(a, b, y, axes) }

class Gt { @inline of(a: v128, b: v128): v128 { return one(f32x4.gt(a, b)) } }
export function gt(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Gt>(a, b, y, axes) }

class Lt { @inline of(a: v128, b: v128): v128 { return one(f32x4.lt(a, b)) } }
export function lt(a: usize, b: usize, y: usize, axes: Axes): void { broadcast<Lt>(a, b, y, axes) }

class Where { @inline of(mask: v128, a: v128, b: v128): v128 { return v128.bitselect(b, a, f32x4.eq(mask, f32x4.splat(0))) } }
export function where(mask: usize, a: usize, b: usize, y: usize, n: usize): void { zip3<Where>(mask, a, b, y, n) }
