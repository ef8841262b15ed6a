/**
 * A network with more weights than examples can learn them by heart. Its
 * training loss goes to 0, while the loss on digits that it has not seen
 * rises again: it over-fits. Whatever works against that is regularisation:
 *
 *     stop in time                       early stopping
 *     keep the weights small             L2 (Hoerl & Kennard 1970)
 *     disturb what goes through          dropout, batch norm, noise
 *     be less sure of the answer         label smoothing, mixup
 *     make more of the examples          augmentation
 *
 * One run over-fits; each of the others shows its curve against it.
 */
import { cat, data, F, manualSeed, nn, noGrad, optim, rand, randn, type Tensor, tensor } from '../src/index.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { bars, lines, table } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/**
 * Early stopping: whether the last `patience` losses were all no better than the best one before them.
 * losses: of the validation, one for each epoch so far; patience: 1 or more -> true to stop now
 */
export function shouldStop(losses: readonly number[], patience: number): boolean {
  return blank('shouldStop', losses, patience)
}

/** The L2 penalty.  ½ · λ · Σ w², over all numbers of all tensors; its gradient is λ·w        w: tensors of any shapes, lambda: λ -> [] */
export function l2Penalty(w: readonly Tensor[], lambda: number): Tensor {
  return blank('l2Penalty', w, lambda)
}

/**
 * Dropout (Srivastava et al. 2014): each number is dropped with probability p, and what is kept makes up for it.
 * y = x / (1 - p) where u < 1 - p, else 0        x: any shape, u: drawn uniformly from [0, 1), in x's shape, 0 ≤ p < 1 -> y: x's shape
 */
export function dropout(x: Tensor, u: Tensor, p: number): Tensor {
  return blank('dropout', x, u, p)
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015): each column by the mean and the variance that it has in another batch.
 * y = (x - μ) / √(σ² + ε),  μ = 1/M Σ known,  σ² = 1/M Σ (known - μ)²        x: [N, C], known: [M, C], eps: ε -> y: [N, C]
 */
export function batchNorm(x: Tensor, known: Tensor, eps: number): Tensor {
  return blank('batchNorm', x, known, eps)
}

/**
 * Label smoothing (Szegedy et al. 2016): the right class gets a little less than all, the others share the rest with it.
 * q_ij = (1 - ε)·[j = t_i] + ε/C        t: [N] classes, classes: C, epsilon: ε -> q: [N, C]
 */
export function smoothTargets(t: ArrayLike<number>, classes: number, epsilon: number): Tensor {
  return blank('smoothTargets', t, classes, epsilon)
}

/**
 * Mixup (Zhang et al. 2018): images that lie between two, with targets that lie between theirs.
 * x = λ·x1 + (1 - λ)·x2,  q = λ·q1 + (1 - λ)·q2        x1, x2: [N, D], q1, q2: [N, C], lambda: λ -> [x: [N, D], q: [N, C]]
 */
export function mixup(x1: Tensor, q1: Tensor, x2: Tensor, q2: Tensor, lambda: number): [x: Tensor, q: Tensor] {
  return blank('mixup', x1, q1, x2, q2, lambda)
}

/** Noise on the images.  y = x + σ·n        x: any shape, n: drawn from the standard normal, in x's shape, sigma: σ -> y: x's shape */
export function addNoise(x: Tensor, n: Tensor, sigma: number): Tensor {
  return x.add(n.mul(sigma)) // worked: read it, then go on
}

/** Images moved right by dx and down by dy pixels; what comes in is 0.        x: [N, 64], dx, dy: -1, 0 or 1 -> [N, 64] */
export function shifted(x: Tensor, dx: number, dy: number): Tensor {
  const padded = F.pad(x.reshape(-1, 8, 8), [1, 1, 1, 1]) // [N, 10, 10]
  return padded
    .slice(1 - dy, 9 - dy, { dim: 1 })
    .slice(1 - dx, 9 - dx, { dim: 2 })
    .flatten(1) // [N, 64]
}

/** Cross-entropy against targets that are shares.  ℓ = -1/N Σ_ij q_ij · ln p_ij,  p = softmax(z)        z, q: [N, C] -> ℓ: [] */
export function crossEntropy(z: Tensor, q: Tensor): Tensor {
  return z.logSoftmax(1).mul(q).sum().div(-z.shape[0])
}

/** Every row in the place of the one before it; the first becomes the last.        x: [N, D] -> [N, D] */
export function rolled(x: Tensor): Tensor {
  return cat([x.slice(1, x.shape[0]), x.slice(0, 1)])
}

/** What a run does against over-fitting: one thing, or nothing. */
export interface Technique {
  readonly l2?: number
  readonly dropout?: number
  readonly batchNorm?: boolean
  readonly noise?: number
  readonly smoothing?: number
  readonly mixup?: boolean
  readonly shifts?: boolean
}

/** 64-256-128-10: 50,826 weights for 200 digits. */
export class Network extends nn.Module {
  readonly first = new nn.Linear(64, 256)
  readonly second = new nn.Linear(256, 128)
  readonly last = new nn.Linear(128, 10)
  readonly technique: Technique

  constructor(technique: Technique) {
    super()
    this.technique = technique
  }

  /** x: [N, 64], known: the batch whose statistics batchNorm takes, x itself in training: [M, 64] -> z: [N, 10] */
  override forward(x: Tensor, known = x): Tensor {
    let [h, k] = [x, known]
    for (const layer of [this.first, this.second]) {
      h = layer.forward(h)
      if (this.technique.batchNorm) {
        const of = known === x ? h : layer.forward(k)
        h = batchNorm(h, of, 1e-5)
        k = known === x ? k : batchNorm(of, of, 1e-5).relu()
      }
      h = h.relu()
      if (this.technique.dropout !== undefined && this.training) h = dropout(h, rand(h.shape), this.technique.dropout)
    }
    return this.last.forward(h)
  }

  /** What the L2 penalty is on: not the biases. */
  weights(): Tensor[] {
    return [this.first, this.second, this.last].map(({ weight }) => weight)
  }
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  // 200 digits to learn from, of which a fifth are labelled wrongly, as in much real data; 300 to validate, 1,297 to test.
  const { x, y } = data.digits()
  const generator = new Generator(options.seed)
  const order = generator.randperm(y.size)
  const all = new data.TensorDataset(x.div(16), y)
  const part = (from: number, to: number) => all.batch(Array.from(order.subarray(from, to)))
  const [[images, truth], [validImages, validClasses], [testImages, testClasses]] = [part(0, 200), part(200, 500), part(500, y.size)]
  const labels = Int32Array.from(await truth.read())
  for (const [i, other] of generator.randint(1, 10, 40).entries()) labels[i] = (labels[i] + other) % 10
  const training = new data.TensorDataset(images, tensor(labels))
  const testTruth = await testClasses.read()
  const epochs = options.epochs ?? (options.quick ? 80 : 120)

  /** The share of the test digits that are read rightly. */
  async function testAccuracy(model: Network): Promise<number> {
    const read = await noGrad(() => model.forward(testImages, images).argmax(1)).read()
    return read.filter((digit, i) => digit === testTruth[i]).length / read.length
  }

  /** A run of all epochs. What is drawn is drawn from the same seed; the weights at the start are the same in all runs. */
  async function train(name: string, technique: Technique, patience = Number.POSITIVE_INFINITY) {
    manualSeed(options.seed)
    const drawn = new Generator(options.seed)
    const model = new Network(technique)
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 })
    const loader = new data.DataLoader(training, { batchSize: 50, shuffle: true })
    const losses: { training: number[]; validation: number[] } = { training: [], validation: [] }
    let best = Number.POSITIVE_INFINITY
    let stopped: { epoch: number; right: number } | undefined
    let rightAtBest = 0
    for (let epoch = 0; epoch < epochs; epoch++) {
      model.train()
      let sum = 0
      for (const [batch, classes] of loader) {
        let x = batch
        let q = smoothTargets(await classes.read(), 10, technique.smoothing ?? 0)
        const [dx, dy] = drawn.randint(-1, 2, 2)
        if (technique.shifts) x = shifted(x, dx, dy)
        if (technique.noise !== undefined) x = addNoise(x, randn(x.shape), technique.noise)
        if (technique.mixup) {
          const [lambda] = drawn.uniform(new Float64Array(1))
          ;[x, q] = mixup(x, q, rolled(x), rolled(q), lambda) // the batch is in random order: its neighbours are strangers
        }
        let loss = crossEntropy(model.forward(x), q)
        sum += (await loss.read())[0]
        if (technique.l2 !== undefined) loss = loss.add(l2Penalty(model.weights(), technique.l2))
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
      }
      model.eval()
      const loss = noGrad(() => F.crossEntropy(model.forward(validImages, images), validClasses))
      losses.training.push(sum / loader.length)
      losses.validation.push((await loss.read())[0])
      if (losses.validation[epoch] < best && !stopped) {
        best = losses.validation[epoch]
        if (Number.isFinite(patience)) rightAtBest = await testAccuracy(model)
      }
      if (!stopped && shouldStop(losses.validation, patience)) stopped = { epoch: epoch + 1, right: rightAtBest }
      status(`${name}: epoch ${epoch + 1} of ${epochs}, training loss ${losses.training[epoch].toFixed(3)}`)
    }
    return { losses, right: await testAccuracy(model), stopped: stopped ?? { epoch: epochs, right: rightAtBest } }
  }

  const picture = { xLabel: 'epoch', x: [1, Math.max(2, epochs)] } as const
  const close = { ...picture, y: [0.3, 1.3], height: 8 } as const // the first epochs lie above
  const plain = await train('nothing', {}, 10)
  const baseline = plain.losses.validation
  show(lines(plain.losses, { ...picture, title: 'one run that over-fits: cross-entropy', height: 10 }))
  print('Forty labels of the 200 are wrong. To get those right, it must learn them by heart.', '')

  const { stopped } = plain
  const cut = { nothing: baseline, 'early stopping': baseline.slice(0, stopped.epoch) }
  show(lines(cut, { ...close, title: `validation loss: early stopping, patience 10, ends after epoch ${stopped.epoch}` }))

  const techniques: Record<string, Technique> = {
    'L2, λ = 0.03': { l2: 0.03 },
    'dropout, p = 0.5': { dropout: 0.5 },
    'batch norm': { batchNorm: true },
    'noise, σ = 0.4': { noise: 0.4 },
    'label smoothing, ε = 0.2': { smoothing: 0.2 },
    mixup: { mixup: true },
    'shifts by a pixel': { shifts: true },
  }
  const least = (losses: readonly number[]) => Math.min(...losses).toFixed(3)
  const last = (losses: readonly number[]) => losses[losses.length - 1].toFixed(3)
  const percent = (share: number) => Number((100 * share).toFixed(1))
  const rows: (string | number)[][] = [
    ['nothing', last(plain.losses.training), least(baseline), last(baseline), percent(plain.right)],
    [
      'early stopping',
      plain.losses.training[stopped.epoch - 1].toFixed(3),
      least(cut['early stopping']),
      last(cut['early stopping']),
      percent(stopped.right),
    ],
  ]
  for (const [name, technique] of Object.entries(techniques)) {
    const { losses, right } = await train(name, technique)
    print('')
    show(lines({ nothing: baseline, [name]: losses.validation }, { ...close, title: `validation loss: ${name}` }))
    rows.push([name, last(losses.training), least(losses.validation), last(losses.validation), percent(right)])
  }

  print('')
  show(table(['technique', 'training', 'valid., least', 'at last', 'test %'], rows))
  print('')
  show(
    bars(
      rows.map(([name]) => String(name)),
      rows.map((row) => Number(row[4])),
      { title: 'right of 1,297 unseen digits', unit: '%', digits: 1, max: 100 },
    ),
  )
  const worse = rows.slice(1).filter((row) => Number(row[4]) <= Number(rows[0][4]))
  print(
    worse.length === 0
      ? 'On this seed everything helped. Differences of one or two percent are chance.'
      : `On this seed these did not help: ${worse.map(([name]) => name).join('; ')}.`,
    'Label smoothing and mixup ask for less certainty, which the loss holds against',
    'them: judge those by the test, not by their curves.',
  )
})
