/** Takes a processor seconds. */
const LARGE = 'matmul NN 4096³'
export const isForGpus = (name: string): boolean => name === LARGE

const models: readonly string[] = ['MLP step', 'CNN step', 'CNN inference', 'LSTM step', 'Transformer block step']
export const isModel = (name: string): boolean => models.includes(name)

/** What is compared, by the names under which Gradus's operations and models, and the peers, know it. */
export const cases: readonly string[] = [
  'matmul NN 512³',
  'matmul NT 512³',
  'matmul TN 512³',
  LARGE,
  'exp 1M',
  'tanh 1M',
  'gelu 1M',
  'add 1M',
  'sum 1M',
  'softmax [128, 1000]',
  ...models,
  'k-means 10000×16, k = 10',
  'KNN 5000×64, 500 queries',
  'decision tree, digits',
  'random forest, 100 trees, digits',
]
