import { broken, type CheckKernels, check as checkHost } from '../../reference/check.ts'
import { runChecked } from '../checked.ts'
import { eachSource } from '../each.ts'
import { special, whole } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'

const ofInts = eachSource('check', {
  reads: { x: 'i32' },
  writes: {},
  params: { least: 'i32', greatest: 'i32', complaint: 'u32' },
  checks: true,
  body: 'if (x[i] < p.least || x[i] > p.greatest) { complain(p.complaint, i); }',
})

const ofFloats = eachSource('check', {
  reads: { x: 'f32' },
  writes: {},
  params: { least: 'f32', greatest: 'f32', isIntegral: 'u32', complaint: 'u32' },
  checks: true,
  declarations: `${special}${whole}`,
  body: `let isWithin = !isNan(x[i]) && x[i] >= p.least && x[i] <= p.greatest;
  if (!isWithin || (p.isIntegral == 1u && !isWhole(x[i]))) { complain(p.complaint, i); }`,
})

/** Where the host has the numbers, at once; else on the device, and the error comes with the next read. */
export function check(gpu: Gpu): CheckKernels<GpuArray> {
  return {
    check(x, law) {
      const host = gpu.memory.peek(x)
      if (host !== null) {
        checkHost(host, law)
        return
      }
      const { operation, expected, min = -Infinity, max = Infinity, isIntegral = false } = law
      const complaint = gpu.complaint(`${operation}: ${expected}`, (value, place) => broken(law, value, place))
      const n = x.length
      if (x.dtype === 'int32') {
        const [least, greatest] = [Math.max(Math.ceil(min), -(2 ** 31)), Math.min(Math.floor(max), 2 ** 31 - 1)]
        runChecked(gpu, ofInts, n, { x }, { least, greatest, complaint })
      } else runChecked(gpu, ofFloats, n, { x }, { least: min, greatest: max, isIntegral: Number(isIntegral), complaint })
    },
  }
}
