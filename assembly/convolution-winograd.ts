/**
 * Convolutions by F(2×2, 3×3), `convolution-winograd-transforms.ts`. Summed over the channels, the element-wise products of patches and filters are 16 matrix products,
 * one for each element (r, s):
 *
 *     products [O, tiles] = filters [O, C] · patches [C, tiles],     filters' gradient [O, C] = dy's tiles [O, tiles] · patches [C, tiles]ᵀ
 *
 * A block of tiles at a time, so that what is transformed stays in the cache. The transforms write the panels that the register tiles of the matrix product read.
 */

import { activate } from './activation'
import { copyStrips, Strip, Tiling, writeStrips, writeTiling } from './convolution-strips'
import { PRODUCTS, storeFilters, storeOutputs, transformFilters, transformPatches, transformTiles } from './convolution-winograd-transforms'
import { Geometry } from './geometry'
import { beat } from './heartbeat'
import { multiplyBlocks, SPARE } from './matmul'
import { packA } from './matmul-pack'
import { MR, NR, tile, tileHeight } from './matmul-tile'

/** Tiles of a block: with 32 and 64 channels, patches and products take 384 KiB. */
const TILES: i32 = 64

/** Bytes of a float32. */
const F: usize = 4

/** Where a tile's patch and outputs begin, in bytes, and how many rows and columns of outputs lie inside the image. */
@unmanaged
class Place {
  patch: usize
  output: usize
  rows: i32
  columns: i32
  areWhole: bool // this tile and the three after it have 2 × 2 outputs
}

/** Bytes in whole lines. */
@inline
function lines(bytes: usize): usize {
  return (bytes + 63) & ~63
}

@inline
function upTo(multiple: i32, n: i32): i32 {
  return (n + multiple - 1) / multiple * multiple
}

// The distance from one element (r, s) to the next, in bytes. Each array is a line longer than its numbers, so that the sixteen do not fall into the same sets of the cache.

/** Filters [R, K], in panels. */
function filterStep(rows: i32, depth: i32): usize {
  return lines(<usize>((rows + NR) * depth) * F) + 64
}
/** `rows` channels of `tiles` tiles, in panels of eight tiles or of eight channels. */
function tileStep(rows: i32, tiles: i32): usize {
  return lines(<usize>(rows * tiles) * F) + 64
}

const TILING: usize = 64

function tilesOf(t: Tiling): i32 {
  return upTo(8, t.block * t.width)
}

function stripBytes(t: Tiling): usize {
  return lines(<usize>t.block * offsetof<Strip>())
}

function placeBytes(t: Tiling): usize {
  return lines(<usize>(tilesOf(t) + 4) * offsetof<Place>())
}

/** Four lines of the numbers that a strip sees, for each strip of a block. */
function seenBytes(t: Tiling): usize {
  return lines(<usize>(t.block * 4 * (2 * t.width + 2)) * F)
}

/** Bytes of scratch that `convolve` needs; at `scratch` it writes a tiling. */
export function convolveScratch(g: Geometry, scratch: usize): usize {
  const t = writeTiling(scratch, g, TILES)
  const depth = g.channels, rows = g.filters
  const filters = <usize>PRODUCTS * (filterStep(rows, depth) + tileStep(MR, upTo(4, depth)))
  const tiles = <usize>PRODUCTS * (tileStep(depth, tilesOf(t)) + tileStep(rows, tilesOf(t)))
  return TILING + stripBytes(t) + placeBytes(t) + seenBytes(t) + lines(SPARE) + filters + tiles
}

/**
 * Images from ... to of y. With isMirrored the sizes are those of the input gradient as a convolution of dy, and the filters are turned.
 *
 *     x: [N, C, H, W], w: [O, C / groups, 3, 3], b: [O] or 0 -> y: [N, O, V, U]
 */
export function convolve(g: Geometry, x: usize, w: usize, b: usize, activation: i32, y: usize, isMirrored: bool, from: i32, to: i32, scratch: usize): void {
  const t = writeTiling(scratch, g, TILES)
  const depth = g.channels, rows = g.filters
  const most = tilesOf(t)
  const filtersStep = filterStep(rows, depth), patchesStep = tileStep(depth, most), productsStep = tileStep(rows, most)
  const strips = scratch + TILING
  const places = strips + stripBytes(t)
  const seen = places + placeBytes(t)
  const spare = seen + seenBytes(t)
  const filters = spare + lines(SPARE)
  const patches = filters + <usize>PRODUCTS * filtersStep
  const products = patches + <usize>PRODUCTS * patchesStep
  const raw = products + <usize>PRODUCTS * productsStep // filters before they are packed
  const planeX = <usize>(g.h * g.w) * F, planeY = <usize>(g.v * g.u) * F
  for (let group = 0; group < g.groups; group++) {
    packFilters(g, w + <usize>(group * rows * depth) * 36, isMirrored, filters, filtersStep, raw)
    const end = to * t.strips
    for (let first = from * t.strips; first < end; first += t.block) {
      beat()
      const count = min(t.block, end - first)
      const tiles = count * t.width
      const padded = upTo(8, tiles)
      writeStrips(strips, t, first, count, planeX * <usize>g.c, g.downPadding, g.acrossPadding, 4)
      writePlaces(g, t, places, strips, first, count)
      memory.fill(seen, 0, seenBytes(t))
      for (let c = 0; c < depth; c++) {
        copyStrips(strips, count, x + <usize>(group * depth + c) * planeX, g.h, g.w, 4, 2 * t.width + 2, seen)
        transformChannel(places, seen, 2 * t.width + 2, padded, patches + <usize>c * 32, <usize>depth * 32, patchesStep)
      }
      for (let e = 0; e < PRODUCTS; e++) {
        const at = <usize>e
        const product = products + at * productsStep
        multiplyBlocks(filters + at * filtersStep, 0, 0, 0, patches + at * patchesStep, <usize>depth * 32, 0, 0, F, product, <usize>most * F, F, rows, padded, depth, spare)
      }
      for (let r = 0; r < rows; r++) {
        const o = <usize>(group * rows + r)
        const bias = b ? v128.load32_splat(b + o * F) : f32x4.splat(0)
        storeChannel(g, places, tiles, products + <usize>(r * most) * F, productsStep, bias, y + o * planeY, spare)
      }
      for (let image = first / t.strips; activation && image < (first + count) / t.strips; image++) { // those that are complete now
        activate(activation, y + <usize>(image * g.o + group * rows) * planeY, rows * g.v * g.u)
      }
    }
  }
}

/** G w Gᵀ as panels        w: [O, C, 3, 3] of a group -> filters: [O, C] for each element; [C, O] if mirrored */
function packFilters(g: Geometry, w: usize, isMirrored: bool, filters: usize, step: usize, raw: usize): void {
  const depth = g.channels, rows = g.filters
  const rowW = <usize>(isMirrored ? 36 : 36 * depth) // bytes from one row of the matrix to the next, and from one column
  const columnW = <usize>(isMirrored ? 36 * rows : 36)
  const columns = upTo(4, depth)
  const rawStep = tileStep(MR, columns)
  for (let i = 0, height = 0; i < rows; i += height, filters += <usize>(height * depth) * F) {
    height = tileHeight(rows - i)
    const used = min(height, rows - i)
    for (let r = 0; r < used; r++) {
      for (let c = 0; c < depth; c += 4) {
        const at = w + <usize>(i + r) * rowW + <usize>c * columnW
        transformFilters(at, columnW, min(4, depth - c), isMirrored, raw + <usize>(r * columns + c) * F, rawStep)
      }
    }
    for (let e = 0; e < PRODUCTS; e++) packA(filters + <usize>e * step, raw + <usize>e * rawStep, <usize>columns * F, false, used, depth, false)
  }
}

/** Where the tiles of a block lie. Those behind the end, up to a multiple of eight, look at the first patch and have no outputs. */
function writePlaces(g: Geometry, t: Tiling, places: usize, strips: usize, first: i32, count: i32): void {
  const columns = 2 * t.width + 2
  const tiles = count * t.width
  const image = <usize>(g.o * g.v * g.u) * F
  for (let i = upTo(8, tiles) - 1; i >= 0; i--) {
    const place = changetype<Place>(places + <usize>i * offsetof<Place>())
    place.patch = 0
    place.rows = 0
    place.columns = 0
    place.areWhole = false
    if (i >= tiles) continue
    const strip = first + i / t.width
    const row = 2 * (strip % t.strips / t.pieces)
    const column = 2 * (strip % t.pieces * t.width + i % t.width)
    place.patch = <usize>(changetype<Strip>(strips + <usize>(i / t.width) * offsetof<Strip>()).line * columns + 2 * (i % t.width)) * F
    place.output = <usize>(strip / t.strips) * image + <usize>(row * g.u + column) * F
    place.rows = min(2, g.v - row)
    place.columns = min(2, g.u - column)
    place.areWhole = i % 4 == 0 && areFourWhole(place)
  }
}

function areFourWhole(place: Place): bool {
  const size = offsetof<Place>()
  for (let i: usize = 0; i < 4; i++) {
    const next = changetype<Place>(changetype<usize>(place) + i * size)
    if (next.rows != 2 || next.columns != 2) return false
  }
  return true
}

/** The patches of a channel, four tiles at a time        seen -> to: a row of each panel [C, 8], `panel` bytes apart, for each element */
function transformChannel(places: usize, seen: usize, columns: i32, tiles: i32, to: usize, panel: usize, step: usize): void {
  const size = offsetof<Place>()
  for (let i = 0; i < tiles; i += 8, to += panel) {
    for (let half: usize = 0; half < 32; half += 16, places += 4 * size) {
      const p0 = seen + changetype<Place>(places).patch, p1 = seen + changetype<Place>(places + size).patch
      const p2 = seen + changetype<Place>(places + 2 * size).patch, p3 = seen + changetype<Place>(places + 3 * size).patch
      transformPatches(p0, p1, p2, p3, <usize>columns * F, to + half, step)
    }
  }
}

/** The outputs of a channel, four tiles at a time        products: [tiles] for each element -> y: [V, U] of many images */
function storeChannel(g: Geometry, places: usize, tiles: i32, products: usize, step: usize, b: v128, y: usize, spare: usize): void {
  const size = offsetof<Place>()
  const row = <usize>g.u * F
  for (let i = 0; i < tiles; i += 4, products += 16, places += 4 * size) {
    if (changetype<Place>(places).areWhole) {
      const to0 = y + changetype<Place>(places).output, to1 = y + changetype<Place>(places + size).output
      const to2 = y + changetype<Place>(places + 2 * size).output, to3 = y + changetype<Place>(places + 3 * size).output
      storeOutputs(products, step, b, to0, to1, to2, to3, row)
      continue
    }
    storeOutputs(products, step, b, spare, spare + 16, spare + 32, spare + 48, 8)
    for (let k: usize = 0; k < 4; k++) {
      const place = changetype<Place>(places + k * size)
      for (let v = 0; v < place.rows; v++) {
        for (let u = 0; u < place.columns; u++) {
          store<f32>(y + place.output + <usize>v * row + <usize>u * F, load<f32>(spare + k * 16 + <usize>(v * 2 + u) * F))
        }
      }
    }
  }
}

/** Rows of whole panels that hold n rows. */
function panelRows(n: i32): i32 {
  let rows = 0
  while (rows < n) rows += tileHeight(n - rows)
  return rows
}

/** Numbers of the filters' gradient before it is transformed back: [O, C] for each element and group, in whole tiles. */
export function transformedFilters(g: Geometry): i32 {
  return g.groups * PRODUCTS * panelRows(g.filters) * upTo(NR, g.channels)
}

/** Bytes of scratch that `addFilterGradient` needs; at `scratch` it writes a tiling. */
export function addFilterGradientScratch(g: Geometry, scratch: usize): usize {
  const t = writeTiling(scratch, g, TILES)
  const tiles = t.block * t.width
  const transformed = <usize>PRODUCTS * (tileStep(panelRows(g.filters), tiles) + tileStep(upTo(NR, g.channels), tiles))
  return TILING + stripBytes(t) + 4 * seenBytes(t) + transformed
}

/** sums += the transformed gradient from images from ... to        dy: [N, O, V, U], x: [N, C, H, W] -> sums: [groups, 16, O, C], see above */
export function addFilterGradient(g: Geometry, dy: usize, x: usize, sums: usize, from: i32, to: i32, scratch: usize): void {
  const t = writeTiling(scratch, g, TILES)
  const rows = panelRows(g.filters), columns = upTo(NR, g.channels)
  const tilesStep = tileStep(rows, t.block * t.width), patchesStep = tileStep(columns, t.block * t.width)
  const strips = scratch + TILING
  const seen = strips + stripBytes(t)
  const tiles = seen + 4 * seenBytes(t)
  const patches = tiles + <usize>PRODUCTS * tilesStep
  const planeX = <usize>(g.h * g.w) * F, planeY = <usize>(g.v * g.u) * F
  for (let group = 0; group < g.groups; group++) {
    const end = to * t.strips
    for (let first = from * t.strips; first < end; first += t.block) {
      beat()
      const count = min(t.block, end - first)
      const depth = count * t.width
      writeStrips(strips, t, first, count, planeY * <usize>g.o, 0, 0, 2)
      memory.fill(seen, 0, 4 * seenBytes(t))
      for (let o = 0, height = 0; o < g.filters; o += height) {
        height = tileHeight(g.filters - o)
        for (let i = 0; ; i = height - 4) { // the second four overlap the first where the panel is narrower than 8
          const plane = dy + <usize>(group * g.filters + o + i) * planeY
          copyFour(t, strips, count, plane, planeY, min(4, g.filters - o - i), g.v, g.u, 2, 2 * t.width, seen)
          transformFour<Tiles>(t, strips, count, seen, 2 * t.width, tiles + <usize>(o * depth + i) * F, <usize>height * F, tilesStep)
          if (i + 4 >= height) break
        }
      }
      writeStrips(strips, t, first, count, planeX * <usize>g.c, g.downPadding, g.acrossPadding, 4)
      memory.fill(seen, 0, 4 * seenBytes(t))
      for (let c = 0; c < g.channels; c += 4) {
        const plane = x + <usize>(group * g.channels + c) * planeX
        copyFour(t, strips, count, plane, planeX, min(4, g.channels - c), g.h, g.w, 4, 2 * t.width + 2, seen)
        const at = patches + <usize>((c & ~7) * depth + (c & 7)) * F
        transformFour<Patches>(t, strips, count, seen, 2 * t.width + 2, at, <usize>NR * F, patchesStep)
      }
      for (let e = 0; e < PRODUCTS; e++) {
        const sum = sums + <usize>((group * PRODUCTS + e) * rows * columns) * F
        multiplyPanels(tiles + <usize>e * tilesStep, patches + <usize>e * patchesStep, sum, g.filters, columns, depth)
      }
    }
  }
}

/** What the strips see of up to four channels, each to its own place. */
function copyFour(t: Tiling, strips: usize, count: i32, plane: usize, bytes: usize, used: i32, h: i32, w: i32, high: i32, wide: i32, seen: usize): void {
  for (let i = 0; i < used; i++) copyStrips(strips, count, plane + <usize>i * bytes, h, w, high, wide, seen + <usize>i * seenBytes(t))
}

class Patches {
  @inline of(p0: usize, p1: usize, p2: usize, p3: usize, row: usize, to: usize, step: usize): void { transformPatches(p0, p1, p2, p3, row, to, step) }
}
class Tiles {
  @inline of(p0: usize, p1: usize, p2: usize, p3: usize, row: usize, to: usize, step: usize): void { transformTiles(p0, p1, p2, p3, row, to, step) }
}

/** The tiles of four channels, one after the other, `next` bytes apart. */
@inline
function transformFour<T>(t: Tiling, strips: usize, count: i32, seen: usize, wide: i32, to: usize, next: usize, step: usize): void {
  const transform = changetype<T>(0)
  const channel = seenBytes(t)
  const row = <usize>wide * F
  for (const end = strips + <usize>count * offsetof<Strip>(); strips < end; strips += offsetof<Strip>()) {
    let p = seen + <usize>changetype<Strip>(strips).line * row
    for (let i = 0; i < t.width; i++, p += 8, to += next) transform.of(p, p + channel, p + 2 * channel, p + 3 * channel, row, to, step)
  }
}

/** sum [rows, columns] += a · bᵀ        a: panels [depth, height], b: panels [depth, 8] */
function multiplyPanels(a: usize, b: usize, sum: usize, rows: i32, columns: i32, depth: i32): void {
  const rowSum = <usize>columns * F
  for (let c = 0; c < columns; c += NR, b += <usize>(depth * NR) * F) {
    let panel = a
    for (let i = 0, height = 0; i < rows; i += height, panel += <usize>(depth * height) * F) {
      height = tileHeight(rows - i)
      const to = sum + <usize>i * rowSum + <usize>c * F
      tile(height, panel, F, <usize>height * F, b, to, rowSum, to, rowSum, depth)
    }
  }
}

/** dw from the sums        sums: [groups, 16, O, C] -> dw: [O, C / groups, 3, 3]. It overwrites sums. */
export function storeFilterGradient(g: Geometry, sums: usize, dw: usize): void {
  const rows = panelRows(g.filters), columns = upTo(NR, g.channels)
  const step = <usize>(rows * columns) * F
  for (let group = 0; group < g.groups; group++, sums += <usize>PRODUCTS * step) {
    for (let o = 0; o < g.filters; o++) {
      for (let c = 0; c < g.channels; c += 4) {
        const to = dw + <usize>(((group * g.filters + o) * g.channels + c) * 9) * F
        storeFilters(sums + <usize>(o * columns + c) * F, step, to, 36, min(4, g.channels - c))
      }
    }
  }
}
