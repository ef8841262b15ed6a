import type { Kernels } from '../kernels.ts'
import type { WasmArray } from './array.ts'

/** The backend where it can be loaded at once (Node), null elsewhere (browsers load it by `loadWasm`). The tensor layer calls these two names. */
export function loadWasmSync(): Kernels<WasmArray> | null {
  return null
}

export async function loadWasm(): Promise<Kernels<WasmArray>> {
  throw new Error('not built yet')
}
