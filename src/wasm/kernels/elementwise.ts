import type { HostArray } from '../../reference/array.ts'
import * as reference from '../../reference/elementwise.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, bitsOf, COST, type Core, runBinary, runUnary, type Unary } from './core.ts'
import type { MemoryExports } from './memory.ts'

export interface ElementwiseExports {
  neg: Unary
  exp: Unary
  expBackward: Binary
  log: Unary
  logBackward: Binary
  sqrt: Unary
  sqrtBackward: Binary
  abs: Unary
  absBackward: Binary
  /** Whether some finite x is too large for sin and cos. */
  hasLargeAngle(x: number, n: number): number
  sin: Unary
  sinBackward: Binary
  cos: Unary
  cosBackward: Binary
  square: Unary
  cube: Unary
  reciprocal: Unary
  pow: Unary
  powBackward: Binary
  clamp: Unary
  clampBackward: Binary
}

const ONE = bitsOf('float32', 1)

export function elementwise(core: Core<ElementwiseExports & MemoryExports>): reference.ElementwiseKernels<WasmArray> {
  const { exports, memory } = core
  /** Powers that are cheaper as a product or a root. As √x, x^½ is NaN for -∞, and -0 for -0. */
  const powers = new Map<number, Unary>([
    [0, (_x, y, n) => exports.fill(y, n, ONE)],
    [0.5, exports.sqrt],
    [2, exports.square],
    [3, exports.cube],
    [-1, exports.reciprocal],
  ])

  function pow(x: WasmArray, { exponent }: reference.PowOptions): WasmArray {
    return runUnary(core, 'pow', powers.get(exponent) ?? exports.pow, x, [exponent], powers.has(exponent) ? COST.simple : COST.power)
  }

  /** Where an angle is so large that only hundreds of digits of π reduce it rightly, JavaScript's own functions compute. */
  function ofAngles(operation: string, angles: WasmArray, run: () => WasmArray, onHost: () => HostArray): WasmArray {
    memory.begin(operation, angles)
    return exports.hasLargeAngle(memory.address(angles), angles.length) ? memory.upload(onHost()) : run()
  }
  const host = (x: WasmArray) => memory.download(x, 'sin, cos')

  return {
    neg: (x) => runUnary(core, 'neg', exports.neg, x),
    exp: (x) => runUnary(core, 'exp', exports.exp, x, [], COST.function),
    expBackward: (dy, y) => runBinary(core, 'expBackward', exports.expBackward, dy, y),
    log: (x) => runUnary(core, 'log', exports.log, x, [], COST.function),
    logBackward: (dy, x) => runBinary(core, 'logBackward', exports.logBackward, dy, x),
    sqrt: (x) => runUnary(core, 'sqrt', exports.sqrt, x),
    sqrtBackward: (dy, y) => runBinary(core, 'sqrtBackward', exports.sqrtBackward, dy, y),
    abs: (x) => runUnary(core, 'abs', exports.abs, x),
    absBackward: (dy, x) => runBinary(core, 'absBackward', exports.absBackward, dy, x),
    sin: (x) =>
      ofAngles(
        'sin',
        x,
        () => runUnary(core, 'sin', exports.sin, x, [], COST.function),
        () => reference.sin(host(x)),
      ),
    sinBackward: (dy, x) =>
      ofAngles(
        'sinBackward',
        x,
        () => runBinary(core, 'sinBackward', exports.sinBackward, dy, x, [], COST.function),
        () => reference.sinBackward(host(dy), host(x)),
      ),
    cos: (x) =>
      ofAngles(
        'cos',
        x,
        () => runUnary(core, 'cos', exports.cos, x, [], COST.function),
        () => reference.cos(host(x)),
      ),
    cosBackward: (dy, x) =>
      ofAngles(
        'cosBackward',
        x,
        () => runBinary(core, 'cosBackward', exports.cosBackward, dy, x, [], COST.function),
        () => reference.cosBackward(host(dy), host(x)),
      ),
    pow,
    powBackward(dy, x, { exponent }) {
      const power = exponent === 2 ? x : pow(x, { exponent: exponent === 0 ? 0 : exponent - 1 }) // x^1 is x
      const dx = runBinary(core, 'powBackward', exports.powBackward, dy, power, [exponent])
      if (power !== x) memory.release(power)
      return dx
    },
    clamp: (x, { min, max }) => runUnary(core, 'clamp', exports.clamp, x, [min, max]),
    clampBackward: (dy, x, { min, max }) => runBinary(core, 'clampBackward', exports.clampBackward, dy, x, [min, max]),
  }
}
