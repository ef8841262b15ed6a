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

/** A strip: where its image begins, in bytes, and which line and column of it the first patch begins at, which may lie outside. */
@unmanaged
export class Strip {
  image: usize
  top: i32
  left: i32
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

/** Where `count` strips, from strip `first` of all images on, begin in images of `bytes` bytes with so much padding. */
export function writeStrips(strips: usize, t: Tiling, first: i32, count: i32, bytes: usize, downPadding: i32, acrossPadding: i32): void {
  for (let i = first; i < first + count; i++, strips += offsetof<Strip>()) {
    const strip = changetype<Strip>(strips)
    const inside = i % t.strips
    strip.image = <usize>(i / t.strips) * bytes
    strip.top = 2 * (inside / t.pieces) - downPadding
    strip.left = 2 * (inside % t.pieces) * t.width - acrossPadding
  }
}

/** What the strips see of a channel, `lines` × `columns` numbers each. What lies outside is not written.        plane: [H, W] -> to: [count, lines, columns] */
export function copyStrips(strips: usize, count: i32, plane: usize, h: i32, w: i32, lines: i32, columns: i32, to: usize): void {
  const line = <usize>columns << 2
  for (const end = strips + <usize>count * offsetof<Strip>(); strips < end; strips += offsetof<Strip>(), to += <usize>lines * line) {
    const strip = changetype<Strip>(strips)
    const top = strip.top, left = strip.left
    const from = max(0, left)
    const n = min(w, left + columns) - from
    let source = plane + strip.image + (<usize>(max(0, top) * w + from) << 2)
    let target = to + (<usize>(max(0, -top) * columns + from - left) << 2)
    if (n > 0) for (let i = max(0, top); i < min(h, top + lines); i++, source += <usize>w << 2, target += line) copyLine(source, target, n)
  }
}

@inline
function copyLine(from: usize, to: usize, n: i32): void {
  const end = to + (<usize>n << 2)
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from))
  if (to < end) storeFirst(to, loadFirst(from, (end - to) >> 2), (end - to) >> 2)
}
