import { type HostArray, like, sizeOf } from './array.ts'
import { type Pair, windowCount } from './convolution.ts'

/** One number for each window of an image: its greatest, or its mean. */
export interface PoolingKernels<A> {
  maxPool2d(x: A, options: PoolingOptions): A
  maxPool2dBackward(dy: A, x: A, options: PoolingOptions): A
  /** Where the greatest numbers stand: row · W + column within their image. Yields int32. */
  maxPool2dIndices(x: A, options: PoolingOptions): A
  avgPool2d(x: A, options: AvgPoolingOptions): A
  avgPool2dBackward(dy: A, options: AvgPoolingOptions): A
}

export interface PoolingOptions {
  /** Images and channels, N · C of them, each H × W. */
  x: readonly [planes: number, h: number, w: number]
  /** Down and across. */
  window: Pair
  stride: Pair
  /** At most half the window, so that each window sees a part of the image. */
  padding: Pair
}

export interface AvgPoolingOptions extends PoolingOptions {
  /** Whether the zeros around the image count as numbers of the window. */
  countIncludePad: boolean
}

/** The shape of y: [N·C, V, U]. */
export function pooledShape({ x: [planes, h, w], window, stride, padding }: PoolingOptions): [planes: number, v: number, u: number] {
  return [planes, windowCount(h, window[0], stride[0], padding[0]), windowCount(w, window[1], stride[1], padding[1])]
}

/** y_cvu = max of x_chk over the window of (v, u); a NaN is the greatest        x: [N·C, H, W] -> y: [N·C, V, U]        Ranzato et al. 2007 */
export function maxPool2d(x: HostArray, options: PoolingOptions): HostArray {
  const indices = maxPool2dIndices(x, options)
  const y = like(x, indices.length)
  eachWindow(options, (plane, at) => {
    y[at] = x[plane + indices[at]] // [N·C, V, U]
  })
  return y
}

/** dx_chk = Σ dy_cvu over the windows of which it is the greatest, the first where there are several        dy: [N·C, V, U], x -> dx: [N·C, H, W] */
export function maxPool2dBackward(dy: HostArray, x: HostArray, options: PoolingOptions): HostArray {
  const indices = maxPool2dIndices(x, options)
  const dx = like(x)
  eachWindow(options, (plane, at) => {
    dx[plane + indices[at]] += dy[at] // [N·C, H, W]
  })
  return dx
}

/** i_cvu = argmax of x_chk over the window of (v, u), the first where there are several        x: [N·C, H, W] -> [N·C, V, U], int32 */
export function maxPool2dIndices(x: HostArray, options: PoolingOptions): HostArray {
  const indices = new Int32Array(sizeOf(pooledShape(options)))
  eachWindow(options, (plane, at, places) => {
    let best = places[0]
    for (const place of places) {
      const [value, max] = [x[plane + place], x[plane + best]]
      if (value > max || (Number.isNaN(value) && !Number.isNaN(max))) best = place
    }
    indices[at] = best // [N·C, V, U]
  })
  return indices
}

/** y_cvu = Σ x_chk / count over the window of (v, u)        x: [N·C, H, W] -> y: [N·C, V, U]        LeCun et al. 1989 */
export function avgPool2d(x: HostArray, options: AvgPoolingOptions): HostArray {
  const y = like(x, sizeOf(pooledShape(options)))
  eachWindow(options, (plane, at, places) => {
    let sum = 0
    for (const place of places) sum += x[plane + place]
    y[at] = sum / countOf(places, options) // [N·C, V, U]
  })
  return y
}

/** dx_chk = Σ dy_cvu / count over the windows that see it        dy: [N·C, V, U] -> dx: [N·C, H, W] */
export function avgPool2dBackward(dy: HostArray, options: AvgPoolingOptions): HostArray {
  const dx = like(dy, sizeOf(options.x))
  eachWindow(options, (plane, at, places) => {
    for (const place of places) dx[plane + place] += dy[at] / countOf(places, options) // [N·C, H, W]
  })
  return dx
}

const countOf = (places: readonly number[], { window, countIncludePad }: AvgPoolingOptions) =>
  countIncludePad ? window[0] * window[1] : places.length

/** Visits every window: where its image begins, the place of its output, and which places of the image it sees. */
function eachWindow(options: PoolingOptions, visit: (plane: number, at: number, places: readonly number[]) => void): void {
  const { window, stride, padding } = options
  const [planes, H, W] = options.x
  const [, V, U] = pooledShape(options)
  for (let plane = 0; plane < planes; plane++) {
    for (let v = 0; v < V; v++) {
      for (let u = 0; u < U; u++) {
        const places: number[] = []
        for (let i = 0; i < window[0]; i++) {
          for (let j = 0; j < window[1]; j++) {
            const h = v * stride[0] + i - padding[0]
            const k = u * stride[1] + j - padding[1]
            if (h >= 0 && h < H && k >= 0 && k < W) places.push(h * W + k)
          }
        }
        visit(plane * H * W, (plane * V + v) * U + u, places)
      }
    }
  }
}
