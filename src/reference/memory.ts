import { type HostArray, like } from './array.ts'

/** How a backend's arrays come and go. A is its kind of array. */
export interface MemoryKernels<A> {
  readonly name: 'reference' | 'wasm' | 'webgpu'
  /** An array of the backend that holds a copy of host. */
  upload(host: HostArray): A
  /** A copy of the array's numbers. A clear error, naming `operation`, which made the array, where its memory has been reused. */
  download(array: A, operation: string): HostArray
  /** The same, where the device answers later. */
  read(array: A, operation: string): Promise<HostArray>
  /** The library alone held this array and is done with it: its memory is free at once. */
  release(array: A): void
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
  upload: (host) => host.slice(),
  download: (array) => array.slice(),
  read: async (array) => array.slice(),
  release: () => {},
  retire: () => {},
  supersede: () => {},
  fill: (x, n, value) => like(x, n).fill(value),
  copy: (x) => x.slice(),
}
