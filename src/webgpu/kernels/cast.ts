import { GradusError } from '../../errors.ts'
import type { CastKernels } from '../../reference/cast.ts'
import { broken, int32Law } from '../../reference/check.ts'
import { runChecked } from '../checked.ts'
import { eachSource, runEach } from '../each.ts'
import { whole } from '../functions.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'
import { arrays } from './memory.ts'

const toFloat = eachSource('cast to float32', { reads: { x: 'i32' }, writes: { y: 'f32' }, body: 'y[i] = f32(x[i]);' })

/** An exponent of 2^31 or more is out of range, but for -2^31 itself; infinity and NaN have the greatest. */
const toInt = eachSource('cast to int32', {
  reads: { x: 'f32' },
  writes: { y: 'i32' },
  params: { complaint: 'u32' },
  checks: true,
  declarations: whole,
  body: `let value = x[i];
  let bits = bitcast<u32>(value);
  let isWithin = (bits & 0x7fffffffu) < 0x4f000000u || bits == 0xcf000000u;
  if (!isWithin || !isWhole(value)) { complain(p.complaint, i); }
  y[i] = i32(value);`,
})

export function cast(gpu: Gpu): CastKernels<GpuArray> {
  const { copy } = arrays(gpu)
  return {
    cast(x, { dtype, operation }) {
      if (dtype === 'float64') throw new GradusError(operation, 'float64 computes on the reference, not on the GPU')
      if (dtype === x.dtype) return copy(x)
      const y = gpu.allocate('to', dtype, x.length)
      if (dtype === 'float32') {
        runEach(gpu, toFloat, x.length, { x, y })
        return y
      }
      const law = int32Law(operation)
      const complaint = gpu.complaint(`int32 ${operation}`, (value, place) => broken(law, value, place))
      runChecked(gpu, toInt, x.length, { x, y }, { complaint })
      return y
    },
  }
}
