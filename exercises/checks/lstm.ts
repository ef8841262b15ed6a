import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/lstm.ts'
import { fitScale, type Gates, gatesBackward, gatesOf, nextState, type State, sigmoid, stateBackward, windows } from '../solutions/lstm.ts'
import { close, dot, nonzero, sized, vec, zeros } from './recurrent/sequences.ts'

const answers = (n: number) => draw.vector(n, { min: 0.125, max: 0.875 })
/** What gates answer: σ between 0 and 1, tanh between -1 and 1, and nowhere flat. */
const open = (n: number): fc.Arbitrary<Gates> =>
  fc.record({ i: answers(n), f: answers(n), g: draw.vector(n, { min: -0.875, max: 0.875 }), o: answers(n) })
const cells = (n: number) => nonzero(n).map((c) => c.map((c_j) => 2 * c_j))
/** A step: the gates, the cell before and after, and the gradients by the new state and the new cell. */
const stepBack = sized((n) => fc.tuple(nonzero(n), nonzero(n), open(n), cells(n))).map(
  ([dh, dc, gates, cBefore]): Parameters<typeof stateBackward> => [dh, dc, gates, cBefore, nextState(gates, cBefore).c],
)
const series = fc
  .integer({ min: 4, max: 8 })
  .chain((T) => draw.vector(T))
  .filter((s) => new Set(s).size > 2)

const TORCH = 'PyTorch 1.13, nn.LSTMCell in float64'
const A = vec(0.75, -0.21875, 0.65625, 1.625, -0.0625, -0.75, 0.8125, 0.4375)
const GATES: Gates = {
  i: vec(0.679178699175393, 0.4455295350395727),
  f: vec(0.658417500561683, 0.8354835371034369),
  g: vec(-0.062418746747512514, -0.6351489523872873),
  o: vec(0.6926419831347361, 0.6076631698328917),
}
const C_BEFORE = vec(-0.75, 1.25)
const NEXT: State = { h: vec(-0.33947155484005226, 0.39005121732864617), c: vec(-0.5362066086413961, 0.7613768039413162) }
const D_GATES: Gates = {
  i: vec(-0.0320290311072219, -0.24942662552163303),
  f: vec(-0.38484869661971755, 0.49088214777047895),
  g: vec(0.3485080495327003, 0.17496199604432666),
  o: vec(-0.24505557207468362, -0.6418872110282919),
}

const names = ['i', 'f', 'g', 'o'] as const
const times = (a: Float64Array, b: Float64Array) => a.map((a_j, j) => a_j * b[j])
const ones = (v: Float64Array) => new Float64Array(v.length).fill(1)
const block = (a: Float64Array, k: number) => a.slice((k * a.length) / 4, ((k + 1) * a.length) / 4)
/** The four blocks of the sums, each through a function of its own; `order` says which block belongs to i, f, g and o. */
const gatesBy =
  (functions: readonly ((a: number) => number)[], order: readonly number[] = [0, 1, 2, 3]) =>
  (a: Float64Array): Gates => {
    const [i, f, g, o] = order.map((k, place) => block(a, k).map((a_j) => functions[place](a_j)))
    return { i, f, g, o }
  }
const right = [sigmoid, sigmoid, Math.tanh, sigmoid]
const same = (a: number) => a

type StateBackward = typeof stateBackward
/** stateBackward with something else in the place of dc_all. */
const withAll =
  (all: (...args: Parameters<StateBackward>) => Float64Array): StateBackward =>
  (...args) => {
    const [dh, , { i, f, g }, cBefore, c] = args
    const dc = all(...args)
    return { dGates: { i: times(dc, g), f: times(dc, cBefore), g: times(dc, i), o: times(dh, c.map(Math.tanh)) }, dcBefore: times(dc, f) }
  }
/** stateBackward with another part in the gradient by the gates, made from dc_all. */
const withPart =
  (part: (all: Float64Array, ...args: Parameters<StateBackward>) => Partial<Gates>): StateBackward =>
  (...args) => {
    const { dGates, dcBefore } = stateBackward(...args)
    return { dGates: { ...dGates, ...part(allOf(args), ...args) }, dcBefore }
  }
/** dc_all: with an open forget gate, it is what goes on to the cell before. */
function allOf([dh, dc, gates, cBefore, c]: Parameters<StateBackward>): Float64Array {
  return stateBackward(dh, dc, { ...gates, f: ones(dc) }, cBefore, c).dcBefore
}
/** gatesBackward with other slopes, each a function of what the gate answered. */
const slopes =
  (of: Readonly<Record<keyof Gates, (y: number) => number>>, order: readonly (keyof Gates)[] = names) =>
  (dGates: Gates, gates: Gates): Float64Array =>
    Float64Array.from(order.flatMap((name) => [...dGates[name].map((d, j) => d * of[name](gates[name][j]))]))
const bySigmoid = (y: number) => y * (1 - y)
const byTanh = (y: number) => 1 - y * y
const slope = { i: bySigmoid, f: bySigmoid, g: byTanh, o: bySigmoid }
const all = (of: (y: number) => number) => ({ i: of, f: of, g: of, o: of })

export default checks<typeof lesson>({
  gatesOf: {
    hints: [
      'The rows of the weights stand in four blocks of H, so their sums do, too. Three of the gates say how much, one says what.',
      'H = a.length / 4;  i = σ(a[0 … H)),  f = σ(a[H … 2H)),  g = tanh(a[2H … 3H)),  o = σ(a[3H … 4H))',
      'const H = a.length / 4\nreturn {\n  i: a.slice(0, H).map(sigmoid),\n  f: a.slice(H, …).map(…),\n  g: a.slice(…, …).map(Math.…),\n  o: a.slice(…).map(…),\n}',
    ],
    inputs: sized((n) => fc.tuple(nonzero(4 * n))),
    laws: {
      'i, f and o lie between 0 and 1, g between -1 and 1': (f, a) => {
        const gates = f(a)
        return [...gates.i, ...gates.f, ...gates.o].every((y) => y > 0 && y < 1) && gates.g.every((y) => Math.abs(y) < 1)
      },
      'sums of zeros leave σ half open and offer nothing': (f, a) => {
        const { i, f: forget, g, o } = f(zeros(a))
        return [...i, ...forget, ...o].every((y) => y === 0.5) && g.every((y) => y === 0)
      },
    },
    frozen: [{ args: [A], gives: GATES, from: TORCH }],
    mutants: {
      'the order is i, f, o, g here; PyTorch has i, f, g, o': gatesBy(right, [0, 1, 3, 2]),
      'input gate and forget gate have changed places': gatesBy(right, [1, 0, 2, 3]),
      'the order is i, o, f, g here; PyTorch has i, f, g, o': gatesBy(right, [0, 2, 3, 1]),
      'the candidate g goes through σ; it should be tanh, for it may take away as well as add': gatesBy([
        sigmoid,
        sigmoid,
        sigmoid,
        sigmoid,
      ]),
      'all go through tanh; i, f and o say how much, from 0 to 1: σ': gatesBy([Math.tanh, Math.tanh, Math.tanh, Math.tanh]),
      'the output gate goes through tanh; it should be σ': gatesBy([sigmoid, sigmoid, Math.tanh, Math.tanh]),
      'the candidate is not squeezed: tanh is missing': gatesBy([sigmoid, sigmoid, same, sigmoid]),
      'nothing is squeezed: σ and tanh are missing': gatesBy([same, same, same, same]),
      'the gates are taken in turns, a[4j], a[4j + 1], …; they stand in blocks of H': (a) => {
        const every = (k: number) => a.filter((_, place) => place % 4 === k)
        return { i: every(0).map(sigmoid), f: every(1).map(sigmoid), g: every(2).map(Math.tanh), o: every(3).map(sigmoid) }
      },
      'all gates see the first block': gatesBy(right, [0, 0, 0, 0]),
    },
  },
  nextState: {
    hints: [
      'What the cell keeps of its old content, and what is let in of the offer. Then it shows some of it.',
      'c_j = f_j · cBefore_j + i_j · g_j;  h_j = o_j · tanh(c_j)',
      'const { i, f, g, o } = gates\nconst c = cBefore.map((c_j, j) => f[j] * … + i[j] * …)\nreturn { h: c.map((c_j, j) => o[j] * …), c }',
    ],
    inputs: sized((n) => fc.tuple(open(n), cells(n))),
    laws: {
      'open to keep and closed to new, the cell stays as it is': (f, gates, cBefore) =>
        f({ ...gates, i: zeros(cBefore), f: ones(cBefore) }, cBefore).c.every((c_j, j) => c_j === cBefore[j]),
      'closed to keep, it holds i ⊙ g alone': (f, gates, cBefore) =>
        f({ ...gates, f: zeros(cBefore) }, cBefore).c.every((c_j, j) => close(c_j, gates.i[j] * gates.g[j], 1e-12)),
      'with a closed output gate it shows nothing': (f, gates, cBefore) =>
        f({ ...gates, o: zeros(cBefore) }, cBefore).h.every((h_j) => Math.abs(h_j) === 0),
    },
    frozen: [{ args: [GATES, C_BEFORE], gives: NEXT, from: TORCH }],
    mutants: {
      'input gate and forget gate have changed places': (gates, c) => nextState({ ...gates, i: gates.f, f: gates.i }, c),
      'the forget gate is missing, as in 1997: c = cBefore + i ⊙ g': (gates, c) => nextState({ ...gates, f: ones(c) }, c),
      'the input gate is missing: c = f ⊙ cBefore + g': (gates, c) => nextState({ ...gates, i: ones(c) }, c),
      'the candidate is missing: c = f ⊙ cBefore + i': (gates, c) => nextState({ ...gates, g: ones(c) }, c),
      'nothing new is let in: i ⊙ g is missing': (gates, c) => nextState({ ...gates, i: zeros(c) }, c),
      'nothing is kept: f ⊙ cBefore is missing': (gates, c) => nextState({ ...gates, f: zeros(c) }, c),
      'tanh is missing: h = o ⊙ c': (gates, cBefore) => {
        const { c } = nextState(gates, cBefore)
        return { h: times(gates.o, c), c }
      },
      'h shows the old cell; it should show the new one': (gates, cBefore) => ({
        h: times(gates.o, cBefore.map(Math.tanh)),
        c: nextState(gates, cBefore).c,
      }),
      'the output gate is missing: h = tanh(c)': (gates, c) => nextState({ ...gates, o: ones(c) }, c),
      'the cell is squeezed, too; tanh belongs to h alone': (gates, cBefore) => {
        const { h, c } = nextState(gates, cBefore)
        return { h, c: c.map(Math.tanh) }
      },
      'the input gate is taken as 1 - f; it is a gate of its own': (gates, c) =>
        nextState({ ...gates, i: gates.f.map((f_j) => 1 - f_j) }, c),
      'h and c have changed places': (gates, cBefore) => {
        const { h, c } = nextState(gates, cBefore)
        return { h: c, c: h }
      },
    },
  },
  stateBackward: {
    hints: [
      'Two ask something of the cell: the next cell, dc, and its own h. Add that up. The rest are products: what is the slope of i ⊙ g by i?',
      'all_j = dc_j + dh_j · o_j · (1 - tanh²(c_j));  di = all ⊙ g,  df = all ⊙ cBefore,  dg = all ⊙ i,  do = dh ⊙ tanh(c);  dcBefore = all ⊙ f',
      'const { i, f, g, o } = gates\nconst tanhC = c.map(Math.tanh)\nconst all = dc.map((dc_j, j) => dc_j + dh[j] * … * (1 - … ** 2))\nconst times = (v: Float64Array, w: Float64Array) => v.map((v_j, j) => v_j * w[j])\nconst dGates = { i: times(all, …), f: times(all, …), g: times(all, …), o: times(dh, …) }\nreturn { dGates, dcBefore: times(all, …) }',
    ],
    inputs: stepBack,
    laws: {
      'it is the slope of Σ_j dh_j · h_j + dc_j · c_j by each gate and by the cell before': (f, dh, dc, gates, cBefore, c) => {
        const loss = (of: Gates, before: Float64Array) => {
          const next = nextState(of, before)
          return dot(dh, next.h) + dot(dc, next.c)
        }
        const { dGates, dcBefore } = f(dh, dc, gates, cBefore, c)
        const near = (v: Float64Array, j: number, by: number) => v.with(j, v[j] + by)
        const slopeOf = (e: (by: number) => number) => (e(1e-5) - e(-1e-5)) / 2e-5
        return dh.every(
          (_, j) =>
            names.every((name) =>
              close(
                dGates[name][j],
                slopeOf((by) => loss({ ...gates, [name]: near(gates[name], j, by) }, cBefore)),
              ),
            ) &&
            close(
              dcBefore[j],
              slopeOf((by) => loss(gates, near(cBefore, j, by))),
            ),
        )
      },
    },
    frozen: [
      {
        args: [vec(0.5, -1), vec(0.25, 0.75), GATES, C_BEFORE, NEXT.c],
        gives: { dGates: D_GATES, dcBefore: vec(0.33785482256370114, 0.32809916249616944) },
        from: TORCH,
      },
    ],
    mutants: {
      'dc, what the next step asks of the cell, is missing': withAll((dh, dc, gates, _before, c) => allOf([dh, zeros(dc), gates, c, c])),
      'dh does not reach the cell: dh ⊙ o ⊙ (1 - tanh²(c)) is missing': withAll((_, dc) => dc),
      "tanh' is missing: dc + dh ⊙ o": withAll((dh, dc, { o }) => dc.map((dc_j, j) => dc_j + dh[j] * o[j])),
      "tanh' is 1 - c² here; it should be 1 - tanh²(c)": withAll((dh, dc, { o }, _, c) =>
        dc.map((dc_j, j) => dc_j + dh[j] * o[j] * (1 - c[j] ** 2)),
      ),
      'the output gate is missing on the way from h to c': withAll((dh, dc, { o }, _, c) =>
        allOf([dh, dc, { i: o, f: o, g: o, o: ones(o) }, c, c]),
      ),
      "tanh' is taken at the cell before; it should be taken at c": withAll((dh, dc, gates, cBefore) =>
        allOf([dh, dc, gates, cBefore, cBefore]),
      ),
      'df is dc ⊙ c; the forget gate was multiplied by the cell before, cBefore': withPart((dcAll, _dh, _dc, _gates, _before, c) => ({
        f: times(dcAll, c),
      })),
      'di and dg have changed places: the gradient by a factor is the other factor': withPart((dcAll, _dh, _dc, { i, g }) => ({
        i: times(dcAll, i),
        g: times(dcAll, g),
      })),
      'do is dh ⊙ c; it should be dh ⊙ tanh(c)': withPart((_all, dh, _dc, _gates, _before, c) => ({ o: times(dh, c) })),
      'do comes from the cell; it comes from h: dh ⊙ tanh(c)': withPart((dcAll, _dh, _dc, _gates, _before, c) => ({
        o: times(dcAll, c.map(Math.tanh)),
      })),
      'dcBefore has no forget gate: it should be all ⊙ f': (...args) => ({ ...stateBackward(...args), dcBefore: allOf(args) }),
      'dcBefore is dc ⊙ f: what came by h is missing': (...args) => ({ ...stateBackward(...args), dcBefore: times(args[1], args[2].f) }),
    },
  },
  gatesBackward: {
    hints: [
      'Each slope can be had from what the gate answered. Three gates have one kind, the candidate another. In which order do the blocks stand?',
      'da = [di · i · (1 - i), df · f · (1 - f), dg · (1 - g²), do · o · (1 - o)], block after block',
      'const back = (d: Float64Array, y: Float64Array) => [...d].map((d_j, j) => d_j * y[j] * (1 - y[j]))\nconst { i, f, g, o } = gates\nreturn Float64Array.from([...back(dGates.i, i), ...back(…, …), ...[...dGates.g].map((d_j, j) => d_j * (1 - …)), ...back(…, …)])',
    ],
    inputs: sized((n) =>
      fc.tuple(
        fc.record({ i: nonzero(n), f: nonzero(n), g: nonzero(n), o: nonzero(n) }),
        open(n).map((gates) => ({ ...gates, g: gates.g.map((g_j) => g_j || 0.5) })),
      ),
    ),
    laws: {
      'it is the slope of Σ dGates · gates by each sum': (f, dGates, gates) => {
        const logit = (y: number) => Math.log(y / (1 - y))
        const a = Float64Array.from(names.flatMap((name) => [...gates[name].map(name === 'g' ? Math.atanh : logit)]))
        const loss = (sums: Float64Array) => names.reduce((sum, name) => sum + dot(dGates[name], gatesOf(sums)[name]), 0)
        return f(dGates, gates).every((d, k) => close(d, (loss(a.with(k, a[k] + 1e-5)) - loss(a.with(k, a[k] - 1e-5))) / 2e-5))
      },
    },
    frozen: [
      {
        args: [D_GATES, GATES],
        gives: [
          -0.006978965533305063, -0.06161659971232598, -0.08655397105394859, 0.06747214211649309, 0.34715022733989914, 0.10437984382861974,
          -0.052169651938903064, -0.1530314582095429,
        ],
        from: TORCH,
      },
    ],
    mutants: {
      'the slopes are missing: that is dGates, block after block': slopes(all(() => 1)),
      "all have σ'; the candidate went through tanh: 1 - g²": slopes(all(bySigmoid)),
      "all have tanh'; i, f and o went through σ: y · (1 - y)": slopes(all(byTanh)),
      'σ is taken once more; the gates are answers already': slopes({ ...all((y) => bySigmoid(sigmoid(y))), g: byTanh }),
      'tanh is taken once more; g is an answer already': slopes({ ...slope, g: (y) => 1 - Math.tanh(y) ** 2 }),
      "only half of σ': y is missing before (1 - y)": slopes({ ...all((y) => 1 - y), g: byTanh }),
      "only half of σ': (1 - y) is missing": slopes({ ...all((y) => y), g: byTanh }),
      'the square is missing: 1 - g where it should be 1 - g²': slopes({ ...slope, g: (y) => 1 - y }),
      'the blocks stand as i, f, o, g; it should be i, f, g, o': slopes(slope, ['i', 'f', 'o', 'g']),
      'the gates stand in turns; it should be blocks of H': (dGates, gates) => {
        const da = gatesBackward(dGates, gates)
        const H = gates.i.length
        return da.map((_, k) => da[(k % 4) * H + Math.floor(k / 4)])
      },
    },
  },
  fitScale: {
    hints: [
      'On the day when the training ends, which values are known? Take those, and no others.',
      'mean = 1/n · (s_0 + … + s_(n - 1));  std = √(1/n · Σ (s_t - mean)²), over the same n',
      'const known = series.subarray(0, n)\nconst mean = known.reduce((sum, s) => sum + s, 0) / …\nreturn { mean, std: Math.sqrt(known.reduce((sum, s) => sum + (s - …) ** 2, 0) / …) }',
    ],
    inputs: series.chain((s) => fc.tuple(fc.constant(s), fc.integer({ min: 2, max: s.length }))),
    laws: {
      'what comes later changes nothing': (f, s, n) => {
        const later = s.map((value, t) => (t < n ? value : value + 100))
        return Math.abs(f(s, n).std - f(later, n).std) + Math.abs(f(s, n).mean - f(later, n).mean) < 1e-12
      },
      'twice the values have twice the mean and twice the deviation': (f, s, n) => {
        const twice = f(
          s.map((value) => 2 * value),
          n,
        )
        return close(twice.mean, 2 * f(s, n).mean) && close(twice.std, 2 * f(s, n).std)
      },
    },
    frozen: [
      {
        args: [vec(100, 104, 101, 110, 108, 120, 90), 4],
        gives: { mean: 103.75, std: 3.897114317029974 },
        from: 'scikit-learn 1.2, StandardScaler fitted on the first four',
      },
    ],
    mutants: {
      'the whole series is used: then the training knows of the test; only the first n are known': (s) => fitScale(s, s.length),
      'the last n are used; the first n are known': (s, n) => fitScale(s.slice(-n), n),
      'one value too few: the first n, 0 … n - 1': (s, n) => fitScale(s, n - 1),
      'one value too many: the first n, 0 … n - 1': (s, n) => fitScale(s, Math.min(n + 1, s.length)),
      'the root is missing: that is the variance': (s, n) => ({ ...fitScale(s, n), std: fitScale(s, n).std ** 2 }),
      'it is divided by n - 1; here it should be n': (s, n) => ({ ...fitScale(s, n), std: fitScale(s, n).std * Math.sqrt(n / (n - 1)) }),
      'the mean is not taken off before the square': (s, n) => ({
        ...fitScale(s, n),
        std: Math.sqrt(s.subarray(0, n).reduce((sum, value) => sum + value ** 2, 0) / n),
      }),
      'the mean is of the first n, but the deviation of all; both should be of the first n': (s, n) => {
        const { mean } = fitScale(s, n)
        return { mean, std: Math.sqrt(s.reduce((sum, value) => sum + (value - mean) ** 2, 0) / s.length) }
      },
      'that is the mean distance, Σ |s - mean| / n; it should be the root of the mean square': (s, n) => {
        const { mean } = fitScale(s, n)
        return { mean, std: s.subarray(0, n).reduce((sum, value) => sum + Math.abs(value - mean), 0) / n }
      },
    },
  },
  windows: {
    hints: [
      'Lay a frame of `size` values on the series, and move it on, one by one. The value behind it is to be forecast. How often does that work?',
      'x_k = s[k … k + size),  y_k = s[k + size],  k = 0 … T - size - 1',
      'const x = Array.from({ length: series.length - … }, (_, k) => series.slice(k, …))\nreturn { x, y: series.slice(…) }',
    ],
    inputs: fc.integer({ min: 5, max: 9 }).chain((T) =>
      fc.tuple(
        fc.uniqueArray(draw.number(), { minLength: T, maxLength: T }).map((values) => Float64Array.from(values)),
        fc.integer({ min: 1, max: 4 }),
      ),
    ),
    laws: {
      'a window and its value are size + 1 neighbours of the series': (f, s, size) => {
        const { x, y } = f(s, size)
        return x.length === y.length && x.every((row, k) => [...row, y[k]].every((value, j) => value === s[k + j]))
      },
      'each value but the first `size` is forecast once': (f, s, size) => f(s, size).y.length === s.length - size,
    },
    frozen: [
      {
        args: [vec(3, 5, 4, 8, 6, 9, 2), 3],
        gives: { x: [vec(3, 5, 4), vec(5, 4, 8), vec(4, 8, 6), vec(8, 6, 9)], y: vec(8, 6, 9, 2) },
        from: 'NumPy 1.24, sliding_window_view, and the values behind',
      },
    ],
    mutants: {
      'the value to forecast is in its own window, as the last: the network need only copy it': (s, size) => {
        const { x } = windows(s, size)
        return { x, y: Float64Array.from(x, (row) => row[size - 1]) }
      },
      'the window is one too long and holds the value to forecast': (s, size) => ({
        x: windows(s, size).x.map((_, k) => s.slice(k, k + size + 1)),
        y: windows(s, size).y,
      }),
      'the last window is missing: there are T - size': (s, size) => windows(s.slice(0, -1), size),
      'the first window is missing: k begins at 0': (s, size) => windows(s.slice(1), size),
      'the windows do not overlap: each should begin one step later than the one before': (s, size) => {
        const { x, y } = windows(s, size)
        return { x: x.filter((_, k) => k % size === 0), y: y.filter((_, k) => k % size === 0) }
      },
      'one value is skipped: y_k comes two steps behind the window': (s, size) => {
        const { x, y } = windows(s, size)
        return { x: x.slice(0, -1), y: y.slice(1) }
      },
      'the windows stand in reverse: the oldest value comes first': (s, size) => {
        const { x, y } = windows(s, size)
        return { x: x.map((row) => row.toReversed()), y }
      },
      'there is one window too many, with nothing behind it': (s, size) => {
        const { x, y } = windows(s, size)
        return { x: [...x, s.slice(-size)], y }
      },
      'y is the value before the window; it should be the one behind': (s, size) => ({
        x: windows(s, size).x,
        y: windows(s, size).y.map((_, k) => s[Math.max(0, k - 1)]),
      }),
    },
  },
})
