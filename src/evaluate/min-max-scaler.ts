import type { Samples } from '../classic/input.ts'
import { expect } from '../errors.ts'
import type { Tensor } from '../tensor/index.ts'
import { Scaler, type Scaling } from './scaler.ts'

export interface MinMaxScalerOptions {
  /** Where the features come to lie. Default [0, 1]. */
  featureRange?: readonly [low: number, high: number]
}

interface MinMaxScaling extends Scaling {
  readonly dataMin: Float64Array
  readonly dataMax: Float64Array
}

/**
 * Features that reach from low to high, over the samples that were fitted.
 *
 *     x' = (x - min) / (max - min) · (high - low) + low
 *
 * A constant feature becomes low, as in scikit-learn.
 */
export class MinMaxScaler extends Scaler<MinMaxScaling> {
  readonly options: Readonly<MinMaxScalerOptions>

  constructor(options: MinMaxScalerOptions = {}) {
    super('MinMaxScaler')
    const [low, high] = options.featureRange ?? [0, 1]
    expect(
      low < high && Number.isFinite(high - low),
      'MinMaxScaler',
      () => `featureRange must be [low, high] with low < high, got [${low}, ${high}]`,
    )
    this.options = options
  }

  /** The least number of each feature: [D] */
  get dataMin(): Tensor {
    return this.ofFeatures(this.scaling.dataMin)
  }

  /** The greatest number of each feature: [D] */
  get dataMax(): Tensor {
    return this.ofFeatures(this.scaling.dataMax)
  }

  protected measure({ data, n, d }: Samples): MinMaxScaling {
    const [low, high] = this.options.featureRange ?? [0, 1]
    const dataMin = new Float64Array(d).fill(Infinity)
    const dataMax = new Float64Array(d).fill(-Infinity)
    for (let i = 0; i < n; i++) {
      for (let p = 0; p < d; p++) {
        dataMin[p] = Math.min(dataMin[p], data[i * d + p])
        dataMax[p] = Math.max(dataMax[p], data[i * d + p])
      }
    }
    const scale = dataMax.map((max, p) => (max > dataMin[p] ? max - dataMin[p] : 1) / (high - low))
    return { centre: dataMin, scale, low, dataMin, dataMax }
  }
}
