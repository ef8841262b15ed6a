import { expect } from '../../errors.ts'
import { type Shape, showShape, sizeOf, stridesOf } from '../../reference/array.ts'
import type { StridedBackwardOptions } from '../../reference/strided.ts'
import { axisOf } from '../axes.ts'
import { type BackendArray, kernelsFor } from '../backend.ts'
import { apply, contiguous, define } from '../operation.ts'
import { Storage } from '../storage.ts'
import { begins, nextId } from '../tape.ts'
import { isRowMajor, type Layout, type Node, Tensor } from '../tensor.ts'

/** Another layout of the same storage. `look` is applied to the tensor's own layout, and to a contiguous one for the gradient. */
function view(operation: string, x: Tensor, look: (layout: Layout) => Layout): Tensor {
  const y = new Tensor(x.storage, look(x))
  if (begins([x])) y.node = new Viewed(operation, x, look({ shape: x.shape, strides: stridesOf(x.shape), offset: 0 }))
  return y
}

/** A view that has been recorded. */
class Viewed implements Node {
  readonly id = nextId()
  readonly isView = true
  readonly saves: readonly Tensor[] = []
  finished = false
  visit = 0
  inputs: readonly Tensor[]
  readonly operation: string
  /** The layout of the view of a contiguous x. */
  readonly #seen: Layout

  constructor(operation: string, x: Tensor, seen: Layout) {
    this.operation = operation
    this.inputs = [x]
    this.#seen = seen
  }

  backward(dy: BackendArray): BackendArray[] {
    const [x] = this.inputs
    return [this.#isWhole(x) ? dy : kernelsFor(x.dtype).stridedBackward(dy, { ...this.#seen, size: x.size })]
  }

  composite(dy: Tensor): Tensor[] {
    const [x] = this.inputs
    return [this.#isWhole(x) ? reshape(dy, x.shape) : apply(stridedBackward, [dy], x.shape, { ...this.#seen, size: x.size })]
  }

  /** It shows all of x in the same order. */
  #isWhole(x: Tensor): boolean {
    const { shape, strides, offset } = this.#seen
    return offset === 0 && sizeOf(shape) === x.size && isRowMajor(shape, strides)
  }
}

/** The adjoint of a view is itself linear: its own gradient is the view again. */
const stridedBackward = define<StridedBackwardOptions>({
  name: 'stridedBackward',
  forward: (k, [dy], options) => k.stridedBackward(dy, options),
  backward: (k, ddx, { options }) => [k.strided(ddx, options)],
  composite: (ddx, { options }) => [contiguous(view('asStrided', contiguous(ddx), () => options))],
})

/** The same numbers in the same memory, without the graph; copied where the graph that made them may have given that memory up. */
export function detach(x: Tensor): Tensor {
  if (!x.storage.retired) {
    x.storage.kept = true
    return new Tensor(x.storage, x)
  }
  const kernels = kernelsFor(x.dtype)
  return new Tensor(new Storage(kernels.strided(x.storage.on(kernels), x), kernels, x.dtype, x.size, x.storage.operation), x.shape)
}

/** The same elements in another shape, at most one length -1, which is then what is left over. A view where the elements lie row-major, else a copy. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const to = inferred('reshape', x, shape)
  const rowMajor = isRowMajor(x.shape, x.strides) ? x : contiguous(x)
  return view('reshape', rowMajor, ({ offset }) => ({ shape: to, strides: stridesOf(to), offset }))
}

/** As reshape, but never a copy: an error where the elements do not lie row-major. */
export function viewAs(x: Tensor, shape: Shape): Tensor {
  expect(
    isRowMajor(x.shape, x.strides),
    'view',
    () =>
      `the elements of this tensor of shape ${showShape(x.shape)} do not lie row-major (it was transposed, sliced or expanded); use reshape, which copies`,
  )
  return reshape(x, inferred('view', x, shape))
}

function inferred(operation: string, x: Tensor, shape: Shape): number[] {
  expect(
    shape.every((n) => Number.isInteger(n) && n >= -1),
    operation,
    () => `lengths must be integers of 0 or more, or one -1, got ${showShape(shape)}`,
  )
  const open = shape.indexOf(-1)
  const known = sizeOf(shape.filter((n) => n !== -1))
  const to = open < 0 ? [...shape] : shape.map((n, axis) => (axis === open ? x.size / known : n))
  const fits = shape.lastIndexOf(-1) === open && sizeOf(to) === x.size && to.every(Number.isInteger)
  expect(fits, operation, () => `cannot make shape ${showShape(shape)} of the ${x.size} elements of shape ${showShape(x.shape)}`)
  return to
}

/** Axes startDim..endDim as one. */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  const from = axisOf('flatten', startDim, x.ndim)
  const to = axisOf('flatten', endDim, x.ndim)
  expect(from <= to, 'flatten', () => `startDim ${startDim} comes after endDim ${endDim}`)
  return reshape(x, [...x.shape.slice(0, from), sizeOf(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)])
}

/** The axes in another order: axis i of the result is axis dims[i] of x. A view. */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const axes = dims.map((d) => axisOf('permute', d, x.ndim))
  expect(
    axes.length === x.ndim && new Set(axes).size === x.ndim,
    'permute',
    () => `expected each of the ${x.ndim} axes once, got ${showShape(dims)}`,
  )
  return view('permute', x, ({ shape, strides, offset }) => ({
    shape: axes.map((a) => shape[a]),
    strides: axes.map((a) => strides[a]),
    offset,
  }))
}

/** Two axes exchanged. A view. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const [a, b] = [axisOf('transpose', dim0, x.ndim), axisOf('transpose', dim1, x.ndim)]
  return permute(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  )
}

/** Rows and columns of a matrix exchanged. A view; vectors and numbers stay as they are. */
export function t(x: Tensor): Tensor {
  expect(x.ndim <= 2, 't', () => `expected at most 2 axes, got shape ${showShape(x.shape)}; use transpose(dim0, dim1) or permute`)
  return x.ndim < 2 ? x : transpose(x, 0, 1)
}

/** x repeated along axes of length 1, and along new ones in front; -1 keeps an axis. A view. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const added = shape.length - x.ndim
  const to = shape.map((n, axis) => (n === -1 && axis >= added ? x.shape[axis - added] : n))
  const fits = added >= 0 && to.every((n, axis) => n >= 0 && (axis < added || x.shape[axis - added] === 1 || x.shape[axis - added] === n))
  expect(fits, 'expand', () => `cannot repeat shape ${showShape(x.shape)} to ${showShape(shape)}: only axes of length 1 are repeated`)
  return view('expand', x, ({ strides, offset }) => ({
    shape: to,
    strides: to.map((n, axis) => (axis < added || x.shape[axis - added] !== n ? 0 : strides[axis - added])),
    offset,
  }))
}

/** An axis of length 1 put in at dim. A view. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const axis = axisOf('unsqueeze', dim, x.ndim + 1)
  return view('unsqueeze', x, (l) => ({ shape: l.shape.toSpliced(axis, 0, 1), strides: l.strides.toSpliced(axis, 0, 0), offset: l.offset }))
}

/** Axis dim taken out if its length is 1; all such axes where dim is missing. A view. */
export function squeeze(x: Tensor, dim?: number): Tensor {
  const only = dim === undefined ? null : axisOf('squeeze', dim, x.ndim)
  const kept = x.shape.flatMap((n, axis) => (n !== 1 || (only !== null && only !== axis) ? [axis] : []))
  return view('squeeze', x, ({ shape, strides, offset }) => ({
    shape: kept.map((a) => shape[a]),
    strides: kept.map((a) => strides[a]),
    offset,
  }))
}

export interface SliceOptions {
  /** Default 0. */
  dim?: number
  /** Every step-th element. Default 1. */
  step?: number
}

/** Elements start (included) to end (not included) along dim; negative ones count from the end, as in Array.slice. A view. */
export function slice(x: Tensor, start = 0, end?: number, options: SliceOptions = {}): Tensor {
  expect(typeof options === 'object', 'slice', () => `expected (start, end, { dim, step }), got a third argument ${String(options)}`)
  const { dim = 0, step = 1 } = options
  const axis = axisOf('slice', dim, x.ndim)
  expect(x.ndim > 0, 'slice', () => 'a tensor of shape [] has no axis to slice')
  const n = x.shape[axis]
  const bounds = [start, end ?? n, step]
  expect(
    bounds.every(Number.isInteger) && step > 0,
    'slice',
    () => `start, end and step must be integers, step above 0, got ${bounds.join(', ')}`,
  )
  const place = (i: number) => Math.min(Math.max(i < 0 ? i + n : i, 0), n)
  const from = place(start)
  const length = Math.max(0, Math.ceil((place(end ?? n) - from) / step))
  return view('slice', x, ({ shape, strides, offset }) => ({
    shape: shape.with(axis, length),
    strides: strides.with(axis, strides[axis] * step),
    offset: length === 0 ? 0 : offset + from * strides[axis],
  }))
}

/** The part at one index along dim, without that axis. A view. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const axis = axisOf('select', dim, x.ndim)
  const n = x.shape[axis] ?? 0
  expect(
    Number.isInteger(index) && index >= -n && index < n,
    'select',
    () => `index ${index} is out of range for axis ${axis} of shape ${showShape(x.shape)}`,
  )
  const from = index < 0 ? index + n : index
  return view('select', x, ({ shape, strides, offset }) => ({
    shape: shape.toSpliced(axis, 1),
    strides: strides.toSpliced(axis, 1),
    offset: offset + from * strides[axis],
  }))
}

/** Parts of `size` along dim (a list gives each part's own); the last may be shorter. Views. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const n = x.shape[axisOf('split', dim, x.ndim)]
  expect(
    typeof size !== 'number' || (Number.isInteger(size) && size > 0),
    'split',
    () => `size must be an integer above 0, got ${String(size)}`,
  )
  const sizes =
    typeof size === 'number' ? Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => Math.min(size, n - i * size)) : size
  const total = sizes.reduce((a, b) => a + b, 0)
  expect(total === n, 'split', () => `sizes ${showShape(sizes)} add up to ${total}, the axis has ${n}`)
  let start = 0
  return sizes.map((length) => {
    start += length
    return slice(x, start - length, start, { dim })
  })
}

/** `chunks` parts of equal size along dim, the last shorter if it does not divide. Views. */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  expect(Number.isInteger(chunks) && chunks > 0, 'chunk', () => `chunks must be an integer above 0, got ${chunks}`)
  return split(x, Math.max(1, Math.ceil(x.shape[axisOf('chunk', dim, x.ndim)] / chunks)), dim)
}
