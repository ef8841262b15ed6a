// A further thread of the ceilings: waits for an order, runs the loop in its region of the memory, says that it is done. An order of size 0 sends it to sleep at once.
// See ceilings.ts.
import { parentPort, workerData } from 'node:worker_threads'

const { module, memory, words, region, from, to, COPIED, PATIENCE } = workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
parentPort.postMessage('ready')
for (let done = 0; ; done++) {
  const patience = words[3] === 0 ? 0 : PATIENCE
  for (const end = performance.now() + patience; Atomics.load(words, 0) === done; )
    if (performance.now() > end) Atomics.wait(words, 0, done)
  const [, , chains, size] = words
  if (chains === 0) for (let copied = 0; copied < COPIED && size > 0; copied += size) exports.copy(to, from, size)
  else exports[`multiplyAdd${chains}`](region, size)
  Atomics.sub(words, 1, 1)
  Atomics.notify(words, 1)
}
