import type { Pair } from '../reference/convolution.ts'

/** How windows go over images, for pooling and convolution. Pairs are down and across. */
export interface Windows {
  /** H, W */
  readonly image: Pair
  /** V, U: how often the window fits. */
  readonly output: Pair
  readonly window: Pair
  readonly stride: Pair
  readonly padding: Pair
}

/** The parameter `axes` of a kernel that declares `windows`; what follows the five is the kernel's own. */
export function windowAxes({ image, output, window, stride, padding }: Windows, ...more: Pair[]): Pair[] {
  return [image, output, window, stride, padding, ...more]
}

export const windows = `
fn imageSize() -> vec2u { return vec2u(p.axes[0].xy); } // H, W
fn outputSize() -> vec2u { return vec2u(p.axes[1].xy); } // V, U
fn windowSize() -> vec2u { return vec2u(p.axes[2].xy); }
fn stride() -> vec2u { return vec2u(p.axes[3].xy); }
fn padding() -> vec2u { return vec2u(p.axes[4].xy); }
/** Number i of images of this size: which image, and its row and column there. */
fn placeOf(i: u32, size: vec2u) -> vec3u { return vec3u(i / (size.x * size.y), i / size.y % size.x, i % size.y); }
/** The place of the next number. */
fn next(place: vec3u, size: vec2u) -> vec3u {
  if (place.z + 1 < size.y) { return place + vec3u(0, 0, 1); }
  if (place.y + 1 < size.x) { return vec3u(place.x, place.y + 1, 0); }
  return vec3u(place.x + 1, 0, 0);
}
/** The other way. */
fn numberOf(image: u32, place: vec2u, size: vec2u) -> u32 { return (image * size.x + place.x) * size.y + place.y; }`
