/** The two WebAssembly modules: nothing in them claims memory, so that any number of threads can share it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builds } from './twins.ts'

const SECTIONS = { global: 6, start: 8, data: 11 }

/** The sections of a module, by number (WebAssembly Core Specification 5.5.2). */
function sectionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>()
  let at = 8 // magic number and version
  while (at < bytes.length) {
    const id = bytes[at++]
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    sections.set(id, bytes.subarray(at, at + size))
    at += size
  }
  return sections
}

describe.each(['simd', 'relaxed'])('gradus.%s.wasm', (name) => {
  const bytes = readFileSync(new URL(`../src/wasm/gradus.${name}.wasm`, import.meta.url))
  const sections = sectionsOf(bytes)

  it('has no data, no start function and no variables of its own', () => {
    expect(sections.size).toBeGreaterThan(3)
    for (const section of ['data', 'start', 'global'] as const) expect(sections.has(SECTIONS[section]), section).toBe(false)
  })

  it('imports one thing: a memory, which must be shared', () => {
    const module = new WebAssembly.Module(bytes)
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
    const instance = (shared: boolean) =>
      new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 65536, shared }) } })
    expect(() => instance(false)).toThrow(WebAssembly.LinkError)
    expect(instance(true).exports).toHaveProperty('matmul')
  })

  it('exports functions, and the memory that it was given', () => {
    const exports = WebAssembly.Module.exports(new WebAssembly.Module(bytes))
    expect(exports.filter(({ kind }) => kind !== 'function').map(({ name }) => name)).toEqual(['memory'])
  })
})

describe('the two builds', () => {
  it('are the two that were asked for', () => {
    expect(builds.map(({ simd }) => simd)).toEqual(['plain', 'relaxed'])
  })

  it('keep to arrays of their own', () => {
    const [plain, relaxed] = builds
    const x = plain.kernels.upload(Float32Array.of(1, 2, 3))
    relaxed.kernels.fill(relaxed.kernels.upload(Float32Array.of(0)), 1000, 7)
    expect(plain.kernels.download(plain.kernels.neg(x), 'neg')).toEqual(Float32Array.of(-1, -2, -3))
  })
})
