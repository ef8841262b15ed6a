import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/convolution.ts'
import { convolve, convolveLayer, type Grid, inputGradient, outputSize, pixel, weightGradient, zeros } from '../solutions/convolution.ts'

const whole = (min: number, max: number) => fc.integer({ min, max })
/** Whole numbers: sums of their products are exact, and a counterexample is short. */
const grid = (rows: number, columns: number): fc.Arbitrary<Grid> => {
  const row = fc.array(whole(-3, 3), { minLength: columns, maxLength: columns }).map((values) => Float64Array.from(values))
  return fc.array(row, { minLength: rows, maxLength: rows })
}
const several = <T>(n: number, of: fc.Arbitrary<T>) => fc.array(of, { minLength: n, maxLength: n })

type Sizes = Record<'rows' | 'columns' | 'k' | 's' | 'p', number>
/** The windows are as high as they are wide: so w_ji in place of w_ij gives an answer, too. */
const sizes = fc.record<Sizes>({ rows: whole(3, 5), columns: whole(3, 5), k: whole(1, 3), s: whole(1, 3), p: whole(0, 2) })
const output = ({ rows, columns, k, s, p }: Sizes) => grid(outputSize(rows, k, s, p), outputSize(columns, k, s, p))

/** Where the window, standing at v, sees with its row i. */
type Place = (v: number, i: number, s: number, p: number) => number
const place: Place = (v, i, s, p) => v * s + i - p
const misplaced = {
  unpadded: (v, i, s) => v * s + i,
  pushed: (v, i, s, p) => v * s + i + p,
  unstrided: (v, i, _, p) => v + i - p,
  spread: (v, i, s, p) => v + i * s - p,
  outside: (v, i, s, p) => (v + i - p) * s,
} satisfies Record<string, Place>

const last = (_: number, product: number) => product
/** Visits all v, u, i, j, with the place h, k in the picture. */
function each([V, U]: Size, [I, J]: Size, s: number, p: number, at: Place, visit: Visit): void {
  for (let v = 0; v < V; v++) {
    for (let u = 0; u < U; u++) {
      for (let i = 0; i < I; i++) {
        for (let j = 0; j < J; j++) visit({ v, u, i, j, h: at(v, i, s, p), k: at(u, j, s, p) })
      }
    }
  }
}
type Size = readonly [number, number]
type Visit = (at: { v: number; u: number; i: number; j: number; h: number; k: number }) => void
const sizeOf = (x: Grid): Size => [x.length, x[0].length]
const times = (x: Grid, factor: number): Grid => x.map((row) => row.map((value) => value * factor))
const upsideDown = (w: Grid): Grid => w.toReversed().map((row) => row.toReversed())
const transposed = (w: Grid): Grid => w.map((_, i) => Float64Array.from(w, (row) => row[i])) // square
const ones = (x: Grid): Grid => x.map((row) => row.map(() => 1))
const inner = (a: Grid, b: Grid) => a.reduce((sum, row, h) => sum + row.reduce((part, value, k) => part + value * b[h][k], 0), 0)
const equal = (a: Grid, b: Grid) => a.length === b.length && a.every((row, h) => row.every((value, k) => value === b[h][k]))
const unit = ([rows, columns]: Size, h: number, k: number): Grid => zeros(rows, columns).map((row, i) => (i === h ? row.with(k, 1) : row))

/** The three functions, but for where they look and how they add up. */
function convolveBy(at: Place, add = (sum: number, product: number) => sum + product, see = pixel): typeof convolve {
  return (x, w, s, p) => {
    const y = zeros(outputSize(x.length, w.length, s, p), outputSize(x[0].length, w[0].length, s, p))
    each(sizeOf(y), sizeOf(w), s, p, at, ({ v, u, i, j, h, k }) => {
      y[v][u] = add(y[v][u], w[i][j] * see(x, h, k))
    })
    return y
  }
}
/** y of another size, [V, U], filled as the right one is. */
function convolveInto(size: (right: Size, x: Grid) => Size): typeof convolve {
  return (x, w, s, p) => {
    const y = zeros(...size(sizeOf(convolve(x, w, s, p)), x))
    each(sizeOf(y), sizeOf(w), s, p, place, ({ v, u, i, j, h, k }) => {
      y[v][u] += w[i][j] * pixel(x, h, k)
    })
    return y
  }
}
function weightGradientBy(at: Place, add = (sum: number, product: number) => sum + product, see = pixel): typeof weightGradient {
  return (dy, x, rows, columns, s, p) => {
    const dw = zeros(rows, columns)
    each(sizeOf(dy), [rows, columns], s, p, at, ({ v, u, i, j, h, k }) => {
      dw[i][j] = add(dw[i][j], dy[v][u] * see(x, h, k))
    })
    return dw
  }
}
function inputGradientBy(at: Place, add = (sum: number, product: number) => sum + product): typeof inputGradient {
  return (dy, w, rows, columns, s, p) => {
    const dx = zeros(rows, columns)
    each(sizeOf(dy), sizeOf(w), s, p, at, ({ v, u, i, j, h, k }) => {
      if (h >= 0 && h < rows && k >= 0 && k < columns) dx[h][k] = add(dx[h][k], w[i][j] * dy[v][u])
    })
    return dx
  }
}
/** A layer with other biases, or with other filters. */
function withBias(of: (b_o: number, b: Float64Array) => number): typeof convolveLayer {
  return (x, w, b, s, p) =>
    convolveLayer(
      x,
      w,
      Float64Array.from(b, (b_o) => of(b_o, b)),
      s,
      p,
    )
}
function withFilters(of: (w_o: readonly Grid[], o: number, w: readonly (readonly Grid[])[]) => readonly Grid[]): typeof convolveLayer {
  return (x, w, b, s, p) => convolveLayer(x, w.map(of), b, s, p)
}
const none = (w: Grid) => times(w, 0)
const near = (value: number, length: number) => Math.min(length - 1, Math.max(0, value))

const rows = (...of: readonly (readonly number[])[]): Grid => of.map((row) => Float64Array.from(row))
const TORCH = 'PyTorch 1.13, F.conv2d'
const AUTOGRAD = 'PyTorch 1.13, autograd through F.conv2d'
const PAPER = 'Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016'
const X = rows([1, -2, 0, 3], [2, 1, -1, 0], [0, 4, 1, -3], [-1, 2, 5, 1], [3, 0, -2, 2])
const W = rows([1, 0, -2], [3, -1, 0.5], [2, 4, -3])
const DY = rows([-2, -0.5], [1, 2.5], [4, 5.5])
/** A window that is wider than high. */
const WIDE = rows([1, -2, 3], [0.5, 4, -1])

export default checks<typeof lesson>({
  outputSize: {
    hints: [
      'How far can the window move from its first place until it touches the other end? And how many steps of s are that?',
      '⌊(n + 2p - k) / s⌋ + 1: whole steps only, and one more place than steps',
      'return Math.floor((n + … - …) / s) + …',
    ],
    inputs: fc
      .tuple(whole(1, 12), whole(0, 3), whole(1, 4))
      .chain(([n, p, s]) => fc.tuple(fc.constant(n), whole(1, Math.min(5, n + 2 * p)), fc.constant(s), fc.constant(p))),
    laws: {
      'a window of 1 with stride 1 and no padding fits everywhere: n times': (f, n) => f(n, 1, 1, 0) === n,
      'a window as long as the row and its padding fits once': (f, n, _, s, p) => f(n, n + 2 * p, s, p) === 1,
      's more pixels make one more place': (f, n, k, s, p) => f(n + s, k, s, p) === f(n, k, s, p) + 1,
    },
    frozen: [
      { args: [4, 3, 1, 0], gives: 2, from: `${PAPER}, figure 2.1` },
      { args: [5, 4, 1, 2], gives: 6, from: `${PAPER}, figure 2.2` },
      { args: [5, 3, 1, 1], gives: 5, from: `${PAPER}, figure 2.3` },
      { args: [5, 3, 2, 0], gives: 2, from: `${PAPER}, figure 2.5` },
      { args: [6, 3, 2, 1], gives: 3, from: `${PAPER}, figure 2.7` },
    ],
    mutants: {
      'it is rounded up; a window that fits only in part does not count: Math.floor': (n, k, s, p) => Math.ceil((n + 2 * p - k) / s) + 1,
      'it is rounded to the nearest; a window that fits only in part does not count: Math.floor': (n, k, s, p) =>
        Math.round((n + 2 * p - k) / s) + 1,
      'nothing is rounded: half a place is none, Math.floor': (n, k, s, p) => (n + 2 * p - k) / s + 1,
      'the + 1 is missing: there is one more place than there are steps': (n, k, s, p) => outputSize(n, k, s, p) - 1,
      'the + 1 stands in the fraction; it should come after it': (n, k, s, p) => Math.floor((n + 2 * p - k + 1) / s),
      'the padding counts once; it stands at both ends: 2p': (n, k, s, p) => outputSize(n + p, k, s, 0),
      'the padding is forgotten: n + 2p': (n, k, s) => outputSize(n, k, s, 0),
      'the padding is subtracted; it makes the row longer': (n, k, s, p) => Math.floor((n - 2 * p - k) / s) + 1,
      'the stride is forgotten: divide by s': (n, k, _, p) => outputSize(n, k, 1, p),
      'it is multiplied by the stride; large steps make fewer places: divide': (n, k, s, p) => (n + 2 * p - k) * s + 1,
      'the window k is forgotten: it must fit as a whole': (n, _, s, p) => Math.floor((n + 2 * p) / s) + 1,
      'the stride spreads the window, s · (k - 1) + 1, and that is dilation; a stride is the step from place to place': (n, k, s, p) =>
        n + 2 * p - s * (k - 1),
      'brackets are missing: only k is divided by s': (n, k, s, p) => Math.floor(n + 2 * p - k / s) + 1,
    },
  },
  convolve: {
    hints: [
      'Four loops: over the places v, u of the window, and over its weights i, j. In which row of x lies row i of a window that stands at v?',
      'y_vu = Σ_ij w_ij · x_hk,  h = v·s + i - p,  k = u·s + j - p;  pixel(x, h, k) is 0 in the padding',
      'const y = zeros(outputSize(x.length, w.length, s, p), outputSize(…, …, s, p))\nfor (let v = 0; v < y.length; v++)\n  for (let u = 0; u < y[0].length; u++)\n    for (let i = 0; i < w.length; i++)\n      for (let j = 0; j < w[0].length; j++) y[v][u] += w[i][j] * pixel(x, …, …)\nreturn y',
    ],
    inputs: sizes.chain(({ rows, columns, k, s, p }) => fc.tuple(grid(rows, columns), grid(k, k), fc.constant(s), fc.constant(p))),
    laws: {
      'a window of a single 1 copies the picture': (f, x) => equal(f(x, rows([1]), 1, 0), x),
      'twice the weights give twice the answers': (f, x, w, s, p) => equal(f(x, times(w, 2), s, p), times(f(x, w, s, p), 2)),
      'stride s keeps every s-th answer of stride 1': (f, x, w, s, p) => {
        const all = f(x, w, 1, p)
        return f(x, w, s, p).every((row, v) => row.every((value, u) => value === all[v * s][u * s]))
      },
    },
    frozen: [
      { args: [X, W, 1, 0], gives: rows([18.5, 17], [-8.5, 31.5], [7.5, -2.5]), from: TORCH },
      { args: [X, W, 2, 1], gives: rows([3, -6.5], [-10, 31.5], [-7, 3]), from: TORCH },
      { args: [X, W, 3, 2], gives: rows([-3, -13], [-1, 31.5], [-6, -4]), from: TORCH },
      { args: [X, WIDE, 2, 1], gives: rows([6, -4], [-5, 12], [20, -15]), from: TORCH },
    ],
    mutants: {
      'the window is turned upside down, w[I-1-i][J-1-j]: the convolution of mathematics; here it stays as it is': (x, w, s, p) =>
        convolve(x, upsideDown(w), s, p),
      'rows and columns of the window are swapped: w[j][i] where it should be w[i][j]': (x, w, s, p) => convolve(x, transposed(w), s, p),
      'rows and columns of the picture are swapped: h belongs to v and i, k to u and j': convolveBy(place, undefined, (x, h, k) =>
        pixel(x, k, h),
      ),
      'the padding is forgotten: h = v·s + i - p': convolveBy(misplaced.unpadded),
      'the padding is added; the window begins p before the picture: - p': convolveBy(misplaced.pushed),
      'the stride is forgotten: the window stands at v·s': convolveBy(misplaced.unstrided),
      'the stride spreads the window, i·s; it belongs to the place: v·s + i': convolveBy(misplaced.spread),
      'the stride multiplies all, (v + i - p)·s; it belongs to v alone': convolveBy(misplaced.outside),
      'only the last product is kept: = where it should be +=': convolveBy(place, last),
      'that is the mean of the products; it should be their sum': (x, w, s, p) => times(convolve(x, w, s, p), 1 / (w.length * w[0].length)),
      'the weights are missing: that is the sum of what the window sees': (x, w, s, p) => convolve(x, ones(w), s, p),
      'beyond the edge the nearest pixel is taken; padding is 0': convolveBy(place, undefined, (x, h, k) =>
        pixel(x, near(h, x.length), near(k, x[0].length)),
      ),
      'y is as large as x; it has as many rows and columns as the window has places: outputSize': convolveInto((_, x) => sizeOf(x)),
      'the height and the width of y are swapped': convolveInto(([V, U]) => [U, V]),
    },
  },
  convolveLayer: {
    hints: [
      'For one filter: convolve every channel with its own window, then lay the results on top of one another. The bias comes once.',
      'y_o = b_o + Σ_c convolve(x_c, w_oc);  w[o][c] is the window of filter o for channel c',
      'return w.map((filter, o) => {\n  const found = filter.map((window, c) => convolve(…, window, s, p))\n  return found[0].map((row, v) => row.map((_, u) => found.reduce((sum, y_c) => sum + y_c[v][u], …)))\n})',
    ],
    // As many filters as channels: w[c][o] in place of w[o][c] gives an answer, too.
    inputs: fc
      .tuple(whole(1, 2), whole(2, 3), whole(2, 3), whole(1, 2), whole(1, 2), whole(0, 1))
      .chain(([c, h, k, size, s, p]) =>
        fc.tuple(
          several(c, grid(h, k)),
          several(c, several(c, grid(size, size))),
          draw.vector(c, { min: -2, max: 2 }),
          fc.constant(s),
          fc.constant(p),
        ),
      ),
    laws: {
      'windows of zeros leave the bias': (f, x, w, b, s, p) => {
        const blind = w.map((filter) => filter.map((window) => times(window, 0)))
        return f(x, blind, b, s, p).every((y_o, o) => y_o.every((row) => row.every((value) => value === b[o])))
      },
      'one channel, one filter and no bias: that is convolve': (f, x, w, _, s, p) =>
        equal(f([x[0]], [[w[0][0]]], Float64Array.of(0), s, p)[0], convolve(x[0], w[0][0], s, p)),
    },
    frozen: [
      {
        args: [
          [rows([-3, -2, -1, 0], [1, 2, 3, -3], [-2, -1, 0, 1]), rows([2, 3, -3, -2], [-1, 0, 1, 2], [3, -3, -2, -1])],
          [
            [rows([-2, 0.5], [-1.5, 1]), rows([-1, 1.5], [-0.5, 2])],
            [rows([0, -2], [0.5, -1.5]), rows([1, -1], [1.5, -0.5])],
            [rows([2, 0], [-2, 0.5]), rows([-1.5, 1], [-1, 1.5])],
          ],
          Float64Array.of(0.5, -1, 2),
          2,
          1,
        ],
        gives: [rows([1.5, -5, 1.5], [3.5, -1.5, 3.5]), rows([2.5, 5.5, -4], [-0.5, -12, 0]), rows([3.5, -2, 4], [4.5, 9, -8])],
        from: TORCH,
      },
    ],
    mutants: {
      'the bias is missing: + b[o]': withBias(() => 0),
      'the bias is added for every channel; it should come once': withBias((b_o, b) => b_o * b.length),
      'all filters have the bias of the first: b[o]': withBias((_, b) => b[0]),
      'the bias is subtracted': withBias((b_o) => -b_o),
      'only the last channel is kept: add up over the channels': withFilters((w_o) =>
        w_o.map((w, c) => (c + 1 < w_o.length ? none(w) : w)),
      ),
      'only the first channel is looked at: add up over the channels': withFilters((w_o) => w_o.map((w, c) => (c > 0 ? none(w) : w))),
      'that is the mean over the channels; it should be the sum': withFilters((w_o) => w_o.map((w) => times(w, 1 / w_o.length))),
      'filters and channels are swapped: w[c][o] where it should be w[o][c]': withFilters((_, o, w) => w.map((filter) => filter[o])),
      'a filter looks with one window at all channels; it has one for each: w[o][c]': withFilters((w_o) => w_o.map(() => w_o[0])),
      'filter o sees channel o alone; it should see them all': withFilters((w_o, o) => w_o.map((w, c) => (c === o ? w : none(w)))),
      'all filters answer as the first does: w[o]': withFilters((_, __, w) => w[0]),
      'the first channel is looked at by every window: convolve x[c]': (x, ...rest) =>
        convolveLayer(
          x.map(() => x[0]),
          ...rest,
        ),
    },
  },
  weightGradient: {
    hints: [
      'A weight was used once at every place of the window. What did it meet there, and how much does the loss care about that place?',
      'dw_ij = Σ_vu dy_vu · x_hk,  h = v·s + i - p,  k = u·s + j - p: the loops of convolve, with y and w having changed parts',
      'const dw = zeros(rows, columns)\nfor (let i = 0; i < rows; i++)\n  for (let j = 0; j < columns; j++)\n    for (let v = 0; v < dy.length; v++)\n      for (let u = 0; u < dy[0].length; u++) dw[i][j] += dy[…][…] * pixel(x, …, …)\nreturn dw',
    ],
    inputs: sizes.chain((of) =>
      fc.tuple(output(of), grid(of.rows, of.columns), fc.constant(of.k), fc.constant(of.k), fc.constant(of.s), fc.constant(of.p)),
    ),
    laws: {
      'dw_ij is the slope of Σ dy · y over w_ij': (f, dy, x, rows, columns, s, p) =>
        f(dy, x, rows, columns, s, p).every((row, i) =>
          row.every((dw_ij, j) => dw_ij === inner(dy, convolve(x, unit([rows, columns], i, j), s, p))),
        ),
    },
    frozen: [
      { args: [DY, X, 3, 3, 1, 0], gives: rows([25.5, 24, -15], [12.5, 40.5, 21], [14, -5, 10]), from: AUTOGRAD },
      { args: [DY, X, 3, 3, 2, 1], gives: rows([13.5, 23, 14.5], [11, 1.5, 10], [4.5, 8, 2.5]), from: AUTOGRAD },
      { args: [DY, X, 3, 3, 3, 2], gives: rows([2.5, -13.5, 25], [10, 2.5, -7.5], [6, 12.5, -2]), from: AUTOGRAD },
      { args: [DY, X, 2, 3, 2, 1], gives: rows([13.5, 23, 14.5], [11, 1.5, 10]), from: AUTOGRAD },
    ],
    mutants: {
      'the sum over the places is missing, only the last one is kept: = where it should be +=': weightGradientBy(place, last),
      'only the first place counts; add up over all v and u': (dy, x, rows, columns, s, p) =>
        weightGradient(
          times(dy, 0).with(
            0,
            dy[0].map((value, u) => (u === 0 ? value : 0)),
          ),
          x,
          rows,
          columns,
          s,
          p,
        ),
      'that is the mean over the places; it should be the sum': (dy, x, rows, columns, s, p) =>
        times(weightGradient(dy, x, rows, columns, s, p), 1 / (dy.length * dy[0].length)),
      'dw is upside down: dw[i][j], not dw[I-1-i][J-1-j]': (dy, x, rows, columns, s, p) =>
        upsideDown(weightGradient(dy, x, rows, columns, s, p)),
      'rows and columns of dw are swapped: dw[j][i] where it should be dw[i][j]': (dy, x, rows, columns, s, p) =>
        transposed(weightGradient(dy, x, rows, columns, s, p)),
      'rows and columns of the picture are swapped: h belongs to v and i, k to u and j': weightGradientBy(place, undefined, (x, h, k) =>
        pixel(x, k, h),
      ),
      'the padding is forgotten: h = v·s + i - p': weightGradientBy(misplaced.unpadded),
      'the padding is added; the window begins p before the picture: - p': weightGradientBy(misplaced.pushed),
      'the stride is forgotten: the window stood at v·s': weightGradientBy(misplaced.unstrided),
      'the stride is with i; it belongs to the place: v·s + i': weightGradientBy(misplaced.spread),
      'dy is missing: that is the sum of the pixels': (dy, x, rows, columns, s, p) => weightGradient(ones(dy), x, rows, columns, s, p),
      'the pixels are missing: that is the gradient of the bias, Σ dy': (dy, _, rows, columns) =>
        zeros(rows, columns).map((row) => row.fill(inner(dy, ones(dy)))),
      'the sign is turned; the step of learning turns it, not the gradient': (dy, x, rows, columns, s, p) =>
        times(weightGradient(dy, x, rows, columns, s, p), -1),
      'beyond the edge the nearest pixel is taken; padding is 0': weightGradientBy(place, undefined, (x, h, k) =>
        pixel(x, near(h, x.length), near(k, x[0].length)),
      ),
    },
  },
  inputGradient: {
    hints: [
      'Do not ask which windows saw a pixel. Go through the windows, as convolve does, and let each hand its dy back to what it saw.',
      'dx_hk += w_ij · dy_vu at h = v·s + i - p, k = u·s + j - p, where that is inside the picture',
      'const dx = zeros(rows, columns)\n… the four loops of convolve …\n  const [h, k] = [v * s + i - p, …]\n  if (h >= 0 && h < rows && …) dx[h][k] += w[…][…] * dy[…][…]\nreturn dx',
    ],
    inputs: sizes.chain((of) =>
      fc.tuple(output(of), grid(of.k, of.k), fc.constant(of.rows), fc.constant(of.columns), fc.constant(of.s), fc.constant(of.p)),
    ),
    laws: {
      'dx_hk is the slope of Σ dy · y over x_hk': (f, dy, w, rows, columns, s, p) =>
        f(dy, w, rows, columns, s, p).every((row, h) =>
          row.every((dx_hk, k) => dx_hk === inner(dy, convolve(unit([rows, columns], h, k), w, s, p))),
        ),
    },
    frozen: [
      {
        args: [DY, W, 5, 4, 1, 0],
        gives: rows([-2, -0.5, 4, 1], [-5, 3, -2.5, -5.25], [3, 3, -6, -8.25], [14, 21.5, 3.5, -4.75], [8, 27, 10, -16.5]),
        from: AUTOGRAD,
      },
      {
        args: [DY, W, 5, 4, 2, 1],
        gives: rows([2, -2.5, 0.5, -0.25], [-8, 5.5, -2, -3.5], [-1, 8, -2.5, 1.25], [4, -0.5, 10, -18.5], [-4, 18.5, -5.5, 2.75]),
        from: AUTOGRAD,
      },
      {
        args: [DY, W, 5, 4, 3, 2],
        gives: rows([6, -1, -2, 1.5], [-2, 2.5, 0, -5], [0.5, 7.5, -2.5, 1.25], [-3, 5, 10, -7.5], [-8, 5.5, 0, -11]),
        from: AUTOGRAD,
      },
      {
        args: [DY, WIDE, 5, 4, 2, 1],
        gives: rows([-8, 1.75, -2, 0.5], [-2, 5.5, -5, 7.5], [4, 0.25, 10, -2.5], [-8, 17.5, -11, 16.5], [16, -1.25, 22, -5.5]),
        from: AUTOGRAD,
      },
    ],
    mutants: {
      'the window is turned upside down: a pixel that was seen with w_ij gets w_ij · dy back': (dy, w, rows, columns, s, p) =>
        inputGradient(dy, upsideDown(w), rows, columns, s, p),
      'rows and columns of the window are swapped: w[j][i] where it should be w[i][j]': (dy, w, rows, columns, s, p) =>
        inputGradient(dy, transposed(w), rows, columns, s, p),
      'only the last window gives something back: = where it should be +=': inputGradientBy(place, last),
      'the padding is forgotten: h = v·s + i - p': inputGradientBy(misplaced.unpadded),
      'the padding is added; the window begins p before the picture: - p': inputGradientBy(misplaced.pushed),
      'the stride is forgotten: the window stood at v·s': inputGradientBy(misplaced.unstrided),
      'the stride spreads the window, i·s; it belongs to the place: v·s + i': inputGradientBy(misplaced.spread),
      'v = (h + p - i) / s is rounded down; where it is no whole number, no window stood': (dy, w, rows, columns, s, p) =>
        zeros(rows, columns).map((row, h) =>
          row.map((_, k) =>
            w.reduce(
              (sum, weights, i) =>
                sum +
                weights.reduce((part, w_ij, j) => part + w_ij * pixel(dy, Math.floor((h + p - i) / s), Math.floor((k + p - j) / s)), 0),
              0,
            ),
          ),
        ),
      'dy is missing: that is the sum of the weights': (dy, w, rows, columns, s, p) => inputGradient(ones(dy), w, rows, columns, s, p),
      'the weights are missing: every pixel gets all of dy': (dy, w, rows, columns, s, p) =>
        inputGradient(dy, ones(w), rows, columns, s, p),
      'that is the mean over the window; it should be the sum': (dy, w, rows, columns, s, p) =>
        times(inputGradient(dy, w, rows, columns, s, p), 1 / (w.length * w[0].length)),
      'the sign is turned; the step of learning turns it, not the gradient': (dy, w, rows, columns, s, p) =>
        times(inputGradient(dy, w, rows, columns, s, p), -1),
      'what belongs to the padding is given to the nearest pixel; it should be dropped': (dy, w, rows, columns, s, p) => {
        const dx = zeros(rows, columns)
        each(sizeOf(dy), sizeOf(w), s, p, place, ({ v, u, i, j, h, k }) => {
          dx[near(h, rows)][near(k, columns)] += w[i][j] * dy[v][u]
        })
        return dx
      },
    },
  },
})
