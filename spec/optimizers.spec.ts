/** The lesson's own functions take the steps of PyTorch's optimisers, and know the axes of a ravine or not. */
import { describe, expect, it } from 'vitest'
import {
  adadelta,
  adagrad,
  adam,
  descend,
  descent,
  flat,
  fresh,
  momentum,
  nesterov,
  network,
  type Rule,
  ravine,
  rmsprop,
  setParameters,
  step,
  turned,
} from '../exercises/solutions/optimizers.ts'
import oracle from './oracles/optimizers.json' with { type: 'json' }

/** The lesson's rules by PyTorch's names and options. */
const rules: [name: string, params: Record<string, unknown>, rule: Rule][] = [
  ['SGD', { lr: 0.1 }, (s, g) => descend(s, g, 0.1)],
  ['SGD', { lr: 0.1, momentum: 0.9 }, (s, g) => momentum(s, g, 0.1, 0.9)],
  ['SGD', { lr: 0.1, momentum: 0.9, nesterov: true }, (s, g) => nesterov(s, g, 0.1, 0.9)],
  ['Adagrad', { lr: 0.1 }, (s, g) => adagrad(s, g, 0.1, 1e-10)],
  ['RMSprop', { lr: 0.01, alpha: 0.99 }, (s, g) => rmsprop(s, g, 0.01, 0.99, 1e-8)],
  ['Adadelta', { lr: 1, rho: 0.9 }, (s, g) => adadelta(s, g, 1, 0.9, 1e-6)],
  ['Adam', { lr: 0.05 }, (s, g, t) => adam(s, g, 0.05, 0.9, 0.999, 1e-8, t)],
]

describe.each(rules)('%s %o', (name, params, rule) => {
  it("goes PyTorch's way", () => {
    const found = oracle.cases.find(({ op, params: p }) => op === name && JSON.stringify(p) === JSON.stringify(params))
    if (found === undefined) throw new Error('no such case')
    const { w0, a, b, path } = found
    let weights = fresh(w0)
    for (const [k, expected] of path.entries()) {
      const g = weights.map(({ w }, i) => a[i] * w + b[i] * Math.cos(w)) // of Σ ½ a w² + b sin w
      weights = step(weights, g, k + 1, rule)
      for (const [i, w] of expected.entries()) expect(weights[i].w).toBeCloseTo(w, 5)
    }
  })
})

it('only a rate for every weight depends on how the axes of the ravine lie', () => {
  const heights = (rule: Rule) => [0, 0.3, Math.PI / 4].map((angle) => ravine(...turned(...descent(rule, [-7, 2], 20, angle)[20], -angle)))
  for (const rule of [rules[0][2], rules[1][2], rules[2][2]]) {
    const [upright, ...others] = heights(rule)
    for (const other of others) expect(other).toBeCloseTo(upright, 9)
  }
  const [upright, , diagonal] = heights((s, g) => adagrad(s, g, 1.5, 1e-10))
  expect(diagonal).toBeGreaterThan(10 * upright)
})

it('puts weights back where it took them from', async () => {
  const parameters = network().parameters()
  const before = await flat(parameters)
  expect(before).toHaveLength(1210)
  setParameters(
    parameters,
    fresh(before).map((s) => ({ ...s, w: -s.w })),
  )
  expect(await flat(parameters)).toEqual(before.map((w) => -w))
})
