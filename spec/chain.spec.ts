/** What lies between the layers of a Sequential is given up where nobody can know it, and nowhere else. */
import { beforeEach, describe, expect, it } from 'vitest'
import { F, manualSeed, nn, noGrad, randn, setBackend, type Tensor } from '../src/index.ts'
import { observe } from '../src/nn/observe.ts'
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

describe('a layer and the activation behind it', () => {
  /** An activation that someone has made count. */
  class Counting extends nn.ReLU {
    calls = 0
    override forward(x: Tensor): Tensor {
      this.calls++
      return super.forward(x)
    }
  }
  const x = () => randn([3, 2, 8, 8])
  const operationOf = (model: nn.Module, input = x()) => model.forward(input).node?.operation

  it.each([
    ['ReLU', () => new nn.ReLU()],
    ['Sigmoid', () => new nn.Sigmoid()],
    ['Tanh', () => new nn.Tanh()],
  ] as const)('%s are one kernel, with the same numbers and gradients', (_, activation) => {
    const models: [nn.Module, Tensor][] = [
      [new nn.Conv2d(2, 3, { kernelSize: 3 }), x()],
      [new nn.Conv1d(2, 3, { kernelSize: 3, stride: 2 }), randn([3, 2, 8])],
      [new nn.Linear(8, 5), x()],
      [new nn.Linear(8, 5, { bias: false }), x()],
    ]
    for (const [layer, input] of models) {
      const together = new nn.Sequential(layer, activation())
      const of = (y: Tensor) => {
        for (const parameter of layer.parameters()) parameter.grad = null
        y.pow(2).sum().backward()
        return [y.data, ...layer.parameters().map(({ grad }) => grad?.data)]
      }
      expect(of(together.forward(input))).toEqual(of(activation().forward(layer.forward(input))))
    }
    const [layer] = models[0]
    expect(operationOf(new nn.Sequential(layer, activation()))).toBe('conv2d')
  })

  it('stay two where one of them is not the library’s own, is looked at, or is another', () => {
    const linear = new nn.Linear(8, 8)
    const counting = new Counting()
    expect(operationOf(new nn.Sequential(linear, counting))).toBe('relu')
    expect(counting.calls).toBe(1)
    const noted = new Noted(8, 8)
    expect(operationOf(new nn.Sequential(noted, new nn.ReLU()))).toBe('relu')
    expect(noted.seen?.node?.operation).not.toBe('relu')
    expect(operationOf(new nn.Sequential(linear, new nn.GELU()))).toBe('gelu')
    expect(operationOf(new nn.Sequential(linear, new nn.LeakyReLU()))).toBe('leakyRelu')

    const outputs: unknown[] = []
    const model = new nn.Sequential(new nn.Linear(8, 8), new nn.ReLU())
    const [, first] = [...model.namedChildren()][0]
    const input = x()
    observe(
      [['0', first]],
      (_path, _layer, y) => outputs.push(y),
      () => model.forward(input),
    )
    expect(outputs).toHaveLength(1)
    expect((outputs[0] as Tensor).data.some((value) => value < 0)).toBe(true)
  })

  it('keep their places: names, parameters, and the order in which they run', () => {
    const model = new nn.Sequential(new nn.Linear(8, 4), new nn.ReLU(), new nn.ReLU(), new nn.Linear(4, 2), new nn.Tanh())
    expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias', '3.weight', '3.bias'])
    const layers = [...model.namedChildren()].map(([, layer]) => layer as nn.Module)
    const input = x()
    expect(model.forward(input).data).toEqual(layers.reduce((y, layer) => layer.forward(y), input).data)
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
