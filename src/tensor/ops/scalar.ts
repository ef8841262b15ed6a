import type { Shape } from '../../reference/array.ts'
import type { Backend, BackendArray } from '../backend.ts'
import { apply, define, type Operation } from '../operation.ts'
import type { Tensor } from '../tensor.ts'

interface ScalarOptions {
  value: number
}

/** x ∘ value. The number becomes an array for the length of the call: nothing is left behind for the memory to keep. */
function withNumber(k: Backend, name: ScalarName, x: BackendArray, value: number, shape: Shape): BackendArray {
  const number = k.fill(x, 1, value)
  const y = k[name](x, number, { a: shape, b: [] })
  k.release(number)
  return y
}

type ScalarName = 'add' | 'sub' | 'mul' | 'div'

/** y = x ± value: dx = dy */
const shift = (name: 'add' | 'sub'): Operation<ScalarOptions> =>
  define<ScalarOptions>({
    name: `${name} number`,
    forward: (k, [x], { value }, [shape]) => withNumber(k, name, x, value, shape),
    backward: (_, dy) => [dy],
    composite: (dy) => [dy],
  })

/** y = x · value, x / value: dx = dy · value, dy / value */
const scale = (name: 'mul' | 'div'): Operation<ScalarOptions> =>
  define<ScalarOptions>({
    name: `${name} number`,
    forward: (k, [x], { value }, [shape]) => withNumber(k, name, x, value, shape),
    consumes: () => true,
    backward: (k, dy, { options: { value }, shape }) => [withNumber(k, name, dy, value, shape)],
    composite: (dy, { options: { value } }) => [dy[name](value)],
  })

const operations: Record<ScalarName, Operation<ScalarOptions>> = {
  add: shift('add'),
  sub: shift('sub'),
  mul: scale('mul'),
  div: scale('div'),
}

/** Whether an operation has this short way for numbers. */
export const isScalarName = (name: string): name is ScalarName => name in operations

/** x ∘ value for a number: what the same says of a tensor of shape [], without making one. */
export const byNumber = (name: ScalarName, x: Tensor, value: number): Tensor => apply(operations[name], [x], x.shape, { value })
