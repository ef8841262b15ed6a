import { expect } from '../../errors.ts'
import { isSameShape, type Shape, showShape } from '../../reference/array.ts'
import type { SequenceOptions } from '../../reference/rnn.ts'
import { expectSameDType } from '../backend.ts'
import { grad } from '../tape.ts'
import type { Tensor } from '../tensor.ts'
import { clone } from './join.ts'
import { linear } from './linear.ts'

/** The weights of one layer in one direction, G numbers for each of H units.        wIh: [G·H, I], wHh: [G·H, H], bIh, bHh: [G·H] */
export interface SequenceWeights {
  wIh: Tensor
  wHh: Tensor
  bIh: Tensor
  bHh: Tensor
}

export interface DirectionOptions {
  /** From the last step to the first. Default false. */
  reverse?: boolean
}

/** The sizes of a sequence whose x, states ([N, H] each) and weights fit together, or the error that says what does not. */
export function sequenceSizes(
  operation: string,
  x: Tensor,
  states: Readonly<Record<string, Tensor>>,
  weights: SequenceWeights,
  gates: number,
  { reverse = false }: DirectionOptions,
): SequenceOptions {
  expect(x.ndim === 3, operation, () => `x must have shape [T, N, I] (steps, samples, numbers of each input), got ${showShape(x.shape)}`)
  expect(x.dtype !== 'int32', operation, () => "expected float tensors, got int32; convert x with .to('float32')")
  const [t, n, i] = x.shape
  expect(t > 0, operation, () => `the sequence has no steps: x has shape ${showShape(x.shape)}`)
  const h = weights.wHh.shape.at(-1) ?? 0
  const rows = gates === 1 ? `${h}` : `${gates} · ${h}`
  expectFits(operation, 'wHh', weights.wHh, x, [gates * h, h], () => `${rows} rows for states of ${h}`)
  expectFits(operation, 'wIh', weights.wIh, x, [gates * h, i], () => `${rows} rows for inputs of ${i}`)
  expectFits(operation, 'bIh', weights.bIh, x, [gates * h], () => rows)
  expectFits(operation, 'bHh', weights.bHh, x, [gates * h], () => rows)
  for (const name in states) expectFits(operation, name, states[name], x, [n, h], () => `${n} samples of ${h}`)
  return { t, n, i, h, reverse }
}

/** The tensor must have this shape, and the dtype of x. */
function expectFits(operation: string, name: string, tensor: Tensor, x: Tensor, shape: Shape, meaning: () => string): void {
  expect(
    isSameShape(tensor.shape, shape),
    operation,
    () => `${name} must have shape ${showShape(shape)} (${meaning()}), got ${showShape(tensor.shape)}`,
  )
  expectSameDType(operation, x.dtype, tensor.dtype)
}

/** The last state in the order of the steps.        states: [T, N, H] -> [N, H] */
export function lastState(states: Tensor, { t, reverse }: SequenceOptions): Tensor {
  return states.select(0, reverse ? 0 : t - 1)
}

/** Runs `step` over x in the order of the steps, and gives what it made of each, in the order of x. For the definitions in traced operations. */
export function overSteps<S>(x: Tensor, { t, reverse = false }: SequenceOptions, initial: S, step: (x: Tensor, state: S) => S): S[] {
  const states = new Array<S>(t)
  let state = initial
  for (let at = 0; at < t; at++) {
    const s = reverse ? t - 1 - at : at
    state = step(x.select(0, s), state)
    states[s] = state
  }
  return states
}

/** W_ih · x + b_ih + W_hh · h + b_hh, its rows cut into as many blocks as there are gates.        x: [N, I], h: [N, H] -> [N, H] each */
export function preactivations(x: Tensor, h: Tensor, { wIh, wHh, bIh, bHh }: SequenceWeights, gates: number): Tensor[] {
  return linear(x, wIh, bIh)
    .add(linear(h, wHh, bHh))
    .chunk(gates, 1)
}

/**
 * A backward pass in traced operations: the definition, differentiated by the tape. It runs on copies of the inputs, so that only what y owes
 * directly to an input is counted, not what another input owes to it.
 */
export function differentiate(
  definition: (inputs: readonly Tensor[]) => Tensor,
  dy: Tensor,
  x: readonly Tensor[],
  needs: readonly boolean[],
): (Tensor | null)[] {
  const copies = x.map(clone)
  const gradients = grad(
    definition(copies),
    copies.filter((_, k) => needs[k]),
    { gradient: dy, createGraph: true },
  )
  return needs.map((needed) => (needed ? (gradients.shift() ?? null) : null))
}
