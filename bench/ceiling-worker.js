// A further thread of the ceilings: waits for an order, runs the loop in its region of the memory, says that it is done. See ceilings.ts.
import { parentPort, workerData } from 'node:worker_threads'

const { module, memory, words, region, from, to } = workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
parentPort.postMessage('ready')
for (let done = 0; ; done++) {
  Atomics.wait(words, 0, done)
  const [, , chains, size] = words
  if (chains === 0) exports.copy(to, from, size)
  else exports[`multiplyAdd${chains}`](region, size)
  Atomics.sub(words, 1, 1)
}
