/**
 * A convolutional network finds small features anywhere in a picture, then
 * features of features, and at last names what it sees:
 *
 *     convolve, 1 -> 32 channels    ReLU    pool      28 × 28 -> 14 × 14
 *     convolve, 32 -> 64 channels   ReLU    pool      14 × 14 ->  7 × 7
 *     linear, 3136 -> 10 logits                       3136 = 64 · 7 · 7
 *
 * A pool keeps the greatest number of every 2 × 2: that a feature is there
 * counts for more than where exactly. Fukushima (1980) built such networks by
 * hand, LeCun et al. (1989, 1998) let them learn by backpropagation.
 */
import { resolve } from 'node:path'
import { data, evaluate, F, manualSeed, nn, noGrad, optim, type Tensor, tensor } from '../src/index.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { heatmap, images, lines, table } from '../src/plot/index.ts'
import { Generator as Random } from '../src/random.ts'

/** A grey picture, or a feature map: rows from the top down.        H rows of [W] */
export type Grid = readonly Float64Array[]

/** A number between two others.  (1 - a)·p + a·q        p, q: numbers, a: from 0 to 1 -> number */
export function mix(p: number, q: number, a: number): number {
  return (1 - a) * p + a * q
}

/**
 * A picture in another size. The middle of each new pixel (v, u) lies at some point (h, k) of the old picture, between four pixels, which are mixed:
 * first across, in row i = ⌊h⌋ and in the row below it, the right one's share being k - ⌊k⌋; then down, the lower one's share being h - i.
 * h = (v + ½) · H / rows - ½, but not below 0 and not above H - 1;  k likewise        x: H rows of [W], rows, columns: new sizes -> rows rows of [columns]
 */
export function bilinear(x: Grid, rows: number, columns: number): Grid {
  return blank('bilinear', x, rows, columns)
}

/** A layer of the network. k: its windows are k × k; p: so many zeros stand around what it sees. */
export type Layer =
  | { readonly kind: 'convolve'; readonly channels: number; readonly k: number; readonly p: number }
  | { readonly kind: 'pool'; readonly k: number }
  | { readonly kind: 'linear'; readonly features: number }
  | { readonly kind: 'relu' | 'flatten' }

/** What a layer makes of one image of a shape: channels, rows and columns, or numbers alone.        shape: [C, H, W] or [n] -> [C, H, W] or [n] */
export function outputShape(layer: Layer, shape: readonly number[]): readonly number[] {
  const [c, h, w] = shape // worked: read it, then go on
  if (layer.kind === 'convolve') return [layer.channels, h + 2 * layer.p - layer.k + 1, w + 2 * layer.p - layer.k + 1] // stride 1
  if (layer.kind === 'pool') return [c, Math.floor(h / layer.k), Math.floor(w / layer.k)] // stride k
  if (layer.kind === 'flatten') return [c * h * w]
  if (layer.kind === 'linear') return [layer.features]
  return shape
}

/**
 * How many weights and biases a layer learns.
 * convolve: each of its channels has a window of k × k for each of the C channels it sees, and a bias. linear: each of its features has a weight for each
 * of the n numbers it sees, and a bias. The others learn nothing.        layer, shape: of what it sees, [C, H, W] or [n] -> number
 */
export function parameterCount(layer: Layer, shape: readonly number[]): number {
  return blank('parameterCount', layer, shape)
}

/** What a pool finds: the greatest number of each window, and its place, h · W + k for row h and column k. */
export interface Pooled {
  readonly y: Grid // V rows of [U]
  readonly at: readonly Int32Array[] // V rows of [U]
}

/**
 * The greatest number of every window, and where it stands: the first place, row by row, where there are several.
 * y_vu = max_ij x_hk,  h = v·s + i,  k = u·s + j,  0 ≤ i, j < size;  at_vu = h · W + k of the greatest;  V = ⌊(H - size) / s⌋ + 1, U likewise
 * x: H rows of [W], size: of the windows, s: the stride -> y: V rows of [U], at: V rows of [U]
 */
export function maxPool(x: Grid, size: number, s: number): Pooled {
  return blank('maxPool', x, size, s)
}

/**
 * The way back: only the greatest number of a window had a say, so it gets all of dy; who won in several windows gets the sum.
 * dx_hk = Σ dy_vu over all v, u with at_vu = h · W + k        dy, at: V rows of [U], rows: H, columns: W -> dx: H rows of [W]
 */
export function maxPoolBackward(dy: Grid, at: readonly Int32Array[], rows: number, columns: number): Grid {
  return blank('maxPoolBackward', dy, at, rows, columns)
}

/** The layers that learn. Each is called by its forward(x). */
export interface Layers {
  readonly conv1: nn.Module
  readonly conv2: nn.Module
  readonly fc: nn.Module
}

/**
 * The network: convolution, ReLU and a pool of 2 × 2, all that again, then all numbers of an image in one row (flatten) into the linear layer.
 * x: [N, 1, H, W] -> z: [N, 10] logits
 */
export function logits(net: Layers, x: Tensor): Tensor {
  return blank('logits', net, x)
}

/** The layers with weights drawn anew, and the way through them. */
export class Cnn extends nn.Module {
  readonly conv1 = new nn.Conv2d(1, 32, { kernelSize: 3, padding: 1 })
  readonly conv2 = new nn.Conv2d(32, 64, { kernelSize: 3, padding: 1 })
  readonly fc = new nn.Linear(64 * 7 * 7, 10)

  /** x: [N, 1, 28, 28] -> z: [N, 10] */
  override forward(x: Tensor): Tensor {
    return logits(this, x)
  }
}

/** The same, as a list to be counted. */
export const plan: readonly Layer[] = [
  { kind: 'convolve', channels: 32, k: 3, p: 1 },
  { kind: 'relu' },
  { kind: 'pool', k: 2 },
  { kind: 'convolve', channels: 64, k: 3, p: 1 },
  { kind: 'relu' },
  { kind: 'pool', k: 2 },
  { kind: 'flatten' },
  { kind: 'linear', features: 10 },
]

/**
 * One epoch. For every batch in turn: the mean cross-entropy of its logits, the gradients of that and of nothing else, one step of the optimiser.
 * batches: pairs of x: [N, 1, H, W] and t: [N] classes -> the mean loss over all images, each as it was before the step of its batch
 */
export async function trainEpoch(
  model: nn.Module,
  optimizer: optim.Optimizer<{ lr: number }>,
  batches: Iterable<Tensor[]>,
): Promise<number> {
  return blank('trainEpoch', model, optimizer, batches)
}

/** Images of 28 × 28, from 0 to 1, with their classes. */
export interface Part {
  readonly x: Tensor // [N, 1, 28, 28]
  readonly t: Tensor // [N]
}

/** Images to learn from, images to be tested on, and the names of their classes. */
export interface Images {
  readonly title: string
  readonly names: readonly string[]
  readonly train: Part
  readonly test: Part
}

/** A picture that stands among the numbers of several.        values: of images of [rows, columns], i: which one -> rows rows of [columns] */
export function gridOf(values: ArrayLike<number>, i: number, rows: number, columns: number): Grid {
  const row = (h: number) => Float64Array.from({ length: columns }, (_, k) => values[(i * rows + h) * columns + k])
  return Array.from({ length: rows }, (_, h) => row(h))
}

/** Images of any size as images of 28 × 28.        x: [N, 1, H, W] -> [N, 1, 28, 28] */
export async function resized(x: Tensor): Promise<Tensor> {
  const [n, , rows, columns] = x.shape
  if (rows === 28 && columns === 28) return x
  const values = await x.read()
  const large = new Float32Array(n * 28 * 28)
  for (let i = 0; i < n; i++) {
    for (const [h, row] of bilinear(gridOf(values, i, rows, columns), 28, 28).entries()) large.set(row, (i * 28 + h) * 28)
  }
  return tensor(large).reshape(n, 1, 28, 28)
}

/** The digits, a stratified fifth of them held out by the seed; or the IDX files of a folder, which have their own test.        from: 'digits' or a folder -> Images */
export async function load(from: string, seed: number): Promise<Images> {
  if (from === 'digits') {
    const { x, y, targetNames } = data.digits()
    const all = await resized(x.div(16).reshape(-1, 1, 8, 8))
    const [xTrain, xTest, tTrain, tTest] = await evaluate.trainTestSplit(all, y, { testSize: 0.2, stratify: y, seed })
    return { title: 'digits', names: targetNames, train: { x: xTrain, t: tTrain }, test: { x: xTest, t: tTest } }
  }
  const isFashion = /fashion/i.test(resolve(from)) // the files of both have the same names
  const { train, test, targetNames } = isFashion ? data.fashionMnist(from) : data.mnist(from)
  return {
    title: isFashion ? 'pieces of clothing (Fashion-MNIST)' : 'digits (MNIST)',
    names: targetNames,
    train: { x: await resized(train.x), t: train.y },
    test: { x: await resized(test.x), t: test.y },
  }
}

/** The class of the greatest logit, for every image.        x: [N, 1, 28, 28] -> [N] */
export async function predict(model: nn.Module, x: Tensor): Promise<Int32Array> {
  const read: number[] = []
  for (let from = 0; from < x.shape[0]; from += 500) {
    const z = noGrad(() => model.forward(x.slice(from, Math.min(from + 500, x.shape[0]))))
    read.push(...(await z.argmax(1).read()))
  }
  return Int32Array.from(read)
}

/** Images moved right by dx and down by dy pixels; what comes in is 0.        x: [N, 1, H, W], dx, dy: -1, 0 or 1 -> [N, 1, H, W] */
export function moved(x: Tensor, dx: number, dy: number): Tensor {
  const [, , h, w] = x.shape
  const padded = F.pad(x, [1, 1, 1, 1]) // [N, 1, H + 2, W + 2]
  return padded.slice(1 - dy, 1 - dy + h, { dim: 2 }).slice(1 - dx, 1 - dx + w, { dim: 3 })
}

const grids = (values: ArrayLike<number>, count: number, size: number) =>
  Array.from({ length: count }, (_, i) => gridOf(values, i, size, size))
const total = (map: Grid) => map.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0)
/** The channels whose maps answer most, the strongest first. */
const strongest = (pools: readonly Pooled[], count: number) =>
  [...pools.keys()].sort((a, b) => total(pools[b].y) - total(pools[a].y)).slice(0, count)

await lesson(import.meta, async ({ show, print, status, options }) => {
  const isDigits = options.data === 'digits'
  const { title, names, train, test } = await load(options.data, options.seed)
  if (isDigits) {
    const [digit] = grids(await data.digits().x.slice(0, 1).read(), 1, 8)
    const magnified = gridOf(
      Array.from({ length: 784 }, (_, i) => digit[Math.floor(i / 98)][Math.floor((i % 28) / 3.5)]),
      0,
      28,
      28,
    )
    const both = [
      { pixels: magnified, caption: '8 × 8' },
      { pixels: bilinear(digit, 28, 28), caption: '28 × 28, bilinear' },
    ]
    show(images(both, { range: [0, 16] }), 'One of 1,797 digits by thirteen people (Alpaydin & Kaynak 1998)')
  } else {
    const first = Math.min(5, train.t.size)
    const [pictures, classes] = [grids(await train.x.slice(0, first).read(), first, 28), await train.t.slice(0, first).read()]
    const tiles = pictures.map((picture, i) => ({ pixels: bilinear(picture, 14, 14), caption: names[classes[i]] }))
    show(images(tiles, { range: [0, 1], scale: 1 }), `The first ${title}, at half their size`)
  }
  print('')

  let shape: readonly number[] = [1, 28, 28]
  let parameters = 0
  const rows = plan.map((layer) => {
    const learnt = parameterCount(layer, shape)
    shape = outputShape(layer, shape)
    parameters += learnt
    return [layer.kind, shape.join(' × '), learnt]
  })
  show(table(['layer', 'gives', 'weights and biases'], [['image', '1 × 28 × 28', 0], ...rows, ['all', '', parameters]]))
  print('')

  // Fewer than 1,500 digits are few: each batch is moved by a pixel at most. Of the 60,000 images of a folder one epoch is enough.
  const epochs = options.epochs ?? (!isDigits ? 1 : options.quick ? 3 : 24)
  const atMost = options.quick && !isDigits ? [6000, 1000] : [Infinity, Infinity]
  const [learnt, tested] = [train, test].map(({ t }, i) => Math.min(t.size, atMost[i]))
  print(`${learnt} images to learn from, ${tested} to be tested on.`)
  manualSeed(options.seed)
  const net = new Cnn()
  const optimizer = new optim.Adam(net.parameters(), { lr: isDigits ? 2e-3 : 1e-3 })
  const schedule = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: Math.max(1, epochs) })
  const all = new data.TensorDataset(train.x.slice(0, learnt), train.t.slice(0, learnt))
  const loader = new data.DataLoader(all, { batchSize: isDigits ? 32 : 128, shuffle: true })
  const generator = new Random(options.seed)

  /** The next batches, as many as a point of the curve stands for; before each, how far the training is. */
  function* portion(batches: Iterator<Tensor[]>, epoch: number, done: number): Generator<Tensor[]> {
    for (let batch = done + 1; batch <= Math.min(done + 50, loader.length); batch++) {
      const [x, t] = batches.next().value
      const [dx, dy] = generator.randint(-1, 2, 2)
      status(`epoch ${epoch} of ${epochs}, batch ${batch} of ${loader.length}`)
      yield [isDigits ? moved(x, dx, dy) : x, t]
    }
  }
  const losses: number[] = []
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const batches = loader[Symbol.iterator]()
    for (let done = 0; done < loader.length; done += 50) {
      losses.push(await trainEpoch(net, optimizer, portion(batches, epoch, done)))
      const part = loader.length > 50 ? `, to batch ${Math.min(done + 50, loader.length)}` : ''
      print(`epoch ${epoch}${part}: cross-entropy ${losses[losses.length - 1].toFixed(4)}`)
    }
    schedule.step()
  }
  const xLabel = loader.length > 50 ? '50 batches each' : 'epoch'
  print('')
  if (losses.length > 1) {
    show(lines(losses, { title: 'cross-entropy on what is learnt from', xLabel, x: [1, losses.length], log: true, height: 8 }))
    print('')
  }

  const t = Int32Array.from(await test.t.slice(0, tested).read())
  const x = test.x.slice(0, tested)
  const y = await predict(net, x)
  const wrong = [...y.keys()].filter((i) => y[i] !== t[i])
  const score = await evaluate.accuracy(t, y)
  print(`Of ${tested} images that it has never seen ${wrong.length} are misread: ${(100 * score).toFixed(1)}% are right.`, '')
  const classes = Array.from(names.keys())
  const confusion = await evaluate.confusionMatrix(t, y, { labels: classes })
  show(
    heatmap(await confusion.read(), {
      shape: [classes.length, classes.length],
      title: 'confusion matrix',
      xLabel: 'read as',
      yLabel: 'true',
      rows: names,
      columns: classes.map(String),
      digits: 0,
    }),
  )
  print('')
  const unseen = grids(await x.read(), tested, 28)
  const small = (i: number) => bilinear(unseen[i], 14, 14)
  if (wrong.length > 0) {
    const tiles = wrong.slice(0, 5).map((i) => ({ pixels: small(i), caption: `${names[t[i]]} as ${names[y[i]]}` }))
    show(images(tiles, { scale: 1, range: [0, 1], title: 'misread' }))
    print('')
  }

  const windows = grids(await net.conv1.weight.read(), 32, 3).map((pixels) => ({ pixels }))
  show(images(windows, { scale: 2 }), 'What the first layer has learnt to look for: its 32 windows. Black is negative.')
  print('')

  // One test image on its way through the layers.
  const image = x.slice(0, 1) // [1, 1, 28, 28]
  const maps1 = noGrad(() => net.conv1.forward(image).relu()) // [1, 32, 28, 28]
  const pooled1 = noGrad(() => F.maxPool2d(maps1, { kernelSize: 2 })) // [1, 32, 14, 14]
  const maps2 = noGrad(() => net.conv2.forward(pooled1).relu()) // [1, 64, 14, 14]
  const pools1 = grids(await maps1.read(), 32, 28).map((map) => maxPool(map, 2, 2))
  const answers2 = grids(await maps2.read(), 64, 14)
  const pools2 = answers2.map((map) => maxPool(map, 2, 2))
  const answering = strongest(pools1, 9).map((c) => ({ pixels: pools1[c].y, caption: `channel ${c}` }))
  show(
    images([{ pixels: small(0), caption: names[t[0]] }, ...answering], { scale: 1, title: 'after the first pool: 14 × 14' }),
    'An image, and where the nine channels that answer most find their feature.',
  )
  const [theirs, ours] = [await pooled1.read(), pools1.flatMap(({ y }) => y.flatMap((row) => [...row]))]
  const off = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0)
  print(`The pools in these pictures are maxPool's; from F.maxPool2d's they differ by ${off} at most.`, '')
  const best = strongest(pools2, 16)
  const second = best.map((c) => ({ pixels: pools2[c].y }))
  show(images(second, { scale: 1, title: 'after the second pool: 7 × 7, sixteen of 64 channels' }))
  print('')
  const { y: kept, at } = pools2[best[0]]
  const stages = [
    { pixels: answers2[best[0]], caption: 'before' },
    { pixels: kept, caption: 'pooled' },
    { pixels: maxPoolBackward(kept, at, 14, 14), caption: 'sent back' },
  ]
  show(
    images(stages, { scale: 1, title: `channel ${best[0]}` }),
    'The way back through a pool: only those that were the greatest get something.',
  )
})
