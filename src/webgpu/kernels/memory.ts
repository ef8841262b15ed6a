import { GradusError } from '../../errors.ts'
import type { MemoryKernels } from '../../reference/memory.ts'
import { eachSource, runEach, typed } from '../each.ts'
import type { Gpu } from '../gpu.ts'
import type { GpuArray } from '../memory.ts'

const fill = typed((T) => eachSource('fill', { reads: {}, writes: { y: T }, params: { value: T }, body: 'y[i] = p.value;' }))
const copy = typed((T) => eachSource('copy', { reads: { x: T }, writes: { y: T }, body: 'y[i] = x[i];' }))

export function arrays(gpu: Gpu): MemoryKernels<GpuArray> {
  const { memory } = gpu
  return {
    name: 'webgpu',
    dtypes: ['float32', 'int32'],
    upload(host) {
      if (host instanceof Float64Array) throw new GradusError('webgpu', 'float64 computes on the reference, not on the GPU')
      return memory.upload(host)
    },
    download: (_, operation) => {
      gpu.expectDevice(operation)
      throw new GradusError(
        operation,
        "on webgpu the numbers arrive later: use await t.read(). What goes on in float64, on the host: tensor(await t.read(), { dtype: 'float64' })",
      )
    },
    async read(x, operation) {
      if (memory.peek(x) === null) gpu.expectDevice(operation)
      try {
        return await memory.read(x, operation)
      } catch (error) {
        gpu.expectDevice(operation)
        throw error
      }
    },
    peek: (x) => memory.peek(x),
    leave: async () => {
      if (!gpu.isLost) await memory.leave() // else there is nothing to bring
    },
    release: (x) => memory.release(x),
    consume(x, run) {
      try {
        return run()
      } finally {
        memory.release(x)
      }
    },
    retire: (xs) => memory.retire(xs),
    supersede: (xs) => memory.supersede(xs),
    fill(x, n, value) {
      const y = gpu.allocate('fill', x.dtype, n)
      runEach(gpu, fill(x.dtype), n, { y }, { value })
      return y
    },
    copy(x) {
      const host = memory.peek(x)
      if (host !== null) return memory.upload(host) // where the host has the numbers, it has those of the copy
      const y = gpu.allocate('copy', x.dtype, x.length)
      runEach(gpu, copy(x.dtype), x.length, { x, y })
      return y
    },
  }
}
