import { ACTIVATIONS, type Activated, type ActivationKernels } from '../../reference/activation.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, COST, type Core, runBinary, runUnary, type Unary } from './core.ts'

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

/** The number by which the assembly knows an activation; 0: none. */
export const codeOf = ({ activation }: Activated): number => (activation ? 1 + ACTIVATIONS.indexOf(activation) : 0)

export function activation(core: Core<ActivationExports>): ActivationKernels<WasmArray> {
  const { exports } = core
  return {
    relu: (x) => runUnary(core, 'relu', exports.relu, x),
    reluBackward: (dy, y) => runBinary(core, 'reluBackward', exports.reluBackward, dy, y),
    leakyRelu: (x, { negativeSlope }) => runUnary(core, 'leakyRelu', exports.leakyRelu, x, [negativeSlope]),
    leakyReluBackward: (dy, x, { negativeSlope }) =>
      runBinary(core, 'leakyReluBackward', exports.leakyReluBackward, dy, x, [negativeSlope]),
    sigmoid: (x) => runUnary(core, 'sigmoid', exports.sigmoid, x, [], COST.function),
    sigmoidBackward: (dy, y) => runBinary(core, 'sigmoidBackward', exports.sigmoidBackward, dy, y),
    tanh: (x) => runUnary(core, 'tanh', exports.tanh, x, [], COST.function),
    tanhBackward: (dy, y) => runBinary(core, 'tanhBackward', exports.tanhBackward, dy, y),
    gelu: (x) => runUnary(core, 'gelu', exports.gelu, x, [], COST.function),
    geluBackward: (dy, x) => runBinary(core, 'geluBackward', exports.geluBackward, dy, x, [], COST.function),
  }
}
