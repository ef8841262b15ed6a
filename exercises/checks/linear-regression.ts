import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/linear-regression.ts'
import { descentStep, gradient, type Line, localStep, mseLoss, normalEquation, predict } from '../solutions/linear-regression.ts'

type Points = [x: Float64Array, t: Float64Array]

const line: fc.Arbitrary<Line> = fc.record({ w: draw.number(), b: draw.number() })
const points = draw.withLength({ min: 2, max: 5 }, (n) => fc.tuple(draw.vector(n), draw.vector(n)))
/** Points of which no two stand above each other: there is one best line. */
const spread = draw
  .withLength({ min: 3, max: 5 }, (n) =>
    fc.tuple(fc.uniqueArray(fc.integer({ min: -6, max: 6 }), { minLength: n, maxLength: n }), draw.vector(n)),
  )
  .map(([x, t]): Points => [Float64Array.from(x, (v) => v / 2), t])
const alpha = draw.number({ min: 0.125, max: 1 })

const lossOf = (l: Line, [x, t]: Points) => mseLoss(predict(l, x), t)
const moved = (l: Line, by: Line, times = 1): Line => ({ w: l.w + times * by.w, b: l.b + times * by.b })
const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0)

/** The first of four data sets with one and the same best line, y = 3 + 0.5 x (Anscombe, Graphs in Statistical Analysis, 1973). */
const ANSCOMBE: Points = [
  Float64Array.of(10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5),
  Float64Array.of(8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68),
]
const ZERO: Line = { w: 0, b: 0 }
const DOUBLES: Points = [Float64Array.of(1, 2, 3), Float64Array.of(2, 4, 6)]
const LOW: Line = { w: 0.5, b: -0.25 }
const PYTORCH = 'PyTorch 1.13'

export default checks<typeof lesson>({
  mseLoss: {
    hints: [
      'How far is each prediction off? Square that, so that too high and too low count alike, and take the mean of all.',
      'ℓ = ((y_1 - t_1)² + (y_2 - t_2)² + … + (y_n - t_n)²) / n',
      'let sum = 0\nfor (let i = 0; i < y.length; i++) sum += (…) ** 2\nreturn sum / …',
    ],
    inputs: points,
    laws: {
      'what is right has no loss': (f, y) => f(y, y) === 0,
      'errors that are twice as large cost four times as much': (f, y, t) => {
        const twice = y.map((yi, i) => t[i] + 2 * (yi - t[i]))
        return Math.abs(f(twice, t) - 4 * f(y, t)) < 1e-9
      },
    },
    frozen: [
      { args: [DOUBLES[0], DOUBLES[1]], gives: 4.666666666666667, from: `${PYTORCH}, F.mse_loss` },
      { args: [new Float64Array(11), ANSCOMBE[1]], gives: 60.0157, from: `${PYTORCH}, F.mse_loss` },
    ],
    mutants: {
      'the errors are summed, but not divided by n': (y, t) => mseLoss(y, t) * y.length,
      'the sum is divided by 2 n; in this lesson it is 1/n': (y, t) => mseLoss(y, t) / 2,
      'the errors are not squared: those above and below cancel': (y, t) => (sum(y) - sum(t)) / y.length,
      'the absolute error |y - t| is taken; it should be squared': (y, t) => sum(y.map((yi, i) => Math.abs(yi - t[i]))) / y.length,
      'the mean error is squared; square each one, then take the mean': (y, t) => ((sum(y) - sum(t)) / y.length) ** 2,
      'the squares are subtracted, y² - t²; it should be (y - t)²': (y, t) => sum(y.map((yi, i) => yi ** 2 - t[i] ** 2)) / y.length,
      'only the last error counts: sum = … where it should be sum += …': (y, t) => (y[y.length - 1] - t[y.length - 1]) ** 2 / y.length,
      'it returns within the loop, after the first point': (y, t) => (y[0] - t[0]) ** 2 / y.length,
      'the square root is taken: that is the root mean squared error': (y, t) => Math.sqrt(mseLoss(y, t)),
      '^ is not a power in JavaScript: write ** 2': (y, t) => y.reduce((s, yi, i) => s + ((yi - t[i]) ^ 2), 0) / y.length,
    },
  },
  localStep: {
    hints: [
      'There are two lines to compare: where you are, and where the jump would take you. Which one has the lower loss?',
      'tried = (w + jump.w, b + jump.b);  tried if ℓ(tried) < ℓ(line), else line',
      'const tried = { w: line.w + jump.w, b: … }\nreturn mseLoss(predict(tried, x), t) < mseLoss(…, t) ? tried : line',
    ],
    // Never a draw between the two lines: then it would not matter which is kept.
    inputs: points
      .chain(([x, t]) => fc.tuple(line, line, fc.constant(x), fc.constant(t)))
      .filter(([from, jump, x, t]) => Math.abs(lossOf(moved(from, jump), [x, t]) - lossOf(from, [x, t])) > 1e-6),
    laws: {
      'the loss never rises': (f, from, jump, x, t) => lossOf(f(from, jump, x, t), [x, t]) <= lossOf(from, [x, t]),
      'where the jump is bad the line stays': (f, from, jump, x, t) =>
        lossOf(moved(from, jump), [x, t]) < lossOf(from, [x, t]) || f(from, jump, x, t).w === from.w,
    },
    frozen: [
      { args: [LOW, { w: 1, b: 1 }, ...DOUBLES], gives: { w: 1.5, b: 0.75 }, from: `${PYTORCH}, F.mse_loss: 12.0625, then 0.2292` },
      { args: [LOW, { w: -1, b: 0 }, ...DOUBLES], gives: LOW, from: `${PYTORCH}, F.mse_loss: 12.0625, then 31.7292` },
    ],
    mutants: {
      'it always jumps, even where the loss gets higher': (from, jump) => moved(from, jump),
      'it keeps the worse line: the comparison is turned around': (from, jump, x, t) =>
        localStep(from, jump, x, t) === from ? moved(from, jump) : from,
      'it never jumps': (from) => from,
      'it returns the jump; the new line is line + jump': (from, jump, x, t) => (localStep(from, jump, x, t) === from ? from : jump),
      'the jump itself is tried, as if it were a line: start from the line that you have': (from, jump, x, t) =>
        lossOf(jump, [x, t]) < lossOf(from, [x, t]) ? jump : from,
      'only w jumps; b should jump, too': (from, jump, x, t) => localStep(from, { ...jump, b: 0 }, x, t),
      'only b jumps; w should jump, too': (from, jump, x, t) => localStep(from, { ...jump, w: 0 }, x, t),
      'the jump is subtracted; it is to be added': (from, jump, x, t) => localStep(from, moved(ZERO, jump, -1), x, t),
      'w and b are judged one by one; the jump is one jump, tried as a whole': (from, jump, x, t) =>
        localStep(localStep(from, { ...jump, b: 0 }, x, t), { ...jump, w: 0 }, x, t),
      'only the first point is looked at; the loss is over all points': (from, jump, x, t) =>
        localStep(from, jump, x.slice(0, 1), t.slice(0, 1)),
    },
  },
  normalEquation: {
    hints: [
      'Four sums over the points are all that you need: Σx, Σt, Σ x² and Σ x t. Gather them in one loop.',
      'w = (n Σ x t - Σx Σt) / (n Σ x² - (Σx)²), and then b = (Σt - w Σx) / n',
      'const n = x.length\nlet [sx, st, sxx, sxt] = [0, 0, 0, 0]\nfor (let i = 0; i < n; i++) { sx += x[i]; … }\nconst w = (n * sxt - …) / (n * sxx - …)\nreturn { w, b: (st - w * sx) / n }',
    ],
    inputs: spread,
    laws: {
      'points on a line give that line': (f, x, t) => {
        const found = f(x, predict({ w: t[0], b: t[1] }, x))
        return Math.abs(found.w - t[0]) < 1e-9 && Math.abs(found.b - t[1]) < 1e-9
      },
      'there both slopes of the loss are 0': (f, x, t) => {
        const slope = gradient(f(x, t), x, t)
        return Math.abs(slope.w) < 1e-9 && Math.abs(slope.b) < 1e-9
      },
      'no line near it has a lower loss': (f, x, t) => {
        const best = f(x, t)
        const near = [-0.01, 0.01].flatMap((d) => [moved(best, { w: d, b: 0 }), moved(best, { w: 0, b: d })])
        return near.every((other) => lossOf(best, [x, t]) < lossOf(other, [x, t]))
      },
    },
    frozen: [
      { args: ANSCOMBE, gives: { w: 0.5000909090909091, b: 3.000090909090908 }, from: `Anscombe 1973; ${PYTORCH}, torch.linalg.lstsq` },
    ],
    mutants: {
      '(Σx)² is taken for Σ x²: first sum, then square, is another number than first square, then sum': (x, t) =>
        solve(x, t, { gap: 'Σx²' }),
      'n is missing before Σ x t and Σ x²': (x, t) => solve(x, t, { n: 1 }),
      'b is the mean of t; w times the mean of x is still to be subtracted': (x, t) => ({ ...normalEquation(x, t), b: sum(t) / t.length }),
      'b is not divided by n': (x, t) => ({ w: normalEquation(x, t).w, b: normalEquation(x, t).b * x.length }),
      'in b the sign before w Σx is turned': (x, t) => {
        const { w } = normalEquation(x, t)
        return { w, b: (sum(t) + w * sum(x)) / x.length }
      },
      'the sign of w is turned': (x, t) => {
        const w = -normalEquation(x, t).w
        return { w, b: (sum(t) - w * sum(x)) / x.length }
      },
      'the line is forced through the origin: w = Σ x t / Σ x², b = 0': (x, t) => ({
        w: sum(x.map((xi, i) => xi * t[i])) / sum(x.map((xi) => xi * xi)),
        b: 0,
      }),
      'x and t have changed places: this line gives x from t': (x, t) => normalEquation(t, x),
      'w and b have changed places': (x, t) => ({ w: normalEquation(x, t).b, b: normalEquation(x, t).w }),
      'the fraction of w stands upside down': (x, t) => {
        const w = 1 / normalEquation(x, t).w
        return { w, b: (sum(t) - w * sum(x)) / x.length }
      },
    },
  },
  gradient: {
    hints: [
      'Differentiate one square, (w · x_i + b - t_i)², by w and by b; the chain rule leaves something from inside. Then the mean.',
      '∂ℓ/∂w = 2/n Σ (y_i - t_i) · x_i;  ∂ℓ/∂b = 2/n Σ (y_i - t_i)',
      'const n = x.length\nconst y = predict(line, x)\nlet [dw, db] = [0, 0]\nfor (let i = 0; i < n; i++) {\n  dw += (2 / n) * (y[i] - t[i]) * …\n  db += …\n}\nreturn { w: dw, b: db }',
    ],
    inputs: points.chain(([x, t]) => fc.tuple(line, fc.constant(x), fc.constant(t))),
    laws: {
      'it is the slope of the loss: (ℓ(w + ε) - ℓ(w - ε)) / 2ε': (f, l, x, t) => {
        const slope = f(l, x, t)
        const along = (by: Line) => (lossOf(moved(l, by, 1e-4), [x, t]) - lossOf(moved(l, by, -1e-4), [x, t])) / 2e-4
        return Math.abs(slope.w - along({ w: 1, b: 0 })) < 1e-6 && Math.abs(slope.b - along({ w: 0, b: 1 })) < 1e-6
      },
      'on a line that meets every point it is 0': (f, l, x) => {
        const slope = f(l, x, predict(l, x))
        return Math.abs(slope.w) + Math.abs(slope.b) < 1e-9
      },
    },
    frozen: [
      { args: [ZERO, ...ANSCOMBE], gives: { w: -145.01818181818183, b: -15.001818181818182 }, from: `${PYTORCH}, loss.backward()` },
      { args: [LOW, ...DOUBLES], gives: { w: -15, b: -6.5 }, from: `${PYTORCH}, loss.backward()` },
    ],
    mutants: {
      'the sign is turned: t - y where it should be y - t': (l, x, t) => moved(ZERO, gradient(l, x, t), -1),
      'the factor 2 of the square is missing': (l, x, t) => moved(ZERO, gradient(l, x, t), 0.5),
      'it is summed over the points, but not divided by n': (l, x, t) => moved(ZERO, gradient(l, x, t), x.length),
      'x_i is missing in ∂ℓ/∂w': (l, x, t) => ({ w: gradient(l, x, t).b, b: gradient(l, x, t).b }),
      'x_i stands in ∂ℓ/∂b, too; there the derivative of the inside is 1': (l, x, t) => ({
        w: gradient(l, x, t).w,
        b: gradient(l, x, t).w,
      }),
      'w and b have changed places': (l, x, t) => ({ w: gradient(l, x, t).b, b: gradient(l, x, t).w }),
      '∂ℓ/∂b is not computed': (l, x, t) => ({ ...gradient(l, x, t), b: 0 }),
      'in ∂ℓ/∂b the factor 2/n is missing': (l, x, t) => ({ ...gradient(l, x, t), b: (gradient(l, x, t).b * x.length) / 2 }),
      'only the last point counts: dw = … where it should be dw += …': (l, x, t) =>
        moved(ZERO, gradient(l, x.slice(-1), t.slice(-1)), 1 / x.length),
      'the bias is left out of y: y = w · x': (l, x, t) => gradient({ ...l, b: 0 }, x, t),
      'the target is left out: it is the slope of y², not of (y - t)²': (l, x, t) => gradient(l, x, new Float64Array(t.length)),
      'the error is squared; the derivative of e² is 2 e': (l, x, t) => {
        const e2 = predict(l, x).map((yi, i) => (yi - t[i]) ** 2)
        return { w: (2 * sum(e2.map((e, i) => e * x[i]))) / x.length, b: (2 * sum(e2)) / x.length }
      },
    },
  },
  descentStep: {
    hints: [
      'The gradient points uphill. You want to go down, and not too far.',
      'the new w = w - α · ∂ℓ/∂w;  the new b = b - α · ∂ℓ/∂b',
      'const slope = gradient(line, x, t)\nreturn { w: line.w - …, b: … }',
    ],
    inputs: points.chain(([x, t]) => fc.tuple(line, fc.constant(x), fc.constant(t), alpha)),
    laws: {
      'a step that is small enough never raises the loss': (f, l, x, t) => lossOf(f(l, x, t, 0.01), [x, t]) <= lossOf(l, [x, t]) + 1e-12,
      'with α = 0 nothing moves': (f, l, x, t) => f(l, x, t, 0).w === l.w && f(l, x, t, 0).b === l.b,
    },
    frozen: [
      {
        args: [ZERO, ...ANSCOMBE, 0.01],
        gives: { w: 1.4501818181818182, b: 0.15001818181818183 },
        from: `${PYTORCH}, optim.SGD(lr=0.01).step()`,
      },
      { args: [LOW, ...DOUBLES, 0.01], gives: { w: 0.65, b: -0.185 }, from: `${PYTORCH}, optim.SGD(lr=0.01).step()` },
    ],
    mutants: {
      'it goes uphill: + where it should be -': (l, x, t, a) => moved(l, gradient(l, x, t), a),
      'the learning rate α is missing': (l, x, t) => moved(l, gradient(l, x, t), -1),
      'it divides by the learning rate; multiply by α': (l, x, t, a) => moved(l, gradient(l, x, t), -1 / a),
      'b does not move': (l, x, t, a) => ({ ...descentStep(l, x, t, a), b: l.b }),
      'w does not move': (l, x, t, a) => ({ ...descentStep(l, x, t, a), w: l.w }),
      'the old line is forgotten: -α · gradient is the change, not the new line': (l, x, t, a) => moved(ZERO, gradient(l, x, t), -a),
      'b moves by a gradient taken after w has moved; take both at the same place': (l, x, t, a) => {
        const { w } = descentStep(l, x, t, a)
        return { w, b: l.b - a * gradient({ w, b: l.b }, x, t).b }
      },
      'b moves by the slope of w': (l, x, t, a) => ({ w: descentStep(l, x, t, a).w, b: l.b - a * gradient(l, x, t).w }),
      'b moves without the learning rate α': (l, x, t, a) => ({ ...descentStep(l, x, t, a), b: l.b - gradient(l, x, t).b }),
      'it takes two steps; take one': (l, x, t, a) => descentStep(descentStep(l, x, t, a), x, t, a),
    },
  },
})

/** The normal equation with a mistake in it: n forgotten, or Σ x² in place of (Σx)². */
function solve(x: Float64Array, t: Float64Array, { n = x.length, gap = '(Σx)²' }: { n?: number; gap?: '(Σx)²' | 'Σx²' }): Line {
  const squares = sum(x.map((xi) => xi * xi))
  const products = sum(x.map((xi, i) => xi * t[i]))
  const w = (n * products - sum(x) * sum(t)) / (n * squares - (gap === '(Σx)²' ? sum(x) ** 2 : squares))
  return { w, b: (sum(t) - w * sum(x)) / x.length }
}
