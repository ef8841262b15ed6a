/**
 * What the kernels over whole sequences share: the order of the steps, the states between them, and their scratch. Samples do not know of one another, so a thread may
 * carry some of them, the `rows` from `from` on, through all steps; a step of all N is what the distances count in. W_ih · x of all steps has been computed before.
 */

import { beat } from './heartbeat'
import { zip } from './lines'
import { multiplyPackedScratch, packedMatrixBytes } from './matmul-packed'

/** So many steps, however small, take some microseconds: long enough to give a sign of life. */
const LONG: usize = 64

/** The step taken at place `at` of T; a sign of life now and then. */
@inline
export function stepAt(at: usize, t: usize, reverse: bool): usize {
  if (at % LONG == 0) beat()
  return reverse ? t - 1 - at : at
}

/** Where the state lies that step s starts from: that of the step before it, the initial one at first. `size`: bytes of a state. */
@inline
export function stateBefore(s: usize, states: usize, initial: usize, t: usize, size: usize, reverse: bool): usize {
  if (s == (reverse ? t - 1 : 0)) return initial
  return states + (reverse ? s + 1 : s - 1) * size
}

/** The states that all steps start from: `part` bytes of the `size` of each.        states: [T, size], initial: [size] -> before: [T, size], in bytes */
export function statesBefore(states: usize, initial: usize, before: usize, t: usize, size: usize, part: usize, reverse: bool): void {
  for (let s: usize = 0; s < t; s++) memory.copy(before + s * size, stateBefore(s, states, initial, t, size, reverse), part)
}

/** Bytes of scratch for up to N samples: G sums of biases, N·G numbers of a step, the packed weights, the product's own scratch. */
export function sequenceScratch(n: usize, h: usize, g: usize): usize {
  return productAt(n, h, g) + multiplyPackedScratch(<i32>n, <i32>max(h, g))
}

/** Where in the scratch the numbers of a step begin, the packed weights, and the product's own scratch. */
@inline
export function stepNumbersAt(g: usize): usize {
  return lines(g)
}

@inline
export function weightsAt(n: usize, g: usize): usize {
  return lines(g) + lines(n * g)
}

@inline
export function productAt(n: usize, h: usize, g: usize): usize {
  return weightsAt(n, g) + packedBytes(h, g)
}

/** The weights [G, H] are packed either way around: by the forward pass as [H, G], by the backward pass as [G, H]. */
function packedBytes(h: usize, g: usize): usize {
  return (max(packedMatrixBytes(<i32>g, <i32>h), packedMatrixBytes(<i32>h, <i32>g)) + 63) & ~63
}

/** Bytes of n numbers, in whole lines of 64. */
@inline
function lines(n: usize): usize {
  return ((n << 2) + 63) & ~63
}

class Sum { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b) } }

/** y = a + b, whole lines.        [n] */
export function addBiases(a: usize, b: usize, y: usize, n: usize): void { zip<Sum>(a, b, y, n) }

/** σ'(a) = y · (1 - y) for y = σ(a) */
@inline
export function sigmoidSlope(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y))
}

/** tanh'(a) = (1 - y)(1 + y) for y = tanh a, which keeps its digits where |y| is nearly 1 */
@inline
export function tanhSlope(y: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.mul(f32x4.sub(one, y), f32x4.add(one, y))
}
