import type { LooseFunction } from './check.ts'

interface Call {
  readonly name: string
  readonly parameters: readonly string[]
  /** Numbers, and Float32Arrays where the function takes addresses. */
  readonly args: readonly unknown[]
}

/** Words of 4 bytes before, between and behind the arrays. */
const GAP = 128
const PAGE = 65_536
/** What lies in the gaps in the first call, and in the second. */
const FILLS = [12345, Number.NaN]

/**
 * Calls a compiled function with arrays in place of addresses: each is copied into the memory, and back when the function has returned. It is called
 * twice. A number in the gaps shows whether it wrote there; then NaN in the gaps makes NaN of whatever was computed from beyond the end of an array.
 */
export function callOn(memory: WebAssembly.Memory, fn: LooseFunction, { name, parameters, args }: Call): unknown {
  let end = GAP
  const places = args.map((arg) => {
    const start = end
    if (arg instanceof Float32Array) end += Math.ceil(arg.length / 4) * 4 + GAP // addresses are multiples of 16
    return start
  })
  const missing = 4 * end - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
  const words = new Float32Array(memory.buffer)
  const eachArray = (visit: (array: Float32Array, start: number, parameter: string) => void) => {
    for (const [i, arg] of args.entries()) if (arg instanceof Float32Array) visit(arg, places[i], parameters[i])
  }

  let result: unknown
  for (const fill of FILLS) {
    words.fill(fill)
    eachArray((array, start) => words.set(array, start))
    try {
      result = fn(...args.map((arg, i) => (arg instanceof Float32Array ? 4 * places[i] : arg)))
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      throw new Error(`${name} went far outside its arrays (${error.message}): addresses count bytes, 4 for every f32`)
    }
    eachArray((array, start, parameter) => {
      const stop = start + array.length
      if (!isFilled(words, start - GAP / 2, start, fill)) throw new Error(`${name} wrote before the start of ${parameter}`)
      if (!isFilled(words, stop, stop + GAP / 2, fill)) throw new Error(`${name} wrote beyond the end of ${parameter}`)
    })
  }
  eachArray((array, start) => array.set(words.subarray(start, start + array.length)))
  return result
}

function isFilled(words: Float32Array, from: number, to: number, fill: number): boolean {
  for (let i = from; i < to; i++) if (!Object.is(words[i], fill)) return false
  return true
}
