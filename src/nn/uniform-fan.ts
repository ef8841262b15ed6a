import { defaultGenerator } from '../random.ts'
import { type Shape, sizeOf } from '../reference/array.ts'
import { tensor } from '../tensor/index.ts'
import { Parameter } from './module.ts'

/** Uniform numbers in ±1/√fanIn, PyTorch's default initialisation (Kaiming uniform with a = √5); fanIn: how many numbers each output sums. */
export function uniformFan(shape: Shape, fanIn: number): Parameter {
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0
  return new Parameter(tensor(defaultGenerator.uniform(new Float32Array(sizeOf(shape)), -bound, bound)).reshape(shape))
}
