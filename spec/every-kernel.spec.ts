/** Every kernel, forward and backward, on any size: one, two and three threads give the same bits, and these are the definition's numbers, in both builds. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { reference } from '../src/kernels.ts'
import type { HostArray } from '../src/reference/array.ts'
import { memory } from '../src/reference/memory.ts'
import type { Wasm } from '../src/wasm/index.ts'
import { type Case, type KernelName, problems } from './case-makers.ts'
import { everyKernel } from './every-kernel.ts'
import { createTeams, gather } from './teams.ts'
import { expectNear } from './twins.ts'

const teams = createTeams()
const names = Object.keys(everyKernel) as KernelName[]

beforeAll(() => teams.forEach(gather))
afterAll(() => {
  for (const { threads } of teams) threads.stop()
})

/** These compute on the caller alone: docs/design/threads.md says why. */
const alone: readonly KernelName[] = ['argsort', 'bestSplit', 'cast', 'check', 'gather', 'indexAdd', 'meanBackward', 'scatterAdd']

function on({ kernels }: Wasm, { inputs, compute }: Case): (HostArray | null)[] {
  const arrays = inputs.map((x) => kernels.upload(x))
  const results = compute(kernels, ...arrays)
  const hosts = results.map((y) => y && kernels.download(y, 'spec'))
  for (const array of new Set([...arrays, ...results])) if (array) kernels.release(array)
  return hosts
}

function onReference({ inputs, compute }: Case): (HostArray | null)[] {
  return compute<HostArray>(reference, ...inputs.map((x) => (x instanceof Float32Array ? Float64Array.from(x) : x)))
}

const bits = (y: HostArray | null) => y && new Uint32Array(y.buffer)
const largest = (y: HostArray) => Float64Array.from(y).reduce((max, v) => Math.max(max, Math.abs(v)), 1)

/** The same where one of the inputs is given up to the call. */
function consuming({ kernels }: Wasm, { inputs, compute }: Case, given: number): (HostArray | null)[] {
  const arrays = inputs.map((x) => kernels.upload(x))
  const results = kernels.consume(arrays[given], () => compute(kernels, ...arrays))
  const hosts = results.map((y) => y && kernels.download(y, 'spec'))
  for (const array of new Set([...arrays.toSpliced(given, 1), ...results])) if (array) kernels.release(array)
  return hosts
}

describe('the list of kernels', () => {
  it('is complete', () => {
    const computing = Object.keys(teams[0].kernels).filter((name) => !(name in memory))
    expect([...names].sort()).toEqual(computing.sort())
  })

  it('knows which of them are cut', () => {
    const [, two] = teams
    const whole = names.filter((name) => {
      const jobs = vi.spyOn(two.threads, 'runParts')
      on(two, everyKernel[name]({ n: 34, c: 40, s: 9, k: 3, flag: true, seed: 1 }))
      const isCut = jobs.mock.calls.some(([, parts]) => parts.length > 1)
      jobs.mockRestore()
      return !isCut
    })
    expect(whole).toEqual(alone)
  })
})

describe('with one, two and three threads', () => {
  it.each(names)('%s gives the same bits, and these are the definition within 1e-4 of the largest', (name) => {
    fc.assert(
      fc.property(problems, (problem) => {
        const made = everyKernel[name](problem)
        const expected = onReference(made)
        let one: (HostArray | null)[] = []
        for (const team of teams) {
          const results = on(team, made)
          if (team.threads.size === 1) {
            one = results
            for (const [i, y] of expected.entries()) {
              if (y === null) expect(one[i]).toBeNull()
              else expectNear(one[i] as HostArray, y, { abs: 1e-4 * largest(y) }, `${team.simd}, result ${i},`)
            }
          } else expect(results.map(bits), `${team.simd}, ${team.threads.size} threads`).toEqual(one.map(bits))
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('where an input is given up', () => {
  it('the result of one that may takes its place', () => {
    const [{ kernels, memory }] = teams
    const over = names.filter((name) => {
      if (name.endsWith('Into')) return false
      const { inputs, compute } = everyKernel[name]({ n: 3, c: 4, s: 2, k: 1, flag: true, seed: 1 })
      const arrays = inputs.map((x) => kernels.upload(x))
      memory.begin('spec', ...arrays)
      const { block } = arrays[0]
      const results = kernels.consume(arrays[0], () => compute(kernels, ...arrays))
      const isOver = results[0]?.block === block
      for (const array of new Set([...arrays.slice(1), ...results])) if (array) kernels.release(array)
      return isOver
    })
    expect(over).toEqual(expect.arrayContaining(['add', 'geluBackward', 'layerNormBackward', 'batchNormBackward', 'softmaxBackward']))
    expect(over).not.toEqual(expect.arrayContaining(['where']))
  })

  it.each(names.filter((name) => !name.endsWith('Into')))('%s gives the same bits', (name) => {
    fc.assert(
      fc.property(problems, (problem) => {
        const made = everyKernel[name](problem)
        for (const team of teams) {
          const expected = on(team, made).map(bits)
          for (const given of made.inputs.keys()) expect(consuming(team, made, given).map(bits), `input ${given}`).toEqual(expected)
        }
      }),
      { numRuns: 5 },
    )
  })
})
