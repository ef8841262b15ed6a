import { type Edit, edited } from './edit.ts'
import { type Compiled, compile, download, type Kernel, lessonDevice, operands, submit, UNTOUCHED } from './wgsl-run.ts'

export { type Kernel, lessonDevice } from './wgsl-run.ts'

/** A kernel as a function of arrays. */
export interface KernelCall {
  /** C of A and B, row after row, for the sizes m, n and k. */
  (a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<Float32Array>
  kernel(): Kernel
  /** Compiles it. An error says what WGSL does not allow, and in which line. */
  compile(): Promise<void>
  /** Milliseconds of one run at m = n = k, on matrices that lie on the device: the best of some rounds. */
  time(n: number, patienceMs: number): Promise<number>
}

/** How a call is shown. */
export const PARAMETERS = ['a', 'b', 'm', 'n', 'k'] as const

/** The functions of a lesson, made callable on the GPU. `file` is where their text stands, for the lines of errors; they are compiled at the first call. */
export function kernelCall(fn: () => Kernel, file?: string): KernelCall {
  let compiled: Promise<Compiled> | undefined
  const pipeline = async (): Promise<Compiled> => {
    const device = await lessonDevice()
    if (compiled === undefined || (await compiled).device !== device) compiled = compile(device, fn, file)
    return compiled
  }
  const call = async (a: Float32Array, b: Float32Array, m: number, n: number, k: number) => {
    const { device, ...made } = await pipeline()
    const on = operands(device, made.layout, { a, b, m, n, k })
    try {
      submit(device, made, on)
      const numbers = await download(device, on.c)
      if (numbers.subarray(m * n).some((value) => value !== UNTOUCHED))
        throw new Error(`${fn.name} wrote beyond the end of c: only threads with i < m and j < n have an element of C`)
      return numbers.slice(0, m * n)
    } finally {
      for (const buffer of on.buffers) buffer.destroy()
    }
  }
  const time = async (n: number, patienceMs: number) => {
    const { device, ...made } = await pipeline()
    const numbers = new Float32Array(n * n).fill(0.5)
    const on = operands(device, made.layout, { a: numbers, b: numbers, m: n, n, k: n })
    const best = await bestTime((times) => submit(device, made, on, times), device, patienceMs)
    for (const buffer of on.buffers) buffer.destroy()
    return best
  }
  return Object.assign(call, { kernel: fn, compile: async () => void (await pipeline()), time })
}

const calls = new WeakMap<object, KernelCall>()

/** A function of a lesson as it is judged: on the GPU. What is no function, or is callable already, stays as it is. */
export function callable(fn: unknown, file?: string): unknown {
  if (typeof fn !== 'function' || 'kernel' in fn) return fn
  const call = calls.get(fn) ?? kernelCall(fn as () => Kernel, file)
  calls.set(fn, call)
  return call
}

/** Wrong answers: the kernel of a solution with some edits. */
export function changed(fn: () => Kernel, ...edits: readonly Edit[]): KernelCall {
  return kernelCall(() => {
    const kernel = fn()
    return { ...kernel, main: edited(kernel.main, edits, fn.name) }
  })
}

/** Milliseconds of one run of what `run` submits so many times: the best of some rounds, of which each takes a while. */
export async function bestTime(run: (times: number) => void, device: GPUDevice, patienceMs: number): Promise<number> {
  const round = async (times: number) => {
    const start = performance.now()
    run(times)
    await device.queue.onSubmittedWorkDone()
    return (performance.now() - start) / times
  }
  const end = performance.now() + patienceMs
  await round(1) // the first one pays for what is made at first use
  let best = await round(1)
  const times = Math.min(100, Math.ceil(20 / best))
  while (performance.now() < end) best = Math.min(best, await round(times))
  return best
}
