/**
 * A multilayer perceptron is a chain of layers, with a kink after each but the
 * last (ReLU), so that they do not collapse into one. This one reads digits:
 *
 *     8 × 8 pixels -> 256 -> 128 -> 10 logits        64-256-128-10
 *
 * The softmax makes probabilities p of the logits z, the cross-entropy -ln p_t
 * is the loss, and its gradient is as plain as that of the delta rule: what
 * came minus what was wanted, p - onehot(t). Autograd carries it back through
 * the layers, Adam (Kingma & Ba 2015) moves the weights. How good the network
 * is, only digits can tell that it has never seen: some are held out for that.
 */
import { data, manualSeed, nn, noGrad, optim, type Tensor, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { bars, heatmap, images, lines } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** What is learnt from and what is held out, as row numbers. */
export interface Split {
  readonly train: number[]
  readonly test: number[]
}

/**
 * Holds out every k-th sample of each class, so that both parts have the classes in the same proportions.
 * Goes through the samples in the given order and counts each class for itself: 0, 1, 2, ...; a sample whose count is a multiple of k goes
 * into test, the others into train.        t: [N] classes, order: row numbers -> train and test: the same row numbers, parted
 */
export function stratifiedSplit(t: Int32Array, order: Int32Array, k: number): Split {
  const split: Split = { train: [], test: [] }
  const seen: number[] = []
  for (const row of order) {
    const count = seen[t[row]] ?? 0
    seen[t[row]] = count + 1
    if (count % k === 0) split.test.push(row)
    else split.train.push(row)
  }
  return split
}

/** ln Σ_j e^(z_j). The greatest is taken out first, so that no power overflows.        z: [C] -> number */
export function logSumExp(z: Float64Array): number {
  const m = Math.max(...z) // worked: ln Σ e^z = m + ln Σ e^(z - m) for any m
  return m + Math.log(z.reduce((sum, z_j) => sum + Math.exp(z_j - m), 0))
}

/** The cross-entropy.  ℓ = -ln p_t = ln Σ_j e^(z_j) - z_t        z: [C] logits, t: the right class -> ℓ: number */
export function crossEntropy(z: Float64Array, t: number): number {
  return logSumExp(z) - z[t]
}

/** Its gradient.  ∂ℓ/∂z_j = p_j - [j = t],  p_j = e^(z_j) / Σ_k e^(z_k) = e^(z_j - ln Σ_k e^(z_k))        z: [C], t: the right class -> dz: [C] */
export function crossEntropyGradient(z: Float64Array, t: number): Float64Array {
  const sum = logSumExp(z)
  return z.map((z_j, j) => Math.exp(z_j - sum) - (j === t ? 1 : 0))
}

/** The mean loss of a batch, by the two functions above, as a tensor that backward() starts from.        z: [N, C], t: [N] -> ℓ: [] */
export async function batchLoss(z: Tensor, t: Tensor): Promise<Tensor> {
  const [n, c] = z.shape
  const [logits, classes] = [Float64Array.from(await z.read()), await t.read()]
  const dz = new Float32Array(n * c)
  let loss = 0
  for (let i = 0; i < n; i++) {
    const row = logits.subarray(i * c, (i + 1) * c) // [C]
    loss += crossEntropy(row, classes[i]) / n
    dz.set(
      crossEntropyGradient(row, classes[i]).map((d) => d / n),
      i * c,
    )
  }
  // z - z.detach() is 0: the value is the loss, and its gradient by z is dz.
  return z.sub(z.detach()).mul(tensor(dz).reshape(n, c)).sum().add(loss)
}

/** The layers, with weights drawn anew.        x: [N, 64] -> z: [N, 10] logits */
export function network(): nn.Sequential {
  return new nn.Sequential(
    new nn.Linear(64, 256), // [N, 64] -> [N, 256]
    new nn.ReLU(),
    new nn.Linear(256, 128), // -> [N, 128]
    new nn.ReLU(),
    new nn.Linear(128, 10), // -> [N, 10]
  )
}

/**
 * One training step. Afterwards the parameters have moved along the gradient of this batch alone, whatever gradients there were before.
 * x: [N, 64] images, t: [N] classes -> the loss of the batch before the step
 */
export async function trainStep(model: nn.Module, optimizer: optim.Optimizer<{ lr: number }>, x: Tensor, t: Tensor): Promise<number> {
  optimizer.zeroGrad()
  const loss = await batchLoss(model.forward(x), t)
  loss.backward()
  optimizer.step()
  return (await loss.read())[0]
}

/** The part that is right.  |{i: y_i = t_i}| / N        y: [N] predicted, t: [N] true classes -> between 0 and 1 */
export function accuracy(y: Int32Array, t: Int32Array): number {
  let right = 0
  for (let i = 0; i < t.length; i++) if (y[i] === t[i]) right++
  return right / t.length
}

/** How often which class is taken for which.  m[t][y] counts the samples of class t that were read as y        y, t: [N] -> m: [C][C] */
export function confusionMatrix(y: Int32Array, t: Int32Array, classes: number): number[][] {
  const m = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < t.length; i++) m[t[i]][y[i]]++
  return m
}

/** The class of the greatest logit, for every image.        x: [N, 64] -> y: [N] */
export async function predict(model: nn.Module, x: Tensor): Promise<Int32Array> {
  return Int32Array.from(await noGrad(() => model.forward(x).argmax(1)).read())
}

/** The rows of a table that are named.        values: [N · width] -> [rows.length · width] */
function pick(values: Float32Array, rows: ArrayLike<number>, width: number): Float32Array {
  const picked = new Float32Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) picked.set(values.subarray(rows[i] * width, (rows[i] + 1) * width), i * width)
  return picked
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const { x, y } = data.digits()
  const pixels = Float32Array.from(await x.read(), (v) => v / 16) // 1797 × 64, from 0 to 1
  const digit = Int32Array.from(await y.read())
  const imageOf = (row: number) => pixels.subarray(row * 64, (row + 1) * 64)
  const first = Array.from({ length: 16 }, (_, row) => ({ pixels: imageOf(row), caption: `${digit[row]}` }))
  show(
    images(first, { shape: [8, 8], scale: 1, range: [0, 1] }),
    'The first 16 of 1,797 digits by thirteen people (Alpaydin & Kaynak 1998)',
  )
  print('')

  const epochs = options.epochs ?? (options.quick ? 4 : 20)
  const part = (rows: number[]) => ({
    rows,
    x: tensor(pick(pixels, rows, 64)).reshape(rows.length, 64),
    t: tensor(Int32Array.from(rows, (row) => digit[row])),
    classes: Int32Array.from(rows, (row) => digit[row]),
  })
  type Part = ReturnType<typeof part>

  /** Trains a new network, and reports the loss on both parts after every epoch. */
  async function train(what: string, training: Part, unseen: Part) {
    manualSeed(options.seed)
    const model = network()
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 })
    const loader = new data.DataLoader(new data.TensorDataset(training.x, training.t), { batchSize: 32, shuffle: true })
    const losses: { training: number[]; validation: number[] } = { training: [], validation: [] }
    for (let epoch = 0; epoch < epochs; epoch++) {
      let sum = 0
      for (const [images, classes] of loader) sum += await trainStep(model, optimizer, images, classes)
      const loss = await batchLoss(
        noGrad(() => model.forward(unseen.x)),
        unseen.t,
      )
      losses.training.push(sum / loader.length)
      losses.validation.push((await loss.read())[0])
      status(`${what}: epoch ${epoch + 1} of ${epochs}, loss ${(sum / loader.length).toFixed(4)}`)
    }
    return { model, losses }
  }

  // First split: every fifth digit is held out for the test; of the others, every eighth is for looking on during the training.
  const order = new Generator(options.seed).randperm(digit.length)
  const outer = stratifiedSplit(digit, order, 5)
  const inner = stratifiedSplit(digit, Int32Array.from(outer.train), 8)
  const [training, validation, test] = [part(inner.train), part(inner.test), part(outer.test)]
  print(`A stratified split: ${training.rows.length} to train on, ${validation.rows.length} to validate, ${test.rows.length} to test.`, '')
  const { model, losses } = await train('random split', training, validation)
  show(lines(losses, { title: 'cross-entropy', xLabel: 'epoch', log: true, height: 8 }))

  const read = await predict(model, test.x)
  const misread = [...read.keys()].filter((i) => read[i] !== test.classes[i])
  const score = accuracy(read, test.classes)
  const names = [...'0123456789']
  print('', `Of the ${test.rows.length} test digits ${misread.length} are misread: ${(100 * score).toFixed(1)}% are right.`, '')
  show(
    heatmap(confusionMatrix(read, test.classes, 10), {
      title: 'confusion matrix',
      xLabel: 'read as',
      yLabel: 'true',
      rows: names,
      columns: names,
      digits: 0,
    }),
  )
  if (misread.length > 0) {
    const shown = misread.slice(0, 8)
    print('')
    show(
      images(
        shown.map((i) => ({ pixels: imageOf(test.rows[i]), caption: `${test.classes[i]} read as ${read[i]}` })),
        { shape: [8, 8], range: [0, 1], title: 'misread digits' },
      ),
    )
  }

  // Second split: the file is in the order of its writers. The last 360 digits are by people whom the network has not met.
  const rows = [...digit.keys()]
  const [known, strangers] = [part(rows.slice(0, 1437)), part(rows.slice(1437))]
  print('')
  const other = await train('split by writer', known, strangers)
  const strange = accuracy(await predict(other.model, strangers.x), strangers.classes)
  show(
    bars(['random split', 'split by writer'], [100 * score, 100 * strange], {
      title: 'accuracy on the test digits',
      unit: '%',
      digits: 1,
      max: 100,
    }),
    'A random split flatters: there the test digits are by the same hands as the training digits.',
  )
})
