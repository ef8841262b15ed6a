import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Contender, type ContenderOptions } from '../contender.ts'

/** Where PyTorch and scikit-learn may be: the first that can import them. */
const PYTHONS = ['python3', '/usr/bin/python3']

/** A library that does the same work. What it can do, it says itself. */
export interface Peer {
  name: string
  threads: number
  /** How it is started; where it cannot be, why. */
  start(): ContenderOptions | { missing: string }
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const inNode = (name: string, script: string, ...args: string[]): Peer => ({
  name,
  threads: 1,
  start: () => ({ args: [file(script), ...args] }),
})

const inPython = (name: string, module: string, script: string): Peer => ({
  name,
  threads: 1,
  start: () => {
    const command = PYTHONS.find((python) => spawnSync(python, ['-c', `import ${module}`]).status === 0)
    const threads = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
    return command === undefined ? { missing: `no python3 imports ${module}` } : { command, args: [file(script)], env: threads }
  },
})

/** Gradus itself, with which everyone is compared who runs on as many threads. */
export const gradus = (threads: number): Contender =>
  new Contender(threads === 1 ? 'gradus' : `gradus, ${threads} threads`, {
    args: [file('../gradus.ts'), 'wasm'],
    env: { GRADUS_SIMD: 'relaxed', GRADUS_THREADS: String(threads) },
  })

export const peers: readonly Peer[] = [
  inNode('tfjs-cpu', './tfjs.ts', 'cpu'),
  inNode('tfjs-wasm', './tfjs.ts', 'wasm'),
  inNode('onnxruntime-web', './onnxruntime.ts', '1'),
  { ...inNode('onnxruntime-web, 2 threads', './onnxruntime.ts', '2'), threads: 2 },
  inNode('jax-js', './jax-js.ts'),
  inNode('ml-matrix', './ml-matrix.ts'),
  inNode('ml.js', './ml.ts'),
  inPython('PyTorch', 'torch', './pytorch.py'),
  inPython('scikit-learn', 'sklearn', './scikit-learn.py'),
]
