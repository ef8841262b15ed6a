/** A worker in trouble: for spec/threads.spec.ts, and as a process of its own that has to end while a worker computes. */
import { fileURLToPath } from 'node:url'
import { backendOn, type Exports, type Wasm } from '../src/wasm/index.ts'
import { type Loaded, load } from '../src/wasm/load.ts'

/** Where three matrices of 8 × 8 numbers lie, and the scratch. */
const [A, B, C, SCRATCH] = [16_384, 20_480, 24_576, 32_768]
const SIDE = 8

export interface Trouble {
  wasm: Wasm
  /** Gives the worker a product that takes a minute and counts no heartbeat, or one during which it dies. */
  begin(how: 'endless' | 'deadly'): void
}

/** Two threads that have work however small it is, and wait a second for a sign of life: less may be a busy machine's doing. */
export function inTrouble(): Trouble {
  const loaded: Loaded<Exports> = load()
  new Float32Array(loaded.memory.buffer, A, (C - A) / 4).fill(1)
  const product = new Int32Array(loaded.memory.buffer, C, 1)
  /** What the caller does instead of its part: it waits until the worker has begun with the other one. */
  const matmul = () => {
    while (Atomics.load(product, 0) === 0);
  }
  const wasm = backendOn({ ...loaded, exports: { ...loaded.exports, matmul } }, { threads: 2, grain: 1e-6, deadline: 1000 })
  const part = (strideB: number, batch: number) => [A, SIDE, 0, 0, B, SIDE, 0, strideB, C, SIDE, 0, 0, SIDE, SIDE, SIDE, batch, SCRATCH]
  return {
    wasm,
    begin(how) {
      // The second matrix of the deadly batch lies where there is no memory.
      wasm.threads.runParts(matmul, [how === 'endless' ? part(0, 2 ** 31 - 1) : part(2 ** 28, 2), part(0, 1)])
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { wasm, begin } = inTrouble()
  try {
    begin('endless')
  } catch (error) {
    console.log(error instanceof Error && error.name)
  }
  wasm.kernels.relu(wasm.kernels.upload(new Float32Array(64))) // a new worker is on its way
  if (process.argv[2] === 'exit') process.exit(3)
}
