import type { Samples } from '../classic/input.ts'
import type { Tensor } from '../tensor/index.ts'
import { Scaler, type Scaling } from './scaler.ts'

/**
 * Features with mean 0 and variance 1.
 *
 *     x' = (x - μ) / σ        μ = Σ_i x_i / N,  σ² = Σ_i (x_i - μ)² / N
 *
 * A constant feature becomes 0: its scale is 1, as in scikit-learn.
 */
export class StandardScaler extends Scaler<Scaling> {
  constructor() {
    super('StandardScaler')
  }

  /** μ of each feature: [D] */
  get mean(): Tensor {
    return this.ofFeatures(this.scaling.centre)
  }

  /** σ of each feature, 1 where it is constant: [D] */
  get scale(): Tensor {
    return this.ofFeatures(this.scaling.scale)
  }

  protected measure({ data, n, d }: Samples): Scaling {
    const mean = new Float64Array(d)
    const variance = new Float64Array(d)
    const isConstant = new Array<boolean>(d).fill(true)
    for (let i = 0; i < n; i++) for (let p = 0; p < d; p++) mean[p] += data[i * d + p] / n
    for (let i = 0; i < n; i++) {
      for (let p = 0; p < d; p++) {
        variance[p] += (data[i * d + p] - mean[p]) ** 2 / n
        isConstant[p] &&= data[i * d + p] === data[p]
      }
    }
    // The mean of equal numbers may be off by a rounding, and their variance a little above 0.
    const centre = mean.map((value, p) => (isConstant[p] ? data[p] : value))
    return { centre, scale: variance.map((value, p) => (isConstant[p] ? 1 : Math.sqrt(value))), low: 0 }
  }
}
