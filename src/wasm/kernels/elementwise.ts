import type { HostArray } from '../../reference/array.ts'
import * as reference from '../../reference/elementwise.ts'
import type { WasmArray } from '../memory.ts'
import { bitsOf, type Core, type Map, runMap, runZip, type Zip } from './core.ts'
import type { MemoryExports } from './memory.ts'

export interface ElementwiseExports {
  neg: Map
  exp: Map
  expBackward: Zip
  log: Map
  logBackward: Zip
  sqrt: Map
  sqrtBackward: Zip
  abs: Map
  absBackward: Zip
  /** Whether some finite x is too large for sin and cos. */
  hasLargeAngle(x: number, n: number): number
  sin: Map
  sinBackward: Zip
  cos: Map
  cosBackward: Zip
  square: Map
  cube: Map
  reciprocal: Map
  pow: Map
  powBackward: Zip
  clamp: Map
  clampBackward: Zip
}

const ONE = bitsOf('float32', 1)

export function elementwise({ exports, memory }: Core<ElementwiseExports & MemoryExports>): reference.ElementwiseKernels<WasmArray> {
  /** Powers that are cheaper as a product or a root. As √x, x^½ is NaN for -∞, and -0 for -0. */
  const powers = new Map<number, Map>([
    [0, (_x, y, n) => exports.fill(y, n, ONE)],
    [0.5, exports.sqrt],
    [2, exports.square],
    [3, exports.cube],
    [-1, exports.reciprocal],
  ])

  function pow(x: WasmArray, { exponent }: reference.PowOptions): WasmArray {
    return runMap(memory, 'pow', powers.get(exponent) ?? exports.pow, x, exponent)
  }

  /** Where an angle is so large that only hundreds of digits of π reduce it rightly, JavaScript's own functions compute. */
  function ofAngles(operation: string, angles: WasmArray, run: () => WasmArray, onHost: () => HostArray): WasmArray {
    memory.begin(operation)
    return exports.hasLargeAngle(memory.address(angles), angles.length) ? memory.upload(onHost()) : run()
  }
  const host = (x: WasmArray) => memory.download(x, 'sin, cos')

  return {
    neg: (x) => runMap(memory, 'neg', exports.neg, x),
    exp: (x) => runMap(memory, 'exp', exports.exp, x),
    expBackward: (dy, y) => runZip(memory, 'expBackward', exports.expBackward, dy, y),
    log: (x) => runMap(memory, 'log', exports.log, x),
    logBackward: (dy, x) => runZip(memory, 'logBackward', exports.logBackward, dy, x),
    sqrt: (x) => runMap(memory, 'sqrt', exports.sqrt, x),
    sqrtBackward: (dy, y) => runZip(memory, 'sqrtBackward', exports.sqrtBackward, dy, y),
    abs: (x) => runMap(memory, 'abs', exports.abs, x),
    absBackward: (dy, x) => runZip(memory, 'absBackward', exports.absBackward, dy, x),
    sin: (x) =>
      ofAngles(
        'sin',
        x,
        () => runMap(memory, 'sin', exports.sin, x),
        () => reference.sin(host(x)),
      ),
    sinBackward: (dy, x) =>
      ofAngles(
        'sinBackward',
        x,
        () => runZip(memory, 'sinBackward', exports.sinBackward, dy, x),
        () => reference.sinBackward(host(dy), host(x)),
      ),
    cos: (x) =>
      ofAngles(
        'cos',
        x,
        () => runMap(memory, 'cos', exports.cos, x),
        () => reference.cos(host(x)),
      ),
    cosBackward: (dy, x) =>
      ofAngles(
        'cosBackward',
        x,
        () => runZip(memory, 'cosBackward', exports.cosBackward, dy, x),
        () => reference.cosBackward(host(dy), host(x)),
      ),
    pow,
    powBackward(dy, x, { exponent }) {
      const power = pow(x, { exponent: exponent === 0 ? 0 : exponent - 1 })
      const dx = runZip(memory, 'powBackward', exports.powBackward, dy, power, exponent)
      memory.release(power)
      return dx
    },
    clamp: (x, { min, max }) => runMap(memory, 'clamp', exports.clamp, x, min, max),
    clampBackward: (dy, x, { min, max }) => runZip(memory, 'clampBackward', exports.clampBackward, dy, x, min, max),
  }
}
