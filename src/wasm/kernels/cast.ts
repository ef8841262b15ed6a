import { type CastKernels, cast as castHost } from '../../reference/cast.ts'
import type { WasmArray } from '../memory.ts'
import type { Core } from './core.ts'

/** On the host: the other types compute on the reference, where the numbers go anyway. */
export function cast({ memory }: Core<unknown>): CastKernels<WasmArray> {
  return { cast: (x, options) => memory.upload(castHost(memory.download(x, options.operation), options)) }
}
