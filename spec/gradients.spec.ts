/** Gradients that are written over those they are made from are the same, bit for bit, as gradients in arrays of their own. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { F, grad, manualSeed, noGrad, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { type Backend, useKernels } from '../src/tensor/backend.ts'
import { apply, define } from '../src/tensor/operation.ts'
import { createWasm } from '../src/wasm/index.ts'

const { kernels: over, threads } = createWasm({ threads: 2 })
/** The same backend, where nothing takes the place of anything. */
const apart: typeof over = {
  ...over,
  consume(x, run) {
    const result = run()
    over.release(x)
    return result
  },
}

beforeAll(() => setBackend('wasm'))
afterAll(async () => {
  threads.stop()
  await setBackend('wasm')
})

const [ROWS, COLUMNS] = [5, 7]

/** What can be done to a matrix and another of its shape. */
const steps: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  relu: (a) => a.relu(),
  gelu: (a) => a.gelu(),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  leakyRelu: (a) => a.leakyRelu(),
  exp: (a) => a.clamp({ min: -2, max: 2 }).exp(),
  sin: (a) => a.sin(),
  'a third power': (a) => a.tanh().pow(3),
  neg: (a) => a.neg(),
  'by a number': (a) => a.mul(1.5).sub(1).div(3),
  add: (a, b) => a.add(b),
  'to itself': (a) => a.add(a),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  'mul by itself': (a) => a.mul(a),
  'by a mask': (a, b) => a.mul(b.detach().gt(0)),
  'mul by a row': (a, b) => a.mul(b.select(0, 1)),
  div: (a, b) => a.div(b.abs().add(1)),
  'by what needs no gradient': (a, b) => b.detach().div(a.abs().add(1)),
  maximum: (a, b) => a.maximum(b),
  softmax: (a) => a.softmax(1),
  'softmax, first axis': (a) => a.softmax(0),
  logSoftmax: (a) => a.logSoftmax(1),
  layerNorm: (a, b) => F.layerNorm(a, { normalizedShape: COLUMNS, weight: b.select(0, 0), bias: b.select(0, 1) }),
  batchNorm: (a) => F.batchNorm(a, { training: true }),
  matmul: (a, b) => a.matmul(b.t()).matmul(a),
  reshape: (a) => a.reshape(COLUMNS, ROWS).tanh().reshape(ROWS, COLUMNS),
  transpose: (a) => a.t().relu().t(),
  slices: (a, b) => a.slice(0, 3).relu().sum(0).add(b.slice(1, 4).sum(0)).expand([ROWS, COLUMNS]),
  dropout: (a) => F.dropout(a, { p: 0.3 }),
}

interface Step {
  name: string
  a: number
  b: number
}

const script: fc.Arbitrary<Step[]> = fc.array(fc.record({ name: fc.constantFrom(...Object.keys(steps)), a: fc.nat(), b: fc.nat() }), {
  minLength: 1,
  maxLength: 12,
})

/** The leaves, and what the script makes of them and of its own results, the latest more often. */
function play(actions: readonly Step[], seed: number): { leaves: Tensor[]; all: Tensor[]; loss: Tensor } {
  manualSeed(seed)
  const leaves = Array.from({ length: 3 }, () => randn([ROWS, COLUMNS], { requiresGrad: true }))
  const all = [...leaves]
  for (const { name, a, b } of actions) {
    const at = (i: number) => all[all.length - 1 - (i % Math.min(all.length, 4))]
    all.push(steps[name](at(a), at(b)))
  }
  const last = all.slice(-2)
  return { leaves, all, loss: last[0].mul(last[1]).mean().add(leaves[0].sum()) }
}

const bits = (t: Tensor | null) => t && [...new Uint32Array(t.data.buffer)]

function both<T>(run: () => T): [over: T, apart: T] {
  return [over, apart].map((kernels) => {
    useKernels(kernels as Backend)
    return run()
  }) as [T, T]
}

describe('the gradients of random graphs', () => {
  const law = (name: string, gradients: (made: ReturnType<typeof play>, pick: number) => (Tensor | null)[]) =>
    it(name, () => {
      fc.assert(
        fc.property(script, fc.nat(1000), fc.nat(), (actions, seed, pick) => {
          const [a, b] = both(() => gradients(play(actions, seed), pick).map(bits))
          expect(a).toEqual(b)
        }),
        { numRuns: 150 },
      )
    })

  law('of the leaves', ({ leaves, loss }) => {
    loss.backward()
    return leaves.map(({ grad }) => grad)
  })

  law('of the leaves, summed over two passes of a graph that is kept', ({ leaves, loss }) => {
    loss.backward({ retainGraph: true })
    loss.backward()
    return leaves.map(({ grad }) => grad)
  })

  law('of what lies between, and what lies between itself', ({ all, loss }, pick) => {
    const inside = all[pick % all.length]
    const product = loss.add(inside.mean())
    return [...grad(product, [inside], { retainGraph: true }), ...grad(product, [all[0], inside]), inside.detach()]
  })

  law('under createGraph, and the second ones', ({ leaves: [x], loss }) => {
    const [dx] = grad(loss, [x], { createGraph: true })
    const d = dx.mul(dx).sum()
    return [dx, ...(d.requiresGrad ? grad(d.add(x.sum()), [x]) : [])]
  })
})

describe('a gradient in the place of another', () => {
  it('has its memory', () => {
    const taken = [over, apart].map((kernels) => {
      let count = 0
      const reluBackward: typeof over.reluBackward = (dy, y) => {
        const { block } = dy
        const dx = kernels.reluBackward(dy, y)
        if (dx.block === block) count++
        return dx
      }
      useKernels({ ...kernels, reluBackward } as Backend)
      const x = randn([16, 16], { requiresGrad: true })
      x.relu().relu().relu().sum().backward()
      return count
    })
    expect(taken).toEqual([3, 0])
  })

  it('is refused to a rule that looks at dy again: an error, not garbage', () => {
    const twice = define<null>({
      name: 'twice',
      forward: (k, [x]) => k.relu(x),
      consumes: () => true,
      backward: (k, dy) => [k.add(k.neg(dy), dy, { a: [3], b: [3] })],
    })
    useKernels(over as Backend)
    const x = tensor([1, 2, 3], { requiresGrad: true })
    expect(() => apply(twice, [x], [3], null).sum().backward()).toThrow(/add: an array made by .* is used after it has been released/)
    expect(noGrad(() => x.data)).toEqual(new Float32Array([1, 2, 3]))
  })
})
