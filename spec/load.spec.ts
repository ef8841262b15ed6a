import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { load } from '../src/wasm/load.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.resetModules()
})

describe('loading the module in Node', () => {
  it('chooses the relaxed build where the engine has the instructions, in silence', () => {
    const file = fileURLToPath(new URL('../src/wasm/load.ts', import.meta.url))
    const script = `import { load } from ${JSON.stringify(file)}; const { simd, memory } = load(); console.log(simd, memory.buffer.byteLength)`
    const { GRADUS_SIMD: _, ...env } = process.env
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    })
    expect([stdout, stderr]).toEqual(['relaxed 65536\n', ''])
  })

  it('shares one memory, and can be instantiated over it again by a worker', () => {
    const { exports, memory, module, simd } = load<object>('plain')
    expect(simd).toBe('plain')
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer)
    const again = new WebAssembly.Instance(module, { env: { memory } })
    expect(Object.keys(again.exports)).toEqual(Object.keys(exports))
  })

  it('takes the build that GRADUS_SIMD names, and no other word', () => {
    for (const simd of ['plain', 'relaxed']) {
      vi.stubEnv('GRADUS_SIMD', simd)
      expect(load().simd).toBe(simd)
    }
    vi.stubEnv('GRADUS_SIMD', 'fast')
    expect(() => load()).toThrow(/^GRADUS_SIMD: expected plain or relaxed, got "fast"$/)
  })

  it('falls back to the plain build where there is no relaxed SIMD, and says so if it was asked for', () => {
    const validate = vi.spyOn(WebAssembly, 'validate')
    const withoutRelaxed = () => validate.mockReturnValueOnce(true).mockReturnValueOnce(false).mockReturnValueOnce(false)
    vi.stubEnv('GRADUS_SIMD', undefined)
    withoutRelaxed()
    expect(load().simd).toBe('plain')
    withoutRelaxed()
    expect(() => load('relaxed')).toThrow(/^GRADUS_SIMD: this engine has no relaxed SIMD; expected plain$/)
  })

  it('says what an engine lacks', () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false)
    expect(() => load()).toThrow(/^wasm: this engine has no WebAssembly SIMD; use setBackend\('reference'\)$/)
    vi.stubGlobal('WebAssembly', { ...wasm(), Memory: refusing })
    expect(() => load('plain')).toThrow(
      /^wasm: this engine gives no shared WebAssembly memory \(RangeError: no\); use setBackend\('reference'\)$/,
    )
  })

  it('says how to build a file that is missing', () => {
    vi.spyOn(fs, 'readFileSync').mockImplementationOnce(() => {
      throw new Error('ENOENT')
    })
    expect(() => load('plain')).toThrow(/^wasm: .*gradus\.simd\.wasm is missing; run "npm run build:wasm"$/)
  })
})

/** The functions of WebAssembly as ordinary properties, so that one of them can be replaced. */
function wasm() {
  const { Module, Instance, Memory, validate, compile, compileStreaming } = WebAssembly
  return { Module, Instance, Memory, validate, compile, compileStreaming }
}

function refusing(): never {
  throw new RangeError('no')
}

describe('loading the module in a browser', () => {
  /** A fresh copy of the loader that sees no built-in modules, and a server that sends the files with this type. */
  async function inBrowser(type: string) {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined, env: {} })
    const answer = (url: URL) => new Response(new Uint8Array(fs.readFileSync(url)), { headers: { 'content-type': type } })
    vi.stubGlobal('fetch', async (url: URL) => answer(url))
    vi.resetModules()
    return import('../src/wasm/load.ts')
  }

  it.each(['application/wasm', 'application/octet-stream'])('fetches it, from a server that says %s', async (type) => {
    const { loadAsync } = await inBrowser(type)
    const { exports, simd } = await loadAsync<object>()
    expect(Object.keys(exports)).toEqual(Object.keys(load<object>(simd).exports))
  })

  it('says that it cannot be loaded at once, or not at all', async () => {
    const browser = await inBrowser('application/wasm')
    expect(() => browser.load()).toThrow(/^wasm: a browser loads the backend asynchronously: await setBackend\('wasm'\) first$/)
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }))
    await expect(browser.loadAsync()).rejects.toThrow(/gradus\.(simd|relaxed)\.wasm is missing; run "npm run build:wasm"$/)
  })
})
