/** The webgpu backend as one that answers at once: see `gpu.worker.ts`. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { GradusError } from '../src/errors.ts'
import type { Kernels } from '../src/kernels.ts'

export interface Call {
  kernel: string
  args: unknown[]
}

export interface Reply {
  value?: unknown
  error?: string
  name?: string
}

export interface GpuStats {
  usedBytes: number
  freeBytes: number
  arrays: number
  submissions: number
}

/** The number of an array that lives in the worker. */
export interface Handle {
  array: number
}

const PATIENCE = 120_000

/** A thread with the backend in it. */
export class GpuThread {
  readonly #worker: Worker
  readonly #signal = new Int32Array(new SharedArrayBuffer(4))
  readonly #port: InstanceType<typeof MessageChannel>['port1']

  private constructor() {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const file = new URL('./gpu.worker.ts', import.meta.url).href
    this.#worker = new Worker(`import('tsx/esm/api').then(({ register }) => (register(), import('${file}')))`, {
      eval: true,
      workerData: { signal: this.#signal, port: port2 },
      transferList: [port2],
    })
    this.#worker.unref()
    port1.unref()
  }

  /** Its modules come by way of this thread, so that it must not sleep before they are there. */
  static async start(): Promise<GpuThread> {
    const thread = new GpuThread()
    await new Promise((ready, failed) => thread.#worker.once('message', ready).once('error', failed))
    return thread
  }

  stats(): GpuStats {
    return this.call('stats') as GpuStats
  }

  /** Runs a kernel there, and waits for what it gives. */
  call(kernel: string, ...args: unknown[]): unknown {
    Atomics.store(this.#signal, 0, 0)
    this.#worker.postMessage({ kernel, args } satisfies Call)
    // A late wake-up for the call before may end the waiting early: the signal itself says whether the answer is there.
    while (Atomics.load(this.#signal, 0) === 0)
      if (Atomics.wait(this.#signal, 0, 0, PATIENCE) === 'timed-out') throw new Error(`${kernel}: the GPU gave no answer`)
    const { value, error, name }: Reply = receiveMessageOnPort(this.#port)?.message ?? { error: `${kernel}: no answer` }
    if (error === undefined) return value
    throw name === 'GradusError' ? Object.assign(new GradusError('', ''), { message: error }) : new Error(error)
  }
}

/** The kernels of a GPU thread, as if they were here. */
export function kernelsIn(thread: GpuThread): Kernels<Handle> {
  return new Proxy({} as Kernels<Handle>, {
    get(_, kernel: string) {
      if (kernel === 'name') return 'webgpu'
      if (kernel === 'download') return (x: Handle, operation: string) => thread.call('read', x, operation)
      return (...args: unknown[]) => thread.call(kernel, ...args)
    },
    has: () => true,
  })
}
