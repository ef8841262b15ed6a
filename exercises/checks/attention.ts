import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/attention.ts'
import {
  attention,
  attentionBackward,
  attentionScores,
  causalMask,
  dot,
  type positionalEncoding,
  type Rows,
  softmax,
  softmaxBackward,
  transposed,
  weightedSums,
} from '../solutions/attention.ts'

const whole = (min: number, max: number) => fc.integer({ min, max })
const rows = (n: number, d: number, range = { min: -2, max: 2 }): fc.Arbitrary<Rows> =>
  fc.array(draw.vector(d, range), { minLength: n, maxLength: n })
/** As many queries as keys, and values as wide as they: so one in place of another gives an answer, too. */
const tokens = fc.tuple(whole(1, 4), whole(1, 3))
const weightsOf = (scores: Rows): Rows => scores.map(softmax)

const times = (a: Rows, factor: number): Rows => a.map((row) => row.map((value) => value * factor))
const close = (a: number, b: number, within = 1e-9) => Math.abs(a - b) <= within * Math.max(1, Math.abs(b))
const alike = (a: Rows, b: Rows, within = 1e-9) =>
  a.length === b.length && a.every((row, i) => row.length === b[i].length && row.every((value, j) => close(value, b[i][j], within)))
const total = (a: Rows, b: Rows) => a.reduce((sum, row, i) => sum + dot(row, b[i]), 0)
const moved = (a: Rows, i: number, c: number, by: number): Rows => a.map((row, r) => (r === i ? row.with(c, row[c] + by) : row))
const sum = (a: Float64Array) => a.reduce((part, value) => part + value, 0)
const hidden = (s: Rows, isHidden: (i: number, j: number) => boolean, value: number): Rows =>
  s.map((s_i, i) => s_i.map((s_ij, j) => (isHidden(i, j) ? value : s_ij)))

/** Waves by their angle and by which of them are sines. */
const waves =
  (angle: (t: number, c: number, d: number) => number, isSine = (c: number, _d: number) => c % 2 === 0): typeof positionalEncoding =>
  (n, d) =>
    Array.from({ length: n }, (_, t) =>
      new Float64Array(d).map((_, c) => (isSine(c, d) ? Math.sin(angle(t, c, d)) : Math.cos(angle(t, c, d)))),
    )
const even = (c: number) => c - (c % 2)

/** Scores of attention, masked or not. */
const scored = (q: Rows, k: Rows, isCausal: boolean) => (isCausal ? causalMask(attentionScores(q, k)) : attentionScores(q, k))
/** Attention, but for its weights, or for what it makes of them. */
const weighing =
  (of: (q: Rows, k: Rows, isCausal: boolean) => Rows): typeof attention =>
  (q, k, v, isCausal) => {
    const weights = of(q, k, isCausal)
    return { weights, y: weightedSums(weights, v) }
  }
const summing =
  (of: (weights: Rows, q: Rows, k: Rows, v: Rows) => Rows): typeof attention =>
  (q, k, v, isCausal) => {
    const { weights } = attention(q, k, v, isCausal)
    return { weights, y: of(weights, q, k, v) }
  }

/** The way back, but for some of what is found on it. */
interface Way {
  readonly dy: Rows
  readonly q: Rows
  readonly k: Rows
  readonly weights: Rows
  /** Behind the softmax, already divided by √d. */
  readonly ds: Rows
  readonly root: number
}
const back =
  (of: (way: Way) => Partial<ReturnType<typeof attentionBackward>>): typeof attentionBackward =>
  (dy, q, k, v, weights) => {
    const root = Math.sqrt(q[0].length)
    const ds = times(softmaxBackward(weightsGradient(dy, v), weights), 1 / root)
    return { ...attentionBackward(dy, q, k, v, weights), ...of({ dy, q, k, weights, ds, root }) }
  }
const weightsGradient = (dy: Rows, v: Rows): Rows => dy.map((dy_i) => new Float64Array(v.map((v_j) => dot(dy_i, v_j))))

const of = (...values: readonly (readonly number[])[]): Rows => values.map((row) => Float64Array.from(row))
const TORCH = 'PyTorch 1.13, float64'
const AUTOGRAD = 'PyTorch 1.13, autograd in float64'
const Q = of([1, 0.5, -1, 2], [0, -0.5, 1.5, 1], [-1, 1, 0.25, 0.5])
const K = of([0.5, 1, -0.5, 1], [2, -1, 0, 0.5], [-0.25, 0.75, 1, -1])
const V = of([1, 2], [-1, 0.5], [0.25, -3])
const DY = of([1, -2], [0.5, 1], [-1, 0.25])
const S = of([1.75, 1.25, -1.4375], [-0.125, 0.5, 0.0625], [0.4375, -1.375, 0.375])
const WEIGHTS = of(
  [0.6068677073410906, 0.36808387089188505, 0.02504842176702437],
  [0.24543032017661956, 0.4585242035012655, 0.296045476322115],
  [0.475588386893869, 0.07763766993564107, 0.4467739431704898],
)
const MASKED = of([1, 0, 0], [0.34864513533394575, 0.6513548646660542, 0], [0.475588386893869, 0.07763766993564107, 0.4467739431704898])
const DW = of([-3, -2, 6.25], [2.5, 0, -2.875], [-0.5, 1.125, -1])

export default checks<typeof lesson>({
  positionalEncoding: {
    hints: [
      'Columns come in pairs: a sine and a cosine with the same angle. Which number is the same for both columns of a pair?',
      'angle = t / 10000^(2i/d), where 2i is the even column of the pair: c - (c mod 2);  sin in even columns, cos in odd ones',
      'return Array.from({ length: n }, (_, t) =>\n  new Float64Array(d).map((_, c) => {\n    const angle = t / 10000 ** ((c - (c % 2)) / …)\n    return c % 2 === 0 ? … : …\n  }),\n)',
    ],
    inputs: fc.tuple(
      whole(2, 6),
      whole(1, 4).map((pairs) => 2 * pairs),
    ),
    laws: {
      'sine and cosine of a pair: their squares sum to 1': (f, n, d) =>
        f(n, d).every((row) => row.every((_, c) => close(row[even(c)] ** 2 + row[even(c) + 1] ** 2, 1))),
      'the first place is 0, 1, 0, 1, …': (f, n, d) => f(n, d)[0].every((wave, c) => wave === c % 2),
      'from one place to the next each pair turns by the same angle': (f, n, d) => {
        const p = f(n, d)
        return p.slice(1).every((row, t) =>
          row.every((_, c) => {
            const [sin, cos] = [p[1][even(c)], p[1][even(c) + 1]]
            return close(row[even(c)], p[t][even(c)] * cos + p[t][even(c) + 1] * sin)
          }),
        )
      },
    },
    frozen: [
      {
        args: [3, 4],
        gives: of(
          [0, 1, 0, 1],
          [0.8414709848078965, 0.5403023058681398, 0.00999983333416666, 0.9999500004166653],
          [0.9092974268256817, -0.4161468365471424, 0.01999866669333307, 0.9998000066665778],
        ),
        from: 'PyTorch 1.13, PositionalEncoding of its tutorial on Transformers',
      },
    ],
    mutants: {
      'sine and cosine are swapped: even columns have the sine': waves(
        (t, c, d) => t / 10000 ** (even(c) / d),
        (c) => c % 2 === 1,
      ),
      'the odd columns have waves of their own; a pair shares its angle: c - (c mod 2)': waves((t, c, d) => t / 10000 ** (c / d)),
      'the waves grow half as fast: the exponent is 2i/d for the i-th pair, not i/d': waves((t, c, d) => t / 10000 ** (even(c) / 2 / d)),
      'first all sines, then all cosines; they alternate': waves(
        (t, c, d) => t / 10000 ** ((2 * (c % (d / 2))) / d),
        (c, d) => c < d / 2,
      ),
      't is multiplied by the power; it should be divided by it': waves((t, c, d) => t * 10000 ** (even(c) / d)),
      'the first place is 1; it should be 0': waves((t, c, d) => (t + 1) / 10000 ** (even(c) / d)),
      'all waves are equally long: the power of 10000 is missing': waves((t) => t),
      'there are sines only; odd columns have the cosine': waves(
        (t, c, d) => t / 10000 ** (even(c) / d),
        () => true,
      ),
      'place and column have changed places: t counts the rows': waves((t, c, d) => c / 10000 ** (even(t) / d)),
    },
  },
  attentionScores: {
    hints: [
      'One row for each query, one column for each key. dot says how alike the two are; what keeps long vectors from winning?',
      's_ij = q_i · k_j / √d, d being the length of a query',
      'const root = Math.sqrt(…)\nreturn q.map((q_i) => Float64Array.from(k.map((k_j) => dot(…, …) / root)))',
    ],
    inputs: tokens.chain(([n, d]) => fc.tuple(rows(n, d), rows(n, d))),
    laws: {
      'queries twice as long give scores twice as large': (f, q, k) => alike(f(times(q, 2), k), times(f(q, k), 2)),
      'the keys in another order give the columns in that order': (f, q, k) =>
        alike(
          f(q, k.toReversed()),
          f(q, k).map((row) => row.toReversed()),
        ),
    },
    frozen: [
      { args: [Q, K], gives: S, from: TORCH },
      {
        args: [of([1, 0.5], [0, -0.5]), of([0.5, 1], [2, -1], [-0.25, 0.75])],
        gives: of(
          [0.7071067811865475, 1.0606601717798212, 0.08838834764831843],
          [-0.35355339059327373, 0.35355339059327373, -0.2651650429449553],
        ),
        from: TORCH,
      },
    ],
    mutants: {
      'the scale 1 / √d is missing': (q, k) => times(attentionScores(q, k), Math.sqrt(q[0].length)),
      'it is divided by d; it should be √d': (q, k) => times(attentionScores(q, k), 1 / Math.sqrt(q[0].length)),
      'it is multiplied by √d; it should be divided': (q, k) => times(attentionScores(q, k), q[0].length),
      'it is divided by the root of the number of tokens; d is the length of a query': (q, k) =>
        times(attentionScores(q, k), Math.sqrt(q[0].length / q.length)),
      'queries and keys have changed parts: a row belongs to a query': (q, k) => attentionScores(k, q),
      'the keys are compared with one another: q_i · k_j': (_, k) => attentionScores(k, k),
      'every query is compared with its own key only; compare it with all of them': (q, k) =>
        hidden(attentionScores(q, k), (i, j) => i !== j, 0),
    },
  },
  causalMask: {
    hints: [
      'Row i is what token i sees, column j is token j. It may see itself and those before it. Which score makes a weight of exactly 0?',
      's_ij = -∞ where j > i, and as it was elsewhere;  JavaScript writes ∞ as Infinity',
      'return s.map((s_i, i) => s_i.map((s_ij, j) => (j > … ? … : s_ij)))',
    ],
    inputs: tokens.chain(([n]) => fc.tuple(rows(n, n))),
    laws: {
      'the softmax makes 0 of what is hidden, and only of that': (f, s) =>
        weightsOf(f(s)).every((row, i) => row.every((weight, j) => (weight === 0) === j > i)),
      'what is not hidden stays as it was': (f, s) => f(s).every((row, i) => row.every((score, j) => j > i || score === s[i][j])),
    },
    frozen: [{ args: [S], gives: of([1.75, -Infinity, -Infinity], [-0.125, 0.5, -Infinity], [0.4375, -1.375, 0.375]), from: TORCH }],
    mutants: {
      'the diagonal is hidden, too; a token sees itself: j > i': (s) => hidden(s, (i, j) => j >= i, -Infinity),
      'the past is hidden; it should be the future: j > i': (s) => hidden(s, (i, j) => j < i, -Infinity),
      'one token of the future is seen: hide from j = i + 1 on': (s) => hidden(s, (i, j) => j > i + 1, -Infinity),
      'hidden scores are 0; e^0 is 1, and only e^(-∞) is 0': (s) => hidden(s, (i, j) => j > i, 0),
      'the sign of ∞ is turned: e^(-∞) is 0': (s) => hidden(s, (i, j) => j > i, Infinity),
      '-1e9 is nearly -∞, and its weight nearly 0; write -Infinity': (s) => hidden(s, (i, j) => j > i, -1e9),
      'only the token itself is seen; those before it should be seen, too': (s) => hidden(s, (i, j) => j !== i, -Infinity),
      'all that may be seen is set to 0; it should keep its score': (s) => s.map((s_i, i) => s_i.map((_, j) => (j > i ? -Infinity : 0))),
      'nothing is hidden': (s) => s,
    },
  },
  attention: {
    hints: [
      'Four steps, each by a function above: scores, mask if asked for, softmax of each row, sums of the values.',
      'weights_i = softmax(s_i), s being masked first if isCausal;  y = weightedSums(weights, v)',
      'const scores = attentionScores(q, k)\nconst weights = (isCausal ? … : scores).map(softmax)\nreturn { weights, y: weightedSums(…, …) }',
    ],
    inputs: tokens.chain(([n, d]) => fc.tuple(rows(n, d), rows(n, d), rows(n, d), fc.boolean())),
    laws: {
      'the weights of every query sum to 1': (f, q, k, v, isCausal) => f(q, k, v, isCausal).weights.every((row) => close(sum(row), 1)),
      'tokens in another order give answers in that order, where nothing is masked': (f, q, k, v) =>
        alike(f(q.toReversed(), k.toReversed(), v.toReversed(), false).y, f(q, k, v, false).y.toReversed()),
      'where it is causal, a later token changes no earlier answer': (f, q, k, v) => {
        const [n, d] = [q.length - 1, q[0].length - 1]
        const later = [moved(q, n, d, 1), moved(k, n, d, -2), moved(v, n, d, 3)] as const
        return alike(f(...later, true).y.slice(0, n), f(q, k, v, true).y.slice(0, n))
      },
    },
    frozen: [
      {
        args: [Q, K, V, false],
        gives: {
          weights: WEIGHTS,
          y: of(
            [0.24504594189096168, 1.3226320848270507],
            [-0.1390825142441172, -0.1680136868624731],
            [0.5096442027508503, -0.3503262207559108],
          ),
        },
        from: TORCH,
      },
      {
        args: [Q, K, V, true],
        gives: { weights: MASKED, y: of([1, 2], [-0.30270972933210843, 1.0229677030009185], [0.5096442027508503, -0.3503262207559108]) },
        from: TORCH,
      },
    ],
    mutants: {
      'the mask is forgotten: it should be there if isCausal': weighing((q, k) => weightsOf(attentionScores(q, k))),
      'it is always masked; it should be if isCausal': weighing((q, k) => weightsOf(causalMask(attentionScores(q, k)))),
      'isCausal is turned round': weighing((q, k, isCausal) => weightsOf(scored(q, k, !isCausal))),
      'the mask comes after the softmax, so the rest no longer sums to 1; mask the scores': weighing((q, k, isCausal) =>
        hidden(weightsOf(attentionScores(q, k)), (i, j) => isCausal && j > i, 0),
      ),
      'the mask of -∞ is put on the weights; it belongs on the scores, before the softmax': weighing((q, k, isCausal) => {
        const weights = weightsOf(attentionScores(q, k))
        return isCausal ? causalMask(weights) : weights
      }),
      'the softmax runs down the columns; the weights of each query, a row, sum to 1': weighing((q, k, isCausal) =>
        transposed(weightsOf(transposed(scored(q, k, isCausal)))),
      ),
      'the softmax is missing: scores are no weights': weighing(scored),
      'the powers are not divided by their sum: use softmax': weighing((q, k, isCausal) =>
        scored(q, k, isCausal).map((row) => row.map((score) => Math.exp(score))),
      ),
      'queries and keys have changed parts': weighing((q, k, isCausal) => weightsOf(scored(k, q, isCausal))),
      'the scores are divided by √d twice: attentionScores does it': weighing((q, k, isCausal) =>
        weightsOf(times(scored(q, k, isCausal), 1 / Math.sqrt(q[0].length))),
      ),
      'rows and columns of the weights are swapped in the sum: y_i = Σ_j w_ij · v_j': summing((w, _, __, v) =>
        weightedSums(transposed(w), v),
      ),
      'the keys are summed; it should be the values': summing((w, _, k) => weightedSums(w, k)),
      'the queries are summed; it should be the values': summing((w, q) => weightedSums(w, q)),
      'only the value with the largest weight is given; it should be the sum of all': summing((w, _, __, v) =>
        w.map((row) => v[row.indexOf(Math.max(...row))].slice()),
      ),
    },
  },
  softmaxBackward: {
    hints: [
      'If all of dw in a row are equal, nothing can be gained: the weights sum to 1 anyway. What is subtracted from each dw, then?',
      'ds_ij = w_ij · (dw_ij - Σ_m dw_im · w_im): the mean of dw, by the weights, is taken off',
      'return w.map((w_i, i) => {\n  const mean = dot(…, …)\n  return w_i.map((w_ij, j) => w_ij * (dw[i][j] - …))\n})',
    ],
    inputs: tokens.chain(([n, m]) => fc.tuple(rows(n, m + 1), rows(n, m + 1).map(weightsOf))),
    laws: {
      'every row sums to 0': (f, dw, w) => f(dw, w).every((row) => close(sum(row), 0)),
      'it is the slope of Σ dw · softmax(s) over s': (f, dw, w) => {
        const s = w.map((row) => row.map(Math.log))
        const at = (i: number, j: number, by: number) => total(dw, weightsOf(moved(s, i, j, by)))
        return f(dw, w).every((row, i) => row.every((ds, j) => close(ds, (at(i, j, 1e-4) - at(i, j, -1e-4)) / 2e-4, 1e-6)))
      },
    },
    frozen: [
      {
        args: [DW, WEIGHTS],
        gives: of(
          [-0.36398818902235963, 0.14731387447654654, 0.2166743145458132],
          [0.6718789864032114, 0.10892469147829509, -0.7808036778815065],
          [0.04623944138313664, 0.13370959494959164, -0.17994903633272832],
        ),
        from: AUTOGRAD,
      },
    ],
    mutants: {
      'the sum is missing: w_ij · dw_ij': (dw, w) => w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * dw[i][j])),
      'that is the slope of a sigmoid, w · (1 - w); the other weights change, too': (dw, w) =>
        w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * (1 - w_ij) * dw[i][j])),
      'the sum is of dw alone; it should be of dw · w': (dw, w) => w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * (dw[i][j] - sum(dw[i])))),
      'w_ij before the bracket is missing': (dw, w) => w.map((w_i, i) => w_i.map((_, j) => dw[i][j] - dot(dw[i], w_i))),
      'brackets are missing: w_ij · dw_ij - Σ': (dw, w) => w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * dw[i][j] - dot(dw[i], w_i))),
      'the sign is turned': (dw, w) => times(softmaxBackward(dw, w), -1),
      'the sum is added; it should be subtracted': (dw, w) => w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * (dw[i][j] + dot(dw[i], w_i)))),
      'the sum runs over all rows; each row has its own': (dw, w) =>
        w.map((w_i, i) => w_i.map((w_ij, j) => w_ij * (dw[i][j] - total(dw, w)))),
    },
  },
  attentionBackward: {
    hints: [
      'Go backwards through y = W · v, then softmax, then s = q · kᵀ / √d. In a product each factor gets the gradient times the other one.',
      'dw_ij = dy_i · v_j;  ds = softmaxBackward(dw, weights) / √d;  dq = ds · k,  dk = dsᵀ · q,  dv = weightsᵀ · dy',
      'const dweights = dy.map((dy_i) => Float64Array.from(v.map((v_j) => dot(dy_i, v_j))))\nconst root = Math.sqrt(q[0].length)\nconst ds = softmaxBackward(dweights, weights).map((ds_i) => ds_i.map((ds_ij) => ds_ij / root))\nreturn { dq: weightedSums(ds, …), dk: weightedSums(transposed(…), …), dv: weightedSums(transposed(…), …) }',
    ],
    inputs: tokens
      .chain(([n, d]) => fc.tuple(rows(n, d), rows(n, d), rows(n, d), rows(n, d), fc.boolean()))
      .map(([dy, q, k, v, isCausal]): [Rows, Rows, Rows, Rows, Rows] => [dy, q, k, v, attention(q, k, v, isCausal).weights]),
    laws: {
      'they are the slopes of Σ dy · y over q, k and v': (f, dy, q, k, v, weights) => {
        const isCausal = weights[0].some((weight) => weight === 0)
        const at = (a: Rows, b: Rows, c: Rows) => total(dy, attention(a, b, c, isCausal).y)
        const slope = (x: Rows, i: number, c: number, value: (x: Rows) => number) =>
          (value(moved(x, i, c, 1e-5)) - value(moved(x, i, c, -1e-5))) / 2e-5
        const isSlope = (dx: Rows, x: Rows, value: (x: Rows) => number) =>
          dx.every((row, i) => row.every((d, c) => close(d, slope(x, i, c, value), 1e-6)))
        const { dq, dk, dv } = f(dy, q, k, v, weights)
        return isSlope(dq, q, (x) => at(x, k, v)) && isSlope(dk, k, (x) => at(q, x, v)) && isSlope(dv, v, (x) => at(q, k, x))
      },
    },
    frozen: [
      {
        args: [DY, Q, K, V, MASKED],
        gives: {
          dq: of(
            [0, 0, 0, 0],
            [-0.4257969467661007, 0.5677292623548009, -0.14193231558870026, 0.1419323155887003],
            [0.16776308483696684, -0.11121596540800062, -0.10153437851214832, 0.14652163759533038],
          ),
          dk: of(
            [-0.02311972069156832, -0.11881259489713195, 0.4315768769389929, 0.2954244915231847],
            [-0.06685479747479582, 0.20878711306349607, -0.40908324739740176, -0.25043723244000254],
            [0.08997451816636416, -0.08997451816636416, -0.02249362954159104, -0.04498725908318208],
          ),
          dv: of(
            [0.6987341807731038, -1.532457767942587],
            [0.248039762397386, 0.6707642821499644],
            [-0.4467739431704898, 0.11169348579262245],
          ),
        },
        from: AUTOGRAD,
      },
    ],
    mutants: {
      'dk is made of k; the other factor of the score is q': back(({ ds, k }) => ({ dk: weightedSums(transposed(ds), k) })),
      'dq is made of q; the other factor of the score is k': back(({ ds, q }) => ({ dq: weightedSums(ds, q) })),
      'rows and columns are swapped in dk: dk_j = Σ_i ds_ij · q_i': back(({ ds, q }) => ({ dk: weightedSums(ds, q) })),
      'rows and columns are swapped in dq: dq_i = Σ_j ds_ij · k_j': back(({ ds, k }) => ({ dq: weightedSums(transposed(ds), k) })),
      'rows and columns are swapped in dv: dv_j = Σ_i w_ij · dy_i': back(({ weights, dy }) => ({ dv: weightedSums(weights, dy) })),
      'the scale 1 / √d is missing in dq and dk': back(({ ds, q, k, root }) => ({
        dq: weightedSums(times(ds, root), k),
        dk: weightedSums(transposed(times(ds, root)), q),
      })),
      'the scale 1 / √d is missing in dk': back(({ ds, q, root }) => ({ dk: weightedSums(transposed(times(ds, root)), q) })),
      'the scale is 1 / d; it should be 1 / √d': back(({ ds, q, k, root }) => ({
        dq: weightedSums(times(ds, 1 / root), k),
        dk: weightedSums(transposed(times(ds, 1 / root)), q),
      })),
      'dv is divided by √d; the scale is in the scores only': back(({ weights, dy, root }) => ({
        dv: weightedSums(transposed(times(weights, 1 / root)), dy),
      })),
      'the way back through the softmax is missing: ds is not dweights': (dy, q, k, v, weights) => {
        const ds = times(weightsGradient(dy, v), 1 / Math.sqrt(q[0].length))
        return { ...attentionBackward(dy, q, k, v, weights), dq: weightedSums(ds, k), dk: weightedSums(transposed(ds), q) }
      },
      'dweights is transposed: dw_ij = dy_i · v_j': (dy, q, k, v, weights) => {
        const ds = times(softmaxBackward(transposed(weightsGradient(dy, v)), weights), 1 / Math.sqrt(q[0].length))
        return { ...attentionBackward(dy, q, k, v, weights), dq: weightedSums(ds, k), dk: weightedSums(transposed(ds), q) }
      },
      'dq and dk have changed places': (dy, q, k, v, weights) => {
        const { dq, dk, dv } = attentionBackward(dy, q, k, v, weights)
        return { dq: dk, dk: dq, dv }
      },
      'dv is dy itself: each value gets it by its weights, Σ_i w_ij · dy_i': back(({ dy }) => ({ dv: dy })),
    },
  },
})
