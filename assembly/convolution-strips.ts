/**
 * The outputs of a 3 × 3 window in tiles of 2 × 2. Tiles side by side, a line of them or a part of it, make a strip. What the patches of a strip look at is copied to a
 * margin of zeros, channel by channel, so that the transforms need not know where the image ends.
 */

import { Geometry } from './geometry'
import { loadFirst, storeFirst } from './rows'

/** Tiles of a strip, at most; a longer line is cut into equal parts. */
const LONGEST: i32 = 64

/** How the tiles of an image make strips, and how many strips are computed at a time. */
@unmanaged
export class Tiling {
  width: i32 // tiles of a strip
  pieces: i32 // strips of a line of tiles
  strips: i32 // strips of an image
  block: i32 // strips of a block
}

/** A strip: where its image begins, in bytes, which line and column of it the first patch begins at, which may lie outside, and where it lies among the copied lines. */
@unmanaged
export class Strip {
  image: usize
  top: i32
  left: i32
  line: i32
  isBelow: bool // the strip before it, whose lines it shares
}

/** Writes the tiling to `at`; a block has about `most` tiles. */
export function writeTiling(at: usize, g: Geometry, most: i32): Tiling {
  const t = changetype<Tiling>(at)
  const across = (g.u + 1) >> 1
  t.pieces = (across + LONGEST - 1) / LONGEST
  t.width = (across + t.pieces - 1) / t.pieces
  t.strips = ((g.v + 1) >> 1) * t.pieces
  t.block = max(1, most / t.width)
  return t
}

/** Where `count` strips, from strip `first` of all images on, begin in images of `bytes` bytes with so much padding. Each sees `high` lines, and goes down by two. */
export function writeStrips(strips: usize, t: Tiling, first: i32, count: i32, bytes: usize, downPadding: i32, acrossPadding: i32, high: i32): void {
  let line = 0
  for (let i = first; i < first + count; i++, strips += offsetof<Strip>()) {
    const strip = changetype<Strip>(strips)
    const inside = i % t.strips
    strip.image = <usize>(i / t.strips) * bytes
    strip.top = 2 * (inside / t.pieces) - downPadding
    strip.left = 2 * (inside % t.pieces) * t.width - acrossPadding
    strip.isBelow = i > first && inside > 0 && t.pieces == 1
    line += strip.isBelow ? 2 : i == first ? 0 : high
    strip.line = line
  }
}

/** What the strips see of a channel: at `strip.line` a strip's `high` lines of `wide` numbers. What lies outside is not written.        plane: [H, W] -> to: [lines, wide] */
export function copyStrips(strips: usize, count: i32, plane: usize, h: i32, w: i32, high: i32, wide: i32, to: usize): void {
  const lineFrom = <usize>w << 2, lineTo = <usize>wide << 2
  for (const end = strips + <usize>count * offsetof<Strip>(); strips < end; strips += offsetof<Strip>()) {
    const strip = changetype<Strip>(strips)
    const top = strip.top, left = strip.left
    const start = max(0, left)
    const n = min(w, left + wide) - start
    if (n <= 0) continue
    const first = max(0, strip.isBelow ? top + high - 2 : top)
    let from = plane + strip.image + <usize>first * lineFrom + (<usize>start << 2)
    let at = to + <usize>(strip.line + first - top) * lineTo + (<usize>(start - left) << 2)
    for (let i = min(h, top + high) - first; i > 0; i--, from += lineFrom, at += lineTo) copyLine(from, at, <usize>n << 2)
  }
}

/** The last vector overlaps the one before it. */
@inline
function copyLine(from: usize, to: usize, bytes: usize): void {
  if (bytes < 16) {
    storeFirst(to, loadFirst(from, bytes >> 2), bytes >> 2)
    return
  }
  const last = bytes - 16
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at))
  v128.store(to + last, v128.load(from + last))
}
