/** Long short-term memory over a whole sequence: `src/reference/lstm.ts`. Per step one product by the packed weights and one pass over the gates. */

import { gate, tanh } from './functions'
import { multiplyPacked, packMatrix } from './matmul-packed'
import { loadFirst, storeFirst } from './rows'
import { addBiases, productAt, sigmoidSlope, stateBefore, statesBefore, stepAt, tanhSlope, weightsAt } from './sequence'
import { madd } from './simd'

/** h0, c0: [N, H], wHh: [4H, H], bIh, bHh: [4H] -> y: h [T, N, H], c [T, N, H], gates [T, N, 4H]; where the gates stand in the end, W_ih · x stands first. */
export function lstm(
  h0: usize, c0: usize, wHh: usize, bIh: usize, bHh: usize, y: usize, t: usize, n: usize, h: usize, reverse: bool, from: usize, rows: usize, scratch: usize,
): void {
  const size = (n * h) << 2
  const first = (from * h) << 2
  const gates = y + 2 * t * size + 4 * first
  const weights = scratch + weightsAt(rows, 4 * h)
  const product = scratch + productAt(rows, h, 4 * h)
  h0 += first
  c0 += first
  y += first
  const cs = y + t * size
  addBiases(bIh, bHh, scratch, 4 * h)
  packMatrix(weights, wHh, true, 4 * <i32>h, <i32>h)
  for (let at: usize = 0; at < t; at++) {
    const s = stepAt(at, t, reverse)
    const gatesStep = gates + s * 4 * size
    multiplyPacked(stateBefore(s, y, h0, t, size, reverse), weights, gatesStep, 4 * <i32>h, gatesStep, 4 * <i32>h, <i32>rows, 4 * <i32>h, <i32>h, product)
    step(gatesStep, scratch, stateBefore(s, cs, c0, t, size, reverse), cs + s * size, y + s * size, rows, h)
  }
}

/** One step of all samples.        gates: [N, 4H], in place; bias: [4H], cBefore: [N, H] -> c, y: [N, H] */
function step(gates: usize, bias: usize, cBefore: usize, c: usize, y: usize, n: usize, h: usize): void {
  const block = h << 2 // bytes from gate to gate
  const vectors = block & ~15
  const rest = h & 3
  for (let b: usize = 0; b < n; b++) {
    for (let j: usize = 0; j < vectors; j += 16) cell(gates + j, bias + j, cBefore + j, c + j, y + j, block, 4)
    if (rest) cell(gates + vectors, bias + vectors, cBefore + vectors, c + vectors, y + vectors, block, rest)
    gates += 4 * block
    cBefore += block
    c += block
    y += block
  }
}

/** `count` units of one sample, up to 4. */
@inline
function cell(gates: usize, bias: usize, cBefore: usize, c: usize, y: usize, block: usize, count: usize): void {
  const i = gate(preactivation(gates, bias, 0, count))
  const f = gate(preactivation(gates, bias, block, count))
  const g = tanh(preactivation(gates, bias, 2 * block, count))
  const o = gate(preactivation(gates, bias, 3 * block, count))
  const state = madd(f, loadFirst(cBefore, count), f32x4.mul(i, g))
  storeFirst(gates, i, count)
  storeFirst(gates + block, f, count)
  storeFirst(gates + 2 * block, g, count)
  storeFirst(gates + 3 * block, o, count)
  storeFirst(c, state, count)
  storeFirst(y, f32x4.mul(o, tanh(state)), count)
}

@inline
function preactivation(a: usize, bias: usize, at: usize, count: usize): v128 {
  return f32x4.add(loadFirst(a + at, count), loadFirst(bias + at, count))
}

/** dy: [2, T, N, H], h0, c0: [N, H], wHh: [4H, H], y as from lstm -> da: [T, N, 4H], before: [T, N, H], dh0, dc0: [N, H] */
export function lstmBackward(
  dy: usize, h0: usize, c0: usize, wHh: usize, y: usize, da: usize, before: usize, dh0: usize, dc0: usize,
  t: usize, n: usize, h: usize, reverse: bool, from: usize, rows: usize, scratch: usize,
): void {
  const size = (n * h) << 2
  const first = (from * h) << 2
  const part = (rows * h) << 2
  const gates = y + 2 * t * size + 4 * first
  const weights = scratch + weightsAt(rows, 4 * h)
  const product = scratch + productAt(rows, h, 4 * h)
  dy += first
  h0 += first
  c0 += first
  y += first
  da += 4 * first
  before += first
  dh0 += first
  dc0 += first
  const cs = y + t * size
  const dcy = dy + t * size
  packMatrix(weights, wHh, false, <i32>h, 4 * <i32>h)
  memory.fill(dh0, 0, part) // what the step after the running one asks of h and c, in the end the gradients of the initial states
  memory.fill(dc0, 0, part)
  for (let at = t; at > 0; at--) {
    const s = stepAt(at - 1, t, reverse)
    const cBefore = stateBefore(s, cs, c0, t, size, reverse)
    const daStep = da + s * 4 * size
    stepBackward(dy + s * size, dcy + s * size, dh0, dc0, cs + s * size, cBefore, gates + s * 4 * size, daStep, rows, h)
    multiplyPacked(daStep, weights, 0, 0, dh0, <i32>h, <i32>rows, <i32>h, 4 * <i32>h, product)
  }
  statesBefore(y, h0, before, t, size, part, reverse)
}

/** One step of all samples.        dy, dcy, dhNext, dcNext, c, cBefore: [N, H], gates: [N, 4H] -> da: [N, 4H], dcNext in place */
function stepBackward(
  dy: usize, dcy: usize, dhNext: usize, dcNext: usize, c: usize, cBefore: usize, gates: usize, da: usize, n: usize, h: usize,
): void {
  const block = h << 2
  const vectors = block & ~15
  const rest = h & 3
  for (let b: usize = 0; b < n; b++) {
    for (let j: usize = 0; j < vectors; j += 16) {
      cellBackward(dy + j, dcy + j, dhNext + j, dcNext + j, c + j, cBefore + j, gates + j, da + j, block, 4)
    }
    if (rest) {
      const j = vectors
      cellBackward(dy + j, dcy + j, dhNext + j, dcNext + j, c + j, cBefore + j, gates + j, da + j, block, rest)
    }
    gates += 4 * block
    da += 4 * block
    dy += block
    dcy += block
    dhNext += block
    dcNext += block
    c += block
    cBefore += block
  }
}

@inline
function cellBackward(
  dy: usize, dcy: usize, dhNext: usize, dcNext: usize, c: usize, cBefore: usize, gates: usize, da: usize, block: usize, count: usize,
): void {
  const i = loadFirst(gates, count)
  const f = loadFirst(gates + block, count)
  const g = loadFirst(gates + 2 * block, count)
  const o = loadFirst(gates + 3 * block, count)
  const tanhC = tanh(loadFirst(c, count))
  const dh = f32x4.add(loadFirst(dy, count), loadFirst(dhNext, count))
  const later = f32x4.add(loadFirst(dcy, count), loadFirst(dcNext, count))
  const dc = madd(f32x4.mul(dh, o), tanhSlope(tanhC), later)
  storeFirst(da, f32x4.mul(f32x4.mul(dc, g), sigmoidSlope(i)), count)
  storeFirst(da + block, f32x4.mul(f32x4.mul(dc, loadFirst(cBefore, count)), sigmoidSlope(f)), count)
  storeFirst(da + 2 * block, f32x4.mul(f32x4.mul(dc, i), tanhSlope(g)), count)
  storeFirst(da + 3 * block, f32x4.mul(f32x4.mul(dh, tanhC), sigmoidSlope(o)), count)
  storeFirst(dcNext, f32x4.mul(dc, f), count)
}
