/**
 * Convolution and its two gradients as packed matrix products (Chellapilla, Puri & Simard 2006). Per image and group, with columns: [depth, positions] as in
 * `window-columns.ts`,
 *
 *     y = w · columns,    columns' gradient = wᵀ · dy,    dw += dy · columnsᵀ
 *
 * and only so many columns at a time that they stay in the cache.
 */

import { activate } from './activation'
import { Geometry } from './geometry'
import { matmul, matmulScratch } from './matmul'
import { fillRow } from './rows'
import { gatherColumns, scatterColumns } from './window-columns'

/** Numbers of a block of columns, 512 KiB; but at least so many columns that packing the weights again for each block is worth it. */
const BLOCK: i32 = 1 << 17
const FEWEST: i32 = 64

/** Bytes of scratch that each of the three needs: a block of columns, and what the product needs. */
export function columnsScratch(g: Geometry): usize {
  const depth = g.depth, filters = g.filters
  const count = blockOf(depth, g.positions)
  const products = max(matmulScratch(filters, count, depth), max(matmulScratch(depth, count, filters), matmulScratch(filters, depth, count)))
  return columnBytes(depth, count) + products
}

function columnBytes(depth: i32, count: i32): usize {
  return (<usize>depth * <usize>count * 4 + 63) & ~63
}

/** How many outputs are computed at a time. */
function blockOf(depth: i32, positions: i32): i32 {
  return max(1, min(positions, max(FEWEST, (BLOCK / max(1, depth)) & ~7)))
}

/** Bytes of n numbers. */
@inline
function bytes(n: i32): usize {
  return <usize>n << 2
}

/** x: [N, C, H, W], w: [O, C / groups, I, J], b: [O] or 0 for none -> images from ... to of y: [N, O, V, U] */
export function convolve(g: Geometry, x: usize, w: usize, b: usize, activation: i32, y: usize, from: i32, to: i32, scratch: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = scratch
  const spare = columns + columnBytes(depth, block)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const group = part % g.groups
    const weights = w + bytes(group * filters * depth)
    const image = x + <usize>part * bytes(g.channels * g.h * g.w)
    const outputs = y + <usize>part * bytes(filters * positions)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      const out = outputs + bytes(first)
      if (b) for (let f = 0; f < filters; f++) fillRow(out + bytes(f * positions), <usize>count, v128.load32_splat(b + bytes(group * filters + f)))
      let matrix = image + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
        gatherColumns(g, image, columns, first, count)
      }
      matmul(weights, depth, false, 0, matrix, ld, false, 0, out, positions, b != 0, 0, filters, count, depth, 1, spare)
      if (activation) for (let f = 0; f < filters; f++) activate(activation, out + bytes(f * positions), count)
    }
  }
}

/** dy: [N, O, V, U], w: [O, C / groups, I, J] -> images from ... to of dx: [N, C, H, W] */
export function inputGradient(g: Geometry, dy: usize, w: usize, dx: usize, from: i32, to: i32, scratch: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = scratch
  const spare = columns + columnBytes(depth, block)
  const size = bytes(g.channels * g.h * g.w)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const weights = w + bytes(part % g.groups * filters * depth)
    const outputs = dy + <usize>part * bytes(filters * positions)
    const image = dx + <usize>part * size
    if (!g.isPointwise) memory.fill(image, 0, size)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      let matrix = image + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
      }
      matmul(weights, depth, true, 0, outputs + bytes(first), positions, false, 0, matrix, ld, false, 0, depth, count, filters, 1, spare)
      if (!g.isPointwise) scatterColumns(g, image, columns, first, count)
    }
  }
}

/** dw += the gradient from images from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, C / groups, I, J] */
export function addWeightGradient(g: Geometry, dy: usize, x: usize, dw: usize, from: i32, to: i32, scratch: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = scratch
  const spare = columns + columnBytes(depth, block)
  for (let part = from * g.groups; part < to * g.groups; part++) {
    const sum = dw + bytes(part % g.groups * filters * depth)
    const outputs = dy + <usize>part * bytes(filters * positions)
    const image = x + <usize>part * bytes(g.channels * g.h * g.w)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      let matrix = image + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
        gatherColumns(g, image, columns, first, count)
      }
      matmul(outputs + bytes(first), positions, false, 0, matrix, ld, true, 0, sum, depth, true, 0, filters, depth, count, 1, spare)
    }
  }
}
