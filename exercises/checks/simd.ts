import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import { changesOf } from '../../src/learn/compile.ts'

/** The functions of the lesson as they are called here: with arrays for addresses. */
interface Kernels {
  dot(a: Float32Array, b: Float32Array, step: number, k: number): number | Promise<number>
  axpy(s: number, x: Float32Array, y: Float32Array, n: number): Done
  multiplyByRows(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): Done
  pack(to: Float32Array, from: Float32Array, along: number, across: number, used: number, width: number, k: number): Done
  tile(a: Float32Array, b: Float32Array, c: Float32Array, rowC: number, k: number): Done
}
type Done = void | Promise<void>

const change = changesOf('simd')
const whole = (min: number, max: number) => fc.integer({ min, max })
/** Whole numbers: sums of their products are exact in f32, whatever their order. */
const array = (length: number) =>
  fc.array(whole(-3, 3), { minLength: length, maxLength: length }).map((values) => Float32Array.from(values))
/** What an array holds before it is written: it must not shine through. */
const old = (length: number) => whole(1, 3).map((value) => new Float32Array(length).fill(value))
/** An edit for each of the eight sums of the tile. */
const sums = (edit: (s: string, r: number, half: number) => readonly [string, string]) =>
  [0, 1, 2, 3].flatMap((r) => [0, 1].map((half) => edit(`s${r}${half}`, r, half)))
const numbers = (...values: number[]) => Float32Array.from(values)
const range = (length: number) => Float32Array.from({ length }, (_, i) => i + 1)

export default checks<Kernels>({
  dot: {
    hints: [
      'One sum, one loop. After every p, both addresses move on: a to its next number, b to its next number, which need not be its neighbour.',
      'sum ← sum + a_p · b_p.  a_{p+1} lies 4 bytes behind a_p, b_{p+1} lies `step` bytes behind b_p.',
      'let sum: f32 = 0\nfor (let p = 0; p < k; p++) { sum += load<f32>(a) * …; a += 4; b += … }\nreturn sum',
    ],
    inputs: fc
      .tuple(whole(0, 9), whole(1, 3))
      .chain(([k, every]) => fc.tuple(array(k), array(Math.max(0, (k - 1) * every + 1)), fc.constant(4 * every), fc.constant(k))),
    laws: {
      'twice a gives twice the product': async (f, a, b, step, k) =>
        (await f(
          a.map((v) => 2 * v),
          b,
          step,
          k,
        )) ===
        2 * (await f(a, b, step, k)),
      'without any numbers it is 0': async (f, a, b, step) => (await f(a, b, step, 0)) === 0,
    },
    frozen: [{ args: [numbers(2, 3), numbers(2, 1), 4, 2], gives: 7, from: "PyTorch's documentation of torch.dot" }],
    mutants: {
      'b moves on by 4 bytes; its next number lies `step` bytes further on': change('dot', ['b += step', 'b += 4']),
      'a moves on by `step` bytes; its numbers lie side by side, 4 bytes apart': change('dot', ['a += 4', 'a += step']),
      'a moves on by 1 byte; an f32 has 4 of them': change('dot', ['a += 4', 'a += 1']),
      'b moves on by `step` numbers; `step` counts bytes already': change('dot', ['b += step', 'b += 4 * step']),
      'only the last product is returned; add it to the sum': change('dot', ['sum +=', 'sum =']),
      'the last number is left out; p runs while p < k': change('dot', ['p < k', 'p < k - 1']),
      'a and b do not move on: the first product, k times': change('dot', ['a += 4\n    b += step', '']),
      'a is multiplied by itself': change('dot', ['load<f32>(b)', 'load<f32>(a)']),
      'the numbers are added, where they should be multiplied': change('dot', [') * load', ') + load']),
    },
    tolerance: 1e-5,
  },

  axpy: {
    hints: [
      'As in scale: vectors while four are left, then one by one. But y is read, too: y + s · x is what is stored.',
      'multiplyAdd(v128.load(y + 4 * i), s4, v128.load(x + 4 * i)) has the new y_i … y_{i+3}. For the rest: y_i + s · x_i.',
      'const s4 = f32x4.splat(s)\nlet i = 0\nfor (; i + 4 <= n; i += 4) v128.store(y + 4 * i, …)\nfor (; i < n; i++) store<f32>(y + 4 * i, …)',
    ],
    inputs: whole(0, 13).chain((n) => fc.tuple(whole(-3, 3), array(n), array(n), fc.constant(n))),
    laws: {
      's = 0 leaves y as it is': async (f, _, x, y, n) => {
        const before = y.slice()
        await f(0, x, y, n)
        return y.every((value, i) => value === before[i])
      },
    },
    frozen: [
      {
        args: [2, numbers(1, 2, 3, 4, 5), numbers(1, 1, 1, 1, 1), 5],
        gives: [3, 5, 7, 9, 11],
        from: 'PyTorch 1.13: torch.ones(5).add(torch.arange(1., 6.), alpha=2)',
      },
    ],
    mutants: {
      'the last n mod 4 numbers are left out: after the vectors, go on one by one': change('axpy', ['i < n; i++', 'i < 0; i++']),
      'x is stored, not added to: y is missing in the vectors': change('axpy', [
        'multiplyAdd(v128.load(y + 4 * i), s4, ',
        'f32x4.mul(s4, ',
      ]),
      'y is missing in the last n mod 4 numbers': change('axpy', ['load<f32>(y + 4 * i) + s', 's']),
      's is missing in the vectors; multiply x by s4': change('axpy', ['s4, v128.load(x + 4 * i)', 'f32x4.splat(1), v128.load(x + 4 * i)']),
      's is missing in the last n mod 4 numbers': change('axpy', ['+ s * load', '+ load']),
      'the vectors begin i bytes behind x; number i lies 4 · i bytes behind it': change('axpy', [
        'v128.load(x + 4 * i)',
        'v128.load(x + i)',
      ]),
      'i moves on by 16 after a vector; it counts numbers, of which a vector has 4': change('axpy', ['i += 4', 'i += 16']),
    },
    observe: (_, [, , y]) => y,
    tolerance: 1e-5,
  },

  multiplyByRows: {
    hints: [
      'For every row of C: make it 0, then add the rows of B to it, each times a number of A. axpy does one such addition.',
      'Row i of C begins at c + 4·i·n, row p of B at b + 4·p·n, and a_ip lies at a + 4·(i·k + p).',
      'for (let i …) {\n  const row = c + 4 * i * n\n  for (let j …) store<f32>(row + 4 * j, 0)\n  for (let p …) axpy(load<f32>(a + …), b + …, row, n)\n}',
    ],
    inputs: fc
      .tuple(whole(1, 5), whole(1, 9))
      .chain(([m, n]) => fc.tuple(fc.constant(m), fc.constant(n), whole(0, Math.min(5, n))))
      .chain(([m, n, k]) => fc.tuple(array(m * k), array(k * n), old(m * n), fc.constant(m), fc.constant(n), fc.constant(k))),
    laws: {
      'A = ones gives the sums of the columns of B in every row': async (f, a, b, c, m, n, k) => {
        await f(a.fill(1), b, c, m, n, k)
        return c.every((c_ij, at) => c_ij === Array.from({ length: k }, (_, p) => b[p * n + (at % n)]).reduce((x, y) => x + y, 0))
      },
    },
    frozen: [
      {
        args: [numbers(1, 3, 7, 5), numbers(6, 8, 4, 2), numbers(9, 9, 9, 9), 2, 2, 2],
        gives: [18, 14, 62, 66],
        from: 'Cormen, Leiserson, Rivest & Stein, Introduction to Algorithms, exercise 4.2-1',
      },
    ],
    mutants: {
      'C is not made 0 first: what it held before is added': change('multiplyByRows', ['j < n; j++', 'j < 0; j++']),
      'rows of C are k numbers apart; they have n': change('multiplyByRows', ['4 * i * n', '4 * i * k']),
      'rows of A are n numbers apart; they have k': change('multiplyByRows', ['i * k + p', 'i * n + p']),
      'rows of B are k numbers apart; they have n': change('multiplyByRows', ['4 * p * n', '4 * p * k']),
      'row i of B is added, where it should be row p': change('multiplyByRows', ['4 * p * n', '4 * i * n']),
      'A is read as its transpose: a_pi, where it should be a_ip': change('multiplyByRows', ['i * k + p', 'p * m + i']),
      'C is made 0 again before every p: only the last row of B is left': change(
        'multiplyByRows',
        ['b + 4 * p * n, row, n)', 'b + 4 * p * n, row, n)\n    }'],
        ['p++) axpy(', 'p++) {\n      for (let j = 0; j < n; j++) store<f32>(row + 4 * j, 0)\n      axpy('],
      ),
    },
    observe: (_, [, , c]) => c,
    tolerance: 1e-5,
  },

  pack: {
    hints: [
      'Two loops: over p, and in it over i. `to` is written from front to back, so it moves on by 4 bytes after every number.',
      'The number is at from + p · along + i · across, in bytes, if i < used. If not, it is 0.',
      'for (let p …) {\n  for (let i …) {\n    store<f32>(to, i < used ? load<f32>(from + …) : 0)\n    to += 4\n  }\n}',
    ],
    inputs: fc
      .record({ width: whole(3, 4), missing: whole(0, 2), k: whole(1, 3), spare: whole(0, 2), isA: fc.boolean() })
      .chain(({ width, missing, k, spare, isA }) => {
        const used = width - missing
        const line = (isA ? k : used) + spare // numbers in a row of the matrix
        const strides = isA ? [4, 4 * line] : [4 * line, 4]
        const length = isA ? (used - 1) * line + k : (k - 1) * line + used
        const [along, across, ...sizes] = [...strides, used, width, k].map((value) => fc.constant(value))
        return fc.tuple(old(width * k), array(length), along, across, sizes[0], sizes[1], sizes[2])
      }),
    laws: {
      'every panel holds the numbers of its strip, and 0': async (f, to, from, along, across, used, width, k) => {
        await f(to, from, along, across, used, width, k)
        const sorted = (values: Iterable<number>) => [...values].sort((x, y) => x - y)
        const strip = Array.from({ length: k * used }, (_, at) => from[(Math.floor(at / used) * along + (at % used) * across) / 4])
        return String(sorted(to)) === String(sorted([...strip, ...new Array(k * (width - used)).fill(0)]))
      },
    },
    frozen: [
      {
        args: [new Float32Array(12), range(9), 4, 12, 3, 4, 3],
        gives: [1, 4, 7, 0, 2, 5, 8, 0, 3, 6, 9, 0],
        from: 'PyTorch 1.13: F.pad(torch.arange(1., 10.).view(3, 3).T, (0, 1)).flatten()',
      },
    ],
    mutants: {
      'along and across are exchanged: p moves by along, i by across': change('pack', ['p * along + i * across', 'p * across + i * along']),
      'the panel is written strip by strip; for every p, the numbers of all i lie side by side': change('pack', [
        'for (let p = 0; p < k; p++) {\n    for (let i = 0; i < width; i++) {',
        'for (let i = 0; i < width; i++) {\n    for (let p = 0; p < k; p++) {',
      ]),
      'what is missing is read, too: from i = used on it is 0': change('pack', ['i < used ?', 'i < width ?']),
      'what is missing keeps what lay in the panel; it is 0': change('pack', [' : 0', ' : load<f32>(to)']),
      'what is missing takes no place; there are `width` numbers for every p': change('pack', ['i < width', 'i < used']),
      'along and across count bytes already; times 4 is too far': change('pack', [
        'p * along + i * across',
        '4 * (p * along + i * across)',
      ]),
      'p does not move on: every row of the panel is the first': change('pack', ['p * along + ', '']),
      'the first number that is missing is still read; there are numbers while i < used': change('pack', ['i < used', 'i <= used']),
    },
    observe: (_, [to]) => to,
    tolerance: 1e-5,
  },

  tile: {
    hints: [
      'Eight vectors of sums begin as 0 and are stored once, at the end. For every p: two vectors of b, and four numbers of a, each in all lanes.',
      'Row r of the tile:  s_r0 ← s_r0 + a_pr · (b_p0 … b_p3),  s_r1 ← s_r1 + a_pr · (b_p4 … b_p7).  Then a moves on by 4 numbers, b by 8.',
      'const b0 = v128.load(b), b1 = v128.load(b, 16)\nconst a0 = v128.load32_splat(a)        then a1 at 4, a2 at 8, a3 at 12\ns00 = multiplyAdd(s00, a0, b0); s01 = multiplyAdd(s01, a0, b1); …\nafter the loop: v128.store(c + rowC, s10); v128.store(c + rowC, s11, 16); …',
    ],
    inputs: fc.tuple(whole(0, 3), whole(0, 2)).chain(([k, spare]) => {
      const line = 8 + spare
      return fc.tuple(array(4 * k), array(8 * k), old(3 * line + 8), fc.constant(4 * line), fc.constant(k))
    }),
    laws: {
      'a = ones gives the sums of the columns of b in every row': async (f, a, b, c, rowC, k) => {
        await f(a.fill(1), b, c, rowC, k)
        const sum = (j: number) => Array.from({ length: k }, (_, p) => b[8 * p + j]).reduce((x, y) => x + y, 0)
        return [0, 1, 2, 3].every((r) => [...c.subarray((r * rowC) / 4, (r * rowC) / 4 + 8)].every((value, j) => value === sum(j)))
      },
      'what lies between the rows stays as it was': async (f, a, b, c, rowC, k) => {
        const before = c.slice()
        await f(a, b, c, rowC, k)
        return c.every((value, at) => at % (rowC / 4) < 8 || value === before[at])
      },
    },
    frozen: [
      {
        args: [range(8), range(16), new Float32Array(32), 32, 2],
        gives: [
          [46, 52, 58, 64, 70, 76, 82, 88],
          [56, 64, 72, 80, 88, 96, 104, 112],
          [66, 76, 86, 96, 106, 116, 126, 136],
          [76, 88, 100, 112, 124, 136, 148, 160],
        ],
        from: 'PyTorch 1.13: torch.arange(1., 9.).view(2, 4).T @ torch.arange(1., 17.).view(2, 8)',
      },
    ],
    mutants: {
      'rows of C are stored 32 bytes apart; they are rowC apart': change('tile', ['rowC,', '32,']),
      'what C held before is added; all sums begin as 0': change(
        'tile',
        ...sums((s, r, half) => [`let ${s} = f32x4.splat(0)`, `let ${s} = v128.load(c + ${r} * rowC, ${16 * half})`]),
      ),
      'only the last p is left: add to the sums, which stay for all p': change(
        'tile',
        ...sums((s) => [`multiplyAdd(${s},`, 'multiplyAdd(f32x4.splat(0),']),
      ),
      'all four rows are computed from the first number of a': change('tile', ['(a, 4)', '(a)'], ['(a, 8)', '(a)'], ['(a, 12)', '(a)']),
      'numbers of a are loaded 1, 2, 3 bytes behind a; they lie 4, 8, 12 bytes behind it': change(
        'tile',
        ['(a, 4)', '(a, 1)'],
        ['(a, 8)', '(a, 2)'],
        ['(a, 12)', '(a, 3)'],
      ),
      'four numbers of a are loaded, one in each lane; one number has to fill all lanes': change('tile', ['load32_splat', 'load']),
      'the second vector of b is loaded 4 bytes behind the first; a vector has 16': change('tile', ['(b, 16)', '(b, 4)']),
      'the left half of b is used for both halves of the tile': change('tile', ['(b, 16)', '(b)']),
      'a moves on by 4 bytes; a p has four numbers, 16 bytes': change('tile', ['a += 16', 'a += 4']),
      'b moves on by 16 bytes; a p has two vectors, 32 bytes': change('tile', ['b += 32', 'b += 16']),
      'the right half is stored 4 bytes behind the left one; a vector has 16': change(
        'tile',
        ...[0, 1, 2, 3].map((r) => [`s${r}1, 16)`, `s${r}1, 4)`] as const),
      ),
      'the halves of the rows are exchanged: s00 belongs to b_p0 … b_p3': change(
        'tile',
        ['v128.load(b)', 'v128.load(b, 0, 1)'],
        ['v128.load(b, 16)', 'v128.load(b)'],
        ['v128.load(b, 0, 1)', 'v128.load(b, 16)'],
      ),
      'a and b do not move on: the first p, k times': change('tile', ['a += 16\n    b += 32', '']),
    },
    observe: (_, [, , c, rowC]) => [0, 1, 2, 3].map((r) => c.slice((r * rowC) / 4, ((r + 1) * rowC) / 4)),
    tolerance: 1e-5,
  },
})
