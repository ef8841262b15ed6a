import { type HostArray, like } from './array.ts'

/** Each channel normalised over the batch. The statistics come from the batch in training, from earlier batches in evaluation. */
export interface BatchNormKernels<A> {
  batchMean(x: A, options: ChannelOptions): A
  batchVariance(x: A, mean: A, options: ChannelOptions): A
  batchNorm(x: A, mean: A, variance: A, w: A | null, b: A | null, options: BatchNormOptions): A
  batchNormBackward(dy: A, x: A, mean: A, variance: A, w: A | null, options: BatchNormBackwardOptions): [dx: A, dw: A | null, db: A | null]
}

export interface ChannelOptions {
  /** x is [N, C, S]: N samples of C channels of S places each, S = H · W for images, 1 for vectors. */
  n: number
  c: number
  s: number
}

export interface BatchNormOptions extends ChannelOptions {
  /** ε: keeps the division from 0 where a channel is constant. */
  eps: number
}

export interface BatchNormBackwardOptions extends BatchNormOptions {
  /** Mean and variance are those of x itself, so that they change with it; else they are constants. */
  training: boolean
}

/** μ_c = Σ_n,s x_ncs / (N·S)        x: [N, C, S] -> [C]        Ioffe & Szegedy 2015, algorithm 1 */
export function batchMean(x: HostArray, { n, c, s }: ChannelOptions): HostArray {
  const mean = like(x, c)
  for (let channel = 0; channel < c; channel++) {
    let sum = 0
    for (let sample = 0; sample < n; sample++) {
      for (let i = 0; i < s; i++) sum += x[(sample * c + channel) * s + i]
    }
    mean[channel] = sum / (n * s) // [C]
  }
  return mean
}

/** σ²_c = Σ_n,s (x_ncs - μ_c)² / (N·S)        x: [N, C, S], mean: [C] -> [C] */
export function batchVariance(x: HostArray, mean: HostArray, { n, c, s }: ChannelOptions): HostArray {
  const variance = like(x, c)
  for (let channel = 0; channel < c; channel++) {
    let sum = 0
    for (let sample = 0; sample < n; sample++) {
      for (let i = 0; i < s; i++) sum += (x[(sample * c + channel) * s + i] - mean[channel]) ** 2
    }
    variance[channel] = sum / (n * s) // [C]
  }
  return variance
}

/** y = w_c · x̂ + b_c,  x̂ = (x - μ_c) / √(σ²_c + ε)        x: [N, C, S], mean, variance, w, b: [C], w and b null for 1 and 0 -> y: [N, C, S] */
export function batchNorm(
  x: HostArray,
  mean: HostArray,
  variance: HostArray,
  w: HostArray | null,
  b: HostArray | null,
  { n, c, s, eps }: BatchNormOptions,
): HostArray {
  const y = like(x)
  for (let sample = 0; sample < n; sample++) {
    for (let channel = 0; channel < c; channel++) {
      const scale = (w ? w[channel] : 1) / Math.sqrt(variance[channel] + eps)
      for (let i = 0; i < s; i++) {
        const at = (sample * c + channel) * s + i
        y[at] = (x[at] - mean[channel]) * scale + (b ? b[channel] : 0) // [N, C, S]
      }
    }
  }
  return y
}

/**
 * dw_c = Σ_n,s dy · x̂,  db_c = Σ_n,s dy,  and with M = N·S
 *
 *     dx = w_c / √(σ²_c + ε) · (dy - db_c / M - x̂ · dw_c / M)     in training: μ and σ² change with every x of the channel
 *     dx = w_c / √(σ²_c + ε) · dy                                 where they are constants
 *
 * dy, x: [N, C, S], mean, variance, w: [C] -> dx: [N, C, S], dw, db: [C], null where w is
 */
export function batchNormBackward(
  dy: HostArray,
  x: HostArray,
  mean: HostArray,
  variance: HostArray,
  w: HostArray | null,
  { n, c, s, eps, training }: BatchNormBackwardOptions,
): [dx: HostArray, dw: HostArray | null, db: HostArray | null] {
  const dx = like(x)
  const dw = like(x, c)
  const db = like(x, c)
  const m = n * s
  for (let channel = 0; channel < c; channel++) {
    const rstd = 1 / Math.sqrt(variance[channel] + eps)
    let sumDy = 0
    let sumDyX = 0
    for (let sample = 0; sample < n; sample++) {
      for (let i = 0; i < s; i++) {
        const at = (sample * c + channel) * s + i
        sumDy += dy[at]
        sumDyX += dy[at] * (x[at] - mean[channel]) * rstd
      }
    }
    dw[channel] = sumDyX // [C]
    db[channel] = sumDy // [C]
    for (let sample = 0; sample < n; sample++) {
      for (let i = 0; i < s; i++) {
        const at = (sample * c + channel) * s + i
        const xHat = (x[at] - mean[channel]) * rstd
        const lost = training ? sumDy / m + (xHat * sumDyX) / m : 0
        dx[at] = (w ? w[channel] : 1) * rstd * (dy[at] - lost) // [N, C, S]
      }
    }
  }
  return w ? [dx, dw, db] : [dx, null, null]
}
