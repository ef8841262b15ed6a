/** Packing for the matrix product: a block of a matrix becomes panels that the register tile reads from front to back. */

import { MR, NR, tileHeight } from "./matmul-tile";
import { storeTransposed } from "./simd";

/** Bytes of a float32. */
const F: usize = 4;
/** So many panels that take the same rows are packed side by side: one takes half a cache line of each, and by the next the other half may be gone. */
const BESIDE: i32 = 4;

/** A block of op(A), [mc, kc], as panels [kc, height], one after the other; or, of its panels, only the last one if rows are missing in it. */
export function packA(to: usize, a: usize, ld: usize, transA: bool, mc: i32, kc: i32, onlyLast: bool): void {
  let i = 0;
  if (transA && !onlyLast) {
    for (; mc - i >= BESIDE * MR && tileHeight(mc - i - (BESIDE - 1) * MR) == MR; i += BESIDE * MR) {
      packBeside(to, a + <usize>i * F, ld, MR, kc);
      to += <usize>(BESIDE * MR * kc) * F;
    }
  }
  for (let height = 0; i < mc; i += height) {
    height = tileHeight(mc - i);
    const rows = min(height, mc - i);
    if (onlyLast && rows == height) continue;
    if (transA) packAlong(to, a + <usize>i * F, ld, rows, height, kc);
    else packAcross(to, a + <usize>i * ld, ld, rows, height, kc);
    to += <usize>(height * kc) * F;
  }
}

/** A block of op(B), [kc, nc], as panels [kc, NR], one after the other. */
export function packB(to: usize, b: usize, ld: usize, transB: bool, nc: i32, kc: i32): void {
  let j = 0;
  if (!transB) {
    for (; nc - j >= BESIDE * NR; j += BESIDE * NR) {
      packBeside(to, b + <usize>j * F, ld, NR, kc);
      to += <usize>(BESIDE * NR * kc) * F;
    }
  }
  for (; j < nc; j += NR) {
    const columns = min(NR, nc - j);
    if (transB) packAcross(to, b + <usize>j * ld, ld, columns, NR, kc);
    else packAlong(to, b + <usize>j * F, ld, columns, NR, kc);
    to += <usize>(NR * kc) * F;
  }
}

/** BESIDE panels [kc, width] out of kc stored rows. */
function packBeside(to: usize, from: usize, ld: usize, width: i32, kc: i32): void {
  const line = <usize>width * F;
  const panel = line * <usize>kc;
  const last = line - 16; // two vectors, which overlap where the panel is narrower than 8
  for (const end = to + panel; to < end; to += line, from += ld) {
    let t = to;
    let f = from;
    for (let p = 0; p < BESIDE; p++, t += panel, f += line) {
      v128.store(t, v128.load(f));
      v128.store(t + last, v128.load(f + last));
    }
  }
}

/** A panel [kc, width] out of kc stored rows: `used` elements of each are copied, the rest is 0. */
function packAlong(to: usize, from: usize, ld: usize, used: i32, width: i32, kc: i32): void {
  const line = <usize>width * F;
  const end = to + line * <usize>kc;
  if (used == width) {
    const last = line - 16; // two vectors, which overlap where the panel is narrower than 8
    for (; to < end; to += line, from += ld) {
      v128.store(to, v128.load(from));
      v128.store(to + last, v128.load(from + last));
    }
    return;
  }
  for (; to < end; to += line, from += ld) {
    for (let i = 0; i < used; i++) store<f32>(to + <usize>i * F, load<f32>(from + <usize>i * F));
    for (let i = used; i < width; i++) store<f32>(to + <usize>i * F, 0);
  }
}

/**
 * A panel [kc, width] out of `used` stored rows, transposed four rows at a time; the second four overlap the first where the panel is narrower than 8. Rows
 * that are missing repeat the last one: their products fall away with the tile's edge.
 */
export function packAcross(to: usize, from: usize, ld: usize, used: i32, width: i32, kc: i32): void {
  const line = <usize>width * F;
  touch(to, from, ld, used, <usize>kc * F);
  for (let i = 0; ; i = width - 4) {
    const rest = used - 1 - i;
    let r0 = from + ld * <usize>(i + min(0, rest));
    let r1 = from + ld * <usize>(i + min(1, rest));
    let r2 = from + ld * <usize>(i + min(2, rest));
    let r3 = from + ld * <usize>(i + min(3, rest));
    let t = to + <usize>i * F;
    const end = t + line * <usize>kc;
    for (const vectors = t + line * <usize>(kc & ~3); t < vectors; t += 4 * line, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      storeTransposed(t, line, v128.load(r0), v128.load(r1), v128.load(r2), v128.load(r3));
    }
    for (; t < end; t += line, r0 += F, r1 += F, r2 += F, r3 += F) {
      v128.store(t, f32x4(load<f32>(r0), load<f32>(r1), load<f32>(r2), load<f32>(r3)));
    }
    if (i + 4 >= width) return;
  }
}

/**
 * Reads one word of every cache line of `rows` stored rows, so that the core has many lines under way at once where a transposition alone asks for four. The words
 * are summed into `to`, which is overwritten later, because a load without use would be optimised away.
 */
function touch(to: usize, from: usize, ld: usize, rows: i32, bytes: usize): void {
  let sum = 0;
  for (let i = 0; i < rows; i++, from += ld) {
    for (let at: usize = 0; at < bytes; at += 64) sum += load<i32>(from + at);
  }
  store<i32>(to, sum);
}
