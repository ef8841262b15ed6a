/** What lies between the layers of a Sequential is given up where nobody can know it, and nowhere else. */
import { beforeEach, describe, expect, it } from 'vitest'
import { F, manualSeed, nn, noGrad, randn, setBackend, type Tensor } from '../src/index.ts'
import { wasmStats } from '../src/wasm/index.ts'

beforeEach(async () => {
  await setBackend('wasm')
  manualSeed(1)
})

const network = () =>
  new nn.Sequential(
    new nn.Linear(8, 300),
    new nn.ReLU(),
    new nn.Dropout(0),
    new nn.Linear(300, 300),
    new nn.Tanh(),
    new nn.Flatten(),
    new nn.Linear(300, 4),
  )

/** A layer that remembers what it has seen. */
class Witness extends nn.Module {
  seen: Tensor[] = []
  forward(x: Tensor): Tensor {
    this.seen.push(x)
    return x.mul(2)
  }
}

/** A layer of the library that someone has made remember. */
class Noted extends nn.Linear {
  seen: Tensor | null = null
  override forward(x: Tensor): Tensor {
    this.seen = super.forward(x)
    return this.seen
  }
}

describe('in an evaluation', () => {
  it('nothing between the layers is left behind', () => {
    const model = network()
    const x = randn([50, 8])
    noGrad(() => model.forward(x))
    const before = wasmStats().arrays
    const results = Array.from({ length: 3 }, () => noGrad(() => model.forward(x)))
    expect(wasmStats().arrays).toBe(before + 3)
    for (const y of results) expect(y.data).toEqual(results[0].data)
  })

  it('what a layer remembers stays, and what it gave', () => {
    const witness = new Witness()
    const noted = new Noted(300, 300)
    const model = new nn.Sequential(new nn.Linear(8, 300), new nn.ReLU(), witness, noted, new nn.ReLU(), new nn.Linear(300, 2))
    const x = randn([50, 8])
    noGrad(() => model.forward(x))
    const [weight, bias] = model.parameters()
    expect(witness.seen[0].data).toEqual(noGrad(() => F.linear(x, weight, bias).relu()).data)
    expect(noted.seen?.data.length).toBe(50 * 300)
  })

  it('the input stays, whatever looks at it', () => {
    const x = randn([4, 5, 6])
    const before = x.data
    const model = new nn.Sequential(new nn.Flatten(), new nn.Dropout(0), new nn.Linear(30, 2), new nn.ReLU())
    noGrad(() => model.forward(x))
    expect(x.data).toEqual(before)
    expect(noGrad(() => new nn.Sequential(new nn.Flatten()).forward(x)).data).toEqual(before)
  })

  it('what an observer is told of stays', () => {
    const model = network()
    const kept: Tensor[] = []
    for (const [, layer] of model.namedChildren()) {
      const forward = layer.forward.bind(layer)
      layer.forward = (x: Tensor) => {
        const y = forward(x)
        kept.push(y)
        return y
      }
    }
    noGrad(() => model.forward(randn([50, 8])))
    for (const y of kept) expect(y.data.every(Number.isFinite)).toBe(true)
  })
})

describe('in training', () => {
  it('what a later layer needs for its gradient stays, though nothing before it is trained', () => {
    const layers = [new nn.Linear(8, 300), new nn.ReLU(), new nn.Linear(300, 4)]
    for (const parameter of layers[0].parameters()) parameter.requiresGrad = false
    const x = randn([50, 8])
    const gradientOf = (forward: (x: Tensor) => Tensor) => {
      for (const layer of layers) for (const parameter of layer.parameters()) parameter.grad = null
      forward(x).pow(2).sum().backward()
      return layers[2].parameters()[0].grad?.data
    }
    const chained = gradientOf((x) => new nn.Sequential(...layers).forward(x))
    expect(chained).toEqual(gradientOf((x) => layers.reduce((x, layer) => layer.forward(x), x)))
    expect(chained?.some((value) => value !== 0)).toBe(true)
  })
})
