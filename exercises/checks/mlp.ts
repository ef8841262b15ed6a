import fc from 'fast-check'
import { F, grad, nn, optim, tensor } from '../../src/index.ts'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/mlp.ts'
import {
  accuracy,
  batchLoss,
  confusionMatrix,
  crossEntropy,
  crossEntropyGradient,
  logSumExp,
  type Split,
  stratifiedSplit,
  trainStep,
} from '../solutions/mlp.ts'

const CLASSES = 3
const classes = (n: number) => fc.array(fc.nat(CLASSES - 1), { minLength: n, maxLength: n }).map((t) => Int32Array.from(t))

/** Classes, and some of their rows in some order. */
const toSplit = draw.withLength({ min: 4, max: 10 }, (n) =>
  fc.tuple(
    classes(n),
    fc.shuffledSubarray([...Array(n).keys()], { minLength: 2 }).map((order) => Int32Array.from(order)),
    fc.integer({ min: 2, max: 4 }),
  ),
)

/** Logits and a class. In every other draw they lie so far apart that e^z overflows, or that p_t is 0. */
const logits = draw
  .withLength({ min: 2, max: 5 }, (c) => fc.tuple(draw.vector(c), fc.nat(c - 1), fc.boolean()))
  .map(([z, t, far]): [Float64Array, number] => [far ? z.map((z_j) => 256 * z_j) : z, t])

/** Predictions, about half of which are right. */
const answers = draw
  .withLength({ min: 1, max: 8 }, (n) => fc.tuple(classes(n), classes(n), fc.array(fc.boolean(), { minLength: n, maxLength: n })))
  .map(([y, t, right]): [Int32Array, Int32Array] => [y.map((y_i, i) => (right[i] ? t[i] : y_i)), t])

interface Batch {
  readonly weight: ArrayLike<number> // [3, 2]
  readonly bias: ArrayLike<number> // [3]
  readonly x: ArrayLike<number> // [n, 2]
  readonly t: readonly number[] // [n]
  /** The gradient at the logits of an earlier batch, of which the parameters still hold what came of it. [n, 3] */
  readonly earlier: ArrayLike<number>
}

/** A linear layer as the model, its optimiser and a batch. */
function training({ weight, bias, x, t, earlier }: Batch): Parameters<typeof trainStep> {
  const model = new nn.Linear(2, CLASSES)
  const floats = (values: ArrayLike<number>) => tensor(Float32Array.from(values))
  model.loadStateDict({ weight: floats(weight).reshape(CLASSES, 2), bias: floats(bias) })
  const images = floats(x).reshape(t.length, 2)
  model.forward(images).backward({ gradient: floats(earlier).reshape(t.length, CLASSES) })
  return [model, new optim.SGD(model.parameters(), { lr: 0.5 }), images, tensor(Int32Array.from(t))]
}

const small = { min: -2, max: 2 }
const batch = draw.withLength({ min: 1, max: 3 }, (n) =>
  fc
    .record({
      weight: draw.vector(2 * CLASSES, small),
      bias: draw.vector(CLASSES, small),
      x: draw.vector(2 * n, small),
      t: fc.array(fc.nat(CLASSES - 1), { minLength: n, maxLength: n }),
      earlier: draw.vector(CLASSES * n, small).filter((g) => g.some((g_j) => g_j !== 0)),
    })
    .map((drawn) => () => training(drawn)),
)

/** The rows in increasing order: in which order they are listed does not matter. */
const sorted = ({ train, test }: Split): Split => ({ train: train.toSorted((a, b) => a - b), test: test.toSorted((a, b) => a - b) })
const isSplit = (split: unknown): split is Split =>
  typeof split === 'object' &&
  split !== null &&
  'train' in split &&
  'test' in split &&
  Array.isArray(split.train) &&
  Array.isArray(split.test)
/** A split by any rule: whether the sample at this place of the order is held out. */
const splitBy = (order: Int32Array, isTest: (row: number, place: number) => boolean): Split => ({
  train: [...order].filter((row, place) => !isTest(row, place)),
  test: [...order].filter((row, place) => isTest(row, place)),
})
const onehot = (z: Float64Array, t: number) => z.map((_, j) => (j === t ? 1 : 0))
const softmax = (z: Float64Array) => z.map((z_j) => Math.exp(z_j - logSumExp(z)))
const mapped = (split: Split, to: (row: number) => number): Split => ({ train: split.train.map(to), test: split.test.map(to) })

const PYTORCH = 'PyTorch 1.13, F.cross_entropy'
const SKLEARN = 'scikit-learn 1.2'
const FAR = Float64Array.of(1000, 0, -1000)

export default checks<typeof lesson>({
  stratifiedSplit: {
    hints: [
      'Every class has a counter of its own. What does a sample have to ask its counter?',
      'count = how many of class t[row] have come before;  into test if count mod k = 0, else into train',
      'const split: Split = { train: [], test: [] }\nconst seen: number[] = []\nfor (const row of order) {\n  const count = seen[t[row]] ?? 0\n  seen[t[row]] = count + 1\n  if (count % k === 0) … else …\n}\nreturn split',
    ],
    inputs: toSplit,
    observe: (split) => (isSplit(split) ? sorted(split) : split),
    laws: {
      'every row is in one of the two parts, and only once': (f, t, order, k) => {
        const { train, test } = f(t, order, k)
        return [...train, ...test].sort((a, b) => a - b).join() === [...order].sort((a, b) => a - b).join()
      },
      'of n samples of a class, n / k (rounded up) are held out': (f, t, order, k) => {
        const { test } = f(t, order, k)
        const count = (rows: ArrayLike<number>, c: number) => Array.from(rows).filter((row) => t[row] === c).length
        return [0, 1, 2].every((c) => count(test, c) === Math.ceil(count(order, c) / k))
      },
    },
    frozen: [
      {
        args: [Int32Array.of(2, 1, 0, 2, 0, 1, 1, 0, 2), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8), 3],
        gives: { train: [3, 4, 5, 6, 7, 8], test: [0, 1, 2] },
        from: `${SKLEARN}, the first fold of StratifiedKFold(3)`,
      },
    ],
    mutants: {
      'one counter for all: then the classes may be unequal in the two parts; each class needs its own': (_, order, k) =>
        splitBy(order, (_row, place) => place % k === 0),
      'the first part of the order is held out, whatever the classes: that is a split, but not a stratified one': (_, order, k) =>
        splitBy(order, (_row, place) => place < Math.floor(order.length / k)),
      'train and test have changed places': (t, order, k) => {
        const { train, test } = stratifiedSplit(t, order, k)
        return { train: test, test: train }
      },
      'what is held out is in train, too: the network would be tested on what it has learnt by heart': (t, order, k) => ({
        train: [...order],
        test: stratifiedSplit(t, order, k).test,
      }),
      'the order is not followed: go through the rows of order, not through 0, 1, 2, …': (t, _, k) =>
        stratifiedSplit(t, Int32Array.from(t.keys()), k),
      'the count starts at 1; the first of its class has count 0': (t, order, k) =>
        splitByCount(t, order, (count) => (count + 1) % k === 0),
      'places in the order are listed; it should be the row numbers, order[i]': (t, order, k) =>
        mapped(stratifiedSplit(t, order, k), (row) => order.indexOf(row)),
      'classes are listed; it should be row numbers': (t, order, k) => mapped(stratifiedSplit(t, order, k), (row) => t[row]),
      'the class is looked up at the place, t[i]; it should be t[order[i]]': (t, order, k) => {
        const moved = Int32Array.from(t, (_, row) => t[Math.max(0, order.indexOf(row))])
        return stratifiedSplit(moved, order, k)
      },
      'the counters do not start at 0: undefined + 1 is NaN, and nothing is held out (seen[t[row]] ?? 0)': (_, order) =>
        splitBy(order, () => false),
      'the comparison is turned around: one of k goes into train, the others into test': (t, order, k) =>
        splitByCount(t, order, (count) => (count + 1) % k !== 0),
      'only the first of each class is held out; so should be every k-th after it': (t, order) =>
        splitByCount(t, order, (count) => count === 0),
    },
  },
  crossEntropy: {
    hints: [
      'ln p_t is the logarithm of a fraction. A logarithm makes a difference of it, and half of that is worked above.',
      'ℓ = -ln(e^(z_t) / Σ_j e^(z_j)) = ln Σ_j e^(z_j) - z_t',
      'return logSumExp(…) - …',
    ],
    inputs: logits,
    laws: {
      'e^(-ℓ) is a probability: over all classes they sum to 1': (f, z) =>
        Math.abs(z.reduce((sum, _, t) => sum + Math.exp(-f(z, t)), 0) - 1) < 1e-9,
      'a number added to all logits changes nothing': (f, z, t) =>
        Math.abs(
          f(
            z.map((z_j) => z_j + 8),
            t,
          ) - f(z, t),
        ) < 1e-9,
    },
    frozen: [
      { args: [Float64Array.of(2, 1, 0.5), 0], gives: 0.4643687841079449, from: PYTORCH },
      { args: [Float64Array.of(1, -1, 0.25, 3), 2], gives: 2.9468642829833676, from: PYTORCH },
      { args: [FAR, 1], gives: 1000, from: PYTORCH },
    ],
    mutants: {
      'the sign is turned: it is ln p_t, which is never above 0': (z, t) => -crossEntropy(z, t),
      'the logarithm is missing: that is -p_t': (z, t) => -softmax(z)[t],
      'that is 1 - p_t; the loss is -ln p_t': (z, t) => 1 - softmax(z)[t],
      'the greatest logit is subtracted; it should be that of the right class, z[t]': (z) => logSumExp(z) - Math.max(...z),
      'z[t] is not subtracted: that is the logarithm of the sum alone': (z) => logSumExp(z),
      'the softmax is missing: -ln z_t is not -ln p_t': (z, t) => -Math.log(z[t]),
      'e^z overflows when logits are large; logSumExp does not': (z, t) =>
        -Math.log(Math.exp(z[t]) / z.reduce((sum, z_j) => sum + Math.exp(z_j), 0)),
      'where p_t is as small as 0, -ln p_t is infinite; ln Σ e^z - z_t never is': (z, t) => -Math.log(softmax(z)[t]),
      'the losses of all classes are summed; only the right class counts': (z) => z.reduce((sum, _, t) => sum + crossEntropy(z, t), 0),
    },
  },
  crossEntropyGradient: {
    hints: [
      'What came minus what was wanted: the network said p, and wanted was 1 at the right class and 0 elsewhere.',
      '∂ℓ/∂z_j = e^(z_j - ln Σ_k e^(z_k)) - 1 for j = t, and the same without - 1 for the others',
      'const sum = logSumExp(z)\nreturn z.map((z_j, j) => Math.exp(z_j - …) - (j === t ? … : …))',
    ],
    inputs: logits,
    laws: {
      'it is the slope of the loss: (ℓ(z + ε) - ℓ(z - ε)) / 2ε': (f, z, t) => {
        const near = z.map((z_j) => z_j % 4) // not so far apart that the difference drowns in rounding
        const dz = f(near, t)
        const at = (j: number, epsilon: number) => crossEntropy(near.with(j, near[j] + epsilon), t)
        return dz.every((d, j) => Math.abs(d - (at(j, 1e-5) - at(j, -1e-5)) / 2e-5) < 1e-8)
      },
      'it sums to 0': (f, z, t) => Math.abs(f(z, t).reduce((a, b) => a + b, 0)) < 1e-9,
    },
    frozen: [
      { args: [Float64Array.of(2, 1, 0.5), 0], gives: [-0.37146828078823757, 0.23122389762214904, 0.14024438316608848], from: PYTORCH },
      {
        args: [Float64Array.of(1, -1, 0.25, 3), 2],
        gives: [0.11115115102962866, 0.015042672506670303, -0.9474959139549384, 0.8213020904186396],
        from: PYTORCH,
      },
      { args: [FAR, 1], gives: [1, -1, 0], from: PYTORCH },
    ],
    mutants: {
      'the sign is turned: onehot - p; it should be p - onehot': (z, t) => crossEntropyGradient(z, t).map((d) => -d),
      'the 1 at the right class is not subtracted: that is p': (z) => softmax(z),
      'the softmax is missing: that is z - onehot': (z, t) => z.map((z_j, j) => z_j - onehot(z, t)[j]),
      '1 is subtracted everywhere; only at the right class it should be': (z) => softmax(z).map((p) => p - 1),
      'only the right class has a gradient; the others should have p_j': (z, t) =>
        crossEntropyGradient(z, t).map((d, j) => (j === t ? d : 0)),
      'that is p · (1 - p), the slope of a sigmoid': (z) => softmax(z).map((p) => p * (1 - p)),
      'that is -1 / p_t, the slope by p; it is asked for the slope by z': (z, t) => softmax(z).map((p, j) => (j === t ? -1 / p : 0)),
      'it is divided by the number of classes': (z, t) => crossEntropyGradient(z, t).map((d) => d / z.length),
      'e^z overflows when logits are large; e^(z - logSumExp(z)) does not': (z, t) => {
        const sum = z.reduce((s, z_j) => s + Math.exp(z_j), 0)
        return z.map((z_j, j) => Math.exp(z_j) / sum - onehot(z, t)[j])
      },
      'it is divided by logSumExp(z), which is a logarithm; write e^(z_j - logSumExp(z))': (z, t) =>
        z.map((z_j, j) => Math.exp(z_j) / logSumExp(z) - onehot(z, t)[j]),
      'it is not normalised: e^(z_j - the greatest) are no probabilities yet': (z, t) =>
        z.map((z_j, j) => Math.exp(z_j - Math.max(...z)) - onehot(z, t)[j]),
    },
  },
  trainStep: {
    hints: [
      'Four things, in this order: forget, go forward, go backward, move.',
      'zeroGrad, then the loss of model.forward(x), then backward, then step; read the loss with await loss.read()',
      'optimizer.zeroGrad()\nconst loss = await batchLoss(model.forward(x), t)\nloss.…\noptimizer.…\nreturn (await loss.read())[0]',
    ],
    inputs: batch,
    tolerance: 1e-5, // float32
    observe: (loss, [model]) => ({ loss, ...model.stateDict() }),
    laws: {
      'the parameters move by -lr times the gradient of this batch': async (f, model, optimizer, x, t) => {
        const parameters = model.parameters()
        const before = await Promise.all(parameters.map((p) => p.read()))
        const gradients = await Promise.all(grad(F.crossEntropy(model.forward(x), t), parameters).map((g) => g.read()))
        await f(model, optimizer, x, t)
        const after = await Promise.all(parameters.map((p) => p.read()))
        return after.every((p, i) => p.every((v, j) => Math.abs(v - before[i][j] + optimizer.lr * gradients[i][j]) < 1e-5))
      },
    },
    frozen: [
      {
        args: () =>
          training({
            weight: [0.5, -0.25, 0.125, 1, -0.75, 0.375],
            bias: [0, 0.25, -0.5],
            x: [1, 2, -1, 0.5],
            t: [0, 2],
            earlier: [1, 1, 1, 1, 1, 1],
          }),
        gives: {
          loss: 1.7255369424819946,
          weight: [
            [0.7636266946792603, 0.1926102340221405],
            [0.025674499571323395, 0.5059152841567993],
            [-0.9143011569976807, 0.4264744520187378],
          ],
          bias: [0.195912167429924, -0.08567246794700623, -0.360239714384079],
        } as never, // what observe shows
        from: 'PyTorch 1.13, one step of optim.SGD(lr=0.5)',
      },
    ],
    mutants: {
      'the gradients of an earlier batch are added in: zeroGrad() must come first': async (model, optimizer, x, t) => {
        const loss = await batchLoss(model.forward(x), t)
        loss.backward()
        optimizer.step()
        return (await loss.read())[0]
      },
      'the parameters do not move: it must be backward() and then step(), with no zeroGrad() in between': async (model, _, x, t) =>
        (await batchLoss(model.forward(x), t).then((loss) => loss.read()))[0],
      'it moves along the gradient of an earlier batch: step() comes before backward()': async (model, optimizer, x, t) => {
        const loss = await batchLoss(model.forward(x), t)
        optimizer.step()
        return (await loss.read())[0]
      },
      'the loss is computed anew after the step; it should be that before it': async (model, optimizer, x, t) => {
        await trainStep(model, optimizer, x, t)
        return (await batchLoss(model.forward(x), t).then((loss) => loss.read()))[0]
      },
      'step() is called twice': async (model, optimizer, x, t) => {
        const loss = await trainStep(model, optimizer, x, t)
        optimizer.step()
        return loss
      },
      'it goes uphill: backward() was called on -loss': async (model, optimizer, x, t) => {
        optimizer.zeroGrad()
        const loss = await batchLoss(model.forward(x), t)
        loss.neg().backward()
        optimizer.step()
        return (await loss.read())[0]
      },
    },
  },
  accuracy: {
    hints: [
      'Count how often prediction and truth agree. Of how many?',
      'accuracy = (number of i with y_i = t_i) / N',
      'let right = 0\nfor (…) if (y[i] === t[i]) right++\nreturn right / …',
    ],
    inputs: answers,
    laws: {
      'what is all right has accuracy 1': (f, y) => Math.abs(f(y, y) - 1) < 1e-9,
      'what is all wrong has accuracy 0': (f, y) => f(new Int32Array(y.length).fill(-1), y) === 0,
    },
    frozen: [
      { args: [Int32Array.of(0, 2, 1, 2, 2, 0, 1), Int32Array.of(0, 1, 1, 2, 2, 2, 0)], gives: 4 / 7, from: `${SKLEARN}, accuracy_score` },
    ],
    mutants: {
      'the right ones are counted, but not divided by N': (y, t) => accuracy(y, t) * t.length,
      'the wrong ones are counted: that is the error rate': (y, t) => 1 - accuracy(y, t),
      'it is in percent; it should lie between 0 and 1': (y, t) => 100 * accuracy(y, t),
      'the loop leaves out the first sample (i starts at 1)': (y, t) => y.filter((y_i, i) => i > 0 && y_i === t[i]).length / t.length,
      'the loop leaves out the last sample (i ends too early)': (y, t) =>
        y.filter((y_i, i) => i < t.length - 1 && y_i === t[i]).length / t.length,
      'a near miss is made better than a far one; classes are names, 1 is no nearer to 2 than to 9': (y, t) =>
        1 - y.reduce((sum, y_i, i) => sum + Math.abs(y_i - t[i]), 0) / t.length,
    },
  },
  confusionMatrix: {
    hints: [
      'A table of zeros first, a row for every true class and a column for every predicted one. Then each sample is one stroke in it.',
      'for every i: m[t_i][y_i] goes up by 1',
      'const row = () => new Array<number>(classes).fill(0)\nconst m = Array.from({ length: classes }, row)\nfor (let i = 0; i < t.length; i++) m[…][…]++\nreturn m',
    ],
    inputs: fc
      .tuple(answers, fc.integer({ min: CLASSES, max: CLASSES + 1 }))
      .map(([[y, t], n]): [Int32Array, Int32Array, number] => [y, t, n]),
    laws: {
      'all samples together': (f, y, t, classes) =>
        f(y, t, classes)
          .flat()
          .reduce((a, b) => a + b, 0) === t.length,
      'the diagonal is what is right': (f, y, t, classes) =>
        f(y, t, classes).reduce((sum, row, c) => sum + row[c], 0) / t.length === accuracy(y, t),
    },
    frozen: [
      {
        args: [Int32Array.of(0, 2, 1, 2, 2, 0, 1), Int32Array.of(0, 1, 1, 2, 2, 2, 0), 3],
        gives: [
          [1, 1, 0],
          [0, 1, 1],
          [1, 0, 2],
        ],
        from: `${SKLEARN}, confusion_matrix`,
      },
    ],
    mutants: {
      'rows and columns have changed places: the first index is the true class': (y, t, classes) => confusionMatrix(t, y, classes),
      'all rows are one and the same array: fill() with an array puts the same one everywhere, Array.from makes new ones': (
        y,
        t,
        classes,
      ) => {
        const row = new Array<number>(classes).fill(0)
        for (const y_i of y) row[y_i]++
        return t.length === 0 ? [] : Array.from({ length: classes }, () => row)
      },
      'it holds whether something happened (= 1), not how often (++)': (y, t, classes) =>
        confusionMatrix(y, t, classes).map((row) => row.map((n) => Math.min(n, 1))),
      'the table is not filled with 0 at first: undefined + 1 is NaN': (y, t, classes) => {
        const counts = confusionMatrix(y, t, classes)
        return counts.map((row) => row.map((n) => (n > 0 ? Number.NaN : n)))
      },
      'only what is right is counted: the mistakes are what one wants to see': (y, t, classes) =>
        confusionMatrix(y, t, classes).map((row, c) => row.map((n, j) => (c === j ? n : 0))),
      'each row is divided by its sum; counts are asked for': (y, t, classes) =>
        confusionMatrix(y, t, classes).map((row) =>
          row.map(
            (n) =>
              n /
              Math.max(
                1,
                row.reduce((a, b) => a + b, 0),
              ),
          ),
        ),
    },
  },
})

/** A split by how many of its class came before a sample. */
function splitByCount(t: Int32Array, order: Int32Array, isTest: (count: number) => boolean): Split {
  const count = (row: number, place: number) => order.slice(0, place).filter((other) => t[other] === t[row]).length
  return splitBy(order, (row, place) => isTest(count(row, place)))
}
