/** The GPU as work: its ceilings, and the ways to it and back. */
import { eachSource, runEach } from '../src/webgpu/each.ts'
import type { WebGpu } from '../src/webgpu/index.ts'
import type { Source } from '../src/webgpu/program.ts'
import { chainsName, type Yardsticks } from './ceilings.ts'
import type { Work } from './serve.ts'
import { numbers } from './work.ts'

/** Independent chains of multiply-adds on vectors of four, in each thread. Where more of them give no more, the device's units are full. */
const CHAINS = [1, 2, 4, 8] as const
const STEPS = 64
/** Steps that the loop takes at a time: its own work is little beside them. */
const UNROLLED = 8
const VECTOR = 4

export interface Adapter {
  name: string
  /** Its work is done by the processor. */
  isSoftware: boolean
}

/** Threads that fill a GPU, and a copy that its cache cannot hold; a sixteenth fills what a processor plays. */
const sizesOf = ({ isSoftware }: Adapter) => ({ threads: isSoftware ? 2 ** 14 : 2 ** 18, large: isSoftware ? 2 ** 24 : 2 ** 28 })

const copyName = (bytes: number): string => `ceiling: copy ${bytes / 2 ** 20} MiB`

export function gpuYardsticks(adapter: Adapter): Yardsticks {
  const { threads, large } = sizesOf(adapter)
  return {
    multiplyAdd: CHAINS.map((chains) => ({ name: chainsName(chains), work: (2 * VECTOR * chains * STEPS * UNROLLED * threads) / 1e9 })),
    copy: [2 ** 22, large].map((bytes) => ({ name: copyName(bytes), bytes, work: (2 * bytes) / 1e9 })),
  }
}

/** What it takes to bring numbers to the device and back; one number alone is all waiting. */
export const TRANSFERS = { upload: 'transfer: upload 4 MiB', read: 'transfer: read 4 MiB', wait: 'transfer: read one number' } as const

function multiplyAdd(chains: number): Source {
  const each = (line: (chain: number) => string) => Array.from({ length: chains }, (_, chain) => line(chain)).join('\n')
  return eachSource('multiplyAdd', {
    reads: {},
    writes: { y: 'f32' },
    params: { factor: 'f32', term: 'f32' },
    body: `${each((chain) => `var sum${chain} = vec4f(f32(local), ${chain}.0, 1.0, 2.0);`)}
  for (var step = 0u; step < ${STEPS}u; step++) {
${each((chain) => `sum${chain} = fma(sum${chain}, vec4f(p.factor), vec4f(p.term));\n`.repeat(UNROLLED))}
  }
  var sum = vec4f();
${each((chain) => `sum += sum${chain};`)}
  y[i] = dot(sum, vec4f(1.0));`,
  })
}

const copy = eachSource('copy', { reads: { x: 'vec4f' }, writes: { y: 'vec4f' }, body: 'y[i] = x[i];' })

export function gpuWork(webgpu: WebGpu): Work {
  const { gpu, kernels } = webgpu
  const adapter = adapterOf(webgpu)
  const { threads } = sizesOf(adapter)
  const work: Work = {}
  for (const chains of CHAINS) {
    work[chainsName(chains)] = () => {
      const source = multiplyAdd(chains)
      const y = gpu.allocate('ceiling', 'float32', threads)
      return { run: () => runEach(gpu, source, threads, { y }, { factor: 0.999, term: 0.001 }), release: () => kernels.release(y) }
    }
  }
  for (const { name, bytes } of gpuYardsticks(adapter).copy) {
    work[name] = () => {
      const [x, y] = [0, 1].map(() => gpu.allocate('ceiling', 'float32', bytes / 4))
      const release = () => {
        kernels.release(x)
        kernels.release(y)
      }
      return { run: () => runEach(gpu, copy, bytes / 16, { x, y }), release }
    }
  }
  const host = numbers(2 ** 20, 1)
  work[TRANSFERS.upload] = () => ({
    run: () => {
      const x = kernels.upload(host)
      gpu.memory.slotOf('upload', x, 'read') // now, not when a kernel first asks for it
      kernels.release(x)
    },
  })
  for (const [name, n] of [
    [TRANSFERS.read, host.length],
    [TRANSFERS.wait, 1],
  ] as const) {
    work[name] = () => {
      const x = gpu.allocate('read', 'float32', n)
      return { run: () => kernels.read(x, 'read'), release: () => kernels.release(x) }
    }
  }
  return work
}

export function adapterOf({ gpu }: WebGpu): Adapter {
  const { vendor, architecture, description, isFallbackAdapter } = gpu.device.adapterInfo
  return { name: [vendor, architecture, description].filter((part) => part !== '').join(', '), isSoftware: isFallbackAdapter }
}

/** All that has been asked of the device is done. */
export async function settle({ gpu }: WebGpu): Promise<void> {
  gpu.commands.flush()
  await gpu.device.queue.onSubmittedWorkDone()
}
