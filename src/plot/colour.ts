import type { ColourDepth } from './terminal.ts'

/** A colour as 0xRRGGBB. */
export type Rgb = number

/**
 * Colours of series and classes, told apart by colour-blind eyes too (M. Okabe and K. Ito, Color Universal Design, 2008).
 * The first four stand out from both a black and a white terminal by a contrast of 3 : 1 or more. Their yellow is left out, it vanishes on white.
 */
export const palette: readonly Rgb[] = [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9]
/** The nearest of the 16 ANSI colours that is readable on dark and light: bright blue, red, green, magenta, yellow, cyan. */
const PALETTE_16 = [94, 31, 32, 35, 33, 36]

export const BLACK: Rgb = 0x000000
export const WHITE: Rgb = 0xffffff

/** From thin to dense ink: a picture's brightness where there are no colours. */
export const RAMP = ' .:-=+*#%@'

export const seriesColour = (index: number): Rgb => palette[index % palette.length]

const channels = (colour: Rgb): [number, number, number] => [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255]
const join = ([r, g, b]: readonly number[]): Rgb => (r << 16) | (g << 8) | b

/** a + t (b - a) per channel, for t from 0 to 1. */
export function mix(a: Rgb, b: Rgb, t: number): Rgb {
  const to = channels(b)
  return join(channels(a).map((from, i) => Math.round(from + t * (to[i] - from))))
}

/** Zero is white, positive values tend to blue, negative ones to vermilion; t from -1 to 1. */
export function diverging(t: number): Rgb {
  return mix(WHITE, t < 0 ? palette[1] : palette[0], Math.min(1, Math.abs(t)))
}

/** Grey from black (0) to white (1). */
export const grey = (t: number): Rgb => mix(BLACK, WHITE, clamp01(t))

/** One character of the ramp for t from 0 to 1. */
export const rampAt = (t: number): string => RAMP[Math.round(clamp01(t) * (RAMP.length - 1))]

const clamp01 = (t: number): number => Math.min(1, Math.max(0, t))

/** Relative luminance from 0 (black) to 1 (white), as WCAG 2 defines it. */
export function luminance(colour: Rgb): number {
  const [r, g, b] = channels(colour).map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Black or white, whichever is easier to read on the given background. */
export const inkOn = (background: Rgb): Rgb => (luminance(background) > 0.179 ? BLACK : WHITE)

export const hex = (colour: Rgb): string => `#${colour.toString(16).padStart(6, '0')}`

/** Whether backgrounds can be shaded. With 16 colours or none, pictures shade by characters instead. */
export const canShade = (depth: ColourDepth): boolean => depth === '256' || depth === '24-bit'

/** The parameters of the escape code (SGR) that selects a colour. Backgrounds need 256 colours or more: see `canShade`. */
export function sgr(colour: Rgb, depth: Exclude<ColourDepth, 'none'>, ground: 'fg' | 'bg'): string {
  if (depth === '16') return String(PALETTE_16[nearest(colour, palette)])
  const select = ground === 'fg' ? 38 : 48
  return depth === '256' ? `${select};5;${xterm256(colour)}` : `${select};2;${channels(colour).join(';')}`
}

/** xterm's 256 colours: 16 + a cube of 6 × 6 × 6, and from 232 on 24 greys. */
function xterm256(colour: Rgb): number {
  const steps = channels(colour).map((c) => nearest(c, CUBE, (a, b) => Math.abs(a - b)))
  const cube = join(steps.map((step) => CUBE[step]))
  const greyStep = nearest(colour, GREYS)
  const [r, g, b] = steps
  return distance(colour, cube) <= distance(colour, GREYS[greyStep]) ? 16 + 36 * r + 6 * g + b : 232 + greyStep
}

const CUBE = [0, 95, 135, 175, 215, 255]
const GREYS = Array.from({ length: 24 }, (_, i) => join([8 + 10 * i, 8 + 10 * i, 8 + 10 * i]))

function distance(a: Rgb, b: Rgb): number {
  const to = channels(b)
  return channels(a).reduce((sum, from, i) => sum + (from - to[i]) ** 2, 0)
}

function nearest(value: number, among: readonly number[], apart: (a: number, b: number) => number = distance): number {
  let best = 0
  for (let i = 1; i < among.length; i++) if (apart(value, among[i]) < apart(value, among[best])) best = i
  return best
}
