import { defineConfig } from 'vitest/config'

/** npm run test:gpu: the laws of the kernels once more, on the GPU. */
export default defineConfig({
  test: {
    include: [
      'spec/**/*.gpu.ts',
      // the laws of each concept
      'spec/activation.spec.ts',
      'spec/adadelta.spec.ts',
      'spec/adagrad.spec.ts',
      'spec/adam.spec.ts',
      'spec/adamw.spec.ts',
      'spec/arithmetic.spec.ts',
      'spec/attention.spec.ts',
      'spec/batch-norm.spec.ts',
      'spec/cast.spec.ts',
      'spec/check.spec.ts',
      'spec/convolution.spec.ts',
      'spec/cross-entropy.spec.ts',
      'spec/elementwise.spec.ts',
      'spec/gather.spec.ts',
      'spec/gru.spec.ts',
      'spec/layer-norm.spec.ts',
      'spec/linear.spec.ts',
      'spec/lstm.spec.ts',
      'spec/matmul.spec.ts',
      'spec/nadam.spec.ts',
      'spec/pooling.spec.ts',
      'spec/reduction.spec.ts',
      'spec/rmsprop.spec.ts',
      'spec/rnn.spec.ts',
      'spec/sgd.spec.ts',
      'spec/softmax.spec.ts',
      'spec/strided.spec.ts',
    ],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { GRADUS_TWIN: 'webgpu' },
  },
})
