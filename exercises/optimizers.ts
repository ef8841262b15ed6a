/**
 * Gradient descent takes every weight down its slope, all at one rate. In a
 * ravine, steep across and gentle along, that rate is too large for the one
 * or too small for the other. Two ideas help. Remember the gradients, so that
 * what swings cancels and what goes on adds up: momentum (Polyak 1964),
 * Nesterov (1983). Or remember how large they are, and give every weight a
 * rate of its own: Adagrad (Duchi 2011), RMSprop (Tieleman & Hinton 2012),
 * Adadelta (Zeiler 2012). Adam (Kingma & Ba 2015) does both.
 *
 * All of them treat each weight by itself, so each is a function of one
 * weight and its gradient: the same in a ravine and in a network.
 */
import { data, F, manualSeed, nn, noGrad, type Tensor, tensor } from '../src/index.ts'
import { blank, lesson } from '../src/learn/index.ts'
import { contour, lines, table } from '../src/plot/index.ts'
import { Generator } from '../src/random.ts'

/** One weight, and what an optimiser remembers about it. All memories begin at 0. */
export interface Weight {
  readonly w: number
  /** Memory of the gradients: a velocity, or their mean. */
  readonly m: number
  /** Memory of the squared gradients: their sum, or their mean. */
  readonly v: number
  /** Memory of the squared steps: only Adadelta has one. */
  readonly u: number
}

/** A method with its rates chosen: what becomes of a weight by its gradient g. t counts the steps from 1. */
export type Rule = (s: Weight, g: number, t: number) => Weight

/** Gradient descent.  w' = w - α·g; what is not named stays as it is        s: a weight, g: its gradient, lr: α -> the weight after the step */
export function descend(s: Weight, g: number, lr: number): Weight {
  return { ...s, w: s.w - lr * g } // worked: read it, then go on
}

/**
 * Momentum (Polyak 1964): gradients gather into a velocity, which fades.
 * m' = μ·m + g,  w' = w - α·m'        s: a weight, g: its gradient, lr: α, mu: μ -> the weight after the step
 */
export function momentum(s: Weight, g: number, lr: number, mu: number): Weight {
  return blank('momentum', s, g, lr, mu)
}

/**
 * Nesterov's momentum (1983): the gradient has its say once more, as if the velocity had carried the weight on already.
 * m' = μ·m + g,  w' = w - α·(g + μ·m')        s: a weight, g: its gradient, lr: α, mu: μ -> the weight after the step
 */
export function nesterov(s: Weight, g: number, lr: number, mu: number): Weight {
  return blank('nesterov', s, g, lr, mu)
}

/**
 * Adagrad (Duchi, Hazan & Singer 2011): the more a weight has been pulled so far, the shorter its steps.
 * v' = v + g²,  w' = w - α·g / (√v' + ε)        s: a weight, g: its gradient, lr: α, eps: ε -> the weight after the step
 */
export function adagrad(s: Weight, g: number, lr: number, eps: number): Weight {
  return blank('adagrad', s, g, lr, eps)
}

/**
 * RMSprop (Tieleman & Hinton 2012): a mean that forgets, in place of Adagrad's sum.
 * v' = ρ·v + (1 - ρ)·g²,  w' = w - α·g / (√v' + ε)        s: a weight, g: its gradient, lr: α, rho: ρ, eps: ε -> the weight after the step
 */
export function rmsprop(s: Weight, g: number, lr: number, rho: number, eps: number): Weight {
  return blank('rmsprop', s, g, lr, rho, eps)
}

/**
 * Adadelta (Zeiler 2012, algorithm 1): a step as long as the last steps were, so that its unit is that of w. α is 1 in the paper.
 * v' = ρ·v + (1 - ρ)·g²,  Δ = √(u + ε) / √(v' + ε) · g,  u' = ρ·u + (1 - ρ)·Δ²,  w' = w - α·Δ
 * s: a weight, g: its gradient, lr: α, rho: ρ, eps: ε -> the weight after the step
 */
export function adadelta(s: Weight, g: number, lr: number, rho: number, eps: number): Weight {
  return blank('adadelta', s, g, lr, rho, eps)
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1): momentum and RMSprop in one, and both means corrected for their start at 0.
 * m' = β₁·m + (1 - β₁)·g,  v' = β₂·v + (1 - β₂)·g²,  w' = w - α·m̂ / (√v̂ + ε)  with  m̂ = m' / (1 - β₁ᵗ),  v̂ = v' / (1 - β₂ᵗ)
 * s: a weight, g: its gradient, lr: α, beta1: β₁, beta2: β₂, eps: ε, t: the number of this step, from 1 -> the weight after the step
 */
export function adam(s: Weight, g: number, lr: number, beta1: number, beta2: number, eps: number, t: number): Weight {
  return blank('adam', s, g, lr, beta1, beta2, eps, t)
}

/** Weights that nothing is remembered about yet.        w: [n] -> [n] */
export function fresh(w: ArrayLike<number>): Weight[] {
  return Array.from(w, (w) => ({ w, m: 0, v: 0, u: 0 }))
}

/** One step of all weights, each by itself.        weights, g: [n], t: the number of this step, from 1 -> the weights after it: [n] */
export function step(weights: readonly Weight[], g: ArrayLike<number>, t: number, rule: Rule): Weight[] {
  return weights.map((s, i) => rule(s, g[i], t))
}

/** A ravine, twenty times as steep across as along.  f = x²/20 + y²        x, y: numbers -> f: number */
export function ravine(x: number, y: number): number {
  return x ** 2 / 20 + y ** 2
}

/** Its gradient.  ∂f/∂x = x/10,  ∂f/∂y = 2y        x, y: numbers -> [2] */
export function ravineGradient(x: number, y: number): [number, number] {
  return [x / 10, 2 * y]
}

/** A place seen from axes that are turned by an angle.        x, y: numbers, angle: in radians -> [2] */
export function turned(x: number, y: number, angle: number): [number, number] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return [cos * x - sin * y, sin * x + cos * y]
}

/** A way down the ravine, whose axes are turned by an angle.        start: [2] -> the places: [steps + 1, 2] */
export function descent(rule: Rule, start: readonly [number, number], steps: number, angle = 0): [number, number][] {
  const places: [number, number][] = [turned(...start, angle)]
  let weights = fresh(places[0])
  for (let t = 1; t <= steps; t++) {
    const [x, y] = weights
    const g = turned(...ravineGradient(...turned(x.w, y.w, -angle)), angle)
    weights = step(weights, g, t, rule)
    places.push([weights[0].w, weights[1].w])
  }
  return places
}

/** Reads 8 × 8 digits.        x: [N, 64] -> z: [N, 10] logits */
export function network(): nn.Sequential {
  return new nn.Sequential(new nn.Linear(64, 16), new nn.ReLU(), new nn.Linear(16, 10))
}

/** All numbers of some tensors, one after another.        tensors: n numbers in all -> [n] */
export async function flat(tensors: readonly Tensor[]): Promise<Float64Array> {
  const values = await Promise.all(tensors.map((t) => t.read()))
  const all = new Float64Array(values.reduce((n, v) => n + v.length, 0))
  let start = 0
  for (const v of values) {
    all.set(v, start)
    start += v.length
  }
  return all
}

/** Puts the weights back where `flat` took them from.        parameters: n numbers in all, weights: [n] -> the parameters, changed */
export function setParameters(parameters: readonly Tensor[], weights: readonly Weight[]): readonly Tensor[] {
  const all = Float32Array.from(weights.map(({ w }) => w))
  let start = 0
  for (const parameter of parameters) {
    const part = tensor(all.subarray(start, start + parameter.size))
    noGrad(() => parameter.copy_(part.reshape(...parameter.shape)))
    start += parameter.size
  }
  return parameters
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  // The ravine first. Every rule begins at the same place; the rates are chosen by hand.
  const memoryOfGradients: Record<string, Rule> = {
    'gradient descent': (s, g) => descend(s, g, 0.95),
    momentum: (s, g) => momentum(s, g, 0.1, 0.9),
    Nesterov: (s, g) => nesterov(s, g, 0.1, 0.9),
  }
  const memoryOfSquares: Record<string, Rule> = {
    Adagrad: (s, g) => adagrad(s, g, 1.5, 1e-10),
    RMSprop: (s, g) => rmsprop(s, g, 0.3, 0.9, 1e-8),
    Adadelta: (s, g) => adadelta(s, g, 1, 0.9, 1e-6),
    Adam: (s, g, t) => adam(s, g, 0.3, 0.9, 0.999, 1e-8, t),
  }
  const [start, steps] = [[-7, 2] as const, 30]
  const paths = (rules: Record<string, Rule>) =>
    Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, descent(rule, start, steps)]))
  const plane = { x: [-8, 4], y: [-3, 3], height: 14 } as const
  show(contour(ravine, { ...plane, title: 'f = x²/20 + y², 30 steps from (-7, 2)', paths: paths(memoryOfGradients) }))
  print('')
  show(contour(ravine, { ...plane, title: 'the same, with a rate for every weight', paths: paths(memoryOfSquares) }))
  const after = (rule: Rule, angle: number) => {
    const [x, y] = turned(...descent(rule, start, steps, angle)[steps], -angle)
    return ravine(x, y).toExponential(1)
  }
  const all = Object.entries({ ...memoryOfGradients, ...memoryOfSquares })
  print('')
  show(
    table(
      ['method', 'f after 30 steps', 'ravine turned by 45°'],
      all.map(([name, rule]) => [name, after(rule, 0), after(rule, Math.PI / 4)]),
    ),
  )
  print(
    'Descent, momentum and Nesterov do not care how the axes lie. A rate for each',
    'weight helps most where the ravine runs along an axis.',
    '',
  )

  // Then a network of 1,210 weights, by the same functions.
  const { x, y } = data.digits()
  const order = new Generator(options.seed).randperm(y.size)
  const digits = new data.TensorDataset(x.div(16), y)
  const training = new data.TensorDataset(...digits.batch(Array.from(order.subarray(0, 1437)))) // [1437, 64], [1437]
  const [images, classes] = digits.batch(Array.from(order.subarray(1437))) // [360, 64], [360]
  const truth = await classes.read()
  const epochs = options.epochs ?? (options.quick ? 3 : 6)

  /** Trains a network by a rule. Every network begins with the same weights and sees the same batches. */
  async function train(name: string, rule: Rule, epochs: number) {
    manualSeed(options.seed)
    const model = network()
    const parameters = model.parameters()
    const loader = new data.DataLoader(training, { batchSize: 32, shuffle: true })
    let weights = fresh(await flat(parameters))
    const losses: number[] = []
    for (let epoch = 0, t = 1; epoch < epochs; epoch++) {
      let sum = 0
      for (const [x, y] of loader) {
        for (const parameter of parameters) parameter.grad = null
        const loss = F.crossEntropy(model.forward(x), y)
        loss.backward()
        weights = step(weights, await flat(parameters.flatMap(({ grad }) => grad ?? [])), t++, rule)
        setParameters(parameters, weights)
        sum += (await loss.read())[0]
      }
      losses.push(sum / loader.length)
      status(`${name}: epoch ${epoch + 1} of ${epochs}, loss ${losses[epoch].toFixed(4)}`)
    }
    const read = await noGrad(() => model.forward(images).argmax(1)).read()
    return { losses, right: read.filter((digit, i) => digit === truth[i]).length / read.length }
  }

  // One rate is too small, one is too large.
  const rates = { 'α = 0.03, too small': 0.03, 'α = 0.5': 0.5, 'α = 3, too large': 3 }
  const descents: Record<string, number[]> = {}
  for (const [name, lr] of Object.entries(rates)) descents[name] = (await train(name, (s, g) => descend(s, g, lr), epochs)).losses
  show(
    lines(descents, {
      title: 'gradient descent on 1,437 digits: loss of an epoch',
      xLabel: 'epoch',
      x: [1, Math.max(2, epochs)],
      height: 9,
    }),
    'Too small is slow. Too large leaps over every valley, and can switch off all ReLUs for good.',
  )
  print('')

  // The race. The rates are the best of a few on seed 1; Adadelta has that of its paper.
  const racers: Record<string, { lr: number; rule: (lr: number) => Rule }> = {
    'gradient descent': { lr: 0.5, rule: (lr) => (s, g) => descend(s, g, lr) },
    momentum: { lr: 0.1, rule: (lr) => (s, g) => momentum(s, g, lr, 0.9) },
    Nesterov: { lr: 0.1, rule: (lr) => (s, g) => nesterov(s, g, lr, 0.9) },
    Adagrad: { lr: 0.1, rule: (lr) => (s, g) => adagrad(s, g, lr, 1e-10) },
    RMSprop: { lr: 0.01, rule: (lr) => (s, g) => rmsprop(s, g, lr, 0.99, 1e-8) },
    Adadelta: { lr: 1, rule: (lr) => (s, g) => adadelta(s, g, lr, 0.9, 1e-6) },
    Adam: { lr: 0.03, rule: (lr) => (s, g, t) => adam(s, g, lr, 0.9, 0.999, 1e-8, t) },
  }
  const curves: Record<string, number[]> = {}
  const rows: (string | number)[][] = []
  for (const [name, { lr, rule }] of Object.entries(racers)) {
    const { losses, right } = await train(name, rule(lr), epochs)
    curves[name] = losses
    rows.push([name, lr, losses[0].toFixed(3), losses[epochs - 1].toFixed(3), `${(100 * right).toFixed(1)}%`])
  }
  const { Nesterov: _, Adadelta: __, ...shown } = curves // five lines can be told apart
  show(lines(shown, { title: 'the race on digits: loss of an epoch', xLabel: 'epoch', x: [1, Math.max(2, epochs)], log: true, height: 10 }))
  print('')
  show(table(['method', 'α', 'loss, epoch 1', `epoch ${epochs}`, 'right of 360 unseen'], rows))
  print('Which is best depends on the rate and on the seed. What differs most is how soon.')
})
