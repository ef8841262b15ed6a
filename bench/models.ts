import { F, nn, noGrad, optim, type Tensor, tensor } from '../src/index.ts'
import * as work from './work.ts'

/** Whole models: a training step is forward, loss, backward and update. */
export interface ModelBench {
  name: string
  /** Its sizes. */
  what: string
  flops: number
  /** One repetition; gives the loss, or the outputs of an inference. */
  build(): () => Tensor
}

const BATCH = 128
const MLP_SIZES = [784, 256, 128, 10]
/** Multiply-adds per image: 9 per weight and place, then the last layer's. */
const CNN_FIRST = 28 * 28 * 32 * 9
const CNN_REST = 14 * 14 * 64 * 32 * 9 + 3136 * 10
const [STEPS, SEQUENCES, HIDDEN] = [30, 32, 64]
const [TOKENS, WIDTH, HEADS, FFN] = [128, 128, 4, 512]
const BLOCKS = 8
/** Multiply-adds per token: four projections, two layers, scores and weighted sums. */
const BLOCK = 4 * WIDTH ** 2 + 2 * WIDTH * FFN + 2 * TOKENS * WIDTH

const input = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    work.numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  ).reshape(shape)
const labels = (): Tensor => tensor(work.labels(BATCH, 10, 2), { dtype: 'int32' })

/** Gives the model the weights that every contender has. */
function withWeights<M extends nn.Module<never[], unknown>>(model: M, shapes: work.ParameterShapes): M {
  const values = work.parameters(shapes)
  model.loadStateDict(Object.fromEntries(Object.entries(values).map(([name, v]) => [name, tensor(v).reshape(shapes[name])])))
  return model
}

/** A training step with Adam, as a closure. */
function training(parameters: Tensor[], loss: () => Tensor): () => Tensor {
  const optimizer = new optim.Adam(parameters)
  return () => {
    optimizer.zeroGrad()
    const value = loss()
    value.backward()
    optimizer.step()
    return value
  }
}

const mlp = () =>
  withWeights(
    new nn.Sequential(new nn.Linear(784, 256), new nn.ReLU(), new nn.Linear(256, 128), new nn.ReLU(), new nn.Linear(128, 10)),
    work.MLP,
  )

const cnn = () =>
  withWeights(
    new nn.Sequential(
      new nn.Conv2d(1, 32, { kernelSize: 3, padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d({ kernelSize: 2 }),
      new nn.Conv2d(32, 64, { kernelSize: 3, padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d({ kernelSize: 2 }),
      new nn.Flatten(),
      new nn.Linear(3136, 10),
    ),
    work.CNN,
  )

/** Reads a sequence, and says one number after its last step. */
class SequenceModel extends nn.Module {
  lstm = new nn.LSTM(4, HIDDEN)
  head = new nn.Linear(HIDDEN, 1)
  forward(x: Tensor): Tensor {
    const [y] = this.lstm.forward(x) // [T, N, H]
    return this.head.forward(y.select(0, STEPS - 1)) // [N, 1]
  }
}

export const models: ModelBench[] = [
  {
    name: 'MLP step',
    what: `${MLP_SIZES.join('-')}, batch ${BATCH}, Adam`,
    // three products for each layer, two for the first, whose input needs no gradient
    flops: MLP_SIZES.slice(1).reduce((sum, n, i) => sum + 2 * BATCH * n * MLP_SIZES[i] * (i === 0 ? 2 : 3), 0),
    build: () => {
      const model = mlp()
      const [x, y] = [input([BATCH, 784], 1), labels()]
      return training(model.parameters(), () => F.crossEntropy(model.forward(x), y))
    },
  },
  {
    name: 'CNN step',
    what: `Conv(1,32,3)-ReLU-Pool-Conv(32,64,3)-ReLU-Pool-FC(3136,10), batch ${BATCH}, Adam`,
    flops: 2 * BATCH * (2 * CNN_FIRST + 3 * CNN_REST),
    build: () => {
      const model = cnn()
      const [x, y] = [input([BATCH, 1, 28, 28], 1), labels()]
      return training(model.parameters(), () => F.crossEntropy(model.forward(x), y))
    },
  },
  {
    name: 'CNN inference',
    what: `the same network, batch ${BATCH}, forward alone`,
    flops: 2 * BATCH * (CNN_FIRST + CNN_REST),
    build: () => {
      const model = cnn()
      const x = input([BATCH, 1, 28, 28], 1)
      return () => noGrad(() => model.forward(x))
    },
  },
  {
    name: 'LSTM step',
    what: `input 4, hidden ${HIDDEN}, ${STEPS} steps, batch ${SEQUENCES}, Adam`,
    flops: 2 * SEQUENCES * STEPS * 4 * HIDDEN * (2 * 4 + 3 * HIDDEN),
    build: () => {
      const model = withWeights(new SequenceModel(), work.LSTM)
      const [x, y] = [input([STEPS, SEQUENCES, 4], 1), input([SEQUENCES, 1], 2)]
      return training(model.parameters(), () => F.mseLoss(model.forward(x), y))
    },
  },
  {
    name: 'Transformer block step',
    what: `batch ${BLOCKS}, ${TOKENS} tokens, width ${WIDTH}, ${HEADS} heads, FFN ${FFN}, GELU, norms first, Adam`,
    flops: 6 * BLOCKS * TOKENS * BLOCK,
    build: () => {
      const model = withWeights(
        new nn.TransformerEncoderLayer(WIDTH, HEADS, {
          dimFeedforward: FFN,
          dropout: 0,
          activation: 'gelu',
          normFirst: true,
          batchFirst: true,
        }),
        work.TRANSFORMER,
      )
      const [x, y] = [input([BLOCKS, TOKENS, WIDTH], 1), input([BLOCKS, TOKENS, WIDTH], 2)]
      return training(model.parameters(), () => F.mseLoss(model.forward(x), y))
    },
  },
]
