/**
 * Gradus as a contender: `gradus.ts reference`, `gradus.ts webgpu`, or `gradus.ts wasm` with GRADUS_SIMD (plain, relaxed) and GRADUS_THREADS.
 * Its work is every operation, every model, and the ceilings of the instructions that it is made of.
 */
import { setBackend } from '../src/index.ts'
import { type HostKernels, type Kernels, reference } from '../src/kernels.ts'
import { loadWasm } from '../src/wasm/index.ts'
import { loadWebGpu } from '../src/webgpu/index.ts'
import type { GpuArray } from '../src/webgpu/memory.ts'
import { ceilingWork } from './ceilings.ts'
import { estimatorWork } from './estimators.ts'
import { adapterOf, gpuWork, settle } from './gpu.ts'
import { models } from './models.ts'
import { families } from './operations/index.ts'
import { prepareOperation } from './operations/operation.ts'
import { measureOverhead } from './overhead.ts'
import { type ServeOptions, serve, type Work } from './serve.ts'

function workOf<A>(kernels: Kernels<A> & HostKernels<A>): Work {
  const operations = families.flatMap(({ operations }) => operations)
  return Object.fromEntries(operations.map((operation) => [operation.name, () => prepareOperation(kernels, operation)]))
}

const modelWork: Work = Object.fromEntries(
  models.map(({ name, build }) => [
    name,
    () => {
      const step = build()
      // the numbers of an inference, or the losses of the first three steps: the third knows of gradients and updates
      const outputs = async () => (await step().read()).slice(0, 3)
      const result = async () => [...(await outputs()), ...(await outputs()), ...(await outputs())]
      return { run: step, result }
    },
  ]),
)

const overheads = Object.fromEntries(models.map(({ name, build }) => [name, () => measureOverhead(build)]))

/** What a backend can do, and how to ask for it. */
const backends: Record<string, () => Promise<[Work, ServeOptions]>> = {
  reference: async () => {
    await setBackend('reference')
    return [workOf(reference), {}]
  },
  wasm: async () => {
    await setBackend('wasm')
    return [{ ...workOf(await loadWasm()), ...ceilingWork(Number(process.env.GRADUS_THREADS ?? 1)) }, { other: overheads }]
  },
  webgpu: async () => {
    await setBackend('webgpu')
    const webgpu = await loadWebGpu()
    // operations of the host's kernels are not asked of it
    const kernels = webgpu.kernels as typeof webgpu.kernels & HostKernels<GpuArray>
    return [
      { ...workOf(kernels), ...gpuWork(webgpu) },
      { other: { adapter: () => adapterOf(webgpu) }, settle: () => settle(webgpu) },
    ]
  },
}

const [work, options] = await backends[process.argv[2]]()
await serve({ ...estimatorWork, ...modelWork, ...work }, options)
