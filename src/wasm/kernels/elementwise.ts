import type { HostArray } from '../../reference/array.ts'
import * as reference from '../../reference/elementwise.ts'
import type { WasmArray } from '../memory.ts'
import { type Binary, bitsOf, type Core, runBinary, runUnary, type Unary } from './core.ts'
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

export function elementwise({ exports, memory }: Core<ElementwiseExports & MemoryExports>): reference.ElementwiseKernels<WasmArray> {
  /** Powers that are cheaper as a product or a root. As √x, x^½ is NaN for -∞, and -0 for -0. */
  const powers = new Map<number, Unary>([
    [0, (_x, y, n) => exports.fill(y, n, ONE)],
    [0.5, exports.sqrt],
    [2, exports.square],
    [3, exports.cube],
    [-1, exports.reciprocal],
  ])

  function pow(x: WasmArray, { exponent }: reference.PowOptions): WasmArray {
    return runUnary(memory, 'pow', powers.get(exponent) ?? exports.pow, x, exponent)
  }

  /** Where an angle is so large that only hundreds of digits of π reduce it rightly, JavaScript's own functions compute. */
  function ofAngles(operation: string, angles: WasmArray, run: () => WasmArray, onHost: () => HostArray): WasmArray {
    memory.begin(operation, angles)
    return exports.hasLargeAngle(memory.address(angles), angles.length) ? memory.upload(onHost()) : run()
  }
  const host = (x: WasmArray) => memory.download(x, 'sin, cos')

  return {
    neg: (x) => runUnary(memory, 'neg', exports.neg, x),
    exp: (x) => runUnary(memory, 'exp', exports.exp, x),
    expBackward: (dy, y) => runBinary(memory, 'expBackward', exports.expBackward, dy, y),
    log: (x) => runUnary(memory, 'log', exports.log, x),
    logBackward: (dy, x) => runBinary(memory, 'logBackward', exports.logBackward, dy, x),
    sqrt: (x) => runUnary(memory, 'sqrt', exports.sqrt, x),
    sqrtBackward: (dy, y) => runBinary(memory, 'sqrtBackward', exports.sqrtBackward, dy, y),
    abs: (x) => runUnary(memory, 'abs', exports.abs, x),
    absBackward: (dy, x) => runBinary(memory, 'absBackward', exports.absBackward, dy, x),
    sin: (x) =>
      ofAngles(
        'sin',
        x,
        () => runUnary(memory, 'sin', exports.sin, x),
        () => reference.sin(host(x)),
      ),
    sinBackward: (dy, x) =>
      ofAngles(
        'sinBackward',
        x,
        () => runBinary(memory, 'sinBackward', exports.sinBackward, dy, x),
        () => reference.sinBackward(host(dy), host(x)),
      ),
    cos: (x) =>
      ofAngles(
        'cos',
        x,
        () => runUnary(memory, 'cos', exports.cos, x),
        () => reference.cos(host(x)),
      ),
    cosBackward: (dy, x) =>
      ofAngles(
        'cosBackward',
        x,
        () => runBinary(memory, 'cosBackward', exports.cosBackward, dy, x),
        () => reference.cosBackward(host(dy), host(x)),
      ),
    pow,
    powBackward(dy, x, { exponent }) {
      const power = pow(x, { exponent: exponent === 0 ? 0 : exponent - 1 })
      const dx = runBinary(memory, 'powBackward', exports.powBackward, dy, power, exponent)
      memory.release(power)
      return dx
    },
    clamp: (x, { min, max }) => runUnary(memory, 'clamp', exports.clamp, x, min, max),
    clampBackward: (dy, x, { min, max }) => runBinary(memory, 'clampBackward', exports.clampBackward, dy, x, min, max),
  }
}
