import { type ArithmeticKernels, type BroadcastOptions, broadcastShape, broadcastStrides } from '../../reference/arithmetic.ts'
import { sizeOf } from '../../reference/array.ts'
import type { WasmArray } from '../memory.ts'
import { type Axis, mergeAxes, walkAxes } from './axes.ts'
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

export function arithmetic({ exports, memory }: Core<ArithmeticExports>): ArithmeticKernels<WasmArray> {
  const broadcast = (operation: string, run: Broadcast) => (a: WasmArray, b: WasmArray, options: BroadcastOptions) => {
    memory.begin(operation)
    const pa = memory.address(a)
    const pb = memory.address(b)
    const shape = broadcastShape(options.a, options.b) ?? []
    const size = sizeOf(shape)
    const y = memory.allocate(a.dtype, size)
    const py = memory.address(y)
    if (size > 0) {
      walkAxes(memory, axesOf(a.length, b.length, size, shape, options), (da, db, done, axes) => {
        run(pa + da, pb + db, py + done * 4, axes)
      })
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
    where: (mask, a, b) => runTernary(memory, 'where', exports.where, mask, a, b),
  }
}

/** One axis where no operand is repeated, or one of them is a single number; else whatever broadcasting leaves. */
function axesOf(a: number, b: number, size: number, shape: number[], options: BroadcastOptions): Axis[] {
  const isRun = (length: number) => length === size || length === 1
  if (isRun(a) && isRun(b)) return [{ n: size, a: a === size ? 1 : 0, b: b === size ? 1 : 0 }]
  return mergeAxes(shape, broadcastStrides(options.a, shape), broadcastStrides(options.b, shape))
}
