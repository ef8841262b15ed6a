/** Layers over whole sequences, forward and backward on the GPU, beside the reference: the same seed, the same numbers. */
import { it } from 'vitest'
import { type BackendName, F, manualSeed, nn, randn, setBackend, type Tensor, tensor } from '../src/index.ts'
import { expectClose } from './support.ts'

const sequences = () => randn([5, 3, 8], { requiresGrad: true })
const rows = (...index: number[]) => tensor(index, { dtype: 'int32' })

/** Each gives a module, what it makes of an input, and the input. */
const layers: Record<string, () => [module: Pick<nn.Module, 'parameters'>, run: (x: Tensor) => Tensor, x: Tensor]> = {
  'an LSTM of two layers in both directions': () => {
    const lstm = new nn.LSTM(8, 6, { numLayers: 2, bidirectional: true })
    return [lstm, (x) => lstm.forward(x)[0], sequences()]
  },
  'a GRU': () => {
    const gru = new nn.GRU(8, 6)
    return [gru, (x) => gru.forward(x)[0], sequences()]
  },
  'an RNN': () => {
    const rnn = new nn.RNN(8, 6)
    return [rnn, (x) => rnn.forward(x)[0], sequences()]
  },
  'attention of several heads': () => {
    const attention = new nn.MultiheadAttention(8, 2)
    return [attention, (x) => attention.forward(x, x, x, { needWeights: false })[0], sequences()]
  },
  'attention with a mask': () => {
    const toKeys = new nn.Linear(8, 8)
    const attnMask = rows(1, 0, 1)
    return [toKeys, (x) => F.scaledDotProductAttention(x, toKeys.forward(x), x, { attnMask }), sequences()]
  },
  'an encoder layer of a Transformer': () => {
    const encoder = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0 })
    return [encoder, (x) => encoder.forward(x), sequences()]
  },
  'layers with their activations': () => {
    const convolution = [new nn.Conv1d(3, 4, { kernelSize: 3 }), new nn.Sigmoid()]
    const layers = new nn.Sequential(...convolution, new nn.Linear(6, 5), new nn.Tanh(), new nn.Linear(5, 4), new nn.ReLU())
    return [layers, (x) => layers.forward(x), sequences()]
  },
  'an embedding that meets a word twice': () => {
    const embedding = new nn.Embedding(10, 4)
    const scale = randn([4], { requiresGrad: true })
    return [embedding, (x) => embedding.forward(rows(1, 2, 2, 9, 0, 1)).mul(x), scale]
  },
  'the greatest numbers of each row': () => {
    const linear = new nn.Linear(8, 9)
    return [linear, (x) => linear.forward(x).topk(3).values, sequences()]
  },
}

/** The output, and the gradients of its squares with respect to the input and to all parameters. */
async function resultsOn(backend: BackendName, make: (typeof layers)[string]) {
  await setBackend(backend)
  manualSeed(1)
  const [module, run, x] = make()
  const y = run(x)
  y.mul(y).sum().backward()
  return Promise.all([y, ...[x, ...module.parameters()].map(({ grad }) => grad ?? tensor([]))].map((result) => result.read()))
}

it.each(Object.keys(layers))('%s gives on the GPU what it gives on the reference, and so do its gradients', async (name) => {
  const expected = await resultsOn('reference', layers[name])
  const actual = await resultsOn('webgpu', layers[name])
  for (const [k, numbers] of expected.entries()) expectClose(actual[k], numbers, { rtol: 1e-4, atol: 1e-5 })
})
