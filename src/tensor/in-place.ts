import { expect } from '../errors.ts'
import { isSameShape, showShape } from '../reference/array.ts'
import { kernelsFor } from './backend.ts'
import { contiguous } from './operation.ts'
import { arithmetic, type BinaryName, operand } from './ops/arithmetic.ts'
import { clone } from './ops/join.ts'
import { expand } from './ops/view.ts'
import { isRecording, noGrad } from './tape.ts'
import type { Tensor } from './tensor.ts'

/** Writing in place is for leaves that need no gradient, or under noGrad: the graph cannot follow it. */
function expectUntracked(operation: string, x: Tensor, other: Tensor): void {
  expect(
    !(isRecording() && (x.requiresGrad || other.requiresGrad)),
    operation,
    () => 'changes a tensor in place, which the graph cannot follow where gradients are needed; wrap it in noGrad(() => ...)',
  )
}

/** Gives x the numbers of a fresh tensor of its shape, whose array becomes x's: every tensor that shares x's storage sees them. */
function write(x: Tensor, fresh: Tensor): Tensor {
  const kernels = kernelsFor(x.dtype)
  const array = fresh.storage.on(kernels)
  if (x.isContiguous) {
    x.storage.replace(array, kernels)
  } else {
    kernels.stridedInto(x.storage.on(kernels), array, x)
    kernels.release(array)
    x.storage.version++
  }
  return x
}

/** x ∘= other, in place. other broadcasts to x's shape. */
export function updateInPlace(name: BinaryName, x: Tensor, other: Tensor | number): Tensor {
  const operation = `${name}_`
  const b = operand(operation, other, x)
  expectUntracked(operation, x, b)
  const result = noGrad(() => arithmetic(name, x, b))
  expect(
    isSameShape(result.shape, x.shape),
    operation,
    () => `the operand ${showShape(b.shape)} does not broadcast to ${showShape(x.shape)}`,
  )
  return write(x, result)
}

/** x takes the values of source, which broadcasts to x's shape. */
export function copyInPlace(x: Tensor, source: Tensor | number): Tensor {
  const values = operand('copy_', source, x)
  expectUntracked('copy_', x, values)
  expect(values.dtype === x.dtype, 'copy_', () => `source is ${values.dtype}, this tensor ${x.dtype}; convert it with .to('${x.dtype}')`)
  return write(
    x,
    noGrad(() => clone(contiguous(expand(values, x.shape)))),
  )
}
