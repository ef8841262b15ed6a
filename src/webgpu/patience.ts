import { builtin } from '../node.ts'

/** Most answers are there this soon: nobody sleeps over them. */
const AWAKE_MS = 2
const NAP_MS = 1

/**
 * Waits for the device. While something is on its way, Dawn asks for it in Node whenever the event loop comes round, without a pause: that keeps a processor busy, which a software
 * adapter would need to compute. So from the third millisecond on the loop takes a nap each time round. Browsers wait by themselves.
 */
export async function patiently<T>(answer: Promise<T>): Promise<T> {
  if (builtin === undefined) return answer
  let isWaiting = true
  const cell = new Int32Array(new SharedArrayBuffer(4)) // a place at which nothing ever happens
  const begin = performance.now()
  const rest = () => {
    if (!isWaiting) return
    if (performance.now() - begin > AWAKE_MS) Atomics.wait(cell, 0, 0, NAP_MS)
    setImmediate(rest)
  }
  setImmediate(rest)
  try {
    return await answer
  } finally {
    isWaiting = false
  }
}
