import { GradusError } from '../errors.ts'
import { builtin } from '../node.ts'

/** The two builds of assembly/: with relaxed SIMD (multiply-add in one instruction), and without. */
export type Simd = 'plain' | 'relaxed'

export interface Loaded<E> {
  exports: E
  memory: WebAssembly.Memory
  /** The compiled module: a worker instantiates it over the same memory. */
  module: WebAssembly.Module
  simd: Simd
}

// Bundlers find the files by these two literal expressions.
const files = {
  plain: () => new URL('./gradus.simd.wasm', import.meta.url),
  relaxed: () => new URL('./gradus.relaxed.wasm', import.meta.url),
}

const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** (func (param v128 v128 v128) (result v128)) */
const signature = [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b, 3, 2, 1, 0]
const operands = [0, 0x20, 0, 0x20, 1, 0x20, 2]
/** f32x4.mul, then f32x4.add; f32x4.relaxed_madd does both at once. */
const simdProbe = new Uint8Array([...header, ...signature, 10, 16, 1, 14, ...operands, 0xfd, 0xe6, 1, 0xfd, 0xe4, 1, 0x0b])
const relaxedProbe = new Uint8Array([...header, ...signature, 10, 13, 1, 11, ...operands, 0xfd, 0x85, 2, 0x0b])

/** Compiles and instantiates the module at once. In Node only: browsers fetch, see `loadAsync`. `wish` names the build, instead of GRADUS_SIMD. */
export function load<E>(wish?: Simd): Loaded<E> {
  const simd = chooseSimd(wish)
  const fs = builtin?.('node:fs')
  if (fs === undefined) throw new GradusError('wasm', "a browser loads the backend asynchronously: await setBackend('wasm') first")
  let bytes: Uint8Array<ArrayBuffer>
  try {
    bytes = fs.readFileSync(files[simd]())
  } catch {
    throw missing(simd)
  }
  return instantiate(new WebAssembly.Module(bytes), simd)
}

/** The same by fetch, in browsers. */
export async function loadAsync<E>(): Promise<Loaded<E>> {
  if (builtin !== undefined) return load()
  const simd = chooseSimd()
  return instantiate(await compile(simd), simd)
}

async function compile(simd: Simd): Promise<WebAssembly.Module> {
  const url = files[simd]()
  const response = await fetch(url).catch(() => null)
  if (!response?.ok) throw missing(simd)
  try {
    return await WebAssembly.compileStreaming(response.clone())
  } catch {
    return WebAssembly.compile(await response.arrayBuffer()) // a server that does not say application/wasm
  }
}

function instantiate<E>(module: WebAssembly.Module, simd: Simd): Loaded<E> {
  const memory = sharedMemory()
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  return { exports: exports as E, memory, module, simd }
}

function sharedMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  } catch (error) {
    throw new GradusError('wasm', `this engine gives no shared WebAssembly memory (${error}); use setBackend('reference')`)
  }
}

/** The relaxed build where the engine has the instructions, unless GRADUS_SIMD says otherwise. */
function chooseSimd(wish: string | undefined = typeof process === 'undefined' ? undefined : process.env?.GRADUS_SIMD): Simd {
  if (wish !== undefined && wish !== 'plain' && wish !== 'relaxed') {
    throw new GradusError('GRADUS_SIMD', `expected plain or relaxed, got "${wish}"`)
  }
  if (!WebAssembly.validate(simdProbe)) throw new GradusError('wasm', "this engine has no WebAssembly SIMD; use setBackend('reference')")
  if (wish === 'plain') return 'plain'
  if (hasRelaxedSimd()) return 'relaxed'
  if (wish === 'relaxed') throw new GradusError('GRADUS_SIMD', 'this engine has no relaxed SIMD; expected plain')
  return 'plain'
}

/** Whether this engine has the instructions of relaxed SIMD; they are enabled where they wait to be. */
export function hasRelaxedSimd(): boolean {
  if (WebAssembly.validate(relaxedProbe)) return true
  // Node 20 has the instructions behind a flag that may be set at run time.
  builtin?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(relaxedProbe)
}

function missing(simd: Simd): GradusError {
  return new GradusError('wasm', `${files[simd]().pathname} is missing; run "npm run build:wasm"`)
}
