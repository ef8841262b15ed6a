/**
 * Autograd finds the derivatives of whatever you compute (Linnainmaa 1970).
 * Each result keeps its inputs, and one small rule: how a change of it goes
 * back to them. This record is called the tape, or the graph. Walked backwards
 * from the last result, the loss L, it gives every gradient in one go:
 *
 *     dL/da = Σ dL/dy · ∂y/∂a        over all results y that a went into
 *
 * So nobody has to derive a network by hand again. This one knows numbers
 * alone, like Karpathy's micrograd (2020); a Tensor does it for whole arrays.
 */
import { type Tensor, tensor } from '../../src/index.ts'
import { lesson } from '../../src/learn/index.ts'
import { lines, regions, table } from '../../src/plot/index.ts'
import { Generator } from '../../src/random.ts'

/** A number that knows where it comes from. */
export interface Value {
  /** Its name, or the operation that made it. */
  readonly label: string
  data: number
  /** dL/d(this): how much the loss rises when this rises; the sum of what has come back so far. */
  grad: number
  /** What it was computed from. A leaf was computed from nothing. */
  readonly inputs: readonly Value[]
  /** The local rule: adds to the gradients of the inputs, where dy is the gradient of this value. */
  readonly localBackward: (dy: number) => void
}

/** The result of an operation, with its place on the tape. */
function result(label: string, data: number, inputs: readonly Value[], localBackward: (dy: number) => void): Value {
  return { label, data, grad: 0, inputs, localBackward }
}

/** A leaf: a number that was not computed, such as a weight.        data: number -> a value without inputs */
export function value(data: number, label: string): Value {
  return result(label, data, [], () => {}) // worked: it has nothing to pass on
}

/** y = a + b        ∂y/∂a = 1, ∂y/∂b = 1        a, b: values -> y: a value with the inputs a and b */
export function add(a: Value, b: Value): Value {
  return result('+', a.data + b.data, [a, b], (dy) => {
    a.grad += dy // worked: += and not =, for a may have gone into other results, too
    b.grad += dy
  })
}

/** y = a · b        ∂y/∂a = b, ∂y/∂b = a        a, b: values -> y: a value with the inputs a and b */
export function mul(a: Value, b: Value): Value {
  return result('·', a.data * b.data, [a, b], (dy) => {
    a.grad += dy * b.data
    b.grad += dy * a.data
  })
}

/** y = tanh a        ∂y/∂a = 1 - y²        a: a value -> y: a value with the input a */
export function tanh(a: Value): Value {
  const y = Math.tanh(a.data)
  return result('tanh', y, [a], (dy) => {
    a.grad += dy * (1 - y * y)
  })
}

/**
 * All values that root was computed from, and root itself: each one once, and each one behind all of its inputs.
 * root: a value -> the values in such an order, root last
 */
export function topologicalOrder(root: Value): Value[] {
  const order: Value[] = []
  const seen = new Set<Value>()
  const visit = (v: Value) => {
    if (seen.has(v)) return
    seen.add(v)
    for (const input of v.inputs) visit(input)
    order.push(v)
  }
  visit(root)
  return order
}

/**
 * Gives root the gradient 1, for dL/dL = 1, and walks its tape backwards: every value passes on its gradient, by its local rule, as
 * soon as it is complete. What leaves hold from before stays and is added to.        root: the loss -> nothing; the gradients are in the values
 */
export function backward(root: Value): void {
  root.grad = 1
  for (const v of topologicalOrder(root).reverse()) v.localBackward(v.grad)
}

/** The same number as a new leaf: whatever comes of it, no gradient goes back to v.        v: a value -> a value without inputs */
export function detach(v: Value): Value {
  return value(v.data, v.label)
}

/** The tape as a tree, each value below the result that it went into. */
function drawing(v: Value, [first, others] = ['', ''], drawn = new Set<Value>()): string[] {
  const again = drawn.has(v)
  drawn.add(v)
  const name = `${first}${v.label}`
  const number = (x: number) => x.toFixed(4).padStart(9)
  const line = `  ${name.padEnd(20)}${number(v.data)}   gradient ${number(v.grad)}${again ? '   (the same)' : ''}`
  if (again) return [line]
  const last = v.inputs.length - 1
  const below = v.inputs.flatMap((input, i) =>
    drawing(input, i < last ? [`${others}├─ `, `${others}│  `] : [`${others}└─ `, `${others}   `], drawn),
  )
  return [line, ...below]
}

/** tanh(Σ_i w_i · x_i + b)        weights: w_1 to w_n and b, x: n values -> value */
function neuron(weights: readonly Value[], x: readonly Value[]): Value {
  return tanh(x.reduce((sum, x_i, i) => add(sum, mul(weights[i], x_i)), weights[x.length]))
}

await lesson(import.meta, async ({ show, print, status, options }) => {
  // One neuron, the example of Karpathy's lecture on micrograd; then the same with Tensors.
  const leaves = { x1: 2, w1: -3, x2: 0, w2: 1, b: 6.8813735870195432 }
  const [x1, w1, x2, w2, b] = Object.entries(leaves).map(([name, x]) => value(x, name))
  const o = tanh(add(add(mul(x1, w1), mul(x2, w2)), b))
  backward(o)
  print('The tape of o = tanh(x1 · w1 + x2 · w2 + b), and what backward(o) left on it:', '', ...drawing(o), '')

  const [tx1, tw1, tx2, tw2, tb] = Object.values(leaves).map((x) => tensor(x, { requiresGrad: true }))
  const to = tx1.mul(tw1).add(tx2.mul(tw2)).add(tb).tanh()
  to.backward()
  const number = async (t: Tensor | null) => (t === null ? 0 : (await t.read())[0])
  const fixed = (x: number) => x.toFixed(4)
  const rows: string[][] = []
  for (const [v, t] of [
    [x1, tx1],
    [w1, tw1],
    [x2, tx2],
    [w2, tw2],
    [b, tb],
  ] as const)
    rows.push([v.label, fixed(v.data), fixed(v.grad), fixed(await number(t.grad))])
  show(
    table(['leaf', 'value', 'your gradient', "Tensor's gradient"], rows),
    `o is ${fixed(o.data)} by your functions, ${fixed(await number(to))} by Tensors.`,
  )

  // A value that is used more than once, and one that is cut off.
  const slopes: string[][] = []
  for (const [name, ours, theirs] of [
    ['x · x', (x: Value) => mul(x, x), (x: Tensor) => x.mul(x)],
    ['x · x + x', (x: Value) => add(mul(x, x), x), (x: Tensor) => x.mul(x).add(x)],
    ['x · detach(x)', (x: Value) => mul(x, detach(x)), (x: Tensor) => x.mul(x.detach())],
  ] as const) {
    const [x, tx] = [value(3, 'x'), tensor(3, { requiresGrad: true })]
    const [y, ty] = [ours(x), theirs(tx)]
    backward(y)
    ty.backward()
    slopes.push([name, fixed(y.data), fixed(x.grad), fixed(await number(tx.grad))])
    if (name === 'x · x + x')
      print('', 'The tape of y = x · x + x: three ways lead back to x, and their gradients add up.', '', ...drawing(y), '')
  }
  show(table(['y', 'at x = 3', 'your dy/dx', "Tensor's dy/dx"], slopes))
  print('x · detach(x) has the value of x · x, but only half of its slope: one of its two ways back is cut.', '')

  // XOR, which no single neuron learns: 2-4-1 neurons, trained on your tape. Nobody derives anything.
  const epochs = options.epochs ?? (options.quick ? 100 : 300)
  const random = new Generator(options.seed).uniform(new Float64Array(17), -1, 1)
  const weights = Array.from(random, (w, i) => value(w, `w${i}`)) // 4 × (2 + 1) + (4 + 1)
  const network = (x: readonly Value[]) =>
    neuron(
      weights.slice(12),
      [0, 3, 6, 9].map((k) => neuron(weights.slice(k, k + 3), x)),
    )
  const corners = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ]
  const wanted = [-1, 1, 1, -1]
  const losses: number[] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    let loss = value(0, 'L')
    for (const [i, corner] of corners.entries()) {
      const e = add(network(corner.map((x) => value(x, 'x'))), value(-wanted[i], '-t'))
      loss = add(loss, mul(e, e)) // e is used twice: without += the gradient would be half of what it is
    }
    for (const w of weights) w.grad = 0
    backward(loss)
    for (const w of weights) w.data -= 0.1 * w.grad
    losses.push(loss.data)
    status(`epoch ${epoch + 1}: loss ${loss.data.toFixed(4)}`)
  }
  show(lines(losses, { title: 'XOR on your tape: loss', xLabel: 'epoch', height: 6 }))
  const picture = regions((x, y) => network([value(x, 'x'), value(y, 'y')]).data, {
    title: 'what the network has learnt',
    points: corners,
    labels: wanted.map((t) => (t + 1) / 2),
    range: [-1, 1],
    height: 9,
  })
  print('')
  show(picture)
})
