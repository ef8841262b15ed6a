/**
 * Convolution and its two gradients as packed matrix products: `src/reference/convolution.ts`. Per image and group, with columns: [depth, positions] as in
 * `convolution-columns.ts`,
 *
 *     y = w · columns,    columns' gradient = wᵀ · dy,    dw += dy · columnsᵀ
 *
 * and only so many columns at a time that they stay in the cache. Depthwise convolutions go their own way.
 */

import { gatherColumns, scatterColumns } from './convolution-columns'
import { addInputGradient, addWeightGradient, convolveChannel } from './convolution-depthwise'
import { Geometry } from './geometry'
import { matmul, matmulScratch } from './matmul'
import { fillRow } from './rows'

/** Numbers of a block of columns, 512 KiB; but at least so many columns that packing the weights again for each block is worth it. */
const BLOCK: i32 = 1 << 17
const FEWEST: i32 = 64

/** Bytes of scratch that each of the three needs, from the sizes on: these, a block of columns, and what the product needs. */
export function convolutionScratch(depth: i32, filters: i32, positions: i32): usize {
  const count = blockOf(depth, positions)
  const products = max(matmulScratch(filters, count, depth), max(matmulScratch(depth, count, filters), matmulScratch(filters, depth, count)))
  return GEOMETRY + columnBytes(depth, count) + products
}

/** Bytes of the sizes. */
const GEOMETRY: usize = offsetof<Geometry>()

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

/** x: [N, C, H, W], w: [O, C / groups, I, J], b: [O] or 0 for none -> y: [N, O, V, U] */
export function conv2d(g: Geometry, x: usize, w: usize, b: usize, y: usize): void {
  if (!g.isDepthwise) return conv2dByColumns(g, x, w, b, y)
  for (let filter = 0; filter < g.n * g.o; filter++, y += bytes(g.positions)) {
    const o = filter % g.o
    const bias = b ? v128.load32_splat(b + bytes(o)) : f32x4.splat(0)
    convolveChannel(g, x + bytes(filter / g.filters * g.h * g.w), w + bytes(o * g.depth), bias, y)
  }
}

/** dy: [N, O, V, U], w: [O, C / groups, I, J] -> dx: [N, C, H, W] */
export function conv2dInputGradient(g: Geometry, dy: usize, w: usize, dx: usize): void {
  if (!g.isDepthwise) return inputGradientByColumns(g, dy, w, dx)
  memory.fill(dx, 0, bytes(g.n * g.c * g.h * g.w))
  for (let filter = 0; filter < g.n * g.o; filter++, dy += bytes(g.positions)) {
    addInputGradient(g, dy, w + bytes(filter % g.o * g.depth), dx + bytes(filter / g.filters * g.h * g.w))
  }
}

/** dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, C / groups, I, J], summed image by image */
export function conv2dWeightGradient(g: Geometry, dy: usize, x: usize, dw: usize): void {
  memory.fill(dw, 0, bytes(g.o * g.depth))
  if (!g.isDepthwise) return addWeightGradientByColumns(g, dy, x, dw)
  for (let filter = 0; filter < g.n * g.o; filter++, dy += bytes(g.positions)) {
    addWeightGradient(g, dy, x + bytes(filter / g.filters * g.h * g.w), dw + bytes(filter % g.o * g.depth))
  }
}

function conv2dByColumns(g: Geometry, x: usize, w: usize, b: usize, y: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = changetype<usize>(g) + GEOMETRY
  const spare = columns + columnBytes(depth, block)
  for (let part = 0; part < g.n * g.groups; part++) {
    const group = part % g.groups
    const weights = w + bytes(group * filters * depth)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      const out = y + bytes(first)
      if (b) for (let f = 0; f < filters; f++) fillRow(out + bytes(f * positions), <usize>count, v128.load32_splat(b + bytes(group * filters + f)))
      let matrix = x + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
        gatherColumns(g, x, columns, first, count)
      }
      matmul(weights, depth, false, 0, matrix, ld, false, 0, out, positions, b != 0, 0, filters, count, depth, 1, spare)
    }
    x += bytes(g.channels * g.h * g.w)
    y += bytes(filters * positions)
  }
}

function inputGradientByColumns(g: Geometry, dy: usize, w: usize, dx: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = changetype<usize>(g) + GEOMETRY
  const spare = columns + columnBytes(depth, block)
  const image = bytes(g.channels * g.h * g.w)
  for (let part = 0; part < g.n * g.groups; part++) {
    const weights = w + bytes(part % g.groups * filters * depth)
    if (!g.isPointwise) memory.fill(dx, 0, image)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      let matrix = dx + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
      }
      matmul(weights, depth, true, 0, dy + bytes(first), positions, false, 0, matrix, ld, false, 0, depth, count, filters, 1, spare)
      if (!g.isPointwise) scatterColumns(g, dx, columns, first, count)
    }
    dx += image
    dy += bytes(filters * positions)
  }
}

function addWeightGradientByColumns(g: Geometry, dy: usize, x: usize, dw: usize): void {
  const positions = g.positions, depth = g.depth, filters = g.filters
  const block = blockOf(depth, positions)
  const columns = changetype<usize>(g) + GEOMETRY
  const spare = columns + columnBytes(depth, block)
  memory.fill(dw, 0, bytes(g.o * depth))
  for (let part = 0; part < g.n * g.groups; part++) {
    const sum = dw + bytes(part % g.groups * filters * depth)
    for (let first = 0; first < positions; first += block) {
      const count = min(block, positions - first)
      let matrix = x + bytes(first), ld = positions
      if (!g.isPointwise) {
        matrix = columns
        ld = count
        gatherColumns(g, x, columns, first, count)
      }
      matmul(dy + bytes(first), positions, false, 0, matrix, ld, true, 0, sum, depth, true, 0, filters, depth, count, 1, spare)
    }
    x += bytes(g.channels * g.h * g.w)
    dy += bytes(filters * positions)
  }
}
