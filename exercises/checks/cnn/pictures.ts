/** The checks of the functions of cnn that take pictures as plain numbers. */
import fc from 'fast-check'
import { checks } from '../../../src/learn/check.ts'
import type * as lesson from '../../solutions/cnn.ts'
import { type Grid, type Layer, maxPool, maxPoolBackward, mix } from '../../solutions/cnn.ts'
import {
  alike,
  at,
  backBy,
  close,
  countBy,
  greatest,
  inner,
  make,
  middle,
  mixed,
  ofWindows,
  placedBy,
  poolBy,
  scaleBy,
  sum,
  there,
  times,
  transposed,
  wins,
  within,
} from './mistakes.ts'

const TORCH = 'PyTorch 1.13'
const LENET = 'LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998, section II.B'
const INTERPOLATE = `${TORCH}, F.interpolate(mode='bilinear', align_corners=False)`

const whole = (min: number, max: number) => fc.integer({ min, max })
/** Whole numbers: a counterexample is short, and some of them are equal. */
const grid = (rows: number, columns: number, range = { min: -3, max: 3 }): fc.Arbitrary<Grid> => {
  const row = fc.array(fc.integer(range), { minLength: columns, maxLength: columns }).map((values) => Float64Array.from(values))
  return fc.array(row, { minLength: rows, maxLength: rows })
}
const rowsOf = (...rows: number[][]): Grid => rows.map((row) => Float64Array.from(row))
const placesOf = (...rows: number[][]): Int32Array[] => rows.map((row) => Int32Array.from(row))
/** Windows that fit into a picture. */
const windows = fc
  .record({ rows: whole(2, 5), columns: whole(2, 5), size: whole(1, 3), s: whole(1, 3) })
  .filter(({ rows, columns, size }) => size <= rows && size <= columns)
const toPool = windows.chain(({ rows, columns, size, s }) => fc.tuple(grid(rows, columns), fc.constant(size), fc.constant(s)))
const toSendBack = toPool.chain(([x, size, s]) => {
  const { at } = maxPool(x, size, s)
  return grid(at.length, at[0].length).map((dy): Parameters<typeof maxPoolBackward> => [dy, at, x.length, x[0].length])
})

const images = fc.tuple(whole(1, 4), whole(3, 6), whole(3, 6)) // channels, rows, columns
const counted: fc.Arbitrary<[Layer, readonly number[]]> = fc.oneof(
  fc.tuple(
    fc.record({ kind: fc.constant('convolve' as const), channels: whole(1, 5), k: whole(1, 3), p: whole(0, 1) }),
    images.map((shape) => [...shape]),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant('linear' as const), features: whole(1, 6) }),
    whole(1, 9).map((n) => [n]),
  ),
  fc.tuple(
    fc.constantFrom<Layer>({ kind: 'pool', k: 2 }, { kind: 'relu' }, { kind: 'flatten' }),
    images.map((shape) => [...shape]),
  ),
)
type Pictures = Pick<typeof lesson, 'bilinear' | 'parameterCount' | 'maxPool' | 'maxPoolBackward'>

export const pictures = checks<Pictures>({
  bilinear: {
    hints: [
      'Stand in the middle of a new pixel and look back: which point of the old picture is it? Which four old pixels are around that point?',
      'h = (v + ½)·H / rows - ½, kept within 0 and H - 1; mix across in rows ⌊h⌋ and ⌈h⌉ by k - ⌊k⌋, then mix the two by h - ⌊h⌋',
      'const point = (v, size, old) => Math.min(Math.max(…, 0), old - 1)\nfor each v: h = point(v, rows, x.length); upper = x[Math.floor(h)], lower = x[Math.ceil(h)]\n  for each u: k = point(u, columns, x[0].length)\n    mix(mix(upper[⌊k⌋], upper[⌈k⌉], k - ⌊k⌋), mix(lower[⌊k⌋], …), h - ⌊h⌋)',
    ],
    inputs: fc.tuple(whole(1, 4), whole(1, 4)).chain(([rows, columns]) => fc.tuple(grid(rows, columns), whole(1, 6), whole(1, 6))),
    laws: {
      'a picture of one colour keeps it': (f, x, rows, columns) =>
        alike(
          f(
            x.map((row) => row.map(() => 2)),
            rows,
            columns,
          ),
          make(rows, columns, () => 2),
        ),
      'a picture in its own size stays as it is': (f, x) => alike(f(x, x.length, x[0].length), x),
      'turned over and scaled is scaled and turned over': (f, x, rows, columns) =>
        alike(f(transposed(x), columns, rows), transposed(f(x, rows, columns))),
    },
    frozen: [
      {
        args: [rowsOf([0, 16], [8, 4]), 4, 4],
        gives: [
          [0, 4, 12, 16],
          [2, 4.75, 10.25, 13],
          [6, 6.25, 6.75, 7],
          [8, 7, 5, 4],
        ],
        from: INTERPOLATE,
      },
      {
        args: [rowsOf([0, 4, 8], [2, -2, 6]), 3, 2],
        gives: [
          [1, 7],
          [1, 5.5],
          [1, 4],
        ],
        from: INTERPOLATE,
      },
    ],
    mutants: {
      'the corners are aligned, h = v·(H - 1) / (rows - 1); here the middles of pixels are: h = (v + ½)·H / rows - ½': scaleBy(
        (v, size, old) => (size === 1 ? 0 : (v * (old - 1)) / (size - 1)),
      ),
      'h is v·H / rows: it goes from the edges of the pixels; take their middles, (v + ½)·H / rows - ½': scaleBy((v, size, old) =>
        within((v * old) / size, old),
      ),
      'the last ½ is missing: h = (v + ½)·H / rows - ½': scaleBy((v, size, old) => within(((v + 0.5) * old) / size, old)),
      'the nearest pixel is taken; the four around the point are to be mixed': scaleBy(middle, (x, h, k) =>
        at(x, Math.round(h), Math.round(k)),
      ),
      'the pixel at the upper left is taken; the four around the point are to be mixed': scaleBy(middle, (x, h, k) =>
        at(x, Math.floor(h), Math.floor(k)),
      ),
      'the shares are swapped: the nearer pixel should have the larger share': scaleBy(middle, (x, h, k) => {
        const [i, j] = [Math.floor(h), Math.floor(k)]
        return mix(mix(at(x, i, j + 1), at(x, i, j), k - j), mix(at(x, i + 1, j + 1), at(x, i + 1, j), k - j), 1 - (h - i))
      }),
      'the shares are those of the other direction: across it is k - ⌊k⌋, down h - ⌊h⌋': scaleBy(middle, (x, h, k) => {
        const [i, j] = [Math.floor(h), Math.floor(k)]
        return mix(mix(at(x, i, j), at(x, i, j + 1), h - i), mix(at(x, i + 1, j), at(x, i + 1, j + 1), h - i), k - j)
      }),
      'it is mixed across only; down it should be, too': scaleBy(middle, (x, h, k) => mixed(x, Math.floor(h), k)),
      'it is mixed down only; across it should be, too': scaleBy(middle, (x, h, k) => mixed(x, h, Math.floor(k))),
      'every pixel gets the mean of the four; their shares depend on how near they are': scaleBy(middle, (x, h, k) => {
        const [i, j, l, m] = [Math.floor(h), Math.floor(k), Math.ceil(h), Math.ceil(k)]
        return (at(x, i, j) + at(x, i, m) + at(x, l, j) + at(x, l, m)) / 4
      }),
      'the picture fades to 0 at its edges; points beyond the first or last pixel should be kept within': scaleBy(
        (v, size, old) => ((v + 0.5) * old) / size - 0.5,
        (x, h, k) => {
          const zero = make(x.length + 2, x[0].length + 2, (a, b) => x[a - 1]?.[b - 1] ?? 0)
          return mixed(zero, h + 1, k + 1)
        },
      ),
      'the ratio is turned over: old is to new as H is to rows': scaleBy((v, size, old) => within(((v + 0.5) * size) / old - 0.5, old)),
    },
  },
  parameterCount: {
    hints: [
      'Take one channel that comes out. How many windows does it have, how large is each, and what else has it?',
      'convolve: channels · (C·k² + 1);  linear: features · (n + 1);  all others: 0',
      "if (layer.kind === 'convolve') return layer.channels * (shape[0] * … + 1)\nif (layer.kind === 'linear') return …\nreturn 0",
    ],
    inputs: counted,
    laws: {
      'for a convolution the size of the picture does not matter': (f, layer, shape) =>
        layer.kind !== 'convolve' || f(layer, [shape[0], 99, 77]) === f(layer, shape),
      'a layer with twice the outputs has twice the parameters': (f, layer, shape) => {
        if (layer.kind === 'convolve') return f({ ...layer, channels: 2 * layer.channels }, shape) === 2 * f(layer, shape)
        return layer.kind !== 'linear' || f({ ...layer, features: 2 * layer.features }, shape) === 2 * f(layer, shape)
      },
    },
    frozen: [
      { args: [{ kind: 'convolve', channels: 6, k: 5, p: 0 }, [1, 32, 32]], gives: 156, from: `${LENET}, layer C1` },
      { args: [{ kind: 'convolve', channels: 120, k: 5, p: 0 }, [16, 5, 5]], gives: 48120, from: `${LENET}, layer C5` },
      { args: [{ kind: 'linear', features: 84 }, [120]], gives: 10164, from: `${LENET}, layer F6` },
      { args: [{ kind: 'convolve', channels: 64, k: 3, p: 1 }, [32, 14, 14]], gives: 18496, from: `${TORCH}, nn.Conv2d(32, 64, 3)` },
      { args: [{ kind: 'pool', k: 2 }, [32, 28, 28]], gives: 0, from: `${TORCH}, nn.MaxPool2d(2)` },
    ],
    mutants: {
      'the biases are missing: each channel or feature that comes out has one': countBy(
        (o, c, k) => o * c * k * k,
        (o, n) => o * n,
      ),
      'the biases of the convolution are missing: each channel that comes out has one': countBy((o, c, k) => o * c * k * k),
      'the biases of the linear layer are missing: each feature has one': countBy(ofWindows, (o, n) => o * n),
      'the channels that come in are left out: each has a window of its own': countBy((o, _, k) => o * (k * k + 1)),
      'every window has a bias of its own; only each channel that comes out has one': countBy((o, c, k) => o * c * (k * k + 1)),
      'a layer has one bias for all; each channel or feature that comes out has its own': countBy(
        (o, c, k) => o * c * k * k + 1,
        (o, n) => o * n + 1,
      ),
      'there is a bias for each channel that comes in; it should be for each that comes out': countBy(
        (o, c, k) => c * (o * k * k + 1),
        (o, n) => n * (o + 1),
      ),
      'a window has k · k weights, not k': countBy((o, c, k) => o * (c * k + 1)),
      'each place has windows of its own; a convolution uses the same ones everywhere': countBy(
        (o, c, k, [, h, w]) => o * h * w * (c * k * k + 1),
      ),
      'that is a linear layer from all pixels; a convolution has k · k weights per channel': countBy(
        (o, c, _, [, h, w]) => o * (c * h * w + 1),
      ),
      'a pool has nothing to learn: it takes the greatest number, without weights': countBy(ofWindows, undefined, (layer) =>
        layer.kind === 'pool' ? layer.k * layer.k : 0,
      ),
    },
  },
  maxPool: {
    hints: [
      'Four loops: over the places of the window, and over the pixels it sees there. Remember the greatest so far, and where it stood.',
      'y_vu = max x_hk for h from v·s and k from u·s, size of each;  at_vu = h·W + k of the first that is greatest',
      'y[v][u] = -Infinity at first\nfor (let h = v * s; h < v * s + size; h++)\n  for (let k = u * s; k < u * s + size; k++)\n    if (x[h][k] > y[v][u]) { y[v][u] = …; at[v][u] = h * x[0].length + … }',
    ],
    inputs: toPool,
    laws: {
      'each number stands in the picture where at says': (f, x, size, s) => {
        const { y, at } = f(x, size, s)
        return y.every((row, v) => row.every((y_vu, u) => x.flatMap((r) => [...r])[at[v][u]] === y_vu))
      },
      'a number added to all pixels is added to all that comes out': (f, x, size, s) =>
        alike(
          f(
            make(x.length, x[0].length, (h, k) => x[h][k] - 8),
            size,
            s,
          ).y,
          f(x, size, s).y.map((row) => row.map((y_vu) => y_vu - 8)),
        ),
    },
    frozen: [
      {
        args: [rowsOf([1, 5, 2, 0, 3], [4, -1, 7, 7, 1], [0, 2, -3, 6, 6], [3, 3, 8, -2, 5]), 2, 2],
        gives: {
          y: [
            [5, 7],
            [3, 8],
          ],
          at: [
            [1, 7],
            [15, 17],
          ],
        } as never, // as nested arrays
        from: `${TORCH}, F.max_pool2d(x, 2, 2, return_indices=True)`,
      },
      {
        args: [rowsOf([1, 5, 2, 0, 3], [4, -1, 7, 7, 1], [0, 2, -3, 6, 6], [3, 3, 8, -2, 5]), 2, 1],
        gives: {
          y: [
            [5, 7, 7, 7],
            [4, 7, 7, 7],
            [3, 8, 8, 6],
          ],
          at: [
            [1, 7, 7, 8],
            [5, 7, 7, 8],
            [15, 17, 17, 13],
          ],
        } as never,
        from: `${TORCH}, F.max_pool2d(x, 2, 1, return_indices=True)`,
      },
    ],
    mutants: {
      'that is the mean of each window, as in an average pool; take the greatest': poolBy((values) => ({
        value: sum(values) / values.length,
        place: greatest(values),
      })),
      'that is the least number of each window; take the greatest': poolBy((values) => {
        const place = values.indexOf(Math.min(...values))
        return { value: values[place], place }
      }),
      'the first number of each window is taken; look at all of them': poolBy((values) => ({ value: values[0], place: 0 })),
      'the greatest without its sign is taken: -3 is less than 1': poolBy((values) => {
        const place = greatest(values.map(Math.abs))
        return { value: values[place], place }
      }),
      'it begins with 0, so that numbers below 0 are lost; begin with -Infinity': (x, size, s) => {
        const { y, at } = maxPool(x, size, s)
        return { y: y.map((row) => row.map((y_vu) => Math.max(0, y_vu))), at: at.map((row, v) => row.map((p, u) => (y[v][u] > 0 ? p : 0))) }
      },
      'of equal numbers the last place is kept; the first is wanted: compare by >, not by >=': poolBy((values) => {
        const place = values.lastIndexOf(Math.max(...values))
        return { value: values[place], place }
      }),
      'the stride is forgotten: window (v, u) begins at row v·s and column u·s': poolBy(
        (values) => ({ value: Math.max(...values), place: greatest(values) }),
        () => 1,
      ),
      'the places are swapped: h · W + k is row by row': placedBy(
        (place, x) => (place % x[0].length) * x.length + Math.floor(place / x[0].length),
      ),
      'the places are multiplied by the number of rows; it is h · W + k': placedBy(
        (place, x) => Math.floor(place / x[0].length) * x.length + (place % x[0].length),
      ),
      'the places are counted within the window; they are wanted within the picture': placedBy((place, x, v, u, size, s) => {
        const [h, k] = [Math.floor(place / x[0].length), place % x[0].length]
        return (h - v * s) * size + (k - u * s)
      }),
      'rows and columns of what comes out are swapped': (x, size, s) => {
        const { y, at } = maxPool(x, size, s)
        return { y: transposed(y), at: at[0].length ? Array.from(at[0], (_, u) => Int32Array.from(at, (row) => row[u])) : [] }
      },
      'the last windows are missing: they fit ⌊(n - size) / s⌋ + 1 times': (x, size, s) => {
        const { y, at } = maxPool(x, size, s)
        return { y: y.slice(0, -1).map((row) => row.slice(0, -1)), at: at.slice(0, -1).map((row) => row.slice(0, -1)) }
      },
    },
  },
  maxPoolBackward: {
    hints: [
      'Begin with zeros. Every dy knows from at where its number came from: bring it back there, and mind those who won more than once.',
      'dx at row ⌊at / W⌋ and column at mod W gets dy added, for every v and u',
      'const dx = … rows of new Float64Array(columns)\nfor every v and u:\n  dx[Math.floor(at[v][u] / columns)][…] += dy[v][u]\nreturn dx',
    ],
    inputs: toSendBack,
    laws: {
      'nothing is lost: dx and dy have the same sum': (f, dy, at, rows, columns) =>
        close(
          inner(
            f(dy, at, rows, columns),
            make(rows, columns, () => 1),
          ),
          inner(
            dy,
            times(dy, 0).map((row) => row.map(() => 1)),
          ),
        ),
      'what was never the greatest gets 0': (f, dy, at, rows, columns) => {
        const won = wins(at, rows, columns)
        return f(dy, at, rows, columns).every((row, h) => row.every((value, k) => value === 0 || won[h][k] > 0))
      },
    },
    frozen: [
      {
        args: [rowsOf([1, 2], [3, 4]), placesOf([1, 7], [15, 17]), 4, 5],
        gives: [
          [0, 1, 0, 0, 0],
          [0, 0, 2, 0, 0],
          [0, 0, 0, 0, 0],
          [3, 0, 4, 0, 0],
        ],
        from: `${TORCH}, F.max_pool2d(x, 2, 2) and backward()`,
      },
      {
        args: [rowsOf([1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]), placesOf([1, 7, 7, 8], [5, 7, 7, 8], [15, 17, 17, 13]), 4, 5],
        gives: [
          [0, 1, 0, 0, 0],
          [5, 0, 18, 12, 0],
          [0, 0, 0, 12, 0],
          [9, 0, 21, 0, 0],
        ],
        from: `${TORCH}, F.max_pool2d(x, 2, 1) and backward()`,
      },
    ],
    mutants: {
      'the last window wins: = overwrites what came before; add up by +=': backBy(there, (_, dy) => dy),
      'every greatest number gets 1; it gets its dy': backBy(there, (old) => old + 1),
      'the sign is turned: the gradient is sent back as it is': backBy(there, (old, dy) => old - dy),
      'the gradient is put at (v, u), where it stands in dy; at says where it belongs': backBy((_, _rows, _columns, v, u) => [v, u]),
      'rows and columns are swapped: the row is ⌊at / W⌋, the column at mod W': backBy((place, _, columns) => [
        place % columns,
        Math.floor(place / columns),
      ]),
      'at is divided by the number of rows; it is h · W + k, so divide by the columns': backBy((place, rows) => [
        Math.floor(place / rows),
        place % rows,
      ]),
      'who won in several windows gets the mean; it gets the sum': (dy, at, rows, columns) => {
        const won = wins(at, rows, columns)
        return maxPoolBackward(dy, at, rows, columns).map((row, h) => row.map((value, k) => value / Math.max(1, won[h][k])))
      },
      'every pixel gets an equal part, as in an average; a pool has one winner per window': (dy, _, rows, columns) => {
        const all = inner(
          dy,
          dy.map((row) => row.map(() => 1)),
        )
        return make(rows, columns, () => all / (rows * columns))
      },
      'nothing is sent back: dx stays 0': (_, _at, rows, columns) => make(rows, columns, () => 0),
    },
  },
})
