/** What is compared, by the names under which Gradus's operations and models, and the peers, know it. */
export const cases: readonly string[] = [
  'matmul NN 512³',
  'matmul NT 512³',
  'matmul TN 512³',
  'exp 1M',
  'tanh 1M',
  'gelu 1M',
  'add 1M',
  'sum 1M',
  'softmax [128, 1000]',
  'MLP step',
  'CNN step',
  'CNN inference',
  'LSTM step',
  'Transformer block step',
]
