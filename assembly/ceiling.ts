/** What this core can do at best, in the same instructions as the kernels: the measure that `npm run bench` holds them against. */

import { madd } from "./simd";

/**
 * `steps` times one multiply-add per chain, in registers: 8 · chains · steps floating-point operations. A chain waits for its own last result
 * (4 cycles with FMA, 3 + 3 without), so a core with two pipes needs 8 chains or 12 to be busy, and a few more to be busy always. Where more chains give no
 * more, the pipes are full. 14 chains and the factor fill V8's 15 vector registers. `at` points to the factor (16 bytes; ones keep the numbers
 * ordinary); the sum of all chains goes behind it, so that nothing is optimised away.
 */
export function multiplyAdd8(at: usize, steps: i32): void {
  chains(8, at, steps);
}

export function multiplyAdd10(at: usize, steps: i32): void {
  chains(10, at, steps);
}

export function multiplyAdd12(at: usize, steps: i32): void {
  chains(12, at, steps);
}

export function multiplyAdd14(at: usize, steps: i32): void {
  chains(14, at, steps);
}

// @ts-ignore: decorator
@inline
function chains(count: i32, at: usize, steps: i32): void {
  const x = v128.load(at);
  let c0 = f32x4.splat(0), c1 = f32x4.splat(1), c2 = f32x4.splat(2), c3 = f32x4.splat(3), c4 = f32x4.splat(4), c5 = f32x4.splat(5), c6 = f32x4.splat(6);
  let c7 = f32x4.splat(7), c8 = f32x4.splat(8), c9 = f32x4.splat(9), c10 = f32x4.splat(10), c11 = f32x4.splat(11), c12 = f32x4.splat(12), c13 = f32x4.splat(13);
  for (; steps > 0; steps--) {
    c0 = madd(c0, x, x);
    c1 = madd(c1, x, x);
    c2 = madd(c2, x, x);
    c3 = madd(c3, x, x);
    c4 = madd(c4, x, x);
    c5 = madd(c5, x, x);
    c6 = madd(c6, x, x);
    c7 = madd(c7, x, x);
    if (count >= 10) {
      c8 = madd(c8, x, x);
      c9 = madd(c9, x, x);
    }
    if (count >= 12) {
      c10 = madd(c10, x, x);
      c11 = madd(c11, x, x);
    }
    if (count >= 14) {
      c12 = madd(c12, x, x);
      c13 = madd(c13, x, x);
    }
  }
  const low = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  const high = f32x4.add(f32x4.add(f32x4.add(c8, c9), f32x4.add(c10, c11)), f32x4.add(c12, c13));
  v128.store(at, f32x4.add(low, high), 16);
}

/** Copies `bytes` bytes, a multiple of 64: the ceiling of everything that reads and writes each element once. Moves 2 · bytes. */
export function copy(to: usize, from: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 64, from += 64) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}
