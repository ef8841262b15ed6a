/**
 * The GPU answers later, and the laws in these specs are written for kernels that answer at once. So the webgpu backend runs in a thread of its own, and whoever
 * calls one of its kernels from `gpu.ts` sleeps until the result, or its error, is there.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { HostArray } from '../src/reference/array.ts'
import { createWebGpu } from '../src/webgpu/index.ts'
import { GpuArray } from '../src/webgpu/memory.ts'
import type { Call, Reply } from './gpu.ts'

const { signal, port } = workerData as { signal: Int32Array; port: MessagePort }
const arrays = new Map<number, GpuArray>()
let count = 0

function enter(array: GpuArray): { array: number } {
  arrays.set(++count, array)
  return { array: count }
}

/** Arrays as numbers, whatever they lie in. */
function outward(value: unknown): unknown {
  if (value instanceof GpuArray) return enter(value)
  return Array.isArray(value) ? value.map(outward) : value
}

function inward(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inward)
  if (typeof value !== 'object' || value === null || !('array' in value)) return value
  return arrays.get(value.array as number)
}

const ready = await createWebGpu()

async function answer({ kernel, args }: Call): Promise<Reply> {
  try {
    const { kernels, gpu } = ready
    if (kernel === 'stats') return { value: { ...gpu.memory.stats(), submissions: gpu.commands.submissions } }
    const run = (kernels as unknown as Record<string, (...args: unknown[]) => unknown>)[kernel]
    if (run === undefined) throw new Error(`webgpu has no kernel ${kernel}`)
    const value = outward(await run(...args.map(inward)))
    if (kernel === 'release') arrays.delete((args[0] as { array: number }).array)
    return { value }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), name: error instanceof Error ? error.name : 'Error' }
  }
}

parentPort?.on('message', async (call: Call) => {
  const reply = await answer(call)
  const numbers = reply.value as HostArray | undefined
  port.postMessage(reply, ArrayBuffer.isView(numbers) ? [numbers.buffer as ArrayBuffer] : [])
  Atomics.store(signal, 0, 1)
  Atomics.notify(signal, 0)
})
parentPort?.postMessage('ready')
