import { type ArithmeticKernels, type BroadcastOptions, broadcastShape, broadcastStrides } from '../../reference/arithmetic.ts'
import { sizeOf } from '../../reference/array.ts'
import { mergeAxes } from '../../reference/axes.ts'
import type { WasmArray } from '../memory.ts'
import { runAxis, walkAxes } from './axes.ts'
import { type Core, runTernary, type Ternary } from './core.ts'

/** y = f(a, b) over the three axes of the struct. */
type Broadcast = (a: number, b: number, y: number, axes: number) => void

export interface ArithmeticExports {
  add: Broadcast
  sub: Broadcast
  mul: Broadcast
  div: Broadcast
  maximum: Broadcast
  minimum: Broadcast
  eq: Broadcast
  gt: Broadcast
  lt: Broadcast
  where: Ternary
}

export function arithmetic(core: Core<ArithmeticExports>): ArithmeticKernels<WasmArray> {
  const { exports, memory } = core
  const broadcast = (operation: string, run: Broadcast) => (a: WasmArray, b: WasmArray, options: BroadcastOptions) => {
    memory.begin(operation, a, b)
    const shape = broadcastShape(options.a, options.b) ?? []
    const size = sizeOf(shape)
    const y = a.length === size ? memory.successor(a) : memory.allocate(a.dtype, size)
    const pa = memory.address(a)
    const pb = memory.address(b)
    const py = memory.address(y)
    const stepA = stepOf(a, size)
    const stepB = stepOf(b, size)
    if (stepA !== null && stepB !== null) {
      runAxis(core, run, { n: size, a: stepA, b: stepB }, (ofA, ofB, done, struct) => [pa + ofA, pb + ofB, py + done * 4, struct])
    } else if (size > 0) {
      const axes = mergeAxes(shape, broadcastStrides(options.a, shape), broadcastStrides(options.b, shape))
      walkAxes(core, run, axes, (ofA, ofB, done, struct) => [pa + ofA, pb + ofB, py + done * 4, struct])
    }
    return y
  }

  return {
    add: broadcast('add', exports.add),
    sub: broadcast('sub', exports.sub),
    mul: broadcast('mul', exports.mul),
    div: broadcast('div', exports.div),
    maximum: broadcast('maximum', exports.maximum),
    minimum: broadcast('minimum', exports.minimum),
    eq: broadcast('eq', exports.eq),
    gt: broadcast('gt', exports.gt),
    lt: broadcast('lt', exports.lt),
    where: (mask, a, b) => runTernary(core, 'where', exports.where, mask, a, b),
  }
}

/** The step through an operand that needs no axes: 1 where it is as long as the result, 0 where it is a single number; null for any other. */
function stepOf(x: WasmArray, size: number): number | null {
  return x.length === size ? 1 : x.length === 1 ? 0 : null
}
