/**
 * Linear regression (Legendre 1805, Gauss 1809) draws the straight line that
 * comes closest to a cloud of points (x, t):
 *
 *     y = w · x + b        ℓ(w, b) = 1/n Σ (y_i - t_i)²
 *
 * The loss ℓ says how far off a line is: learning is finding its least value.
 * Four ways lead there. Guess. Take small random steps and keep the good ones.
 * Solve for the one place where the slope is 0: the normal equation. Or feel
 * the slope underfoot and go downhill: gradient descent. The last one is how
 * every network is trained, from this line to one of a billion weights.
 */
import { data, F, manualSeed, nn, optim, type Tensor, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { lines, scatter, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** The line y = w · x + b; also a move from one line to another, and the slope of the loss in both directions. */
export interface Line {
  readonly w: number
  readonly b: number
}

/** What the line says.  y_i = w · x_i + b        x: [n] -> y: [n] */
export function predict(line: Line, x: Float64Array): Float64Array {
  return x.map((xi) => line.w * xi + line.b) // worked: read it, then go on
}

/** The mean squared error.  ℓ = 1/n Σ_i (y_i - t_i)²        y, t: [n] -> ℓ: number */
export function mseLoss(y: Float64Array, t: Float64Array): number {
  let sum = 0
  for (let i = 0; i < y.length; i++) sum += (y[i] - t[i]) ** 2
  return sum / y.length
}

/**
 * One step of random local search: tries the line that lies a random jump away, (w + jump.w, b + jump.b), and goes there
 * only if its loss is lower; otherwise it stays.        x, t: [n] -> the better line of the two
 */
export function localStep(line: Line, jump: Line, x: Float64Array, t: Float64Array): Line {
  const tried = { w: line.w + jump.w, b: line.b + jump.b }
  return mseLoss(predict(tried, x), t) < mseLoss(predict(line, x), t) ? tried : line
}

/**
 * The best line at once, from the two equations that say that both slopes of the loss are 0.
 * w = (n Σ x t - Σx Σt) / (n Σ x² - (Σx)²),  b = (Σt - w Σx) / n        x, t: [n], the x not all equal -> the line of least loss
 */
export function normalEquation(x: Float64Array, t: Float64Array): Line {
  const n = x.length
  let [sx, st, sxx, sxt] = [0, 0, 0, 0]
  for (let i = 0; i < n; i++) {
    sx += x[i]
    st += t[i]
    sxx += x[i] * x[i]
    sxt += x[i] * t[i]
  }
  const w = (n * sxt - sx * st) / (n * sxx - sx * sx)
  return { w, b: (st - w * sx) / n }
}

/** The slope of the loss.  ∂ℓ/∂w = 2/n Σ_i (y_i - t_i) · x_i,  ∂ℓ/∂b = 2/n Σ_i (y_i - t_i)        x, t: [n] -> w: ∂ℓ/∂w, b: ∂ℓ/∂b */
export function gradient(line: Line, x: Float64Array, t: Float64Array): Line {
  const n = x.length
  const y = predict(line, x) // [n]
  let [dw, db] = [0, 0]
  for (let i = 0; i < n; i++) {
    dw += (2 / n) * (y[i] - t[i]) * x[i]
    db += (2 / n) * (y[i] - t[i])
  }
  return { w: dw, b: db }
}

/** One step downhill.  w - α · ∂ℓ/∂w,  b - α · ∂ℓ/∂b        α: learning rate, x, t: [n] -> a new line */
export function descentStep(line: Line, x: Float64Array, t: Float64Array, alpha: number): Line {
  const slope = gradient(line, x, t)
  return { w: line.w - alpha * slope.w, b: line.b - alpha * slope.b }
}

/** Three marks of five students, and the mark of their final exam. */
class Marks extends data.Dataset {
  readonly #x = [
    [73, 80, 75],
    [93, 88, 93],
    [89, 91, 90],
    [96, 98, 100],
    [73, 66, 70],
  ]
  readonly #t = [152, 185, 180, 196, 142]
  readonly length = 5

  get(i: number): Tensor[] {
    return [tensor(this.#x[i]), tensor([this.#t[i]])] // [3], [1]
  }
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  const random = new Generator(options.seed)
  const draw = (low: number, high: number) => random.uniform(new Float64Array(1), low, high)[0]

  // Four ways to one line: how the body mass index of 442 patients goes with the progression of their diabetes.
  const { x: features, y: progression } = data.diabetes() // [442, 10], [442]
  const bmi = Float64Array.from(await features.select(1, 2).read())
  const t = Float64Array.from(await progression.read())
  const mean = bmi.reduce((sum, v) => sum + v, 0) / bmi.length
  const deviation = Math.sqrt(bmi.reduce((sum, v) => sum + (v - mean) ** 2, 0) / bmi.length)
  const x = bmi.map((v) => (v - mean) / deviation) // standardised: w and b are then of one size
  const lossOf = (line: Line) => mseLoss(predict(line, x), t)

  const passes = Math.min(options.epochs ?? 60, options.quick ? 20 : 60)
  const start: Line = { w: 0, b: 0 }
  const found = { 'random search': start, 'local search': start, 'gradient descent': start }
  const losses = { 'random search': [lossOf(start)], 'local search': [lossOf(start)], 'gradient descent': [lossOf(start)] }
  for (let pass = 0; pass < passes; pass++) {
    const guess = { w: draw(-100, 100), b: draw(0, 300) }
    if (lossOf(guess) < lossOf(found['random search'])) found['random search'] = guess
    found['local search'] = localStep(found['local search'], { w: draw(-30, 30), b: draw(-30, 30) }, x, t)
    found['gradient descent'] = descentStep(found['gradient descent'], x, t, 0.1)
    for (const way of ['random search', 'local search', 'gradient descent'] as const) losses[way].push(lossOf(found[way]))
  }
  const best = normalEquation(x, t)
  const curve =
    ({ w, b }: Line) =>
    (v: number) =>
      (w * (v - mean)) / deviation + b
  show(
    scatter(bmi, t, {
      title: 'Body mass index of 442 patients, and how their diabetes went on within a year',
      curves: { 'gradient descent': curve(found['gradient descent']), 'random search': curve(found['random search']) },
      height: 12,
    }),
  )
  print('')
  show(lines(losses, { title: 'loss after so many passes over the points', xLabel: 'pass', log: true, height: 8 }))
  const rows = Object.entries({ ...found, 'normal equation': best }).map(([way, line]) => [
    way,
    way === 'normal equation' ? '1' : String(passes),
    line.w.toFixed(2),
    line.b.toFixed(2),
    lossOf(line).toFixed(1),
  ])
  print('')
  show(table(['way', 'passes', 'w', 'b', 'loss'], rows))

  // The same by the library, number for number as PyTorch prints it.
  manualSeed(100)
  const [, model] = [new nn.Linear(1, 1), new nn.Linear(1, 1)] // the first one is not used, but has drawn its numbers
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 })
  const [x123, t246] = [tensor([[1], [2], [3]]), tensor([[2], [4], [6]])] // [3, 1]
  const epochs = options.epochs ?? (options.quick ? 301 : 2001)
  print('', `x = 1, 2, 3 and t = 2, 4, 6: manualSeed(100), the second nn.Linear(1, 1),`, `SGD with lr 0.01, ${epochs} epochs`)
  for (let epoch = 0; epoch < epochs; epoch++) {
    const loss = F.mseLoss(model.forward(x123), t246)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    if (epoch % 100 === 0) print(`  epoch ${String(epoch).padStart(4)}   loss ${(await loss.read())[0].toFixed(6).padStart(9)}`)
  }
  const [prediction] = await model.forward(tensor([[4]])).read()
  const [[w], [b]] = await Promise.all(model.parameters().map((parameter) => parameter.read()))
  print(`  w = ${w.toFixed(4)}, b = ${b.toFixed(4)}; for x = 4 it says ${prediction.toFixed(4)}`, '')

  // Three inputs instead of one, and two samples at a time.
  manualSeed(options.seed)
  const loader = new data.DataLoader(new Marks(), { batchSize: 2, shuffle: true })
  const threeToOne = new nn.Linear(3, 1)
  const sgd = new optim.SGD(threeToOne.parameters(), { lr: 1e-5 })
  const costs: number[] = []
  for (let epoch = 0; epoch < Math.min(epochs, 20); epoch++) {
    for (const [marks, exam] of loader) {
      const cost = F.mseLoss(threeToOne.forward(marks), exam) // [2, 3] -> [2, 1]
      sgd.zeroGrad()
      cost.backward()
      sgd.step()
      costs.push((await cost.read())[0])
    }
    status(`epoch ${epoch + 1}: cost ${costs[costs.length - 1].toFixed(3)}`)
  }
  show(lines(costs, { title: `Five students, three marks each: cost of each mini-batch of two`, xLabel: 'batch', log: true, height: 8 }))
  const [exam] = await threeToOne.forward(tensor([[73, 80, 75]])).read()
  print(`Marks of 73, 80 and 75 give ${exam.toFixed(1)} in the exam; it was 152.`)
})
