import { expect } from '../errors.ts'
import { type HostKernels, type Kernels, reference } from '../kernels.ts'
import type { DType } from '../reference/array.ts'
import { loadWasm, loadWasmSync } from '../wasm/index.ts'
import type { WebGpuOptions } from '../webgpu/index.ts'

/** An array of whichever backend holds it; only that backend's kernels look inside. */
export type BackendArray = unknown
export type Backend = Kernels<BackendArray>
export type HostBackend = HostKernels<BackendArray>
export type BackendName = 'reference' | 'wasm' | 'webgpu'

export interface BackendOptions extends WebGpuOptions {
  /** How many threads wasm computes with in Node, 1 to 64; else GRADUS_THREADS says it, else there is one for each processor. */
  threads?: number
}

let active: Backend | null = null

/** Which backend has which options. */
const optionsOf: Readonly<Record<BackendName, readonly (keyof BackendOptions)[]>> = {
  reference: [],
  wasm: ['threads'],
  webgpu: ['device', 'debug', 'memory'],
}

const backends = Object.keys(optionsOf) as BackendName[]

/**
 * Chooses where float32 is computed from now on (and on webgpu int32). Existing tensors move at their next use: what webgpu has computed comes to the host before this
 * settles. Where nothing was chosen, Node computes on wasm and a browser, which loads it asynchronously, on reference. The number of threads changes no result, only
 * how soon it is there. `device`, `debug` and `memory` are options of webgpu. A webgpu device that was lost, and what was computed on it, does not come back; the next call
 * makes a new one.
 */
export async function setBackend(name: BackendName, options: BackendOptions = {}): Promise<void> {
  expect(Object.hasOwn(optionsOf, name), 'setBackend', () => `expected 'reference', 'wasm' or 'webgpu', got ${JSON.stringify(name)}`)
  for (const [option, value] of Object.entries(options)) {
    const owner = backends.find((other) => optionsOf[other].some((own) => own === option))
    expect(
      owner === name || value === undefined,
      'setBackend',
      () => `${option} is ${owner ? `an option of '${owner}'` : 'no option'}, got it for '${name}'`,
    )
  }
  const kernels = await load(name, options)
  if (active !== null && active !== kernels) await active.leave()
  active = kernels
}

async function load(name: BackendName, options: BackendOptions): Promise<Backend> {
  if (name === 'reference') return reference
  if (name === 'wasm') return loadWasm(options)
  const { loadWebGpu } = await import('../webgpu/index.ts') // the shaders are for those who ask for them
  return (await loadWebGpu(options)).kernels
}

/** Computes float32 on these kernels from now on: for whoever measures or tests a backend of its own. */
export function useKernels(kernels: Backend): void {
  active = kernels
}

/** The name of the backend that computes float32. */
export function backend(): BackendName {
  return current().name
}

/** Where a type is computed: on the backend, or on the reference where the backend has no kernels for it. Gradient checks want doubles, which only the reference has. */
export function kernelsFor(dtype: DType): Backend {
  const kernels = current()
  return kernels.dtypes.includes(dtype) ? kernels : reference
}

/** The backend that computes float32; the first call chooses it where `setBackend` has not. */
export function current(): Backend {
  const chosen = active ?? loadWasmSync() ?? reference
  active = chosen
  return chosen
}

/** Where estimators compute: the backend itself where it runs on the host, else wasm, or the reference where wasm is not loaded. */
export function hostKernelsFor(dtype: DType): HostBackend {
  const kernels = kernelsFor(dtype)
  return isHost(kernels) ? kernels : (loadWasmSync() ?? reference)
}

const isHost = (kernels: Backend | HostBackend): kernels is HostBackend => 'bestSplit' in kernels

/** The same dtype on all, or an error that names both. */
export function expectSameDType(operation: string, a: DType, b: DType): void {
  expect(a === b, operation, () => `operands differ in dtype: ${a} and ${b}; convert one with .to('${a}')`)
}
