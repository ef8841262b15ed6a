import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, F, manualSeed, nn, noGrad, randn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import { expectClose, type OracleCase, oracle, thaw } from './support.ts'

/** sin a, sin 2a, sin 3a, ... in a shape: numbers that PyTorch was given too. */
function sines(a: number, ...shape: number[]): Tensor {
  const n = shape.reduce((p, q) => p * q, 1)
  return tensor(Float32Array.from({ length: n }, (_, i) => Math.sin(a * (i + 1)))).reshape(shape)
}

function ofSines(options: nn.MultiheadAttentionOptions = {}): nn.MultiheadAttention {
  const layer = new nn.MultiheadAttention(4, 2, options)
  layer.loadStateDict({
    in_proj_weight: sines(0.7, 12, 4),
    in_proj_bias: sines(0.3, 12),
    'out_proj.weight': sines(0.9, 4, 4),
    'out_proj.bias': sines(1.1, 4),
  })
  return layer
}

const [q, k, v] = [sines(0.37, 3, 2, 4), sines(0.53, 5, 2, 4), sines(0.81, 5, 2, 4)]
const keyPaddingMask = tensor([
  [0, 0, 0, 0, 1],
  [1, 0, 0, 1, 0],
])
const attnMask = tensor([
  [0, 1, 0, 0, 0],
  [0, 0, 1, 0, 1],
  [1, 0, 0, 0, 0],
])

/** What PyTorch 1.13 gives for these numbers. */
const masked = {
  y: [
    0.732413, 1.104893, -0.530544, -0.579379, 2.175941, -1.01316, 1.824692, -2.685481, 0.856972, 0.962196, -0.399173, -0.672298, 2.262202,
    -1.260817, 2.182609, -3.079753, 0.499485, 1.284669, -0.620046, -0.598631, 2.094606, -1.014798, 1.908965, -2.834989,
  ],
  weights: [
    0.565022, 0, 0.114673, 0.320305, 0, 0.317557, 0.121253, 0, 0.56119, 0, 0, 0.716257, 0.007142, 0.276601, 0, 0, 0, 0.710366, 0, 0.289633,
    0, 1, 0, 0, 0, 0, 0.230876, 0.645136, 0, 0.123989,
  ],
}
const addedPerHead = [
  0.826714, 0.933555, -0.317546, -0.790056, 2.154997, -1.045138, 1.90299, -2.793931, 0.818124, 1.002583, -0.432761, -0.652445, 1.85304,
  -0.827944, 1.815405, -2.854041, 1.198178, 0.641309, -0.164862, -0.771652, 2.056069, -1.000431, 1.921734, -2.872257,
]
const unbatched = {
  y: [0.866063, 0.864551, -0.233137, -0.872442, 0.803992, 1.006364, -0.425409, -0.66941, 0.88657, 0.856129, -0.238538, -0.854332],
  weights: [0, 0.430471, 0.000762, 0, 0.568767, 0, 0.001923, 0.996528, 0, 0.001549, 0, 0.450672, 0.005694, 0, 0.543634],
}

describe.each<BackendName>(['reference', 'wasm'])('MultiheadAttention on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  it.each(oracle('attention').filter(({ op }) => op === 'multiheadAttention'))('is PyTorch’s: output, weights, gradients', (frozen) => {
    const { params, inputs, outputs, upstream, grads }: OracleCase = frozen
    const layer = new nn.MultiheadAttention(params.embedDim, params.numHeads, { batchFirst: true })
    const { x: input, ...state } = inputs
    layer.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, value]) => [name, thaw(value)])))
    const x = tensor(input.data, { requiresGrad: true })
    const shaped = x.reshape(input.shape)
    const [y, weights] = layer.forward(shaped, shaped, shaped)
    expectClose(y.data, outputs.y.data)
    expectClose(weights.data, outputs.weights.data)
    y.mul(thaw(upstream.y))
      .sum()
      .add(weights.mul(thaw(upstream.weights)).sum())
      .backward()
    expectClose(x.grad!.data, grads.x.data)
    for (const [name, parameter] of layer.namedParameters()) expectClose(parameter.grad!.data, grads[name].data)
  })

  it('is PyTorch’s with masks: 1 forbids, floats are added', () => {
    const layer = ofSines()
    const [y, weights] = layer.forward(q, k, v, { keyPaddingMask, attnMask })
    expectClose(y.data, masked.y, { rtol: 1e-5, atol: 2e-6 })
    expectClose(weights.data, masked.weights)
    expect(weights.shape).toEqual([2, 3, 5])
    expectClose(layer.forward(q, k, v, { attnMask: sines(0.21, 4, 3, 5) })[0].data, addedPerHead, { atol: 3e-6 })
    const sequence = (x: Tensor) => x.select(1, 0)
    const [alone, ofAlone] = layer.forward(sequence(q), sequence(k), sequence(v), { keyPaddingMask: keyPaddingMask.select(0, 1) })
    expectClose(alone.data, unbatched.y, { atol: 2e-6 })
    expectClose(ofAlone.data, unbatched.weights)
    expect([alone.shape, ofAlone.shape]).toEqual([
      [3, 4],
      [3, 5],
    ])
  })

  it('gives the same with and without weights, batch first or not', () => {
    const [layer, batchFirst] = [ofSines(), ofSines({ batchFirst: true })]
    for (const options of [{}, { isCausal: true }, { keyPaddingMask }, { keyPaddingMask, attnMask, isCausal: true }]) {
      const [y, weights] = layer.forward(q, k, v, options)
      const [same, none] = layer.forward(q, k, v, { ...options, needWeights: false })
      expect(none).toBeNull()
      expectClose(same.data, y.data)
      const turned = [q, k, v].map((x) => x.transpose(0, 1))
      const [z, sameWeights] = batchFirst.forward(turned[0], turned[1], turned[2], options)
      expectClose(z.transpose(0, 1).data, y.data)
      expectClose(sameWeights.data, weights.data)
    }
  })

  it('has the same gradients with and without weights', () => {
    const gradients = [true, false].map((needWeights) => {
      const layer = ofSines()
      const x = sines(0.4, 3, 2, 4)
      x.requiresGrad = true
      const [y] = layer.forward(x, x, x, { needWeights, isCausal: true })
      y.pow(2).sum().backward()
      return [x, ...layer.parameters()].map((t) => t.grad!.data)
    })
    for (const [i, gradient] of gradients[0].entries()) expectClose(gradients[1][i], gradient, { rtol: 1e-4, atol: 1e-5 })
  })

  it('gives rows of weights that sum to 1, and to 0 where every key is padding', () => {
    const [, weights] = ofSines().forward(q, k, v, { keyPaddingMask: tensor([new Array(5).fill(0), new Array(5).fill(1)]) })
    expectClose(weights.sum(-1).data, [1, 1, 1, 0, 0, 0])
  })

  it('does not look at what comes later where it is causal, nor at padding', () => {
    manualSeed(1)
    const layer = new nn.MultiheadAttention(8, 4, { batchFirst: true })
    const x = randn([2, 6, 8])
    const later = x.add(zeros([6, 8]).add(tensor([0, 0, 0, 0, 1, 1]).unsqueeze(1)))
    for (const needWeights of [true, false]) {
      const early = (input: Tensor, options: nn.AttentionInputs) =>
        layer.forward(input, input, input, { ...options, needWeights })[0].slice(0, 4, { dim: 1 }).data
      expect(early(later, { isCausal: true })).toEqual(early(x, { isCausal: true }))
      const padding = { keyPaddingMask: zeros([2, 6]).add(tensor([0, 0, 0, 0, 1, 1])) }
      expect(early(later, padding)).toEqual(early(x, padding))
    }
  })

  it('commutes with permutations of the tokens', () => {
    manualSeed(2)
    const layer = new nn.MultiheadAttention(8, 2)
    const x = randn([5, 1, 8])
    const shuffle = (t: Tensor) => F.embedding(tensor([4, 2, 0, 3, 1]), t.reshape(5, 8)).unsqueeze(1)
    expectClose(layer.forward(shuffle(x), shuffle(x), shuffle(x))[0].data, shuffle(layer.forward(x, x, x)[0]).data, { atol: 2e-6 })
  })

  it('drops weights in training only', () => {
    const layer = ofSines({ dropout: 0.5 })
    manualSeed(3)
    const [, weights] = layer.forward(q, k, v)
    const kept = ofSines().forward(q, k, v)[1]
    expect(weights.toArray()).not.toEqual(kept.toArray())
    expect(layer.forward(q, k, v, { needWeights: false })[0].toArray()).not.toEqual(ofSines().forward(q, k, v)[0].toArray())
    layer.eval()
    expectClose(layer.forward(q, k, v)[1].data, kept.data)
  })
})

describe('MultiheadAttention', () => {
  it('draws as PyTorch draws, under PyTorch’s names', () => {
    manualSeed(5)
    const layer = new nn.MultiheadAttention(8, 2)
    expect([...layer.namedParameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['in_proj_weight', [24, 8]],
      ['in_proj_bias', [24]],
      ['out_proj.weight', [8, 8]],
      ['out_proj.bias', [8]],
    ])
    expectClose(layer.in_proj_weight.data.slice(0, 3), [-0.0689395, 0.3276921, 0.3992267])
    expectClose(layer.out_proj.weight.data.slice(-3), [-0.2016378, -0.094597, -0.1142718])
    expect(noGrad(() => layer.in_proj_bias.abs().sum().add(layer.out_proj.bias!.abs().sum()).item())).toBe(0)
  })

  it('refuses what does not fit, by name', () => {
    const layer = ofSines()
    const fails = (message: string, run: () => unknown) => expect(run).toThrow(`MultiheadAttention: ${message}`)
    fails('numHeads must divide embedDim, got 3 heads for 8', () => new nn.MultiheadAttention(8, 3))
    fails('embedDim must be an integer above 0, got 0', () => new nn.MultiheadAttention(0, 1))
    fails('numHeads must be an integer above 0, got 1.5', () => new nn.MultiheadAttention(4, 1.5))
    fails('dropout must lie between 0 and 1, got 2', () => new nn.MultiheadAttention(4, 1, { dropout: 2 }))
    fails('q must have 4 numbers on its last axis, got q [3, 2, 5]', () => layer.forward(zeros([3, 2, 5]), k, v))
    fails('k and v must have one shape, with 4 numbers on the last axis, got', () => layer.forward(q, k, zeros([4, 2, 4])))
    fails('q and k must have one batch size ([L, N, E]), got q [3, 3, 4], k [5, 2, 4]', () => layer.forward(zeros([3, 3, 4]), k, v))
    fails('expected q, k and v [L, N, E], or all without the batch, got q [3, 4]', () => layer.forward(zeros([3, 4]), k, v))
    fails('attnMask must have shape [3, 5] or [4, 3, 5], got [5, 3]', () => layer.forward(q, k, v, { attnMask: zeros([5, 3]) }))
    fails('keyPaddingMask must have shape [2, 5], got [5]', () => layer.forward(q, k, v, { keyPaddingMask: zeros([5]) }))
    fails('keyPaddingMask of dtype int32 must hold 0 and 1, got 3 at place 0', () =>
      layer.forward(q, k, v, { keyPaddingMask: zeros([2, 5], { dtype: 'int32' }).add(3) }),
    )
  })
})
