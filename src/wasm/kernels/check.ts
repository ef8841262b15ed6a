import { type CheckKernels, check as checkHost } from '../../reference/check.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

export interface CheckExports {
  isWithin(x: number, n: number, min: number, max: number): number
}

/** Looks at four numbers at a time; where one is wrong, the definition says which. */
export function check({ exports, memory }: Core<CheckExports>): CheckKernels<WasmArray> {
  return {
    check(x, law) {
      if (x.length === 0) return
      memory.begin(law.operation, x)
      const address = memory.address(x)
      const { min = -Infinity, max = Infinity, isIntegral = false } = law
      const isPlain = x.dtype === 'float32' && !isIntegral && Math.fround(min) === min && Math.fround(max) === max
      if (isPlain && exports.isWithin(address, x.length, min, max)) return
      const start = address / memory[x.dtype].BYTES_PER_ELEMENT
      checkHost(memory[x.dtype].subarray(start, start + x.length), law)
    },
  }
}
