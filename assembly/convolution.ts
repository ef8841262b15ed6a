/**
 * Convolution and its two gradients: `src/reference/convolution.ts`, in the way that is fastest for the sizes; docs/design/convolution.md says how that was measured.
 * Images from ... to of the results can be computed apart from the others, with a scratch of their own, and the bits stay the same.
 */

import * as columns from './convolution-columns'
import * as depthwise from './convolution-depthwise'
import * as direct from './convolution-direct'
import * as winograd from './convolution-winograd'
import { Geometry, geometryBytes, mirrored } from './geometry'

const WINOGRAD: i32 = 0, DIRECT: i32 = 1, DEPTHWISE: i32 = 2, COLUMNS: i32 = 3

/**
 * - 3 × 3 neighbours: directly where it is one channel or one filter, or few of both, so depthwise, too;
 *   by Winograd's F(2×2, 3×3) where the matrices of channels and filters are not thin, and enough tiles share the transformed filters
 * - other windows with one channel for each filter: line by line
 * - everything else: as a product with a matrix of columns
 */
function wayOf(g: Geometry): i32 {
  const channels = g.channels, filters = g.filters
  if (g.isThree && min(channels, filters) > 0) {
    if (min(channels, filters) <= 1 || max(channels, filters) <= FEW) return DIRECT
    if (min(channels, filters) >= MANY && g.n * ((g.v + 1) >> 1) * ((g.u + 1) >> 1) >= ENOUGH_TILES) return WINOGRAD
  }
  return g.isDepthwise ? DEPTHWISE : COLUMNS
}

const FEW: i32 = 4
const MANY: i32 = 6
const ENOUGH_TILES: i32 = 32

/** Bytes of n numbers. */
@inline
function bytes(n: i32): usize {
  return <usize>n << 2
}

/** Bytes of scratch that each of the three needs. */
export function convolutionScratch(g: Geometry, scratch: usize): usize {
  const way = wayOf(g)
  if (way == DEPTHWISE) return 0
  if (way == COLUMNS) return columns.columnsScratch(g)
  const rest = scratch + geometryBytes()
  const back = mirrored(g, scratch)
  if (way == DIRECT) return geometryBytes() + max(direct.directScratch(g), direct.directScratch(back))
  return geometryBytes() + max(winograd.addFilterGradientScratch(g, rest), max(winograd.convolveScratch(g, rest), winograd.convolveScratch(back, rest)))
}

/** x: [N, C, H, W], w: [O, C / groups, I, J], b: [O] or 0 for none -> images from ... to of y: [N, O, V, U], which meet the activation while they lie in the cache */
export function conv2d(g: Geometry, x: usize, w: usize, b: usize, activation: i32, y: usize, from: i32, to: i32, scratch: usize): void {
  const way = wayOf(g)
  if (way == WINOGRAD) winograd.convolve(g, x, w, b, activation, y, false, from, to, scratch + geometryBytes())
  else if (way == DIRECT) direct.convolve(g, x, w, b, activation, y, false, from, to, scratch + geometryBytes())
  else if (way == DEPTHWISE) depthwise.convolve(g, x, w, b, activation, y, from, to)
  else columns.convolve(g, x, w, b, activation, y, from, to, scratch)
}

/** dy: [N, O, V, U], w: [O, C / groups, I, J] -> images from ... to of dx: [N, C, H, W] */
export function conv2dInputGradient(g: Geometry, dy: usize, w: usize, dx: usize, from: i32, to: i32, scratch: usize): void {
  const way = wayOf(g)
  if (way == WINOGRAD) winograd.convolve(mirrored(g, scratch), dy, w, 0, 0, dx, true, from, to, scratch + geometryBytes())
  else if (way == DIRECT) direct.convolve(mirrored(g, scratch), dy, w, 0, 0, dx, true, from, to, scratch + geometryBytes())
  else if (way == DEPTHWISE) depthwise.inputGradient(g, dy, w, dx, from, to)
  else columns.inputGradient(g, dy, w, dx, from, to, scratch)
}

/** The images are cut into so many parts, whose sums are numbers of their own: at most 1 MiB of them, so that they stay in the cache, but two at least, for two threads. */
const MOST_SUMS: i32 = 1 << 18
const MOST_PARTS: i32 = 8

export function weightGradientParts(g: Geometry): i32 {
  return min(max(1, g.n), max(2, min(MOST_PARTS, MOST_SUMS / max(1, weightGradientSums(g)))))
}

/** Numbers of the sums of one part. */
export function weightGradientSums(g: Geometry): i32 {
  return wayOf(g) == WINOGRAD ? winograd.transformedFilters(g) : g.o * g.depth
}

/** The sums of parts from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> sums: [parts, ...], parts as `weightGradientParts` says */
export function conv2dWeightGradientSums(g: Geometry, dy: usize, x: usize, sums: usize, from: i32, to: i32, scratch: usize): void {
  const way = wayOf(g)
  const parts = weightGradientParts(g)
  const size = bytes(weightGradientSums(g))
  for (let part = from; part < to; part++) {
    const first = part * g.n / parts, end = (part + 1) * g.n / parts
    const sum = sums + <usize>part * size
    memory.fill(sum, 0, size)
    if (way == WINOGRAD) winograd.addFilterGradient(g, dy, x, sum, first, end, scratch + geometryBytes())
    else if (way == DIRECT) direct.addFilterGradient(g, dy, x, sum, first, end, scratch + geometryBytes())
    else if (way == DEPTHWISE) depthwise.addWeightGradient(g, dy, x, sum, first, end)
    else columns.addWeightGradient(g, dy, x, sum, first, end, scratch)
  }
}

/** sums: [parts, ...] -> dw: [O, C / groups, I, J]. It overwrites sums. */
export function conv2dWeightGradient(g: Geometry, sums: usize, dw: usize): void {
  const size = bytes(weightGradientSums(g))
  for (let part = weightGradientParts(g) - 1; part > 0; part--) addNumbers(sums, sums + <usize>part * size, size)
  if (wayOf(g) == WINOGRAD) winograd.storeFilterGradient(g, sums, dw)
  else memory.copy(dw, sums, size)
}

/** to += from, `size` bytes of each */
function addNumbers(to: usize, from: usize, size: usize): void {
  const end = to + size
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)))
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from))
}
