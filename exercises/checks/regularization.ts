import fc from 'fast-check'
import { grad, type Tensor, tensor } from '../../src/index.ts'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/regularization.ts'
import { batchNorm, l2Penalty, mixup, shouldStop, smoothTargets } from '../solutions/regularization.ts'

const TORCH = 'PyTorch 1.13'
const EPS = 1e-5

/** A matrix as it is drawn: tensors are made of it for each call. */
type Rows = Float64Array[]
const matrix = (rows: number, columns: number): fc.Arbitrary<Rows> => fc.array(draw.vector(columns), { minLength: rows, maxLength: rows })
const made = (rows: Rows): Tensor => tensor(rows.map((row) => Array.from(row)))
const close = (a: number, b: number, by = 1e-4) => Math.abs(a - b) <= by * Math.max(1, Math.abs(a), Math.abs(b))
const sizes = { min: 2, max: 4 }

/** Losses of which many are equal, so that a draw is told from a gain. */
const losses = fc.array(draw.number({ min: 0.125, max: 0.875 }), { minLength: 1, maxLength: 9 })
const patience = fc.integer({ min: 1, max: 4 })

/** u comes as eighths too: that u < 1 - p is strict can be seen. */
const dropped = draw.withLength(sizes, (n) =>
  fc.tuple(draw.vector(n), draw.vector(n, { min: 0, max: 0.875 }), draw.number({ min: 0, max: 0.875 })),
)
const normed = draw.withLength(sizes, (c) =>
  fc.tuple(
    fc.integer({ min: 1, max: 3 }).chain((n) => matrix(n, c)),
    matrix(3, c),
    draw.number({ min: 0.125, max: 1 }),
  ),
)
const labelled = fc
  .integer({ min: 2, max: 5 })
  .chain((c) =>
    fc.tuple(
      fc.array(fc.integer({ min: 0, max: c - 1 }), { minLength: 1, maxLength: 4 }),
      fc.constant(c),
      draw.number({ min: 0, max: 0.75 }),
    ),
  )
const pairs = draw.withLength({ min: 1, max: 3 }, (n) =>
  fc.tuple(matrix(n, 2), matrix(n, 3), matrix(n, 2), matrix(n, 3), draw.number({ min: 0, max: 1 })),
)

const mean0 = (x: Tensor) => x.mean(0)
const variance0 = (x: Tensor) => x.sub(mean0(x)).pow(2).mean(0)
const blend = (a: Tensor, b: Tensor, lambda: number) => a.mul(lambda).add(b.mul(1 - lambda))

export default checks<typeof lesson>({
  shouldStop: {
    hints: [
      'Part the losses in two: the last `patience` of them, and all before those. Did the last ones bring anything better than the best before?',
      'stop, if there are more losses than patience, and each of the last `patience` is ≥ the least of those before them',
      'if (losses.length <= patience) return false\nconst best = Math.min(...losses.slice(0, -patience))\nreturn losses.slice(-patience).every((loss) => …)',
    ],
    inputs: fc.tuple(losses, patience),
    laws: {
      'as long as every loss is the best so far, it goes on': (f, l, p) =>
        !f(
          l.map((_, i) => -i),
          p,
        ),
      'a new best at the end makes it go on': (f, l, p) => !f([...l, 0], p),
      'it never stops before patience has run out': (f, l, p) => !f(l.slice(0, p), p),
    },
    frozen: [
      { args: [[1, 1, 1, 1], 3], gives: true, from: "Keras' documentation of EarlyStopping(patience=3): only four epochs are run" },
      { args: [[1, 1, 1], 3], gives: false, from: "Keras' documentation of EarlyStopping(patience=3): only four epochs are run" },
    ],
    mutants: {
      'true and false are turned around: true means stop': (l, p) => !shouldStop(l, p),
      'an equal loss counts as better: only a lower one is; compare with ≥': (l, p) =>
        l.length > p && l.slice(-p).every((loss) => loss > Math.min(...l.slice(0, -p))),
      'each loss is compared with the one before it; compare with the best before the last `patience`': (l, p) =>
        l.length > p && l.slice(-p).every((loss, i) => loss >= l[l.length - p + i - 1]),
      'only the last loss is compared with the best; all of the last `patience` must be no better': (l, p) =>
        l.length > p && l[l.length - 1] >= Math.min(...l.slice(0, -p)),
      'one of the last losses is enough for it; it must be every one': (l, p) =>
        l.length > p && l.slice(-p).some((loss) => loss >= Math.min(...l.slice(0, -p))),
      'it stops one epoch too late: `patience` losses without gain are enough': (l, p) => shouldStop(l, p + 1),
      'it stops one epoch too soon: patience is not yet used up': (l, p) => (p === 1 ? l.length > 0 : shouldStop(l, p - 1)),
      'the worst loss is taken for the best: Math.max, where it should be Math.min': (l, p) =>
        l.length > p && l.slice(-p).every((loss) => loss >= Math.max(...l.slice(0, -p))),
      'the first loss is taken for the best': (l, p) => l.length > p && l.slice(-p).every((loss) => loss >= l[0]),
      'it always stops once there are more than `patience` losses: compare the last ones with the best of those before them': (l, p) =>
        l.length > p && l.slice(-p).every((loss) => loss >= Math.min(...l)),
    },
  },
  l2Penalty: {
    hints: [
      'Square every number of every tensor, and add them all up. What stands before the sum?',
      'ℓ = λ/2 · (Σ w² of the first tensor + Σ w² of the second + …)',
      'let sum = tensor(0)\nfor (const w_k of w) sum = sum.add(w_k.pow(…).sum())\nreturn sum.mul(…)',
    ],
    inputs: fc
      .tuple(
        fc.array(
          draw.withLength(sizes, (n) => draw.vector(n)),
          { minLength: 1, maxLength: 3 },
        ),
        draw.number({ min: 0.125, max: 1 }),
      )
      .map(([w, lambda]) => (): [Tensor[], number] => [w.map((w_k) => tensor(Float32Array.from(w_k))), lambda]),
    tolerance: 1e-5, // float32
    laws: {
      'its gradient is λ·w': async (f, w, lambda) => {
        const leaves = await Promise.all(w.map(async (w_k) => tensor(await w_k.read(), { requiresGrad: true })))
        const gradients = await Promise.all(grad(f(leaves, lambda), leaves).map((g) => g.read()))
        const values = await Promise.all(leaves.map((w_k) => w_k.read()))
        return values.every((w_k, k) => w_k.every((v, i) => close(gradients[k][i], lambda * v)))
      },
      'weights that are twice as large cost four times as much': async (f, w, lambda) => {
        const [once] = await f(w, lambda).read()
        const [twice] = await f(
          w.map((w_k) => w_k.mul(2)),
          lambda,
        ).read()
        return close(twice, 4 * once)
      },
    },
    frozen: [
      {
        args: () => [[made([Float64Array.of(1, -2), Float64Array.of(0.5, 0)]), tensor([3])], 0.1],
        gives: [0.7125],
        from: `${TORCH}, linalg.norm, squared`,
      },
    ],
    mutants: {
      'the ½ is missing: then the gradient is 2·λ·w': (w, lambda) => l2Penalty(w, 2 * lambda),
      'λ is missing': (w) => l2Penalty(w, 1),
      'the mean of the squares is taken; it should be their sum': (w, lambda) =>
        w.reduce((sum, w_k) => sum.add(w_k.pow(2).mean()), tensor(0)).mul(lambda / 2),
      'that is L1: the absolute values are summed, not the squares': (w, lambda) =>
        w.reduce((sum, w_k) => sum.add(w_k.abs().sum()), tensor(0)).mul(lambda / 2),
      'the root is taken: that is the norm, not its square': (w, lambda) =>
        w.reduce((sum, w_k) => sum.add(w_k.norm()), tensor(0)).mul(lambda / 2),
      'the weights are summed, and then squared; square each of them first': (w, lambda) =>
        w.reduce((sum, w_k) => sum.add(w_k.sum().pow(2)), tensor(0)).mul(lambda / 2),
      'only the last tensor counts: sum = … where it should be sum.add(…)': (w, lambda) => l2Penalty(w.slice(-1), lambda),
      'only the first tensor counts: it returns within the loop': (w, lambda) => l2Penalty(w.slice(0, 1), lambda),
      'the sign is turned: a penalty adds to the loss': (w, lambda) => l2Penalty(w, -lambda),
      'λ is squared with the weights': (w, lambda) => l2Penalty(w, lambda * lambda),
    },
  },
  dropout: {
    hints: [
      'A mask of 0 and 1 first, by comparing u. Then see to it that the sum stays about the same, though p of it is gone.',
      'y = x · [u < 1 - p] / (1 - p)',
      'return x.mul(u.lt(…)).div(…)',
    ],
    inputs: dropped.map(([x, u, p]) => (): [Tensor, Tensor, number] => [tensor(Float32Array.from(x)), tensor(Float32Array.from(u)), p]),
    tolerance: 1e-5,
    laws: {
      'with p = 0 nothing is dropped': async (f, x, u) => {
        const [y, values] = [await f(x, u, 0).read(), await x.read()]
        return y.every((v, i) => close(v, values[i]))
      },
      'over all u the mean of y is x': async (f, x) => {
        const [first] = await x.read()
        const u = Float32Array.from({ length: 8 }, (_, i) => i / 8)
        const [mean] = await f(tensor(new Float32Array(8).fill(first)), tensor(u), 0.375)
          .mean()
          .read()
        return close(mean, first)
      },
    },
    frozen: [
      {
        args: () => [
          tensor([
            [1, -2, 3],
            [0.5, 4, -1],
          ]),
          tensor([
            [0.279380429906404, 0.27369371365176565, 0.8620929614176255],
            [0.6566884305882014, 0.9225293674529872, 0.8395453757623866],
          ]),
          0.25,
        ],
        gives: [
          [1.3333333730697632, -2.6666667461395264, 0],
          [0.6666666865348816, 0, 0],
        ],
        from: `${TORCH}, manual_seed(7): F.dropout(x, 0.25), and the uniform numbers that it drew`,
      },
    ],
    mutants: {
      'what is kept is not made larger: divide by 1 - p, so that the mean stays': (x, u, p) => x.mul(u.lt(1 - p)),
      'it is divided by p; the share that is kept is 1 - p': (x, u, p) => x.mul(u.lt(1 - p)).div(p),
      'kept and dropped are turned around: p is the share that is dropped': (x, u, p) => x.mul(u.lt(p)).div(1 - p),
      'kept and dropped are turned around, and divided by p': (x, u, p) => x.mul(u.lt(p)).div(p),
      'it is multiplied by 1 - p; it should be divided': (x, u, p) => x.mul(u.lt(1 - p)).mul(1 - p),
      'what is above 1 - p is kept; it should be what lies below': (x, u, p) => x.mul(u.gt(1 - p)).div(1 - p),
      'at u = 1 - p it should be dropped: u < 1 - p, not ≤': (x, u, p) =>
        x
          .mul(
            u
              .gt(1 - p)
              .neg()
              .add(1),
          )
          .div(1 - p),
      'nothing is dropped: the mask is missing': (x, _, p) => x.div(1 - p),
      'u itself is the mask; it should be compared: 0 or 1': (x, u, p) => x.mul(u).div(1 - p),
      'the mask is added to x; it should be multiplied': (x, u, p) => x.add(u.lt(1 - p)).div(1 - p),
      'that is the mask alone; x is missing': (_, u, p) =>
        u
          .lt(1 - p)
          .to('float32')
          .div(1 - p),
    },
  },
  batchNorm: {
    hints: [
      'Mean and variance come from `known`, one for each column. Then x is moved and stretched by them.',
      'μ = mean of known over its rows,  σ² = mean of (known - μ)²,  y = (x - μ) / √(σ² + ε)',
      'const mean = known.mean(0)\nconst variance = known.sub(mean).pow(2).mean(…)\nreturn x.sub(…).div(variance.add(eps).…)',
    ],
    inputs: normed.map(([x, known, eps]) => (): [Tensor, Tensor, number] => [made(x), made(known), eps]),
    tolerance: 1e-4,
    laws: {
      'normalised by itself, every column has mean 0': async (f, _, known, eps) =>
        (await f(known, known, eps).mean(0).read()).every((m) => close(m, 0)),
      'normalised by itself, a column has the variance σ² / (σ² + ε)': async (f, _, known, eps) => {
        const [ours, before] = [await variance0(f(known, known, eps)).read(), await variance0(known).read()]
        return ours.every((v, i) => close(v, before[i] / (before[i] + eps)))
      },
      'a number added to x and known changes nothing': async (f, x, known, eps) => {
        const [one, other] = [await f(x, known, eps).read(), await f(x.add(2), known.add(2), eps).read()]
        return one.every((v, i) => close(v, other[i], 1e-3))
      },
    },
    frozen: [
      {
        args: () => [BATCH(), BATCH(), EPS],
        gives: [
          [0, 0.33786821365356445],
          [1.0690433979034424, -1.2838990688323975],
          [0.5345216989517212, -0.4730154275894165],
          [-1.6035650968551636, 1.419046401977539],
        ],
        from: `${TORCH}, F.batch_norm(training=True)`,
      },
      {
        args: () => [
          tensor([
            [0.5, 1],
            [2, -2],
          ]),
          BATCH(),
          EPS,
        ],
        gives: [
          [-0.2672608494758606, -0.20272094011306763],
          [0.5345216989517212, -1.8244884014129639],
        ],
        from: `${TORCH}, F.batch_norm with the mean and the variance of another batch`,
      },
    ],
    mutants: {
      'the statistics are those of x; they should be those of known': (x, _, eps) => batchNorm(x, x, eps),
      'the variance is divided by M - 1; here it is divided by M': (x, known, eps) =>
        x.sub(mean0(known)).div(known.variance(0).add(eps).sqrt()),
      'the root is missing: divide by √(σ² + ε)': (x, known, eps) => x.sub(mean0(known)).div(variance0(known).add(eps)),
      'ε stands outside the root; it should be √(σ² + ε)': (x, known, eps) => x.sub(mean0(known)).div(variance0(known).sqrt().add(eps)),
      'ε is missing: a column that is constant would divide by 0': (x, known) => batchNorm(x, known, 0),
      'the mean is not subtracted from x': (x, known, eps) => x.div(variance0(known).add(eps).sqrt()),
      'the mean is not subtracted within the variance: that is the mean of the squares': (x, known, eps) =>
        x.sub(mean0(known)).div(known.pow(2).mean(0).add(eps).sqrt()),
      'one mean and one variance for all numbers; each column has its own: mean(0)': (x, known, eps) =>
        x.sub(known.mean()).div(known.sub(known.mean()).pow(2).mean().add(eps).sqrt()),
      'it is multiplied by √(σ² + ε); it should be divided': (x, known, eps) => x.sub(mean0(known)).mul(variance0(known).add(eps).sqrt()),
      'the squares are summed; σ² is their mean': (x, known, eps) =>
        x.sub(mean0(known)).div(known.sub(mean0(known)).pow(2).sum(0).add(eps).sqrt()),
      'only the mean is taken out; divide by √(σ² + ε), too': (x, known) => x.sub(mean0(known)),
    },
  },
  smoothTargets: {
    hints: [
      'Begin with the same small share for every class. Then the right one gets what is left of 1.',
      'q_ij = ε/C, and (1 - ε) more at the class t_i',
      'const q = new Float32Array(t.length * classes).fill(…)\nfor (let i = 0; i < t.length; i++) q[i * classes + t[i]] += …\nreturn tensor(q).reshape(t.length, classes)',
    ],
    inputs: labelled,
    tolerance: 1e-5,
    laws: {
      'every row sums to 1': async (f, t, c, epsilon) => (await f(t, c, epsilon).sum(1).read()).every((sum) => close(sum, 1)),
      'with ε = 0 it is 1 at the class and 0 elsewhere': async (f, t, c) =>
        (await f(t, c, 0).read()).every((q, at) => close(q, at % c === t[Math.floor(at / c)] ? 1 : 0)),
    },
    frozen: [
      {
        args: [[2, 0], 4, 0.1],
        gives: [
          [0.025, 0.025, 0.925, 0.025],
          [0.925, 0.025, 0.025, 0.025],
        ],
        from: `${TORCH}: softmax minus the gradient of cross_entropy(label_smoothing=0.1)`,
      },
      {
        args: [[1], 3, 0.25],
        gives: [[0.083333388, 0.833333373, 0.083333388]],
        from: `${TORCH}: softmax minus the gradient of cross_entropy(label_smoothing=0.25)`,
      },
    ],
    mutants: {
      'nothing is smoothed: that is one-hot': (t, c) => smoothTargets(t, c, 0),
      'the right class has 1 - ε alone; it has a share of ε, too: 1 - ε + ε/C': (t, c, epsilon) => targets(t, c, 1 - epsilon, epsilon / c),
      'ε is shared among the other classes alone, ε/(C - 1); here the right one shares in it': (t, c, epsilon) =>
        targets(t, c, 1 - epsilon, epsilon / (c - 1)),
      'every other class has all of ε; it is shared by C': (t, c, epsilon) => targets(t, c, 1 - epsilon + epsilon / c, epsilon),
      'the others have 0: what the right one gave up is lost': (t, c, epsilon) => targets(t, c, 1 - epsilon + epsilon / c, 0),
      'the right class keeps 1, so that a row sums to more than 1': (t, c, epsilon) => targets(t, c, 1, epsilon / c),
      'the right class has 1 + ε/C: it should give ε away': (t, c, epsilon) => targets(t, c, 1 + epsilon / c, epsilon / c),
      'ε and 1 - ε are swapped': (t, c, epsilon) => smoothTargets(t, c, 1 - epsilon),
      'rows are taken for columns: the number of class c of sample i is at i · C + c': (t, c, epsilon) => {
        const q = new Float32Array(t.length * c).fill(epsilon / c)
        for (let i = 0; i < t.length; i++) q[(t[i] * t.length + i) % q.length] += 1 - epsilon
        return tensor(q).reshape(t.length, c)
      },
      'it divides by the number of samples; ε is shared by the C classes': (t, c, epsilon) =>
        targets(t, c, 1 - epsilon + epsilon / t.length, epsilon / t.length),
    },
  },
  mixup: {
    hints: [
      'The same mixture twice: of the images, and of what is wanted of them.',
      'x = λ·x1 + (1 - λ)·x2,  q = λ·q1 + (1 - λ)·q2',
      'return [x1.mul(lambda).add(x2.mul(…)), q1.mul(…).add(…)]',
    ],
    inputs: pairs.map(([x1, q1, x2, q2, lambda]) => (): [Tensor, Tensor, Tensor, Tensor, number] => [
      made(x1),
      made(q1),
      made(x2),
      made(q2),
      lambda,
    ]),
    tolerance: 1e-5,
    laws: {
      'what is mixed with itself stays': async (f, x1, q1, _, __, lambda) => {
        const [x, q] = f(x1, q1, x1, q1, lambda)
        const [[was, is], [wanted, got]] = [
          [await x1.read(), await x.read()],
          [await q1.read(), await q.read()],
        ]
        return is.every((v, i) => close(v, was[i])) && got.every((v, i) => close(v, wanted[i]))
      },
      'λ = 1 gives the first': async (f, x1, q1, x2, q2) => {
        const [was, is] = [await x1.read(), await f(x1, q1, x2, q2, 1)[0].read()]
        return is.every((v, i) => close(v, was[i]))
      },
    },
    frozen: [
      {
        args: () => [tensor([[3, -2]]), tensor([[0, 1, 0]]), tensor([[1, 2]]), tensor([[1, 0, 0]]), 0.25],
        gives: [[[1.5, 1]], [[0.75, 0.25, 0]]] as never, // as nested arrays
        from: `${TORCH}, lerp((1, 2), (3, -2), 0.25), and the same of the targets`,
      },
    ],
    mutants: {
      'only the images are mixed; their targets must be, too': (x1, q1, x2, _, lambda) => [blend(x1, x2, lambda), q1],
      'only the targets are mixed; their images must be, too': (x1, q1, _, q2, lambda) => [x1, blend(q1, q2, lambda)],
      'λ and 1 - λ are swapped': (x1, q1, x2, q2, lambda) => mixup(x1, q1, x2, q2, 1 - lambda),
      'the targets are mixed the other way round: λ belongs to q1': (x1, q1, x2, q2, lambda) => [
        blend(x1, x2, lambda),
        blend(q1, q2, 1 - lambda),
      ],
      'both halves have the weight λ; the second has 1 - λ': (x1, q1, x2, q2, lambda) => [x1.add(x2).mul(lambda), q1.add(q2).mul(lambda)],
      'nothing is mixed: that is the first': (x1, q1) => [x1, q1],
      'that is half of each, whatever λ is': (x1, q1, x2, q2) => mixup(x1, q1, x2, q2, 0.5),
      'they are added with their full weight; a mixture has the weights λ and 1 - λ': (x1, q1, x2, q2) => [x1.add(x2), q1.add(q2)],
      'the second is subtracted; it should be added': (x1, q1, x2, q2, lambda) => [
        x1.mul(lambda).sub(x2.mul(1 - lambda)),
        q1.mul(lambda).sub(q2.mul(1 - lambda)),
      ],
      'the first keeps its full weight: x1 + (1 - λ)·x2': (x1, q1, x2, q2, lambda) => [
        x1.add(x2.mul(1 - lambda)),
        q1.add(q2.mul(1 - lambda)),
      ],
      'images and targets have changed places: first x, then q': (x1, q1, x2, q2, lambda) => [blend(q1, q2, lambda), blend(x1, x2, lambda)],
    },
  },
})

/** Four samples of two features. */
const BATCH = () =>
  tensor([
    [1, 2],
    [3, -1],
    [2, 0.5],
    [-2, 4],
  ])

/** Targets with one share for the right class, and one for every other. */
function targets(t: ArrayLike<number>, classes: number, right: number, other: number): Tensor {
  return tensor(Array.from(t, (t_i) => Array.from({ length: classes }, (_, j) => (j === t_i ? right : other))))
}
