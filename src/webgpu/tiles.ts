import { COPY, LAUNCH, RATES } from './tuned.ts'

/** The part of a product that one workgroup computes, and how its threads share it. */
export interface Tile {
  /** Rows and columns of the tile, and how many steps of the sum lie in workgroup memory at a time. Multiples of 4, 4 and 8. */
  readonly m: number
  readonly n: number
  readonly k: number
  /** Rows and columns that a thread computes: 4 or 8. The more, the more products for each number that it reads. */
  readonly rows: number
  readonly columns: number
  /** The four threads of a quad, which have the same rows, each read a fourth of them and tell the others. For devices with sub-groups. */
  readonly quads?: boolean
}

const large = { m: 128, n: 128, k: 8, rows: 8, columns: 8 } as const
const medium = { m: 64, n: 64, k: 16, rows: 8, columns: 4 } as const
const small = { m: 32, n: 32, k: 16, rows: 4, columns: 4 } as const

export const TILES = {
  large,
  medium,
  small,
  largeByQuads: { ...large, quads: true },
  mediumByQuads: { ...medium, quads: true },
  smallByQuads: { ...small, quads: true },
  /** For few rows, or few columns. */
  wide: { m: 8, n: 128, k: 16, rows: 4, columns: 4 },
  tall: { m: 128, n: 8, k: 16, rows: 4, columns: 4 },
} as const satisfies Record<string, Tile>

export type TileName = keyof typeof TILES

/** What a tile does, in GFLOP/s: one workgroup alone, and a device full of them. 0 where it has not been measured: such a tile is not used. */
export interface Rate {
  readonly alone: number
  readonly full: number
}

/** The tiles that a device can run. */
export const tilesFor = (hasSubgroups: boolean): TileName[] =>
  (Object.keys(TILES) as TileName[]).filter((name) => hasSubgroups || !isByQuads(TILES[name]))

const isByQuads = ({ quads = false }: Tile): boolean => quads

const rates: Readonly<Record<TileName, Rate>> = RATES

export interface Sizes {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly batch: number
}

/** Which tile, and in how many parts the sum is cut: where there are few tiles, parts of one sum keep the device busy. */
export interface Plan {
  readonly tile: TileName
  readonly parts: number
}

const MAX_PARTS = 64
/** Shorter parts are not worth a workgroup. */
const MIN_PART = 64

/**
 * How long a plan takes, in seconds: as long as the whole device needs for all tiles, or one workgroup for its own, whichever is longer; and the parts are written
 * and read once more.
 */
function estimate({ m, n, k, batch }: Sizes, { tile, parts }: Plan): number {
  const { m: rows, n: columns } = TILES[tile]
  const { alone, full } = rates[tile]
  const tiles = Math.ceil(m / rows) * Math.ceil(n / columns) * batch
  const flops = 2 * rows * columns * k
  const product = Math.max((tiles * flops) / (full * 1e9), flops / parts / (alone * 1e9))
  return parts === 1 ? product : product + LAUNCH / 1e6 + (2 * 4 * parts * batch * m * n) / (COPY * 1e9)
}

/** The plan of the least estimated time. On one device it depends on the sizes alone, so that equal products have equal bits. */
export function planOf(sizes: Sizes, hasSubgroups: boolean): Plan {
  let best: Plan = { tile: 'small', parts: 1 }
  let least = estimate(sizes, best)
  for (const tile of tilesFor(hasSubgroups)) {
    for (let parts = 1; parts === 1 || (parts <= MAX_PARTS && sizes.k >= parts * MIN_PART); parts *= 2) {
      const time = estimate(sizes, { tile, parts })
      if (time < least) [best, least] = [{ tile, parts }, time]
    }
  }
  return best
}
