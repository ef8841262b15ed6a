import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, manualSeed, nn, optim, randn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import { expectClose, oracle, thaw } from './support.ts'

/** sin a, sin 2a, sin 3a, ... in a shape: numbers that PyTorch was given too. */
function sines(a: number, ...shape: number[]): Tensor {
  const n = shape.reduce((p, q) => p * q, 1)
  return tensor(Float32Array.from({ length: n }, (_, i) => Math.sin(a * (i + 1)))).reshape(shape)
}

/** The i-th parameter in PyTorch's order becomes sines(0.3 + 0.1 · i). */
function fillWithSines(layer: nn.TransformerEncoderLayer | nn.TransformerDecoderLayer): void {
  const state = Object.entries(layer.stateDict()).map(([name, { shape }], i) => [name, sines(0.3 + 0.1 * i, ...shape)])
  layer.loadStateDict(Object.fromEntries(state))
}

const x = sines(0.37, 3, 2, 4)
const memory = sines(0.53, 4, 2, 4)
const padding = tensor([
  [0, 0, 1],
  [0, 1, 0],
])
const later = tensor([
  [0, 1, 1],
  [0, 0, 1],
  [0, 0, 0],
])
const memoryKeyPaddingMask = tensor([
  [0, 0, 0, 1],
  [1, 0, 0, 0],
])

/** What PyTorch 1.13 gives for these numbers. */
const encoded = [
  -0.244889, 8.47127, 1.985479, -4.995727, 0.253738, 2.903241, 9.689751, -2.94299, -0.264589, 2.451841, 6.870976, -3.889838, -1.634574,
  1.364496, 8.619265, -3.473428, -0.62498, 3.178163, 9.455174, -2.47588, 0.378581, 3.051454, 9.960981, -2.523989,
]
const decoded = [
  1.746687, 5.715275, 0.247292, -3.381677, 0.766598, 1.419118, 5.114399, -3.932874, 2.737325, 1.818552, 0.505377, -4.058623, -1.090533,
  -0.520546, 3.904259, -4.296044, 0.765994, 0.337283, 5.094594, -2.637834, 0.894574, 1.696521, 5.160228, -3.536143,
]

type Layer = nn.TransformerEncoderLayer | nn.TransformerDecoderLayer

describe.each<BackendName>(['reference', 'wasm'])('on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it.each(oracle('attention').filter(({ op }) => op.startsWith('transformer')))('$op is PyTorch’s: values and gradients', (frozen) => {
    const { op, params, inputs, outputs, upstream, grads } = frozen
    const { x: input, memory, ...state } = inputs
    const { dModel, nhead, ...options } = params as Record<string, never>
    const build = op === 'transformerEncoderLayer' ? nn.TransformerEncoderLayer : nn.TransformerDecoderLayer
    const layer: Layer = new build(dModel, nhead, { ...options, batchFirst: true })
    layer.eval()
    layer.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, value]) => [name, thaw(value)])))
    const leaves = { x: tensor(input.data, { requiresGrad: true }), memory: memory && tensor(memory.data, { requiresGrad: true }) }
    const shaped = leaves.x.reshape(input.shape)
    const y =
      layer instanceof nn.TransformerEncoderLayer ? layer.forward(shaped) : layer.forward(shaped, leaves.memory.reshape(memory.shape))
    expectClose(y.data, outputs.y.data)
    y.backward({ gradient: thaw(upstream.y) })
    expectClose(leaves.x.grad!.data, grads.x.data, { atol: 5e-6 })
    if (memory) expectClose(leaves.memory.grad!.data, grads.memory.data, { atol: 5e-6 })
    for (const [name, parameter] of layer.namedParameters()) expectClose(parameter.grad!.data, grads[name].data, { atol: 5e-6 })
  })

  it('masks and norm first are PyTorch’s', () => {
    const encoder = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, dropout: 0, normFirst: true })
    fillWithSines(encoder)
    expectClose(encoder.forward(x, { srcMask: later, srcKeyPaddingMask: padding }).data, encoded, { atol: 1e-5 })
    expectClose(encoder.forward(x, { isCausal: true, srcKeyPaddingMask: padding }).data, encoded, { atol: 1e-5 })
    const decoder = new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 6, dropout: 0, normFirst: true, activation: 'gelu' })
    fillWithSines(decoder)
    const masks = { tgtKeyPaddingMask: padding, memoryKeyPaddingMask }
    expectClose(decoder.forward(x, memory, { ...masks, tgtMask: later }).data, decoded, { atol: 1e-5 })
    expectClose(decoder.forward(x, memory, { ...masks, tgtIsCausal: true }).data, decoded, { atol: 1e-5 })
    const memoryMask = zeros([3, 4]).add(tensor([1, 0, 0, 0]))
    expect(decoder.forward(x, memory, { memoryMask }).toArray()).not.toEqual(decoder.forward(x, memory).toArray())
  })

  it('take sequences batch first or not, or one alone', () => {
    const [encoder, batchFirst] = [false, true].map((batchFirst) => {
      const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, dropout: 0, batchFirst })
      fillWithSines(layer)
      return layer
    })
    const y = encoder.forward(x)
    expectClose(batchFirst.forward(x.transpose(0, 1)).transpose(0, 1).data, y.data)
    expectClose(encoder.forward(x.select(1, 0)).data, y.select(1, 0).data)
  })

  it('never change earlier outputs with later tokens where they are causal', () => {
    manualSeed(1)
    const encoder = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }).eval()
    const decoder = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }).eval()
    const tokens = randn([2, 6, 8])
    const changed = tokens.add(zeros([6, 8]).add(tensor([0, 0, 0, 1, 1, 1]).unsqueeze(1)))
    const early = (y: Tensor) => y.slice(0, 3, { dim: 1 }).data
    expect(early(encoder.forward(changed, { isCausal: true }))).toEqual(early(encoder.forward(tokens, { isCausal: true })))
    expect(early(encoder.forward(changed))).not.toEqual(early(encoder.forward(tokens)))
    const seen = randn([2, 4, 8])
    expect(early(decoder.forward(changed, seen, { tgtIsCausal: true }))).toEqual(
      early(decoder.forward(tokens, seen, { tgtIsCausal: true })),
    )
  })

  it('learn: a token is copied to the place before it', () => {
    manualSeed(2)
    const [symbols, length] = [5, 6]
    const layer = new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 32, dropout: 0, batchFirst: true })
    const places = new nn.PositionalEncoding(16, { dropout: 0, maxLen: length, batchFirst: true })
    const [embed, head] = [new nn.Linear(symbols, 16), new nn.Linear(16, symbols)]
    const optimizer = new optim.Adam([...layer.parameters(), ...embed.parameters(), ...head.parameters()], { lr: 0.005 })
    const step = (i: number) => {
      const symbol = (n: number, t: number) => (7 * i + 3 * n + t * t + n * t) % symbols
      const data = Float32Array.from({ length: 16 * length * symbols }, (_, at) => {
        const [n, t] = [Math.floor(at / (length * symbols)), Math.floor(at / symbols) % length]
        return Number(symbol(n, t) === at % symbols)
      })
      const tokens = tensor(data).reshape([16, length, symbols])
      const y = head.forward(layer.forward(places.forward(embed.forward(tokens)))) // [N, L, symbols]
      const target = tokens.slice(1, length, { dim: 1 })
      const loss = y.slice(0, -1, { dim: 1 }).logSoftmax(-1).mul(target).sum(-1).mean().neg()
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      return loss.item()
    }
    const losses = Array.from({ length: backend === 'wasm' ? 150 : 8 }, (_, i) => step(i))
    expect(losses.at(-1)).toBeLessThan(backend === 'wasm' ? 0.2 : losses[0])
  })
})

describe('PositionalEncoding', () => {
  it('adds the waves of the formula, batch first or not', () => {
    const expected = (t: number) => [Math.sin(t), Math.cos(t), Math.sin(t / 100), Math.cos(t / 100)]
    const places = [0, 1, 2].flatMap(expected)
    const encoding = new nn.PositionalEncoding(4, { dropout: 0 })
    expectClose(encoding.forward(zeros([3, 4])).data, places)
    expectClose(encoding.forward(zeros([3, 2, 4])).select(1, 1).data, places)
    const batchFirst = new nn.PositionalEncoding(4, { dropout: 0, batchFirst: true })
    expectClose(batchFirst.forward(zeros([2, 3, 4])).select(0, 1).data, places)
    expect(new nn.PositionalEncoding(3, { maxLen: 2 }).table.shape).toEqual([2, 3])
    expect(encoding.stateDict()).toEqual({})
  })

  it('drops in training only', () => {
    manualSeed(3)
    const encoding = new nn.PositionalEncoding(4)
    const x = zeros([20, 4])
    const evaluated = new nn.PositionalEncoding(4).eval().forward(x).toArray()
    expect(encoding.forward(x).toArray()).not.toEqual(evaluated)
    expect(encoding.eval().forward(x).toArray()).toEqual(evaluated)
  })

  it('refuses what does not fit, by name', () => {
    const encoding = new nn.PositionalEncoding(4, { maxLen: 3 })
    expect(() => encoding.forward(zeros([2, 5]))).toThrow('PositionalEncoding: x must have shape [L, N, 4] or [L, 4], got [2, 5]')
    expect(() => encoding.forward(zeros([4, 1, 4]))).toThrow('PositionalEncoding: x [4, 1, 4] has 4 places, maxLen is 3')
    expect(() => new nn.PositionalEncoding(0)).toThrow('PositionalEncoding: dModel must be an integer above 0, got 0')
  })
})

describe('the layers', () => {
  it('draw as PyTorch draws', () => {
    manualSeed(6)
    const encoder = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16 })
    expectClose(encoder.self_attn.out_proj.weight.data.slice(0, 2), [0.051051, 0.038096])
    expectClose(encoder.linear2.bias!.data.slice(-2), [0.034973, -0.052922])
    manualSeed(7)
    const decoder = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16 })
    expectClose(decoder.multihead_attn.in_proj_weight.data.slice(0, 2), [-0.329805, -0.039875])
    expectClose(decoder.linear2.bias!.data.slice(-2), [-0.090331, -0.154369])
  })

  it('have PyTorch’s defaults, and drop in training only', () => {
    manualSeed(8)
    const layer = new nn.TransformerEncoderLayer(4, 2)
    expect(layer.linear1.outFeatures).toBe(2048)
    expect([layer.dropout.p, layer.dropout1.p, layer.self_attn.dropout, layer.normFirst, layer.activation]).toEqual([
      0.1,
      0.1,
      0.1,
      false,
      'relu',
    ])
    expect(layer.forward(x).toArray()).not.toEqual(layer.forward(x).toArray())
    layer.eval()
    expect(layer.forward(x).toArray()).toEqual(layer.forward(x).toArray())
  })

  it('refuse what does not fit, by name', () => {
    expect(() => new nn.TransformerEncoderLayer(8, 3)).toThrow('MultiheadAttention: numHeads must divide embedDim, got 3 heads for 8')
    expect(() => new nn.TransformerDecoderLayer(8, 2, { activation: 'tanh' as never })).toThrow(
      `TransformerDecoderLayer: activation must be 'relu' or 'gelu', got "tanh"`,
    )
    expect(() => new nn.TransformerDecoderLayer(4, 2).forward(x, zeros([4, 3, 4]))).toThrow(
      'MultiheadAttention: q and k must have one batch size',
    )
  })
})
