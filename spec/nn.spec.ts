import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, F, manualSeed, nn, noGrad, rand, randn, setBackend, summary, type Tensor, tensor, zeros } from '../src/index.ts'
import { expectClose, type Frozen, oracle } from './support.ts'

beforeAll(() => setBackend('reference'))

interface InitCase {
  op: string
  seed: number
  layers: { in: number; out: number; weight: Frozen; bias: Frozen }[]
  values: Frozen
}

class Residual extends nn.Module {
  readonly body = new nn.Sequential(new nn.Linear(3, 5), new nn.Tanh(), new nn.Linear(5, 3, { bias: false }))
  readonly scale = new nn.Parameter(tensor([2]))
  readonly heads = [new nn.Linear(3, 1), new nn.Linear(3, 1)]

  forward(x: Tensor): Tensor {
    const h = this.body.forward(x).mul(this.scale).add(x)
    return this.heads[0].forward(h).add(this.heads[1].forward(h))
  }
}

describe('initialisation draws as PyTorch draws', () => {
  const cases = oracle<InitCase>('random')
  it.each(cases.filter((c) => c.op === 'linearInit'))('Linear, seed $seed', ({ seed, layers }) => {
    manualSeed(seed)
    for (const layer of layers) {
      const { weight, bias } = new nn.Linear(layer.in, layer.out)
      expectClose(weight.data, layer.weight.data)
      expectClose(bias!.data, layer.bias.data)
    }
  })

  const inits = ['xavierUniform', 'xavierNormal', 'kaimingUniform', 'kaimingNormal'] as const
  it.each(cases.filter((c) => inits.some((op) => op === c.op)))('$op, seed $seed', ({ op, seed, values }) => {
    manualSeed(seed)
    const w = zeros(values.shape)
    expectClose(nn.init[op as (typeof inits)[number]](w).data, values.data)
  })

  it('dropout with p = 0 is x, and draws nothing, as in PyTorch', () => {
    const x = tensor([1, -2, 3], { requiresGrad: true })
    manualSeed(5)
    const next = rand([4]).data
    manualSeed(5)
    expect(F.dropout(x, { p: 0 })).toBe(x)
    expect(rand([4]).data).toEqual(next)
  })

  it.each(cases.filter((c) => c.op === 'dropout') as unknown as { seed: number; p: number; values: Frozen }[])(
    'dropout, seed $seed',
    ({ seed, p, values }) => {
      manualSeed(seed)
      expectClose(F.dropout(tensor(values.data.map(() => 1)), { p }).data, values.data)
    },
  )
})

describe('Embedding', () => {
  it('draws its rows from the standard normal distribution, as PyTorch draws', () => {
    manualSeed(9)
    const { weight } = new nn.Embedding(6, 4)
    manualSeed(9)
    expect(weight.toArray()).toEqual(randn([6, 4]).toArray())
  })

  it.each<BackendName>(['reference', 'wasm'])('gives the rows that are named, and collects their gradients, on %s', async (backend) => {
    await setBackend(backend)
    const layer = new nn.Embedding(3, 2)
    layer.loadStateDict({
      weight: tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    })
    const y = layer.forward(tensor([[2, 0, 2]]))
    expect(y.toArray()).toEqual([
      [
        [5, 6],
        [1, 2],
        [5, 6],
      ],
    ])
    y.sum().backward()
    expect(layer.weight.grad!.toArray()).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
    ])
    await setBackend('reference')
  })

  it('starts the row of padding as zeros, and never learns it', () => {
    const layer = new nn.Embedding(4, 2, { paddingIdx: -1 })
    expect(layer.paddingIdx).toBe(3)
    expect(layer.weight.toArray()).toHaveProperty('3', [0, 0])
    const y = layer.forward(tensor([0, 3, 3]))
    expect(y.select(0, 1).toArray()).toEqual([0, 0])
    y.sum().backward()
    expect(layer.weight.grad!.toArray()).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  it('refuses what makes no sense, by name', () => {
    expect(() => new nn.Embedding(3, 0)).toThrow('Embedding: embeddingDim must be an integer above 0, got 0')
    expect(() => new nn.Embedding(3, 2, { paddingIdx: 3 })).toThrow('Embedding: paddingIdx must be an integer between -3 and 2, got 3')
    expect(() => new nn.Embedding(3, 2).forward(tensor([3]))).toThrow(/embedding: labels and indices must be integers from /)
  })
})

describe('modules', () => {
  it('find the parameters that are their properties, under their paths', () => {
    const names = [...new Residual().namedParameters()].map(([name]) => name)
    expect(names).toEqual([
      'scale',
      'body.0.weight',
      'body.0.bias',
      'body.2.weight',
      'heads.0.weight',
      'heads.0.bias',
      'heads.1.weight',
      'heads.1.bias',
    ])
  })

  it('count a shared parameter once', () => {
    const shared = new nn.Linear(2, 2)
    expect(new nn.Sequential(shared, new nn.ReLU(), shared).parameters()).toHaveLength(2)
  })

  it('a state dict carries a model over', () => {
    manualSeed(1)
    const [a, b] = [new Residual(), new Residual()]
    const x = tensor([[1, 2, 3]])
    expect(a.forward(x).item()).not.toBe(b.forward(x).item())
    b.loadStateDict(a.stateDict())
    expect(b.forward(x).item()).toBe(a.forward(x).item())
    noGrad(() => a.scale.zero_())
    expect(b.scale.item()).toBe(2)
  })

  it('a state dict that does not fit changes nothing and is named', () => {
    const model = new nn.Linear(2, 3)
    const before = model.weight.toArray()
    expect(() => model.loadStateDict({ weight: zeros([3, 2]) })).toThrow("loadStateDict: the entry 'bias', of shape [3], is missing")
    expect(() => model.loadStateDict({ weight: zeros([2, 3]), bias: zeros([3]) })).toThrow("'weight' must have shape [3, 2], got [2, 3]")
    expect(() => model.loadStateDict({ weight: zeros([3, 2]), bias: zeros([3]), extra: zeros([1]) })).toThrow("unexpected entry 'extra'")
    expect(model.weight.toArray()).toEqual(before)
  })

  it('train and eval reach every module', () => {
    const model = new nn.Sequential(new nn.Sequential(new nn.Dropout(0.5)), new nn.Linear(4, 4))
    const x = tensor([[1, 1, 1, 1]])
    model.eval()
    expect(model.forward(x).toArray()).toEqual(model.forward(x).toArray())
    expect(model.training).toBe(false)
    expect([...model.train().namedModules()].every(([, m]) => m.training)).toBe(true)
  })

  it('refuse wrong sizes by name', () => {
    expect(() => new nn.Linear(0, 2)).toThrow('Linear: inFeatures must be an integer above 0, got 0')
    expect(() => new nn.Dropout(2)).toThrow('Dropout: p must lie between 0 and 1, got 2')
    expect(() => new nn.Sequential('x' as never)).toThrow('Sequential: layer 0 must be a Module, got string')
    expect(() => new nn.Linear(3, 2).forward(zeros([4, 2]))).toThrow(
      'linear: x [4, 2] must have 3 numbers on its last axis, as w [2, 3] has',
    )
  })

  it('summary shows each layer, its output and its parameters, and leaves the model as it was', () => {
    const model = new nn.Sequential(new nn.Linear(64, 32), new nn.ReLU(), new nn.Linear(32, 10))
    const text = summary(model, [64])
    expect(text).toMatch(/Linear \(0\) +\[-1, 32\] +2,080/)
    expect(text).toMatch(/ReLU \(1\) +\[-1, 32\] +0/)
    expect(text).toMatch(/2,410 parameters/)
    expect(model.training).toBe(true)
    expect(Object.keys(new nn.ReLU())).toEqual(Object.keys([...model.namedChildren()][1][1]))
    expect(() => summary(model, [63])).toThrow(/linear: x \[1, 63\]/)
  })
})
