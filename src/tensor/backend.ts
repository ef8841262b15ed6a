import { expect, GradusError } from '../errors.ts'
import { type HostKernels, type Kernels, reference } from '../kernels.ts'
import type { DType } from '../reference/array.ts'
import { loadWasm, loadWasmSync } from '../wasm/index.ts'

/** An array of whichever backend holds it; only that backend's kernels look inside. */
export type BackendArray = unknown
export type Backend = Kernels<BackendArray>
export type HostBackend = HostKernels<BackendArray>
export type BackendName = 'reference' | 'wasm' | 'webgpu'

export interface BackendOptions {
  /** How many threads wasm computes with in Node, 1 to 64; else GRADUS_THREADS says it, else there is one for each processor. */
  threads?: number
}

let active: Backend | null = null

/**
 * Chooses where float32 is computed from now on. Existing tensors move at their next use.
 * Where nothing was chosen, Node computes on wasm and a browser, which loads it asynchronously, on reference.
 * The number of threads changes no result, only how soon it is there.
 */
export async function setBackend(name: BackendName, options: BackendOptions = {}): Promise<void> {
  expect(
    name === 'wasm' || options.threads === undefined,
    'setBackend',
    () => `threads is an option of 'wasm', got it for ${JSON.stringify(name)}`,
  )
  if (name === 'reference') active = reference
  else if (name === 'wasm') active = await loadWasm(options)
  else throw new GradusError('setBackend', `expected 'reference' or 'wasm', got ${JSON.stringify(name)}`)
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
