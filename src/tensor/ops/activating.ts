import { expect } from '../../errors.ts'
import { ACTIVATIONS, type Activated, type Activation } from '../../reference/activation.ts'
import type { Shape } from '../../reference/array.ts'
import { apply, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'
import { slopes } from './elementwise.ts'

/** Applies an operation, and behind it an activation if there is one. */
export type Activating<O> = (inputs: readonly Tensor[], shape: Shape, options: O, activation?: Activation) => Tensor

/**
 * For an operation z whose kernel can apply an activation to what it writes, y = f(z): numbers and gradients are those of one after the other, without a pass over memory, and
 * z is never kept. The slope of f is a function of y, so dz = dy · f'(z) is found first, and the backward pass goes on as that of z.
 */
export function activating<O extends Activated>(operation: Operation<O>): Activating<O> {
  const { forward, backward, composite } = operation
  const together: Operation<{ own: O; activation: Activation }> = {
    name: operation.name,
    saves: 'xy',
    forward: (k, x, { own, activation }, shapes) => forward(k, x, { ...own, activation }, shapes),
    consumes: () => true, // dz takes dy's place
    backward:
      backward &&
      ((k, dy, saved) => {
        const { own, activation } = saved.options
        const dz = k[`${activation}Backward`](dy, saved.y)
        const gradients = backward(k, dz, { ...saved, options: own })
        if (!gradients.includes(dz)) k.release(dz)
        return gradients
      }),
    composite:
      composite &&
      ((dy, saved) => {
        const { own, activation } = saved.options
        return composite(dy.mul(slopes[activation](saved.y)), { ...saved, options: own })
      }),
  }
  return (inputs, shape, options, activation) =>
    activation ? apply(together, inputs, shape, { own: options, activation }) : apply(operation, inputs, shape, options)
}

/** activation is absent or known. */
export function expectActivation(operation: string, activation: unknown): void {
  expect(
    activation === undefined || ACTIVATIONS.some((name) => name === activation),
    operation,
    () => `activation must be one of ${ACTIVATIONS.map((name) => `'${name}'`).join(', ')}, got ${JSON.stringify(activation)}`,
  )
}
