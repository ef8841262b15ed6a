/** The numbers that every contender computes with, in whatever language: same inputs, same weights, so that results can be compared. */

/** n numbers in [-scale, scale), a hash of their places (Appleby 2011, the finaliser of MurmurHash3). */
export function numbers(n: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  const y = new Float32Array(n)
  for (let i = 0; i < n; i++) y[i] = (hash(i, seed) / 2 ** 31 - 1) * scale
  return y
}

/** n labels below `classes`. */
export function labels(n: number, classes: number, seed: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: n }, (_, i) => hash(i, seed) % classes)
}

function hash(i: number, seed: number): number {
  let h = (i + Math.imul(seed, 0x9e3779b9)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Shapes of a model's parameters, by PyTorch's names, in PyTorch's order. */
export type ParameterShapes = Record<string, readonly number[]>

/** Weights of about 1 / √fan-in, scales of norms near 1, everything else near 0. */
export function parameters(shapes: ParameterShapes): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const size = shape.reduce((a, b) => a * b, 1)
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
      const values = numbers(size, 100 + i, shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.1)
      return [name, /norm.*weight/.test(name) ? values.map((v) => 1 + v) : values]
    }),
  )
}

export const MLP: ParameterShapes = {
  '0.weight': [256, 784],
  '0.bias': [256],
  '2.weight': [128, 256],
  '2.bias': [128],
  '4.weight': [10, 128],
  '4.bias': [10],
}

export const CNN: ParameterShapes = {
  '0.weight': [32, 1, 3, 3],
  '0.bias': [32],
  '3.weight': [64, 32, 3, 3],
  '3.bias': [64],
  '7.weight': [10, 3136],
  '7.bias': [10],
}

export const LSTM: ParameterShapes = {
  'lstm.weight_ih_l0': [256, 4],
  'lstm.weight_hh_l0': [256, 64],
  'lstm.bias_ih_l0': [256],
  'lstm.bias_hh_l0': [256],
  'head.weight': [1, 64],
  'head.bias': [1],
}

export const TRANSFORMER: ParameterShapes = {
  'self_attn.in_proj_weight': [384, 128],
  'self_attn.in_proj_bias': [384],
  'self_attn.out_proj.weight': [128, 128],
  'self_attn.out_proj.bias': [128],
  'linear1.weight': [512, 128],
  'linear1.bias': [512],
  'linear2.weight': [128, 512],
  'linear2.bias': [128],
  'norm1.weight': [128],
  'norm1.bias': [128],
  'norm2.weight': [128],
  'norm2.bias': [128],
}

/** Samples, features, clusters and rounds of k-means, from the first k samples as centres; what is searched for its nearest neighbours. */
export const CLUSTERS = { n: 10_000, d: 16, k: 10, maxIter: 20 }
export const NEIGHBOURS = { n: 5000, d: 64, queries: 500, k: 5 }
