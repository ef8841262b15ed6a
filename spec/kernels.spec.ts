/** The contract: what is declared exists on every backend, and docs/kernels.md says so. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concepts, kernelsPage } from '../scripts/kernels.ts'
import { reference } from '../src/kernels.ts'
import { pageFile } from '../src/learn/paths.ts'
import { operations } from '../src/tensor/operation.ts'
import { loadWasmSync } from '../src/wasm/index.ts'
import type { Gpu } from '../src/webgpu/gpu.ts'
import { kernelsOn } from '../src/webgpu/index.ts'

const declared = concepts.flatMap(({ kernels }) => kernels)

describe('the kernels', () => {
  it('are found in the interfaces', () => {
    expect(declared).toEqual(expect.arrayContaining(['matmul', 'softmaxBackward', 'adamInto', 'where']))
    expect(new Set(declared).size).toBe(declared.length)
  })

  it.each([
    ['reference', reference],
    ['wasm', loadWasmSync()],
    ['webgpu', kernelsOn({} as Gpu)],
  ])('are all there on %s', (name, backend) => {
    const there = new Set(Object.entries(backend ?? {}).flatMap(([name, kernel]) => (typeof kernel === 'function' ? [name] : [])))
    const missing = declared.filter((kernel) => !there.has(kernel))
    expect(missing).toEqual(name === 'webgpu' ? ['squaredDistances', 'nearest', 'bestSplit'] : []) // estimators compute on the host
  })

  it('have a backward operation for every backward kernel', () => {
    const forward = declared.filter((kernel) => declared.includes(`${kernel}Backward`))
    const differentiated = (kernel: string) => operations.get(kernel)?.backward ?? operations.get(`${kernel}Backward`)
    expect(forward.filter((kernel) => !differentiated(kernel))).toEqual([])
  })

  it('stand in docs/kernels.md as they are (npx tsx scripts/kernels.ts brings it up to date)', () => {
    expect(readFileSync(pageFile('kernels'), 'utf8')).toBe(kernelsPage())
  })
})
