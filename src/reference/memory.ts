import { GradusError } from '../errors.ts'
import { type DType, type HostArray, like } from './array.ts'

/** How a backend's arrays come and go. A is its kind of array. */
export interface MemoryKernels<A> {
  readonly name: 'reference' | 'wasm' | 'webgpu'
  /** What it computes. Other types compute on the reference. */
  readonly dtypes: readonly DType[]
  /** An array of the backend that holds a copy of host. */
  upload(host: HostArray): A
  /** A copy of the array's numbers. A clear error, naming `operation`, which made the array, where its memory has been reused, or where numbers arrive later. */
  download(array: A, operation: string): HostArray
  /** The same, where the device answers later. */
  read(array: A, operation: string): Promise<HostArray>
  /** The array's numbers, not to be changed, if they are to be had without waiting; else null. */
  peek(array: A): HostArray | null
  /** Another backend is about to compute: brings the numbers of all arrays to where `peek` finds them. */
  leave(): Promise<void>
  /** The library alone held this array and is done with it: its memory is free at once. */
  release(array: A): void
  /** Runs the last calls that need this array: a result may be written in its place, element for element, once it has been read. Afterwards its memory is free. */
  consume<T>(array: A, run: () => T): T
  /** These arrays belong to a graph whose backward pass is over: the first to go when room is needed. */
  retire(arrays: A[]): void
  /** These belong to a graph that is being walked back, and no backward rule looks at them: the same, even now. */
  supersede(arrays: A[]): void
  /** n numbers of one value, in the type of x. */
  fill(x: A, n: number, value: number): A
  copy(x: A): A
}

/** The reference keeps its arrays on JavaScript's own heap, where the collector frees them. */
export const memory: MemoryKernels<HostArray> = {
  name: 'reference',
  dtypes: ['float32', 'float64', 'int32'],
  upload: (host) => host.slice(),
  download: (array) => array.slice(),
  read: async (array) => array.slice(),
  peek: (array) => array,
  leave: async () => {},
  release: () => {},
  consume: (_, run) => run(),
  retire: () => {},
  supersede: () => {},
  fill: (x, n, value) => like(x, n).fill(value),
  copy: (x) => x.slice(),
}

/** What messages say of an array of a backend that keeps books on its memory. */
export interface Accounted {
  readonly dtype: DType
  readonly length: number
  readonly madeBy: string
  readonly state: 'live' | 'recycled' | 'released'
}

/** The error for an array whose numbers are no more. */
export function gone(operation: string, { dtype, length, madeBy, state }: Accounted): GradusError {
  if (state === 'released') return new GradusError(operation, `an array made by ${madeBy} is used after it has been released`)
  return new GradusError(
    operation,
    `this result (${length} ${dtype} numbers, made by ${madeBy}) is gone: backward() finished its graph, and its memory was needed again. ` +
      'Read it before backward(), keep it with clone() or detach(), or call backward({ retainGraph: true })',
  )
}

/** A number of bytes as messages print it: 1.5 MiB. */
export function showBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KiB`
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
