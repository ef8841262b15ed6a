import { expect, GradusError } from '../errors.ts'
import { tensor } from './creation.ts'
import { grad } from './tape.ts'
import type { Tensor } from './tensor.ts'

export interface GradcheckOptions {
  /** The step of the central difference. Default 1e-6. */
  eps?: number
  /** How far the two may be apart: |analytic - numeric| <= atol + rtol·|numeric|. Defaults 1e-5 and 1e-3, PyTorch's. */
  atol?: number
  rtol?: number
}

/**
 * Holds the gradients of fn against central differences, (f(x + ε) - f(x - ε)) / 2ε, for every element of every float64 input that
 * requires grad. The output is weighted by fixed numbers and summed, so that errors in different elements cannot cancel.
 * True, or an error that names the first element that differs.
 */
export function gradcheck(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], options: GradcheckOptions = {}): true {
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options
  for (const [i, input] of inputs.entries()) {
    expect(
      !input.requiresGrad || input.dtype === 'float64',
      'gradcheck',
      () => `inputs[${i}] must be float64, got ${input.dtype}: in float32 the difference drowns in rounding`,
    )
  }
  const wanted = inputs.filter((input) => input.requiresGrad)
  expect(wanted.length > 0, 'gradcheck', () => 'at least one input must require grad')
  const weigh = (y: Tensor) =>
    y.mul(tensor(Float64Array.from({ length: y.size }, (_, i) => 1 + Math.sin(i + 1) / 2)).reshape(y.shape)).sum()
  const analytic = grad(weigh(fn(...inputs)), wanted)

  for (const [w, input] of wanted.entries()) {
    const place = inputs.indexOf(input)
    const x = Float64Array.from(input.data)
    const at = (i: number, value: number) => {
      const moved = tensor(x.with(i, value), { requiresGrad: true }).reshape(input.shape) // so that fn may itself call grad
      return weigh(fn(...inputs.toSpliced(place, 1, moved))).item()
    }
    const gradient = analytic[w].data
    for (let i = 0; i < x.length; i++) {
      const numeric = (at(i, x[i] + eps) - at(i, x[i] - eps)) / (2 * eps)
      if (Math.abs(gradient[i] - numeric) <= atol + rtol * Math.abs(numeric)) continue
      throw new GradusError(
        'gradcheck',
        `the gradient of inputs[${place}] at element ${i} is ${gradient[i]}, central differences give ${numeric}`,
      )
    }
  }
  return true
}
