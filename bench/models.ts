import { F, manualSeed, nn, optim, randint, randn } from '../src/index.ts'

/** One training step of a whole model: forward, loss, backward, update. */
export interface ModelBench {
  name: string
  /** Its sizes. */
  what: string
  flops: number
  build(): () => void
}

const [BATCH, SIZES] = [128, [784, 256, 128, 10]]

export const models: ModelBench[] = [
  {
    name: 'MLP training step',
    what: `${SIZES.join('-')}, batch ${BATCH}, Adam`,
    // three products for each layer, two for the first, whose input needs no gradient
    flops: SIZES.slice(1).reduce((sum, n, i) => sum + 2 * BATCH * n * SIZES[i] * (i === 0 ? 2 : 3), 0),
    build: () => {
      manualSeed(0)
      const model = new nn.Sequential(
        new nn.Linear(784, 256),
        new nn.ReLU(),
        new nn.Linear(256, 128),
        new nn.ReLU(),
        new nn.Linear(128, 10),
      )
      const optimizer = new optim.Adam(model.parameters())
      const [x, y] = [randn([BATCH, 784]), randint(0, 10, [BATCH])]
      return () => {
        optimizer.zeroGrad()
        F.crossEntropy(model.forward(x), y).backward()
        optimizer.step()
      }
    },
  },
]
