/** Gated recurrent units over a whole sequence: `src/reference/gru.ts`. Per step one product by the packed weights and one pass over the gates. */

import { gate, tanh } from './functions'
import { multiplyPacked, packMatrix } from './matmul-packed'
import { loadFirst, storeFirst } from './rows'
import { productAt, sigmoidSlope, stateBefore, statesBefore, stepAt, stepNumbersAt, tanhSlope, weightsAt } from './sequence'
import { madd } from './simd'

/** h0: [N, H], wHh: [3H, H], bIh, bHh: [3H] -> y: h [T, N, H], gates r, z, n and m [T, N, 4H]; where r, z and n stand in the end, W_ih · x stands first. */
export function gru(
  h0: usize, wHh: usize, bIh: usize, bHh: usize, y: usize, t: usize, n: usize, h: usize, reverse: bool, from: usize, rows: usize, scratch: usize,
): void {
  const size = (n * h) << 2
  const first = (from * h) << 2
  const gates = y + t * size + 4 * first
  const ofState = scratch + stepNumbersAt(3 * h) // W_hh · h of the step, [rows, 3H]
  const weights = scratch + weightsAt(rows, 3 * h)
  const product = scratch + productAt(rows, h, 3 * h)
  h0 += first
  y += first
  packMatrix(weights, wHh, true, 3 * <i32>h, <i32>h)
  for (let at: usize = 0; at < t; at++) {
    const s = stepAt(at, t, reverse)
    const before = stateBefore(s, y, h0, t, size, reverse)
    multiplyPacked(before, weights, 0, 0, ofState, 3 * <i32>h, <i32>rows, 3 * <i32>h, <i32>h, product)
    step(gates + s * 4 * size, ofState, bIh, bHh, before, y + s * size, rows, h)
  }
}

/** One step of all samples.        gates: [N, 4H], in place; ofState: [N, 3H], bIh, bHh: [3H], before: [N, H] -> y: [N, H] */
function step(gates: usize, ofState: usize, bIh: usize, bHh: usize, before: usize, y: usize, n: usize, h: usize): void {
  const block = h << 2 // bytes from gate to gate
  const vectors = block & ~15
  const rest = h & 3
  for (let b: usize = 0; b < n; b++) {
    for (let j: usize = 0; j < vectors; j += 16) cell(gates + j, ofState + j, bIh + j, bHh + j, before + j, y + j, block, 4)
    if (rest) {
      const j = vectors
      cell(gates + j, ofState + j, bIh + j, bHh + j, before + j, y + j, block, rest)
    }
    ofState += 3 * block
    before += block
    gates += 4 * block
    y += block
  }
}

/** `count` units of one sample, up to 4. */
@inline
function cell(gates: usize, ofState: usize, bIh: usize, bHh: usize, before: usize, y: usize, block: usize, count: usize): void {
  const r = gate(f32x4.add(sum(gates, bIh, 0, count), sum(ofState, bHh, 0, count)))
  const z = gate(f32x4.add(sum(gates, bIh, block, count), sum(ofState, bHh, block, count)))
  const m = sum(ofState, bHh, 2 * block, count)
  const n = tanh(madd(r, m, sum(gates, bIh, 2 * block, count)))
  storeFirst(gates, r, count)
  storeFirst(gates + block, z, count)
  storeFirst(gates + 2 * block, n, count)
  storeFirst(gates + 3 * block, m, count)
  storeFirst(y, madd(z, loadFirst(before, count), f32x4.mul(f32x4.sub(f32x4.splat(1), z), n)), count)
}

@inline
function sum(a: usize, b: usize, at: usize, count: usize): v128 {
  return f32x4.add(loadFirst(a + at, count), loadFirst(b + at, count))
}

/** dy: [T, N, H], h0: [N, H], wHh: [3H, H], y as from gru -> daIh, daHh: [T, N, 3H], before: [T, N, H], dh0: [N, H] */
export function gruBackward(
  dy: usize, h0: usize, wHh: usize, y: usize, daIh: usize, daHh: usize, before: usize, dh0: usize,
  t: usize, n: usize, h: usize, reverse: bool, from: usize, rows: usize, scratch: usize,
): void {
  const size = (n * h) << 2
  const first = (from * h) << 2
  const part = (rows * h) << 2
  const gates = y + t * size + 4 * first
  const weights = scratch + weightsAt(rows, 3 * h)
  const product = scratch + productAt(rows, h, 3 * h)
  dy += first
  daIh += 3 * first
  daHh += 3 * first
  before += first
  dh0 += first
  packMatrix(weights, wHh, false, <i32>h, 3 * <i32>h)
  statesBefore(y + first, h0 + first, before, t, size, part, reverse)
  memory.fill(dh0, 0, part) // what the step after the running one asks of h, in the end the gradient of the initial state
  for (let at = t; at > 0; at--) {
    const s = stepAt(at - 1, t, reverse)
    const daHhStep = daHh + s * 3 * size
    stepBackward(dy + s * size, dh0, before + s * size, gates + s * 4 * size, daIh + s * 3 * size, daHhStep, rows, h)
    multiplyPacked(daHhStep, weights, dh0, <i32>h, dh0, <i32>h, <i32>rows, <i32>h, 3 * <i32>h, product)
  }
}

/** One step of all samples.        dy, dhNext, before: [N, H], gates: [N, 4H] -> daIh, daHh: [N, 3H], dhNext in place */
function stepBackward(dy: usize, dhNext: usize, before: usize, gates: usize, daIh: usize, daHh: usize, n: usize, h: usize): void {
  const block = h << 2
  const vectors = block & ~15
  const rest = h & 3
  for (let b: usize = 0; b < n; b++) {
    for (let j: usize = 0; j < vectors; j += 16) cellBackward(dy + j, dhNext + j, before + j, gates + j, daIh + j, daHh + j, block, 4)
    if (rest) {
      const j = vectors
      cellBackward(dy + j, dhNext + j, before + j, gates + j, daIh + j, daHh + j, block, rest)
    }
    dy += block
    dhNext += block
    before += block
    gates += 4 * block
    daIh += 3 * block
    daHh += 3 * block
  }
}

@inline
function cellBackward(dy: usize, dhNext: usize, before: usize, gates: usize, daIh: usize, daHh: usize, block: usize, count: usize): void {
  const r = loadFirst(gates, count)
  const z = loadFirst(gates + block, count)
  const n = loadFirst(gates + 2 * block, count)
  const m = loadFirst(gates + 3 * block, count)
  const dh = f32x4.add(loadFirst(dy, count), loadFirst(dhNext, count))
  const dn = f32x4.mul(f32x4.mul(dh, f32x4.sub(f32x4.splat(1), z)), tanhSlope(n))
  const dz = f32x4.mul(f32x4.mul(dh, f32x4.sub(loadFirst(before, count), n)), sigmoidSlope(z))
  const dr = f32x4.mul(f32x4.mul(dn, m), sigmoidSlope(r))
  storeFirst(daIh, dr, count)
  storeFirst(daIh + block, dz, count)
  storeFirst(daIh + 2 * block, dn, count)
  storeFirst(daHh, dr, count)
  storeFirst(daHh + block, dz, count)
  storeFirst(daHh + 2 * block, f32x4.mul(dn, r), count)
  storeFirst(dhNext, f32x4.mul(dh, z), count)
}
