import { type CheckKernels, check as checkHost } from '../../reference/check.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

/** By the definition, on the numbers where they lie. */
export function check({ memory }: Core<unknown>): CheckKernels<WasmArray> {
  return {
    check(x, law) {
      memory.begin(law.operation, x)
      const start = memory.address(x) / memory[x.dtype].BYTES_PER_ELEMENT
      checkHost(memory[x.dtype].subarray(start, start + x.length), law)
    },
  }
}
