/** The best split of a node. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reference } from '../src/kernels.ts'
import { type Criterion, impurity, type SplitOptions } from '../src/reference/split.ts'
import { builds, double, expectNear, numbers, places, seeds } from './twins.ts'

interface Node {
  x: Float32Array
  y: Int32Array | Float32Array
  weights: Float32Array
  samples: Int32Array
  features: Int32Array
  options: SplitOptions
}

const criteria = fc.constantFrom<Criterion>('gini', 'entropy', 'mse')

/** Nodes of few and of many samples (they are sorted in two ways), with many equal values or hardly any. */
const nodes: fc.Arbitrary<Node> = fc
  .record({
    criterion: criteria,
    m: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(47, 48, 49, 50, 300)),
    f: fc.integer({ min: 1, max: 5 }),
    values: fc.constantFrom(1, 2, 5, 0),
    classes: fc.integer({ min: 2, max: 4 }),
    weighted: fc.boolean(),
    minSamplesLeaf: fc.constantFrom(1, 1, 2, 5),
    maxFeatures: fc.integer({ min: 1, max: 5 }),
    seed: seeds,
  })
  .map(({ criterion, m, f, values, classes, weighted, minSamplesLeaf, maxFeatures, seed }) => {
    const n = m + 3
    const isMse = criterion === 'mse'
    return {
      x: values === 0 ? numbers(seed, f * n) : Float32Array.from(places(seed, f * n, values), (v) => v - 1),
      y: isMse ? numbers(seed + 1, n) : places(seed + 1, n, classes),
      weights: weighted ? numbers(seed + 2, n, { min: 0.25, max: 3 }) : new Float32Array(n).fill(1),
      samples: Int32Array.from({ length: m }, (_, j) => (j * 5 + 2) % n).filter((i, j, all) => all.indexOf(i) === j),
      features: Int32Array.from({ length: f }, (_, j) => (j + seed) % f),
      options: { criterion, n, m, classes: isMse ? 1 : classes, minSamplesLeaf, maxFeatures },
    }
  })
  .map((node) => ({ ...node, options: { ...node.options, m: node.samples.length } }))

const onReference = ({ x, y, weights, samples, features, options }: Node) =>
  reference.bestSplit(double(x), y, weights, samples, features, options)

function onWasm({ kernels }: (typeof builds)[number], { x, y, weights, samples, features, options }: Node) {
  const arrays = [x, y, weights, samples, features].map((array) => kernels.upload(array))
  const [px, py, pw, ps, pf] = arrays
  const best = kernels.bestSplit(px, py, pw, ps, pf, options)
  const host = kernels.download(best, 'spec')
  for (const array of [...arrays, best]) kernels.release(array)
  return host
}

/** The samples on either side of a split. */
const sides = ({ x, samples, options: { n } }: Node, [feature, threshold]: ArrayLike<number> & Iterable<number>) => {
  const isLeft = (i: number) => x[feature * n + i] <= threshold
  return [samples.filter(isLeft), samples.filter((i) => !isLeft(i))]
}

const weightOf = ({ weights }: Node, samples: Int32Array) => samples.reduce((sum, i) => sum + weights[i], 0)

describe('bestSplit', () => {
  it('on wasm is the definition', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        for (const build of builds) expectNear(onWasm(build, node), onReference(node), { ulp: 1, abs: 1e-9 }, build.simd)
      }),
      { numRuns: 300 },
    )
  })

  it('lowers the impurity by what it says', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        const best = onReference(node)
        fc.pre(best[0] >= 0)
        const { y, weights, samples, options } = node
        const whole = weightOf(node, samples)
        const after = sides(node, best).map((part) => (weightOf(node, part) / whole) * impurity(y, weights, part, options))
        expect(best[2]).toBeCloseTo(impurity(y, weights, samples, options) - after[0] - after[1], 9)
      }),
    )
  })

  it('is the best that there is: no threshold on any feature tried gains more, and none is allowed where there is none', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        const { x, y, weights, samples, options } = node
        fc.pre(samples.length < 60)
        const tried = { ...options, maxFeatures: node.features.length }
        const best = onReference({ ...node, options: tried })
        const whole = weightOf(node, samples)
        const gains = [...node.features].flatMap((feature) =>
          [...samples].flatMap((i) => {
            const parts = sides(node, [feature, x[feature * options.n + i]])
            if (parts.some((part) => part.length < options.minSamplesLeaf)) return []
            const after = parts.map((part) => (weightOf(node, part) / whole) * impurity(y, weights, part, options))
            return [impurity(y, weights, samples, options) - after[0] - after[1]]
          }),
        )
        if (gains.length === 0) expect(best[0]).toBe(-1)
        else expect(best[2]).toBeCloseTo(Math.max(0, ...gains), 9)
      }),
    )
  })

  it('does not depend on the order of the samples', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        const turned = { ...node, samples: node.samples.slice().reverse() }
        for (const build of builds) expectNear(onWasm(build, turned), onWasm(build, node), { ulp: 1, abs: 1e-9 })
      }),
    )
  })

  const two = (x: number[], y: number[], options: Partial<SplitOptions> = {}): Node => ({
    x: Float32Array.from(x),
    y: Int32Array.from(y),
    weights: new Float32Array(y.length).fill(1),
    samples: Int32Array.from(y, (_, i) => i),
    features: Int32Array.from({ length: x.length / y.length }, (_, f) => f),
    options: { criterion: 'gini', n: y.length, m: y.length, classes: 2, minSamplesLeaf: 1, maxFeatures: 9, ...options },
  })
  const both = (node: Node) => [onReference(node), ...builds.map((build) => onWasm(build, node))].map((best) => [...best])

  it('takes the middle between two values, the first feature and the lowest threshold of equal gains', () => {
    for (const best of both(two([1, 2, 4, 7, 1, 2, 4, 7], [0, 0, 1, 1]))) expect(best).toEqual([0, 3, 0.5])
    for (const best of both(two([1, 2, 3, 4], [0, 1, 1, 0]))) expect(best[1]).toBe(1.5)
  })

  it('splits where nothing is gained, as for exclusive or', () => {
    for (const best of both(two([0, 0, 1, 1, 0, 1, 0, 1], [0, 1, 1, 0]))) expect(best).toEqual([0, 0.5, 0])
  })

  it('keeps a threshold below the greater of two neighbouring numbers, and -0 with 0', () => {
    const below = 1 - 2 ** -24
    for (const best of both(two([below, 1], [0, 1])).slice(1)) expect(best[1]).toBe(below)
    for (const best of both(two([-0, 0], [0, 1]))) expect(best[0]).toBe(-1)
  })

  it('goes past constant features until one can part the samples', () => {
    const node = two([5, 5, 5, 5, 1, 2], [0, 1], { maxFeatures: 1 })
    for (const best of both(node)) expect(best).toEqual([2, 1.5, 0.5])
  })
})

describe('impurity', () => {
  it('is that of the textbook', () => {
    const y = Int32Array.of(0, 0, 1, 2)
    const w = new Float32Array(4).fill(1)
    const all = Int32Array.of(0, 1, 2, 3)
    expect(impurity(y, w, all, { criterion: 'gini', classes: 3 })).toBeCloseTo(1 - (0.25 + 0.0625 + 0.0625))
    expect(impurity(y, w, all, { criterion: 'entropy', classes: 3 })).toBeCloseTo(1.5)
    expect(impurity(Float32Array.of(1, 3), w, Int32Array.of(0, 1), { criterion: 'mse', classes: 1 })).toBe(1)
    expect(impurity(y, w, Int32Array.of(0, 1), { criterion: 'entropy', classes: 3 })).toBe(0)
  })
})
