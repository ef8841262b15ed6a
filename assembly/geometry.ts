/** The sizes of windows that go over images: `ConvolutionOptions` in src/reference/convolution.ts. It lies in scratch. */
@unmanaged
export class Geometry {
  n: i32; c: i32; h: i32; w: i32 // x: [N, C, H, W]
  o: i32; i: i32; j: i32 // w: [O, C / groups, I, J]
  v: i32; u: i32 // y: [N, O, V, U]
  downStride: i32; acrossStride: i32
  downPadding: i32; acrossPadding: i32
  downDilation: i32; acrossDilation: i32
  groups: i32

  /** Channels and filters of one group. */
  get channels(): i32 { return this.c / this.groups }
  get filters(): i32 { return this.o / this.groups }
  /** Rows of the matrix: weights of a filter. */
  get depth(): i32 { return this.channels * this.i * this.j }
  /** Columns of the matrix: outputs of a filter for one image. */
  get positions(): i32 { return this.v * this.u }
  /** Neighbouring outputs look at neighbouring numbers. */
  get isDense(): bool { return this.downStride == 1 && this.acrossStride == 1 }
  /** Each filter sees one channel, of several. */
  get isDepthwise(): bool { return this.groups > 1 && this.groups == this.c }
  /** A window of one number that visits all: the image itself is the matrix. */
  get isPointwise(): bool { return this.isDense && this.i == 1 && this.j == 1 && this.downPadding == 0 && this.acrossPadding == 0 }
  /** A window of 3 × 3 neighbours that visits all. */
  get isThree(): bool { return this.isDense && this.i == 3 && this.j == 3 && this.downDilation == 1 && this.acrossDilation == 1 }
}

/** Bytes of the sizes, in whole lines. */
export function geometryBytes(): usize {
  return (offsetof<Geometry>() + 63) & ~63
}

/**
 * The input gradient, too, is a convolution: of dy, with channels and filters exchanged, the filters turned by 180°, and what the padding lacks to the whole window.
 * dx_k = Σ_j w_j · dy_k+p-j = Σ_j' w_2-j' · dy_k+j'-(2-p) for a window of three. The padding may be negative: then dy is cropped. Sizes of a dense window, written to `at`.
 */
export function mirrored(g: Geometry, at: usize): Geometry {
  writeGeometry(at, g.n, g.o, g.v, g.u, g.c, g.i, g.j, g.h, g.w, 1, 1, g.i - 1 - g.downPadding, g.j - 1 - g.acrossPadding, 1, 1, g.groups)
  return changetype<Geometry>(at)
}

/** Writes the sizes to `at`. */
export function writeGeometry(
  at: usize,
  n: i32, c: i32, h: i32, w: i32, o: i32, i: i32, j: i32, v: i32, u: i32,
  downStride: i32, acrossStride: i32, downPadding: i32, acrossPadding: i32, downDilation: i32, acrossDilation: i32, groups: i32,
): void {
  const g = changetype<Geometry>(at)
  g.n = n, g.c = c, g.h = h, g.w = w
  g.o = o, g.i = i, g.j = j
  g.v = v, g.u = u
  g.downStride = downStride, g.acrossStride = acrossStride
  g.downPadding = downPadding, g.acrossPadding = acrossPadding
  g.downDilation = downDilation, g.acrossDilation = acrossDilation
  g.groups = groups
}
