/** Functions of one number, and their derivatives: `src/reference/elementwise.ts`. x, y, dy, dx: [n] */

import { areModerate, exp as expOf, leftOfNegative, log as logOf, MAX_ANGLE, moderateExp, pow as powOf, sine } from './functions'
import { map, zip } from './lines'
import { loadFirst, mapRow, zipRow } from './rows'

class Neg { @inline of(x: v128): v128 { return f32x4.neg(x) } }
export function neg(x: usize, y: usize, n: usize): void { map<Neg>(x, y, n) }

/** 8 numbers at a time, as in `mapPairs`: seldom is one of them so large that e^x has no normal number. */
export function exp(x: usize, y: usize, n: usize): void {
  for (const end = x + (n << 2); x < end; x += 32, y += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16)
    if (areModerate(x0, x1)) {
      const y0 = moderateExp(x0), y1 = moderateExp(x1)
      v128.store(y, y0)
      v128.store(y, y1, 16)
    } else {
      v128.store(y, expOf(x0))
      v128.store(y, expOf(x1), 16)
    }
  }
}

class ExpBackward { @inline of(dy: v128, y: v128): v128 { return f32x4.mul(dy, y) } }
export function expBackward(dy: usize, y: usize, dx: usize, n: usize): void { zip<ExpBackward>(dy, y, dx, n) }

class Log { @inline of(x: v128): v128 { return logOf(x) } }
export function log(x: usize, y: usize, n: usize): void { map<Log>(x, y, n) }

class LogBackward { @inline of(dy: v128, x: v128): v128 { return f32x4.div(dy, x) } }
export function logBackward(dy: usize, x: usize, dx: usize, n: usize): void { zip<LogBackward>(dy, x, dx, n) }

class Sqrt { @inline of(x: v128): v128 { return f32x4.sqrt(x) } }
export function sqrt(x: usize, y: usize, n: usize): void { map<Sqrt>(x, y, n) }

class SqrtBackward { @inline of(dy: v128, y: v128): v128 { return f32x4.div(f32x4.mul(dy, f32x4.splat(0.5)), y) } }
export function sqrtBackward(dy: usize, y: usize, dx: usize, n: usize): void { zip<SqrtBackward>(dy, y, dx, n) }

class Abs { @inline of(x: v128): v128 { return f32x4.abs(x) } }
export function abs(x: usize, y: usize, n: usize): void { map<Abs>(x, y, n) }

/** The sign of x is 1 with the sign bit of x; 0, -0 and NaN are their own sign. */
class AbsBackward {
  @inline of(dy: v128, x: v128): v128 {
    const one = v128.or(f32x4.splat(1), v128.and(x, i32x4.splat(0x80000000)))
    return f32x4.mul(dy, v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0))))
  }
}
export function absBackward(dy: usize, x: usize, dx: usize, n: usize): void { zip<AbsBackward>(dy, x, dx, n) }

/** Whether some |x_i| is so large, though finite, that sin and cos would be wrong here. */
export function hasLargeAngle(x: usize, n: usize): bool {
  const end = x + (n << 2)
  for (; x + 16 <= end; x += 16) if (v128.any_true(isLarge(v128.load(x)))) return true
  return x < end && v128.any_true(isLarge(loadFirst(x, (end - x) >> 2)))
}

@inline
function isLarge(x: v128): v128 {
  const size = f32x4.abs(x)
  return v128.and(f32x4.gt(size, f32x4.splat(MAX_ANGLE)), f32x4.lt(size, f32x4.splat(Infinity)))
}

class Sin { @inline of(x: v128): v128 { return sine(x, 0) } }
export function sin(x: usize, y: usize, n: usize): void { map<Sin>(x, y, n) }

class SinBackward { @inline of(dy: v128, x: v128): v128 { return f32x4.mul(dy, sine(x, 1)) } }
export function sinBackward(dy: usize, x: usize, dx: usize, n: usize): void { zip<SinBackward>(dy, x, dx, n) }

class Cos { @inline of(x: v128): v128 { return sine(x, 1) } }
export function cos(x: usize, y: usize, n: usize): void { map<Cos>(x, y, n) }

/** -sin x = sin(x + 2 · π/2) */
class CosBackward { @inline of(dy: v128, x: v128): v128 { return f32x4.mul(dy, sine(x, 2)) } }
export function cosBackward(dy: usize, x: usize, dx: usize, n: usize): void { zip<CosBackward>(dy, x, dx, n) }

class Square { @inline of(x: v128): v128 { return f32x4.mul(x, x) } }
export function square(x: usize, y: usize, n: usize): void { map<Square>(x, y, n) }

class Cube { @inline of(x: v128): v128 { return f32x4.mul(f32x4.mul(x, x), x) } }
export function cube(x: usize, y: usize, n: usize): void { map<Cube>(x, y, n) }

class Reciprocal { @inline of(x: v128): v128 { return f32x4.div(f32x4.splat(1), x) } }
export function reciprocal(x: usize, y: usize, n: usize): void { map<Reciprocal>(x, y, n) }

/** x^p, where p is none of the exponents that are cheaper as a product or a root. */
class Pow { @inline of(x: v128, p: v128, ofNegative: v128): v128 { return powOf(x, p, ofNegative) } }
export function pow(x: usize, y: usize, n: usize, p: f64): void { mapRow<Pow>(x, y, n, f64x2.splat(p), leftOfNegative(p)) }

/** dx = dy · p · x^(p-1), given power = x^(p-1) */
class PowBackward { @inline of(dy: v128, power: v128, p: v128, _: v128): v128 { return f32x4.mul(f32x4.mul(dy, p), power) } }
export function powBackward(dy: usize, power: usize, dx: usize, n: usize, p: f32): void {
  zipRow<PowBackward>(dy, power, dx, n, f32x4.splat(p), f32x4.splat(0))
}

class Clamp { @inline of(x: v128, min: v128, max: v128): v128 { return f32x4.pmin(f32x4.pmax(x, min), max) } }
export function clamp(x: usize, y: usize, n: usize, min: f32, max: f32): void { mapRow<Clamp>(x, y, n, f32x4.splat(min), f32x4.splat(max)) }

/** dy · 1 or dy · 0, so that a NaN in dy is seen */
class ClampBackward {
  @inline of(dy: v128, x: v128, min: v128, max: v128): v128 {
    const inside = v128.and(f32x4.ge(x, min), f32x4.le(x, max))
    return f32x4.mul(dy, v128.and(inside, f32x4.splat(1)))
  }
}
export function clampBackward(dy: usize, x: usize, dx: usize, n: usize, min: f32, max: f32): void {
  zipRow<ClampBackward>(dy, x, dx, n, f32x4.splat(min), f32x4.splat(max))
}
