/** The layers RNN, LSTM and GRU: PyTorch's numbers, names and first weights; several layers, both directions, batch first, dropout. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type BackendName, F, manualSeed, nn, randn, setBackend, type Tensor, tensor, zeros } from '../src/index.ts'
import type { RecurrentOptions } from '../src/nn/index.ts'
import { expectClose, type Frozen, type OracleCase, oracle, thaw } from './support.ts'

type Layer = nn.RNN | nn.LSTM | nn.GRU
const layers = { rnn: nn.RNN, lstm: nn.LSTM, gru: nn.GRU }
type Kind = keyof typeof layers
const kinds = Object.keys(layers) as Kind[]

const build = (kind: string, inputSize: number, hiddenSize: number, options: RecurrentOptions = {}): Layer =>
  new layers[kind as Kind](inputSize, hiddenSize, options)

/** Output and last states in one list, whatever the layer. */
function run(layer: Layer, x: Tensor, initial: Tensor[] = []): Tensor[] {
  if (layer instanceof nn.LSTM) {
    const [output, states] = layer.forward(x, initial.length > 0 ? (initial as [Tensor, Tensor]) : undefined)
    return [output, ...states]
  }
  return layer.forward(x, initial[0])
}

interface RecurrentCase extends OracleCase {
  params: { inputSize: number; hiddenSize: number } & RecurrentOptions & Record<string, never>
}

describe.each<BackendName>(['reference', 'wasm'])('PyTorch, on %s', (backend) => {
  beforeAll(() => setBackend(backend))

  const cases = oracle<RecurrentCase>('recurrent').map((c): [string, number, boolean, RecurrentCase] => {
    return [c.op, c.params.numLayers ?? 1, c.params.bidirectional ?? false, c]
  })
  it.each(cases)('%s, %i layers, bidirectional %s: values and gradients', (op, _layers, _directions, frozen) => {
    const { inputSize, hiddenSize, ...options } = frozen.params
    const layer = build(op, inputSize, hiddenSize, options)
    const { x, h0, c0, ...weights } = frozen.inputs
    layer.loadStateDict(Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, thaw(value)])))
    const leaves: Record<string, Tensor> = {}
    const inputs = Object.entries(c0 ? { x, h0, c0 } : { x, h0 }).map(([name, { data, shape }]) => {
      leaves[name] = tensor(data, { requiresGrad: true })
      return leaves[name].reshape(shape)
    })
    const results = run(layer, inputs[0], inputs.slice(1))
    const terms = (c0 ? ['y', 'hn', 'cn'] : ['y', 'hn']).map((name, k) => {
      expect(results[k].shape).toEqual(frozen.outputs[name].shape)
      expectClose(results[k].data, frozen.outputs[name].data)
      return results[k].mul(thaw(frozen.upstream[name])).sum()
    })
    terms.reduce((a, b) => a.add(b)).backward()
    for (const [name, gradient] of Object.entries(frozen.grads)) expectClose(leaves[name].grad!.data, gradient.data)
    for (const parameter of layer.parameters()) expect(parameter.grad).not.toBeNull()
  })
})

describe('the first weights', () => {
  interface InitCase {
    op: string
    seed: number
    inputSize: number
    hiddenSize: number
    params: Record<string, Frozen>
  }
  const cases = oracle<InitCase>('random').filter(({ op }) => op === 'lstmInit')
  it.each(cases)("are PyTorch's for seed $seed", ({ seed, inputSize, hiddenSize, params }) => {
    manualSeed(seed)
    const state = new nn.LSTM(inputSize, hiddenSize).stateDict()
    expect(Object.keys(state)).toEqual(Object.keys(params))
    for (const [name, { shape, data }] of Object.entries(params)) {
      expect(state[name].shape).toEqual(shape)
      expectClose(state[name].data, data, { rtol: 1e-6, atol: 1e-8 })
    }
  })

  it("stand in PyTorch's order, layer by layer, direction by direction", () => {
    const names = ['l0', 'l0_reverse', 'l1', 'l1_reverse'].flatMap((suffix) =>
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((kind) => `${kind}_${suffix}`),
    )
    const gru = new nn.GRU(3, 4, { numLayers: 2, bidirectional: true })
    expect(Object.keys(gru.stateDict())).toEqual(names)
    expect(gru.stateDict().weight_ih_l1_reverse.shape).toEqual([12, 8])
  })
})

describe.each(kinds)('%s', (kind) => {
  const pair = (options: RecurrentOptions, other: RecurrentOptions): [Layer, Layer] => {
    const [a, b] = [build(kind, 3, 4, options), build(kind, 3, 4, other)]
    b.loadStateDict(a.stateDict())
    return [a, b]
  }
  const states = kind === 'lstm' ? 2 : 1

  it('starts from zeros where no state is given', () => {
    const layer = build(kind, 3, 4, { numLayers: 2, bidirectional: true })
    const x = randn([5, 2, 3])
    const given = run(
      layer,
      x,
      Array.from({ length: states }, () => zeros([4, 2, 4])),
    )
    expect(run(layer, x).map((y) => y.data)).toEqual(given.map((y) => y.data))
  })

  it('with batchFirst exchanges the first two axes of x and output, not of the states', () => {
    const [plain, first] = pair({ numLayers: 2 }, { numLayers: 2, batchFirst: true })
    const x = randn([5, 2, 3])
    const [output, ...last] = run(plain, x)
    const [output1, ...last1] = run(first, x.transpose(0, 1))
    expect(output1.shape).toEqual([2, 5, 4])
    expect(output1.transpose(0, 1).toArray()).toEqual(output.toArray())
    expect(last1.map((s) => s.toArray())).toEqual(last.map((s) => s.toArray()))
  })

  it('goes on from the state that it gave, as if the sequence had not been cut', () => {
    const layer = build(kind, 3, 4, { numLayers: 3 })
    const x = randn([7, 2, 3])
    const [whole, ...last] = run(layer, x)
    const [, ...between] = run(layer, x.slice(0, 3))
    const [rest, ...end] = run(layer, x.slice(3, 7), between)
    expect(rest.data).toEqual(whole.slice(3, 7).data)
    expect(end.map((s) => s.data)).toEqual(last.map((s) => s.data))
  })

  it('has the last state of every layer, and of the last one at the end of the output', () => {
    const layer = build(kind, 3, 4, { numLayers: 2, bidirectional: true })
    const [output, hn] = run(layer, randn([5, 2, 3]))
    expect(output.shape).toEqual([5, 2, 8])
    expect(hn.select(0, 2).data).toEqual(output.select(0, 4).slice(0, 4, { dim: 1 }).data) // forwards: after the last step
    expect(hn.select(0, 3).data).toEqual(output.select(0, 0).slice(4, 8, { dim: 1 }).data) // backwards: after the first
  })

  it('drops outputs between layers in training, as F.dropout draws, and none in evaluation', () => {
    const [dropping, plain] = pair({ numLayers: 2, dropout: 0.5 }, { numLayers: 2 })
    const x = randn([5, 2, 3])
    manualSeed(4)
    const [y] = run(dropping, x)
    manualSeed(4)
    const [lower, upper] = [build(kind, 3, 4), build(kind, 4, 4)]
    const state = dropping.stateDict()
    const part = (layer: number) =>
      Object.fromEntries(Object.entries(state).flatMap(([k, v]) => (k.endsWith(`_l${layer}`) ? [[k.replace(/\d$/, '0'), v]] : [])))
    lower.loadStateDict(part(0))
    upper.loadStateDict(part(1))
    manualSeed(4)
    expect(y.data).toEqual(run(upper, F.dropout(run(lower, x)[0], { p: 0.5 }))[0].data)
    dropping.eval()
    expect(run(dropping, x)[0].data).toEqual(run(plain, x)[0].data)
  })

  it('passes gradients to all parameters, from the last output and from the last state', () => {
    const layer = build(kind, 3, 4)
    const [output, hn] = run(layer, randn([5, 2, 3]))
    const loss = output
      .slice(-1, 5)
      .squeeze(0)
      .matmul(randn([4, 1]))
      .sum()
      .add(hn.pow(2).mean())
    loss.backward()
    for (const parameter of layer.parameters()) expect(parameter.grad?.shape).toEqual(parameter.shape)
  })

  it('can carry a detached state through a long sequence: truncated BPTT', () => {
    const layer = build(kind, 3, 4)
    let state: Tensor[] = []
    for (let part = 0; part < 50; part++) {
      const [output, ...last] = run(layer, randn([5, 2, 3]), state)
      output.pow(2).mean().backward()
      state = last.map((s) => s.detach())
    }
    for (const s of state) expect(s.data.every(Number.isFinite)).toBe(true)
  })

  it('says what is wrong', () => {
    const name = kind.toUpperCase()
    const layer = build(kind, 3, 4)
    expect(() => run(layer, zeros([2, 3]))).toThrow(`${name}: x must have shape [T, N, 3] (batchFirst: false), got [2, 3]`)
    expect(() => run(build(kind, 3, 4, { batchFirst: true }), zeros([5, 2, 4]))).toThrow(
      `${name}: x must have shape [N, T, 3] (batchFirst: true), got [5, 2, 4]`,
    )
    expect(() => run(layer, zeros([0, 2, 3]))).toThrow(`${name}: the sequence has no steps: x has shape [0, 2, 3]`)
    const given = Array.from({ length: states }, () => zeros([1, 2, 5]))
    expect(() => run(layer, zeros([5, 2, 3]), given)).toThrow(
      `${name}: h0 must have shape [1, 2, 4] (directions · layers, samples, hiddenSize), got [1, 2, 5]`,
    )
    expect(() => build(kind, 0, 4)).toThrow(`${name}: inputSize must be an integer above 0, got 0`)
    expect(() => build(kind, 3, 4, { numLayers: 1.5 })).toThrow(`${name}: numLayers must be an integer above 0, got 1.5`)
    expect(() => build(kind, 3, 4, { numLayers: 2, dropout: 2 })).toThrow(`${name}: dropout must lie between 0 and 1, got 2`)
    expect(() => build(kind, 3, 4, { dropout: 0.2 })).toThrow(`${name}: dropout acts between layers, so 0.2 needs numLayers above 1, got 1`)
  })
})

describe('what one layer alone asks', () => {
  it('RNN: a known nonlinearity', () => {
    expect(() => new nn.RNN(3, 4, { nonlinearity: 'gelu' as 'relu' })).toThrow("RNN: nonlinearity must be 'tanh' or 'relu', got \"gelu\"")
    const x = randn([5, 2, 3])
    expect(new nn.RNN(3, 4, { nonlinearity: 'relu' }).forward(x)[0].min().item()).toBeGreaterThanOrEqual(0)
  })

  it('LSTM: both initial states', () => {
    const lstm = new nn.LSTM(3, 4)
    expect(() => lstm.forward(zeros([5, 2, 3]), zeros([1, 2, 4]) as never)).toThrow('LSTM: the initial state must be a pair [h0, c0]')
  })
})
