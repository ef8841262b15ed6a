import type { ActivationKernels } from '../../reference/activation.ts'
import type { WasmArray } from '../memory.ts'
import { type Core, type Map, runMap, runZip, type Zip } from './core.ts'

export interface ActivationExports {
  relu: Map
  reluBackward: Zip
  leakyRelu: Map
  leakyReluBackward: Zip
  sigmoid: Map
  sigmoidBackward: Zip
  tanh: Map
  tanhBackward: Zip
  gelu: Map
  geluBackward: Zip
}

export function activation({ exports, memory }: Core<ActivationExports>): ActivationKernels<WasmArray> {
  return {
    relu: (x) => runMap(memory, 'relu', exports.relu, x),
    reluBackward: (dy, y) => runZip(memory, 'reluBackward', exports.reluBackward, dy, y),
    leakyRelu: (x, { negativeSlope }) => runMap(memory, 'leakyRelu', exports.leakyRelu, x, negativeSlope),
    leakyReluBackward: (dy, x, { negativeSlope }) => runZip(memory, 'leakyReluBackward', exports.leakyReluBackward, dy, x, negativeSlope),
    sigmoid: (x) => runMap(memory, 'sigmoid', exports.sigmoid, x),
    sigmoidBackward: (dy, y) => runZip(memory, 'sigmoidBackward', exports.sigmoidBackward, dy, y),
    tanh: (x) => runMap(memory, 'tanh', exports.tanh, x),
    tanhBackward: (dy, y) => runZip(memory, 'tanhBackward', exports.tanhBackward, dy, y),
    gelu: (x) => runMap(memory, 'gelu', exports.gelu, x),
    geluBackward: (dy, x) => runZip(memory, 'geluBackward', exports.geluBackward, dy, x),
  }
}
