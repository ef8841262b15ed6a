/** Every kernel once, as a computation on inputs of any size: a list that does not compile while one is missing. */
import {
  activationOf,
  adam,
  arrays,
  attention,
  axis,
  binary,
  broadcast,
  cell,
  cellBackward,
  convolution,
  convolutionGradient,
  count,
  exponents,
  type KernelName,
  type MakeCase,
  pool,
  pooled,
  pooling,
  positive,
  rows,
  rowsBackward,
  unary,
  update,
} from './case-makers.ts'
import { numbers, places } from './twins.ts'

export const everyKernel: { readonly [K in KernelName]: MakeCase } = {
  abs: unary('abs'),
  absBackward: binary('absBackward'),
  adadeltaInto: update(2, (k, [w, dw, v, u]) => k.adadeltaInto(w, dw, v, u, { lr: 0.1, rho: 0.9, eps: 1e-6, weightDecay: 0.1 })),
  adagradInto: update(1, (k, [w, dw, sum]) => k.adagradInto(w, dw, sum, { lr: 0.1, lrDecay: 0.1, eps: 1e-8, weightDecay: 0.1, step: 3 })),
  adamInto: update(3, (k, [w, dw, m, v, vMax], flag) => k.adamInto(w, dw, m, v, flag ? vMax : null, adam)),
  adamwInto: update(3, (k, [w, dw, m, v, vMax], flag) => k.adamwInto(w, dw, m, v, flag ? vMax : null, adam)),
  add: broadcast('add'),
  argmax: axis('argmax'),
  argmin: axis('argmin'),
  argsort: ({ n, c, flag, seed }) => ({ inputs: arrays(seed, [n * c]), compute: (k, x) => [k.argsort(x, { n, c, descending: flag })] }),
  attention: (problem) => {
    const { o, inputs } = attention(problem)
    return { inputs, compute: (kernels, q, k, v, mask) => [kernels.attention(q, k, v, o.mask ? mask : null, o)] }
  },
  attentionBackward: (problem) => {
    const { o, inputs } = attention(problem)
    return {
      inputs: [...inputs, numbers(problem.seed + 5, o.n * o.l * o.ev)],
      compute: (kernels, ...[q, k, v, every, dy]) => {
        const mask = o.mask ? every : null
        return kernels.attentionBackward(dy, q, k, v, kernels.attention(q, k, v, mask, o), mask, o)
      },
    }
  },
  avgPool2d: (problem) => ({
    inputs: arrays(problem.seed, [count(pooling(problem).x)]),
    compute: (k, x) => [k.avgPool2d(x, { ...pooling(problem), countIncludePad: problem.flag })],
  }),
  avgPool2dBackward: (problem) => ({
    inputs: arrays(problem.seed, [pooled(pooling(problem))]),
    compute: (k, dy) => [k.avgPool2dBackward(dy, { ...pooling(problem), countIncludePad: problem.flag })],
  }),
  batchMean: ({ n, c, s, seed }) => ({ inputs: arrays(seed, [(n + 1) * c * s]), compute: (k, x) => [k.batchMean(x, { n: n + 1, c, s })] }),
  batchNorm: ({ n, c, s, flag, seed }) => ({
    inputs: arrays(seed, [n * c * s, c, c, c, c], positive),
    compute: (k, x, mean, variance, w, b) => [k.batchNorm(x, mean, variance, flag ? w : null, flag ? b : null, { n, c, s, eps: 1e-5 })],
  }),
  batchNormBackward: ({ n, c, s, k: kind, flag, seed }) => ({
    inputs: arrays(seed, [n * c * s, n * c * s, c, c, c], positive),
    compute: (k, dy, x, mean, variance, w) =>
      k.batchNormBackward(dy, x, mean, variance, kind > 1 ? w : null, { n, c, s, eps: 1e-5, training: flag }),
  }),
  batchVariance: ({ n, c, s, seed }) => ({
    inputs: arrays(seed, [(n + 1) * c * s, c]),
    compute: (k, x, mean) => [k.batchVariance(x, mean, { n: n + 1, c, s })],
  }),
  bestSplit: ({ n, c: m, k: f, flag, seed }) => ({
    inputs: [
      Float32Array.from(places(seed, f * (m + n), 5)),
      flag ? places(seed + 1, m + n, 3) : numbers(seed + 1, m + n),
      new Float32Array(m + n).fill(1),
      ...[m, f].map((length) => Int32Array.from({ length }, (_, i) => i)),
    ],
    compute: (k, ...[x, y, weights, samples, features]) => {
      const o = { criterion: flag ? 'gini' : 'mse', n: m + n, m, classes: flag ? 3 : 1, minSamplesLeaf: 1, maxFeatures: f } as const
      return [k.bestSplit(x, y, weights, samples, features, o)]
    },
  }),
  binaryCrossEntropyWithLogits: binary('binaryCrossEntropyWithLogits'),
  binaryCrossEntropyWithLogitsBackward: ({ n, c, seed }) => ({
    inputs: arrays(seed, [n * c, n * c, n * c]),
    compute: (k, dy, x, target) => [k.binaryCrossEntropyWithLogitsBackward(dy, x, target)],
  }),
  cast: ({ n, c, seed }) => ({
    inputs: [Float32Array.from(places(seed, n * c, 9))],
    compute: (k, x) => [k.cast(x, { dtype: 'int32', operation: 'spec' })],
  }),
  check: ({ n, c, seed }) => ({
    inputs: [places(seed, n * c, 9)],
    compute: (k, x) => {
      k.check(x, { operation: 'spec', expected: 'x must be an integer from 0 to 8', min: 0, max: 8, isIntegral: true })
      return []
    },
  }),
  clamp: ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c]), compute: (k, x) => [k.clamp(x, { min: -0.5, max: 0.75 })] }),
  clampBackward: ({ n, c, seed }) => ({
    inputs: arrays(seed, [n * c, n * c]),
    compute: (k, dy, x) => [k.clampBackward(dy, x, { min: -0.5, max: 0.75 })],
  }),
  conv2d: (problem) => {
    const { o, x, w, b } = convolution(problem)
    return {
      inputs: [x, w, b],
      compute: (k, x, w, b) => [k.conv2d(x, w, problem.n % 2 ? b : null, { ...o, activation: activationOf(problem) })],
    }
  },
  conv2dInputGradient: convolutionGradient('conv2dInputGradient'),
  conv2dWeightGradient: convolutionGradient('conv2dWeightGradient'),
  cos: unary('cos'),
  cosBackward: binary('cosBackward'),
  crossEntropy: ({ n, c, seed }) => ({
    inputs: [...arrays(seed, [n * c]), places(seed + 1, n, c)],
    compute: (k, x, target) => [k.crossEntropy(x, target, { n, c, labelSmoothing: 0.1 })],
  }),
  crossEntropyBackward: ({ n, c, seed }) => ({
    inputs: [numbers(seed, n), numbers(seed + 1, n * c), places(seed + 2, n, c)],
    compute: (k, dy, x, target) => [k.crossEntropyBackward(dy, x, target, { n, c, labelSmoothing: 0.1 })],
  }),
  cumsum: ({ n: outer, c: n, s: inner, flag, seed }) => ({
    inputs: arrays(seed, [outer * n * inner]),
    compute: (k, x) => [k.cumsum(x, { outer, n, inner, reverse: flag })],
  }),
  div: broadcast('div'),
  eq: broadcast('eq'),
  exp: unary('exp'),
  expBackward: binary('expBackward'),
  gather: ({ n: outer, c: n, s: inner, k, seed }) => ({
    inputs: [numbers(seed, outer * n * inner), places(seed, outer * k * inner, n)],
    compute: (kernels, x, index) => [kernels.gather(x, index, { outer, n, inner, k })],
  }),
  gelu: unary('gelu'),
  geluBackward: binary('geluBackward'),
  gru: cell('gru'),
  gruBackward: cellBackward('gru'),
  gt: broadcast('gt'),
  indexAdd: ({ n: k, c: width, s: n, seed }) => ({
    inputs: [numbers(seed, k * width), places(seed, k, n)],
    compute: (kernels, dy, index) => [kernels.indexAdd(dy, index, { n, width, k })],
  }),
  indexSelect: ({ n: k, c: width, s: n, seed }) => ({
    inputs: [numbers(seed, n * width), places(seed, k, n)],
    compute: (kernels, x, index) => [kernels.indexSelect(x, index, { n, width, k })],
  }),
  layerNorm: ({ n, c, flag, seed }) => ({
    inputs: arrays(seed, [n * c, c, c]),
    compute: (k, x, w, b) => [k.layerNorm(x, flag ? w : null, flag ? b : null, { n, c, eps: 1e-2 })],
  }),
  layerNormBackward: ({ n, c, flag, seed }) => ({
    inputs: arrays(seed, [n * c, n * c, c]),
    compute: (k, dy, x, w) => k.layerNormBackward(dy, x, flag ? w : null, { n, c, eps: 1e-2 }),
  }),
  leakyRelu: ({ n, c, seed }) => ({ inputs: arrays(seed, [n * c]), compute: (k, x) => [k.leakyRelu(x, { negativeSlope: 0.1 })] }),
  leakyReluBackward: ({ n, c, seed }) => ({
    inputs: arrays(seed, [n * c, n * c]),
    compute: (k, dy, x) => [k.leakyReluBackward(dy, x, { negativeSlope: 0.1 })],
  }),
  linear: (problem) => {
    const { n: m, c: k, s: n, seed } = problem
    return {
      inputs: arrays(seed, [m * k, n * k, n]),
      compute: (kernels, x, w, b) => [kernels.linear(x, w, b, { m, k, n, activation: activationOf(problem) })],
    }
  },
  linearBackward: ({ n: m, c: k, s: n, flag, seed }) => ({
    inputs: arrays(seed, [m * n, m * k, n * k]),
    compute: (kernels, dy, x, w) => kernels.linearBackward(dy, x, w, { m, k, n }, [flag, true, true]),
  }),
  log: unary('log', positive),
  logBackward: binary('logBackward', positive),
  logSoftmax: rows('logSoftmax'),
  logSoftmaxBackward: rowsBackward('logSoftmaxBackward'),
  lstm: cell('lstm'),
  lstmBackward: cellBackward('lstm'),
  lt: broadcast('lt'),
  matmul: ({ n: m, c: k, s: n, k: batch, flag, seed }) => ({
    inputs: arrays(seed, [batch * m * k, batch * k * n]),
    compute: (kernels, a, b) => [kernels.matmul(a, b, { m, k, n, batch, transA: flag, transB: seed % 2 === 0 })],
  }),
  maximum: broadcast('maximum'),
  maxPool2d: pool('maxPool2d'),
  maxPool2dBackward: (problem) => ({
    inputs: arrays(problem.seed, [pooled(pooling(problem)), count(pooling(problem).x)]),
    compute: (k, dy, x) => [k.maxPool2dBackward(dy, x, pooling(problem))],
  }),
  maxPool2dIndices: pool('maxPool2dIndices'),
  mean: axis('mean'),
  meanBackward: ({ n: outer, c: n, s: inner, seed }) => ({
    inputs: arrays(seed, [outer * inner]),
    compute: (k, dy) => [k.meanBackward(dy, { outer, n, inner })],
  }),
  minimum: broadcast('minimum'),
  mul: broadcast('mul'),
  nadamInto: update(2, (k, [w, dw, m, v]) =>
    k.nadamInto(w, dw, m, v, { ...adam, mu: 0.4, muNext: 0.5, muProduct: 0.2, muProductNext: 0.1 }),
  ),
  nearest: ({ n, c: m, s: d, k, seed }) => ({
    inputs: [places(seed, n * d, 9), places(seed + 1, m * d, 9)].map((x) => Float32Array.from(x)),
    compute: (kernels, x, y) => [kernels.nearest(x, y, { n, m, d, k: Math.min(k, m) })],
  }),
  neg: unary('neg'),
  pow: ({ n, c, k, seed }) => ({
    inputs: arrays(seed, [n * c], positive),
    compute: (kernels, x) => [kernels.pow(x, { exponent: exponents[k - 1] })],
  }),
  powBackward: ({ n, c, k, seed }) => ({
    inputs: arrays(seed, [n * c, n * c], positive),
    compute: (kernels, dy, x) => [kernels.powBackward(dy, x, { exponent: exponents[k - 1] })],
  }),
  relu: unary('relu'),
  reluBackward: binary('reluBackward'),
  rmspropInto: update(3, (k, [w, dw, v, mean, velocity], flag) => {
    const o = { lr: 0.1, alpha: 0.9, eps: 1e-6, weightDecay: 0.1, momentum: 0.5 }
    k.rmspropInto(w, dw, v, flag ? mean : null, velocity, o)
  }),
  rnn: cell('rnn'),
  rnnBackward: cellBackward('rnn'),
  scatterAdd: ({ n: outer, c: n, s: inner, k, seed }) => ({
    inputs: [numbers(seed, outer * k * inner), places(seed, outer * k * inner, n)],
    compute: (kernels, dy, index) => [kernels.scatterAdd(dy, index, { outer, n, inner, k })],
  }),
  sgdInto: update(1, (k, [w, dw, velocity]) => {
    k.sgdInto(w, dw, velocity, { lr: 0.1, momentum: 0.9, dampening: 0.1, nesterov: false, weightDecay: 0.1, step: 3 })
  }),
  sigmoid: unary('sigmoid'),
  sigmoidBackward: binary('sigmoidBackward'),
  sin: unary('sin'),
  sinBackward: binary('sinBackward'),
  softmax: rows('softmax'),
  softmaxBackward: rowsBackward('softmaxBackward'),
  sqrt: unary('sqrt', positive),
  sqrtBackward: binary('sqrtBackward', positive),
  squaredDistances: ({ n, c: m, s: d, seed }) => ({
    inputs: arrays(seed, [n * d, m * d]),
    compute: (k, x, y) => [k.squaredDistances(x, y, { n, m, d })],
  }),
  strided: ({ n, c, s, seed }) => ({
    inputs: arrays(seed, [n * c * s]),
    compute: (k, x) => [k.strided(x, { shape: [s, n, c], strides: [1, c * s, s], offset: 0 })],
  }),
  stridedBackward: ({ n, c, k, flag, seed }) => ({
    inputs: arrays(seed, [n * c * k]),
    compute: (kernels, dy) => {
      const strides = flag ? [1, 1, 0] : [c * k, k, 1] // windows that overlap, or all there is
      return [kernels.stridedBackward(dy, { shape: [n, c, k], strides, offset: 0, size: n * c * k })]
    },
  }),
  stridedInto: ({ n, c, s, seed }) => ({
    inputs: arrays(seed, [n * c * (s + 1), n * c * s]),
    compute: (k, x, src) => {
      k.stridedInto(x, src, { shape: [n, c, s], strides: [c * (s + 1), s + 1, 1], offset: 0 })
      return [x]
    },
  }),
  sub: broadcast('sub'),
  sum: axis('sum'),
  tanh: unary('tanh'),
  tanhBackward: binary('tanhBackward'),
  where: ({ n, c, seed }) => ({
    inputs: [Float32Array.from(places(seed, n * c, 2)), ...arrays(seed + 1, [n * c, n * c])],
    compute: (k, mask, a, b) => [k.where(mask, a, b)],
  }),
}
