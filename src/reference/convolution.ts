import { type Activated, activated } from './activation.ts'
import { type HostArray, like } from './array.ts'

/** Cross-correlation, as deep learning calls convolution, and its two gradients. Each of the three is linear in both of its arguments, but for the activation. */
export interface ConvolutionKernels<A> {
  conv2d(x: A, w: A, b: A | null, options: ConvolutionOptions & Activated): A
  conv2dInputGradient(dy: A, w: A, options: ConvolutionOptions): A
  conv2dWeightGradient(dy: A, x: A, options: ConvolutionOptions): A
}

/** Down and across. */
export type Pair = readonly [number, number]

export interface ConvolutionOptions {
  /** x: [N, C, H, W] */
  x: readonly [n: number, c: number, h: number, w: number]
  /** w: [O, C / groups, I, J]: o filters, each with a window of i × j numbers per channel. */
  w: readonly [o: number, c: number, i: number, j: number]
  /** How far the window moves from one output to the next. */
  stride: Pair
  /** How many zeros stand before and behind each row and column. */
  padding: Pair
  /** How far the numbers that the window looks at are apart. */
  dilation: Pair
  /** Channels and filters are cut into so many groups that do not see one another. groups = C: depthwise. */
  groups: number
}

/** How often a window fits:  ⌊(length + 2·padding - dilation·(window - 1) - 1) / stride⌋ + 1        Dumoulin & Visin 2016, relationships 6 and 15 */
export function windowCount(length: number, window: number, stride: number, padding: number, dilation = 1): number {
  return Math.floor((length + 2 * padding - dilation * (window - 1) - 1) / stride) + 1
}

/** The shape of y: [N, O, V, U], V down and U across. */
export function convolvedShape({ x, w, stride, padding, dilation }: ConvolutionOptions): [n: number, o: number, v: number, u: number] {
  const v = windowCount(x[2], w[2], stride[0], padding[0], dilation[0])
  const u = windowCount(x[3], w[3], stride[1], padding[1], dilation[1])
  return [x[0], w[0], v, u]
}

/**
 * y_novu = f(b_o + Σ_cij w_ocij · x_n,c,h,k)        h = v·stride + i·dilation - padding, k likewise from u and j; x is 0 outside; f: the activation
 *
 *     x: [N, C, H, W], w: [O, C / groups, I, J], b: [O] -> y: [N, O, V, U]
 *
 * LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition"; groups: Krizhevsky et al. 2012; dilation: Yu & Koltun 2016.
 */
export function conv2d(x: HostArray, w: HostArray, b: HostArray | null, options: ConvolutionOptions & Activated): HostArray {
  const [N, O, V, U] = convolvedShape(options)
  const y = like(x, N * O * V * U)
  for (let at = 0; b !== null && at < y.length; at++) y[at] = b[Math.floor(at / (V * U)) % O]
  eachProduct(options, (atX, atW, atY) => {
    y[atY] += w[atW] * x[atX] // [N, O, V, U]
  })
  return activated(y, options)
}

/** dx_n,c,h,k = Σ_oij w_ocij · dy_novu over all windows that look at (h, k)        dy: [N, O, V, U], w: [O, C / groups, I, J] -> dx: [N, C, H, W] */
export function conv2dInputGradient(dy: HostArray, w: HostArray, options: ConvolutionOptions): HostArray {
  const [N, C, H, W] = options.x
  const dx = like(dy, N * C * H * W)
  eachProduct(options, (atX, atW, atY) => {
    dx[atX] += w[atW] * dy[atY] // [N, C, H, W]
  })
  return dx
}

/** dw_ocij = Σ_nvu dy_novu · x_n,c,h,k        dy: [N, O, V, U], x: [N, C, H, W] -> dw: [O, C / groups, I, J].  And db_o = Σ_nvu dy_novu. */
export function conv2dWeightGradient(dy: HostArray, x: HostArray, options: ConvolutionOptions): HostArray {
  const [O, C, I, J] = options.w
  const dw = like(dy, O * C * I * J)
  eachProduct(options, (atX, atW, atY) => {
    dw[atW] += dy[atY] * x[atX] // [O, C / groups, I, J]
  })
  return dw
}

/** Visits every product of a weight and a number that its window looks at, with their places and the place of the output that it belongs to. */
function eachProduct(options: ConvolutionOptions, visit: (atX: number, atW: number, atY: number) => void): void {
  const { stride, padding, dilation, groups } = options
  const [, C, H, W] = options.x
  const [, channels, I, J] = options.w // channels of one group
  const [N, O, V, U] = convolvedShape(options)
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const first = Math.floor(o / (O / groups)) * channels // the first channel of the filter's group
      for (let v = 0; v < V; v++) {
        for (let u = 0; u < U; u++) {
          for (let c = 0; c < channels; c++) {
            for (let i = 0; i < I; i++) {
              const h = v * stride[0] + i * dilation[0] - padding[0]
              if (h < 0 || h >= H) continue
              for (let j = 0; j < J; j++) {
                const k = u * stride[1] + j * dilation[1] - padding[1]
                if (k < 0 || k >= W) continue
                const atX = ((n * C + first + c) * H + h) * W + k
                const atW = ((o * channels + c) * I + i) * J + j
                visit(atX, atW, ((n * O + o) * V + v) * U + u)
              }
            }
          }
        }
      }
    }
  }
}
