import { type HostArray, like, type Shape, sizeOf } from './array.ts'

/**
 * One kernel for every way of looking at an array: transposition, permutation, slices, selections and repetition are all
 * "element (i, j, ...) lies at offset + i·s_0 + j·s_1 + ...", with other strides s.
 */
export interface StridedKernels<A> {
  strided(x: A, view: StridedView): A
  stridedBackward(dy: A, options: StridedBackwardOptions): A
  /** Writes src, row-major in the view's shape, into the places of x that the view names. */
  stridedInto(x: A, src: A, view: StridedView): void
}

export interface StridedView {
  shape: Shape
  /** Elements between neighbours along each axis; 0 repeats. */
  strides: readonly number[]
  offset: number
}

export interface StridedBackwardOptions extends StridedView {
  /** How many elements the array had that the view looks at. */
  size: number
}

/** Calls visit(i, p) for every element: i counts row-major, p is its place in the array that is looked at. */
export function walk({ shape, strides, offset }: StridedView, visit: (i: number, p: number) => void): void {
  const size = sizeOf(shape)
  const index = new Array<number>(shape.length).fill(0)
  let p = offset
  for (let i = 0; i < size; i++) {
    visit(i, p)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      p += strides[axis]
      if (++index[axis] < shape[axis]) break
      p -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
}

/** y_i = x_p(i)        x: any -> y: the view's shape, contiguous */
export function strided(x: HostArray, view: StridedView): HostArray {
  const y = like(x, sizeOf(view.shape))
  walk(view, (i, p) => {
    y[i] = x[p]
  })
  return y
}

/** dx_p(i) += dy_i: what was read twice receives two gradients        dy: the view's shape -> dx: [size] */
export function stridedBackward(dy: HostArray, options: StridedBackwardOptions): HostArray {
  const dx = like(dy, options.size)
  walk(options, (i, p) => {
    dx[p] += dy[i]
  })
  return dx
}

export function stridedInto(x: HostArray, src: HostArray, view: StridedView): void {
  walk(view, (i, p) => {
    x[p] = src[i]
  })
}
