import type { ActivationKernels } from '../../reference/activation.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, type Core, runBinary, runUnary, type Unary } from './core.ts'

export interface ActivationExports {
  relu: Unary
  reluBackward: Binary
  leakyRelu: Unary
  leakyReluBackward: Binary
  sigmoid: Unary
  sigmoidBackward: Binary
  tanh: Unary
  tanhBackward: Binary
  gelu: Unary
  geluBackward: Binary
}

export function activation({ exports, memory }: Core<ActivationExports>): ActivationKernels<WasmArray> {
  return {
    relu: (x) => runUnary(memory, 'relu', exports.relu, x),
    reluBackward: (dy, y) => runBinary(memory, 'reluBackward', exports.reluBackward, dy, y),
    leakyRelu: (x, { negativeSlope }) => runUnary(memory, 'leakyRelu', exports.leakyRelu, x, negativeSlope),
    leakyReluBackward: (dy, x, { negativeSlope }) =>
      runBinary(memory, 'leakyReluBackward', exports.leakyReluBackward, dy, x, negativeSlope),
    sigmoid: (x) => runUnary(memory, 'sigmoid', exports.sigmoid, x),
    sigmoidBackward: (dy, y) => runBinary(memory, 'sigmoidBackward', exports.sigmoidBackward, dy, y),
    tanh: (x) => runUnary(memory, 'tanh', exports.tanh, x),
    tanhBackward: (dy, y) => runBinary(memory, 'tanhBackward', exports.tanhBackward, dy, y),
    gelu: (x) => runUnary(memory, 'gelu', exports.gelu, x),
    geluBackward: (dy, x) => runBinary(memory, 'geluBackward', exports.geluBackward, dy, x),
  }
}
