import fc from 'fast-check'
import { F, grad, nn, optim, type Tensor, tensor } from '../../src/index.ts'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/cnn.ts'
import type { Layers } from '../solutions/cnn.ts'
import { close, epochBy, pool, right, sum, through, weighted } from './cnn/mistakes.ts'
import { pictures } from './cnn/pictures.ts'

const TORCH = 'PyTorch 1.13'
const whole = (min: number, max: number) => fc.integer({ min, max })
const floats = (values: ArrayLike<number>, ...shape: number[]) => tensor(Float32Array.from(values)).reshape(...shape)
const small = { min: -2, max: 2 }

interface Weights {
  readonly conv1: ArrayLike<number> // 2 windows of 1 × 1, 2 biases
  readonly conv2: ArrayLike<number> // 4 windows of 1 × 1, 2 biases
  readonly fc: ArrayLike<number> // [3, 4], then [3]
  readonly x: ArrayLike<number> // [n, 1, 4, 8]
}

/** A network with two channels and windows of 1 × 1: its 4 × 8 pixels become two maps of 1 × 2. */
function network(weights: Weights): [Layers, Tensor] {
  const [conv1, conv2, fc] = [new nn.Conv2d(1, 2, { kernelSize: 1 }), new nn.Conv2d(2, 2, { kernelSize: 1 }), new nn.Linear(4, 3)]
  const cut = (values: ArrayLike<number>, from: number, ...shape: number[]) =>
    floats(Array.from(values).slice(from, from + shape.reduce((a, b) => a * b)), ...shape)
  conv1.loadStateDict({ weight: cut(weights.conv1, 0, 2, 1, 1, 1), bias: cut(weights.conv1, 2, 2) })
  conv2.loadStateDict({ weight: cut(weights.conv2, 0, 2, 2, 1, 1), bias: cut(weights.conv2, 4, 2) })
  fc.loadStateDict({ weight: cut(weights.fc, 0, 3, 4), bias: cut(weights.fc, 12, 3) })
  return [{ conv1, conv2, fc }, floats(weights.x, weights.x.length / 32, 1, 4, 8)]
}
const drawn = whole(1, 2).chain((n) =>
  fc
    .record<Weights>({
      conv1: draw.vector(4, small),
      conv2: draw.vector(6, small),
      fc: draw.vector(15, small),
      x: fc.noShrink(draw.vector(32 * n, small)), // simpler pixels would not say more, and take seconds to find
    })
    .map((weights) => () => network(weights)),
)
interface Epoch {
  readonly weight: ArrayLike<number> // [3, 2]
  readonly bias: ArrayLike<number> // [3]
  readonly batches: readonly { readonly x: ArrayLike<number>; readonly t: readonly number[] }[] // x: [n, 2]
  /** The gradient at the logits of an earlier batch, of which the parameters still hold what came of it. [1, 3] */
  readonly earlier: ArrayLike<number>
}

/** A linear layer as the model, its optimiser, batches. */
function training({ weight, bias, batches, earlier }: Epoch): Parameters<typeof lesson.trainEpoch> {
  const model = new nn.Linear(2, 3)
  model.loadStateDict({ weight: floats(weight, 3, 2), bias: floats(bias, 3) })
  model.forward(floats([1, -1], 1, 2)).backward({ gradient: floats(earlier, 1, 3) })
  const pairs = batches.map(({ x, t }) => [floats(x, t.length, 2), tensor(Int32Array.from(t))])
  return [model, new optim.SGD(model.parameters(), { lr: 0.5 }), pairs]
}
const batch = whole(1, 3).chain((n) =>
  fc.record({ x: draw.vector(2 * n, small), t: fc.array(whole(0, 2), { minLength: n, maxLength: n }) }),
)
const epoch = fc
  .record<Epoch>({
    weight: draw.vector(6, small),
    bias: draw.vector(3, small),
    batches: fc.array(batch, { minLength: 1, maxLength: 3 }),
    earlier: draw.vector(3, small).filter((g) => g.some((g_j) => g_j !== 0)),
  })
  .map((of) => () => training(of))

export default checks<typeof lesson>({
  ...pictures,
  logits: {
    hints: [
      'Twice the same three things, then the linear layer. What shape does that one take?',
      'pool(relu(conv1(x))), pool(relu(conv2(…))), flatten from dimension 1 on, fc: no softmax, logits are wanted',
      'const a = F.maxPool2d(net.conv1.forward(x).relu(), { kernelSize: 2 })\nconst b = F.maxPool2d(…, { kernelSize: 2 })\nreturn net.fc.forward(b.flatten(…))',
    ],
    inputs: drawn,
    tolerance: 1e-4, // float32, on any backend
    laws: {
      'what an image gets does not depend on the others of its batch': async (f, net, x) => {
        const [all, alone] = [await f(net, x).read(), await f(net, x.slice(0, 1)).read()]
        return alone.length === 3 && alone.every((z, j) => close(z, all[j], 1e-4))
      },
    },
    frozen: [
      {
        args: () =>
          network({
            conv1: [1, -0.5, 0.25, 0.5],
            conv2: [1, -1, 0.5, 0.75, -0.25, 0.125],
            fc: [1, 0.5, -1, 0.25, -0.5, 2, 0.75, -1, 0.375, -0.25, 1.5, 0.5, 0.5, -0.25, 0.125],
            x: [
              [0.5, -1, 2, 0, 1, -2, 0.25, 1.5, -0.5, 3, -1, 0, 2, 1, -0.75, 0.5],
              [-1, 0.5, 1, -2, 0, 1, -3, 2, 1.5, -0.5, 0.75, 1, -1.5, 0, 2, 0.25],
            ].flat(),
          }),
        gives: [[1, -0.875, 5.84375]],
        from: `${TORCH}, nn.Conv2d, F.relu, F.max_pool2d and nn.Linear`,
      },
    ],
    mutants: {
      'both ReLUs are missing: but for the pools that is one linear layer': through({ first: pool, second: pool }),
      'the ReLU after the first convolution is missing': through({ first: pool }),
      'the ReLU after the second convolution is missing': through({ second: pool }),
      'there is a ReLU after the last layer, too: logits may be below 0': through({ last: (z) => z.relu() }),
      'there is a softmax at the end; logits are wanted, for the cross-entropy has it in it': through({ last: (z) => z.softmax(1) }),
      'the pools take the mean; they should take the greatest': through({
        first: (a) => F.avgPool2d(a.relu(), { kernelSize: 2 }),
        second: (b) => F.avgPool2d(b.relu(), { kernelSize: 2 }),
      }),
      'there are sigmoids in place of the ReLUs': through({ first: (a) => pool(a.sigmoid()), second: (b) => pool(b.sigmoid()) }),
      'the numbers are flattened in another order: channel by channel, as b.flatten(1) does': through({
        flat: (b) => b.permute(0, 2, 3, 1).flatten(1),
      }),
      'the images of a batch are mixed up: flatten from dimension 1 on, not from 0': through({
        flat: (b) => b.reshape(-1, b.shape[0]).t(),
      }),
    },
  },
  trainEpoch: {
    hints: [
      'One batch: forward, loss, forget the old gradients, backward, step. What must be remembered of each for the mean at the end?',
      'loss = F.crossEntropy(model.forward(x), t); zeroGrad, backward, step;  Σ loss · N over the batches, divided by Σ N',
      'for (const [x, t] of batches) {\n  const loss = F.crossEntropy(…)\n  optimizer.zeroGrad()\n  loss.backward()\n  optimizer.…\n  sum += (await loss.read())[0] * t.size\n  count += …\n}\nreturn sum / count',
    ],
    inputs: epoch,
    tolerance: 1e-4, // float32, up to three steps on any backend
    observe: (loss, [model]) => ({ loss, ...model.stateDict() }),
    laws: {
      'after one batch the parameters have moved by -lr times its gradient': async (f, model, optimizer, batches) => {
        const [[x, t]] = batches
        const parameters = model.parameters()
        const before = await Promise.all(parameters.map((p) => p.read()))
        const gradients = await Promise.all(grad(F.crossEntropy(model.forward(x), t), parameters).map((g) => g.read()))
        await f(model, optimizer, [[x, t]])
        const after = await Promise.all(parameters.map((p) => p.read()))
        return after.every((p, i) => p.every((v, j) => close(v, before[i][j] - optimizer.lr * gradients[i][j], 1e-4)))
      },
    },
    frozen: [
      {
        args: () =>
          training({
            weight: [0.5, -0.25, 0.125, 1, -0.75, 0.375],
            bias: [0, 0.25, -0.5],
            batches: [
              { x: [1, 2, -1, 0.5], t: [0, 2] },
              { x: [0.5, -1.5], t: [1] },
            ],
            earlier: [1, 1, 1],
          }),
        gives: {
          loss: 1.6591516335805256,
          weight: [
            [0.5970262885093689, 0.6924114227294922],
            [0.22134432196617126, -0.08109414577484131],
            [-0.9433705806732178, 0.5136826634407043],
          ],
          bias: [-0.1372886449098587, 0.3056671619415283, -0.4183785021305084],
        } as never, // what observe shows
        from: `${TORCH}, two steps of optim.SGD(lr=0.5)`,
      },
    ],
    mutants: {
      'the gradients add up from batch to batch: zeroGrad() must come before every backward()': epochBy((loss, optimizer) => {
        loss().backward()
        optimizer.step()
      }),
      'zeroGrad() is called once before the loop; it must be called for every batch': epochBy((loss, optimizer, place) => {
        if (place === 0) optimizer.zeroGrad()
        loss().backward()
        optimizer.step()
      }),
      'the parameters do not move: it must be backward() and then step(), with no zeroGrad() in between': epochBy(() => {}),
      'step() comes before backward(): it moves along the gradient of the batch before': epochBy((loss, optimizer) => {
        optimizer.step()
        optimizer.zeroGrad()
        loss().backward()
      }),
      'only the first batch is learnt from: the return stands inside the loop': epochBy((loss, optimizer) => {
        right(loss, optimizer)
        return true
      }),
      'step() is called twice for each batch': epochBy((loss, optimizer) => {
        right(loss, optimizer)
        optimizer.step()
      }),
      'it goes uphill: backward() was called on -loss': epochBy((loss, optimizer) => right(() => loss().neg(), optimizer)),
      'there is a softmax before crossEntropy, which takes logits and has it in it': epochBy(right, weighted, (z, t) =>
        F.crossEntropy(z.softmax(1), t),
      ),
      'that is the mean over the batches; the last one may be smaller, so weight each by its images': epochBy(
        right,
        (losses) => sum(losses) / losses.length,
      ),
      'that is the sum of the losses of the batches; the mean over all images is wanted': epochBy(right, sum),
      'that is the sum over all images; divide it by their number': epochBy(right, (losses, sizes) => weighted(losses, sizes) * sum(sizes)),
      'that is the loss of the last batch alone; the mean over all images is wanted': epochBy(right, (losses) => losses[losses.length - 1]),
    },
  },
})
