import { expect } from '../errors.ts'
import { noGrad } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import '../tensor/methods.ts'

/**
 * Scales all gradients by one factor, in place, so that their common Euclidean norm is at most maxNorm: the direction stays (Pascanu, Mikolov &
 * Bengio 2013, algorithm 1). Returns the norm before, a single number as a tensor. Parameters without a gradient are passed over.
 */
export function clipGradNorm(params: readonly Tensor[], maxNorm: number): Tensor {
  expect(maxNorm >= 0, 'clipGradNorm', () => `maxNorm must be 0 or more, got ${maxNorm}`)
  const gradients = params.flatMap(({ grad }) => (grad ? [grad] : []))
  expect(gradients.length > 0, 'clipGradNorm', () => 'none of the parameters has a gradient: call backward() first')
  return noGrad(() => {
    const squares = gradients.map((g) => g.pow(2).sum())
    const norm = squares.reduce((sum, square) => sum.add(square)).sqrt()
    const factor = norm.add(1e-6).pow(-1).mul(maxNorm).clamp({ max: 1 })
    for (const g of gradients) g.mul_(factor)
    return norm
  })
}
