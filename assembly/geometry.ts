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
