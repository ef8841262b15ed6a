import fc from 'fast-check'
import { checks } from '../../src/learn/check.ts'
import * as draw from '../../src/learn/draw.ts'
import type * as lesson from '../solutions/autograd.ts'
import { add, backward, detach, mul, tanh, topologicalOrder, type Value, value } from '../solutions/autograd.ts'

/** The gradient that every rule below is given to pass on. Not 1, so that it shows where it was forgotten. */
const DY = 2

const number = draw.number({ min: -2, max: 2 })
/** What a leaf holds from before. */
const earlier = fc.oneof(fc.constant(0), number)

function leaf(data: number, label: string, grad: number): Value {
  return Object.assign(value(data, label), { grad })
}

/** Two leaves; every third time it is twice the same one. */
const twoLeaves = fc
  .tuple(number, number, earlier, earlier, fc.constantFrom(false, false, true))
  .map(([a, b, da, db, same]) => (): [Value, Value] => {
    const first = leaf(a, 'a', da)
    return [first, same ? first : leaf(b, 'b', db)]
  })
const oneLeaf = fc
  .tuple(draw.number({ min: -1.5, max: 1.5 }), earlier)
  .filter(([a]) => Math.abs(a) > 0.1)
  .map(([a, da]) => (): [Value] => [leaf(a, 'a', da)])

/** A tape: leaves, then operations on any values before them, the last of which is the root. */
const tape = fc
  .tuple(
    fc.array(fc.tuple(number, earlier), { minLength: 2, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom('+', '·', 'tanh'), fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
  )
  .map(([leaves, operations]) => (): [Value] => {
    const values = leaves.map(([data, grad], i) => leaf(data, 'abc'[i], grad))
    // i and j count back from the last value, which is the root in the end: so few values are left unused.
    for (const [operation, i, j] of operations) {
      const [a, b] = [i, j].map((k) => values[values.length - 1 - (k % values.length)])
      values.push(operation === '+' ? add(a, b) : operation === '·' ? mul(a, b) : tanh(a))
    }
    return [values[values.length - 1]]
  })

/** Calls the rule of y as the walk does, where y.grad is dy. */
function passBack(y: Value): void {
  y.grad = DY
  y.localBackward(DY)
}

/** What a rule adds to the gradients. */
function passedBack(y: Value, inputs: readonly Value[]): unknown {
  if (typeof y !== 'object') return y
  passBack(y)
  return { data: y.data, inputs: y.inputs.length, ...Object.fromEntries(inputs.map((v) => [`${v.label}.grad`, v.grad])) }
}

/** What can be said of an order without asking for one in particular. */
function described(order: readonly Value[]): unknown {
  if (typeof order !== 'object') return order
  const tooEarly = order.filter((v, i) => v.inputs.some((input) => !order.slice(0, i).includes(input)))
  return {
    values: new Set(order).size,
    'standing there twice': order.length - new Set(order).size,
    'before one of their inputs': tooEarly.length,
    last: order.at(-1)?.label,
  }
}

/** The gradients of the leaves below root, and root's own. */
function gradients(root: Value): Record<string, number> {
  const leaves = topologicalOrder(root).filter((v) => v.inputs.length === 0)
  return { ...Object.fromEntries(leaves.map((v) => [`${v.label}.grad`, v.grad])), 'root.grad': root.grad }
}

/** A frozen value in the form in which `observe` gives it. */
const observed = (value: Readonly<Record<string, unknown>>) => value as never

/** The same operation with another rule. */
const withRule = (y: Value, localBackward: (dy: number) => void): Value => ({ ...y, localBackward })
const mulWith = (rule: (a: Value, b: Value, dy: number) => void) => (a: Value, b: Value) => withRule(mul(a, b), (dy) => rule(a, b, dy))
const tanhWith = (slope: (y: number, a: number) => number) => (a: Value) => {
  const y = tanh(a)
  return withRule(y, (dy) => {
    a.grad += dy * slope(y.data, a.data)
  })
}

/** Whether the rule of `f` passes back (f(a + ε) - f(a - ε)) / 2ε per unit to a, which is not one of its other inputs. */
function passesSlope(f: (a: Value) => Value, a: Value): boolean {
  const before = a.grad
  passBack(f(a))
  const slope = (f(value(a.data + 1e-5, '')).data - f(value(a.data - 1e-5, '')).data) / 2e-5
  return Math.abs(a.grad - before - DY * slope) < 1e-8
}

/** The example of the lecture: o = tanh(x1 · w1 + x2 · w2 + b). */
function lectureNeuron(): [Value] {
  const [x1, w1, x2, w2, b] = [2, -3, 0, 1, 6.8813735870195432].map((x, i) => value(x, ['x1', 'w1', 'x2', 'w2', 'b'][i]))
  return [tanh(add(add(mul(x1, w1), mul(x2, w2)), b))]
}
const LECTURE = 'Karpathy, The spelled-out intro to neural networks and backpropagation: building micrograd, 2022'
const PYTORCH = 'PyTorch 1.13, y.backward(torch.tensor(2.0))'

export default checks<typeof lesson>({
  mul: {
    hints: [
      'If a rises a little, by how much does a · b rise? And if b does? `add` above shows where to write it.',
      'y = a · b;  to a goes dy · b, to b goes dy · a, each added to what is there',
      "return result('·', …, [a, b], (dy) => {\n  a.grad += dy * …\n  b.grad += …\n})",
    ],
    inputs: twoLeaves,
    observe: passedBack,
    laws: {
      'the order of the factors does not matter': (f, a, b) => f(a, b).data === f(b, a).data,
      'it passes back the slope of the product': (f, a, b) => a === b || (passesSlope((v) => f(v, b), a) && passesSlope((v) => f(a, v), b)),
    },
    frozen: [
      {
        args: () => [value(2, 'a'), value(-3, 'b')],
        gives: observed({ data: -6, inputs: 2, 'a.grad': -6, 'b.grad': 4 }),
        from: PYTORCH,
      },
    ],
    mutants: {
      '= where it should be +=: what came back from other results is lost': mulWith((a, b, dy) => {
        a.grad = dy * b.data
        b.grad = dy * a.data
      }),
      'a gets dy · a and b gets dy · b; each should get the other factor': mulWith((a, b, dy) => {
        a.grad += dy * a.data
        b.grad += dy * b.data
      }),
      'dy is missing: the gradient of the product is not passed on': mulWith((a, b) => {
        a.grad += b.data
        b.grad += a.data
      }),
      'that is the rule of add: both get dy alone': mulWith((a, b, dy) => {
        a.grad += dy
        b.grad += dy
      }),
      'only a gets a gradient; b should, too': mulWith((a, b, dy) => {
        a.grad += dy * b.data
      }),
      'only b gets a gradient; a should, too': mulWith((a, b, dy) => {
        b.grad += dy * a.data
      }),
      'dy is added to the other factor; it should be multiplied by it': mulWith((a, b, dy) => {
        a.grad += dy + b.data
        b.grad += dy + a.data
      }),
      'the local rule is empty: nothing is passed back': mulWith(() => {}),
      'the gradients of the factors are used, not their data': mulWith((a, b, dy) => {
        a.grad += dy * b.grad
        b.grad += dy * a.grad
      }),
      'the value is a + b, but the rule that of a product': (a, b) => ({ ...mul(a, b), data: a.data + b.data }),
      'the inputs are not kept: backward will not find the way to them': (a, b) => ({ ...mul(a, b), inputs: [] }),
    },
  },
  tanh: {
    hints: [
      'The slope of tanh can be told from its result alone: keep y, you need it in the rule.',
      'y = tanh a;  to a goes dy · (1 - y²), added to what is there',
      "const y = Math.tanh(a.data)\nreturn result('tanh', y, [a], (dy) => {\n  a.grad += dy * (…)\n})",
    ],
    inputs: oneLeaf,
    observe: passedBack,
    laws: {
      'it passes back the slope of tanh': (f, a) => passesSlope(f, a),
      'tanh(-a) = -tanh(a)': (f, a) => Math.abs(f(value(-a.data, '-a')).data + f(a).data) < 1e-9,
    },
    frozen: [
      {
        args: () => [value(0.8813735870195432, 'n')],
        gives: observed({ data: 0.7071067811865477, inputs: 1, 'n.grad': 0.9999999999999996 }),
        from: PYTORCH,
      },
    ],
    mutants: {
      '= where it should be +=: what came back from other results is lost': (a) => {
        const y = tanh(a)
        return withRule(y, (dy) => {
          a.grad = dy * (1 - y.data ** 2)
        })
      },
      'dy is missing: the gradient of the result is not passed on': (a) => {
        const y = tanh(a)
        return withRule(y, () => {
          a.grad += 1 - y.data ** 2
        })
      },
      'the slope is 1 - a²; it should be 1 - y², with the result': tanhWith((_, a) => 1 - a * a),
      'the slope is 1 - y; y should be squared': tanhWith((y) => 1 - y),
      'the slope is y² - 1: the sign is turned': tanhWith((y) => y * y - 1),
      'that is the slope of the sigmoid, y · (1 - y)': tanhWith((y) => y * (1 - y)),
      'tanh is taken once more in the rule: y is the result already': tanhWith((y) => 1 - Math.tanh(y) ** 2),
      'dy goes through as it is, as if tanh were the identity': tanhWith(() => 1),
      'dy is multiplied by y, the result; it should be multiplied by the slope': tanhWith((y) => y),
      'the local rule is empty: nothing is passed back': (a) => withRule(tanh(a), () => {}),
      'the tangent is taken (Math.tan); it should be the hyperbolic one, Math.tanh': (a) => {
        const y = Math.tan(a.data)
        return {
          ...withRule(tanh(a), (dy) => {
            a.grad += dy * (1 - y * y)
          }),
          data: y,
        }
      },
      'the input is not kept: backward will not find the way to it': (a) => ({ ...tanh(a), inputs: [] }),
    },
  },
  topologicalOrder: {
    hints: [
      'Before you may write a value down, all of its inputs must stand there. Which function would you call for an input?',
      'visit(v): if v was seen, nothing; else mark it, visit each of its inputs, and then write v down',
      'const order: Value[] = []\nconst seen = new Set<Value>()\nconst visit = (v: Value) => {\n  if (seen.has(v)) return\n  seen.add(v)\n  for (const input of v.inputs) …\n  …\n}\nvisit(root)\nreturn order',
    ],
    inputs: tape,
    observe: described,
    laws: {
      'a leaf stands alone': (f) => f(value(1, 'a')).length === 1,
      'the order of an input is part of it': (f, root) => root.inputs.every((input) => f(root).length > f(input).length),
    },
    frozen: [
      {
        args: lectureNeuron,
        gives: observed({ values: 10, 'standing there twice': 0, 'before one of their inputs': 0, last: 'tanh' }),
        from: LECTURE,
      },
    ],
    mutants: {
      'it stands the wrong way round: root comes first': (root) => topologicalOrder(root).reverse(),
      'a value that went into two results stands there twice: remember which you have seen': everyVisit,
      'a value is written down before its inputs; visit them first': preorder,
      'it goes from root to the leaves, level by level: the inputs must come first': (root) => levels(root).reverse(),
      'root itself is missing': (root) => topologicalOrder(root).slice(0, -1),
      'the leaves are missing': (root) => topologicalOrder(root).filter((v) => v.inputs.length > 0),
      'only the leaves are there; the results belong to it, too': (root) => topologicalOrder(root).filter((v) => v.inputs.length === 0),
      'only root and its own inputs are there; go on to the inputs of those': (root) => [...new Set(root.inputs), root],
      'it follows the first input only': firstInputs,
      'it goes level by level from root: a value on two levels may then come before one of its inputs': levels,
    },
  },
  backward: {
    hints: [
      'When is the gradient of a value complete? When all the results that it went into have passed theirs on.',
      'root.grad = 1; then for every value, from root back to the leaves: v.localBackward(v.grad)',
      'root.grad = 1\nfor (const v of topologicalOrder(root).…) v.localBackward(…)',
    ],
    inputs: tape,
    observe: (_, [root]) => gradients(root),
    laws: {
      'the gradient of a leaf is the slope of root': (f, root) => {
        const leaves = topologicalOrder(root).filter((v) => v.inputs.length === 0)
        const before = leaves.map((v) => v.grad)
        f(root)
        return leaves.every((v, i) => {
          const slope = (rerun(root, v, 1e-5) - rerun(root, v, -1e-5)) / 2e-5
          return Math.abs(v.grad - before[i] - slope) <= 1e-4 * Math.max(1, Math.abs(slope), rerun(root, v, 0))
        })
      },
    },
    frozen: [
      {
        args: lectureNeuron,
        gives: observed({ 'x1.grad': -1.5, 'w1.grad': 1, 'x2.grad': 0.5, 'w2.grad': 0, 'b.grad': 0.5, 'root.grad': 1 }),
        from: LECTURE,
      },
    ],
    mutants: {
      'root has no gradient to start from: set root.grad = 1': (root) => {
        for (const v of topologicalOrder(root).reverse()) v.localBackward(v.grad)
      },
      'the gradients get no further than the inputs of root: walk from root back to the leaves (in reverse order)': (root) => {
        root.grad = 1
        for (const v of topologicalOrder(root)) v.localBackward(v.grad)
      },
      'every value passes on 1; it should be its own gradient': (root) => {
        root.grad = 1
        for (const v of topologicalOrder(root).reverse()) v.localBackward(1)
      },
      'every value passes on its data; it should be its gradient': (root) => {
        root.grad = 1
        for (const v of topologicalOrder(root).reverse()) v.localBackward(v.data)
      },
      'it starts from root.data; dL/dL is 1': (root) => {
        root.grad = root.data
        for (const v of topologicalOrder(root).reverse()) v.localBackward(v.grad)
      },
      'a value passes on before its gradient is complete, each time anew: go through the topological order': (root) => {
        root.grad = 1
        const spread = (v: Value) => {
          v.localBackward(v.grad)
          for (const input of new Set(v.inputs)) spread(input)
        }
        spread(root)
      },
      'it calls itself for the inputs, and so sets their gradients to 1, too: only root has dL/dL = 1': function again(root) {
        root.grad = 1
        root.localBackward(1)
        for (const input of root.inputs) again(input)
      },
      'what leaves held from before is wiped out; it should be added to': (root) => {
        for (const v of topologicalOrder(root)) v.grad = 0
        backward(root)
      },
      'root passes on before its gradient is set; set root.grad = 1 first': (root) => {
        for (const v of topologicalOrder(root).reverse()) v.localBackward(v.grad)
        root.grad = 1
      },
    },
  },
  detach: {
    hints: [
      'The number stays, the past goes. Which kind of value has no past?',
      'a leaf with the data of v: no inputs, nothing to pass on, gradient 0; v itself stays as it is',
      'return value(…, v.label)',
    ],
    inputs: tape.map((build) => (): [Value] => build().map((v) => Object.assign(v, { grad: 0.5 })) as [Value]),
    observe: (y, [v]) => {
      if (typeof y !== 'object') return y
      y.localBackward(DY)
      const behind = v.inputs.reduce((sum, input) => sum + input.grad, 0)
      return { data: y.data, grad: y.grad, inputs: y.inputs.length, 'a new value': y !== v, 'inputs of v': v.inputs.length, behind }
    },
    laws: {
      'what comes of it has no way back to v': (f, v) => !topologicalOrder(mul(f(v), value(2, 'two'))).includes(v),
      'its gradient is its own': (f, v) => {
        const before = v.grad
        backward(mul(f(v), value(2, 'two')))
        return v.grad === before
      },
    },
    frozen: [
      {
        args: () => [value(3, 'x')],
        gives: observed({ data: 3, grad: 0, inputs: 0, 'a new value': true, 'inputs of v': 0, behind: 0 }),
        from: 'PyTorch 1.13, torch.tensor(3.0).detach(): grad and grad_fn are None',
      },
    ],
    mutants: {
      'it returns v itself; make a new value': (v) => v,
      'the inputs are kept, so the way back is still there': (v) => ({ ...detach(v), inputs: v.inputs }),
      'the local rule is kept: it still passes gradients on': (v) => ({ ...detach(v), localBackward: v.localBackward }),
      'it is a copy with all that v has, its inputs and its rule, too': (v) => ({ ...v }),
      'it is a new result of v (v + 0, or v · 1): gradients go through it': (v) => add(v, value(0, '0')),
      'v itself is cut off from its inputs; others may still need it': (v) => {
        const y = detach(v)
        Object.assign(v, { inputs: [] })
        return y
      },
      'the number is lost: data should be that of v': () => value(0, 'v'),
      'data and gradient are mistaken for one another': (v) => value(v.grad, v.label),
      'a gradient is copied, too; a new leaf has gradient 0': (v) => leaf(v.data, v.label, v.grad),
    },
  },
})

/** root computed anew with `moved` raised by ε. */
function rerun(root: Value, moved: Value, epsilon: number): number {
  const data = new Map<Value, number>()
  for (const v of topologicalOrder(root)) {
    const [a, b] = v.inputs.map((input) => data.get(input) ?? 0)
    if (v.inputs.length === 0) data.set(v, v.data + (v === moved ? epsilon : 0))
    else data.set(v, v.label === '+' ? a + b : v.label === '·' ? a * b : Math.tanh(a))
  }
  return data.get(root) ?? 0
}

function everyVisit(root: Value): Value[] {
  return [...root.inputs.flatMap(everyVisit), root]
}

function preorder(root: Value, seen = new Set<Value>()): Value[] {
  if (seen.has(root)) return []
  seen.add(root)
  return [root, ...root.inputs.flatMap((input) => preorder(input, seen))]
}

function firstInputs(root: Value): Value[] {
  return [...root.inputs.slice(0, 1).flatMap(firstInputs), root]
}

function levels(root: Value): Value[] {
  const found = new Set([root])
  for (const v of found) for (const input of v.inputs) found.add(input) // a Set is walked in the order in which it grows
  return [...found].reverse()
}
