import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Contender, type ContenderOptions } from '../contender.ts'

/** Where PyTorch and scikit-learn may be: the first that can import them. */
const PYTHONS = ['python3', '/usr/bin/python3']

/** So many threads, or the GPU: each is compared with Gradus in the same place. */
export type Place = number | 'webgpu'

/** A library that does the same work. What it can do, it says itself. */
export interface Peer {
  name: string
  runsOn: Place
  /** How it is started; where it cannot be, why. */
  start(): ContenderOptions | { missing: string }
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const inNode = (name: string, script: string, ...args: string[]): Peer => ({
  name,
  runsOn: 1,
  start: () => ({ args: [file(script), ...args] }),
})

const inPython = (name: string, module: string, script: string): Peer => ({
  name,
  runsOn: 1,
  start: () => {
    const command = PYTHONS.find((python) => spawnSync(python, ['-c', `import ${module}`]).status === 0)
    const threads = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
    return command === undefined ? { missing: `no python3 imports ${module}` } : { command, args: [file(script)], env: threads }
  },
})

/** Gradus itself. */
export function gradus(place: Place): Contender {
  if (place === 'webgpu') return new Contender('gradus-webgpu', { args: [file('../gradus.ts'), 'webgpu'] })
  return new Contender(place === 1 ? 'gradus' : `gradus, ${place} threads`, {
    args: [file('../gradus.ts'), 'wasm'],
    env: { GRADUS_SIMD: 'relaxed', GRADUS_THREADS: String(place) },
  })
}

export const peers: readonly Peer[] = [
  inNode('tfjs-cpu', './tfjs.ts', 'cpu'),
  inNode('tfjs-wasm', './tfjs.ts', 'wasm'),
  inNode('onnxruntime-web', './onnxruntime.ts', '1'),
  { ...inNode('onnxruntime-web, 2 threads', './onnxruntime.ts', '2'), runsOn: 2 },
  inNode('jax-js', './jax-js.ts', 'wasm'),
  inNode('ml-matrix', './ml-matrix.ts'),
  inNode('ml.js', './ml.ts'),
  { ...inNode('tfjs-webgpu', './tfjs.ts', 'webgpu'), runsOn: 'webgpu' },
  { ...inNode('jax-js-webgpu', './jax-js.ts', 'webgpu'), runsOn: 'webgpu' },
  inPython('PyTorch', 'torch', './pytorch.py'),
  inPython('scikit-learn', 'sklearn', './scikit-learn.py'),
]
