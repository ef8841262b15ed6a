/** What the memory of the wasm backend holds, and what has happened in it. */
export interface MemoryStats {
  /** The whole WebAssembly memory, in bytes. */
  heapBytes: number
  /** Bytes in blocks that hold an array or scratch. */
  usedBytes: number
  scratchBytes: number
  /** How many bytes may be in use before something has to leave. */
  budget: number
  /** How many arrays are in the heap. */
  arrays: number
  /** How often an array left with its numbers, and with how many bytes in all. */
  evictions: number
  evictedBytes: number
  /** How often an array was needed again after it had left. */
  faults: number
  /** How many arrays of finished graphs were given up. */
  recycled: number
  /** How often blocks had to move. */
  compactions: number
}
