/** That the benchmark measures what it says, and understands what it is asked. How fast anything is, no test says. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { pairedRatio, sameNumbers } from '../bench/contest.ts'
import { isSettled, median, statistics, warmUp } from '../bench/measure.ts'
import { families } from '../bench/operations/index.ts'
import { readOptions, select } from '../bench/options.ts'
import { sectionText } from '../bench/report.ts'
import type { Row } from '../bench/run.ts'
import { labels, numbers, parameters } from '../bench/work.ts'
import { root } from '../src/learn/paths.ts'

describe('its options', () => {
  it('are all builds, all processors and all work where nothing is said', () => {
    const { builds, threads, filter, quick, json } = readOptions([])
    expect([builds, filter, quick, json]).toEqual([['reference', 'plain', 'relaxed', 'webgpu'], '', false, false])
    expect(threads).toBeGreaterThanOrEqual(1)
    expect(select({ filter: '' }).flatMap(({ works }) => works).length).toBeGreaterThan(60)
  })

  it('take wasm for both builds', () => {
    expect(readOptions(['--backend', 'wasm', '--threads', '3'])).toMatchObject({ builds: ['plain', 'relaxed'], threads: 3 })
  })

  it.each([
    [['--bakend', 'wasm'], /--bakend/],
    [['--backend', 'gpu'], /--backend: expected reference, plain, relaxed, wasm or webgpu, got 'gpu'/],
    [['--backend', ''], /--backend: expected .* got ''/],
    [['--tune', 'wasm'], /--tune: expected webgpu, got 'wasm'/],
    [['--threads', '0'], /--threads: expected a whole number from 1 to 256, got '0'/],
    [['--threads', 'two'], /--threads: .* got 'two'/],
    [['--filter', 'quantum'], /nothing has 'quantum' in its name[\s\S]*attention[\s\S]*MLP step/],
    [['matmul'], /matmul/],
  ])('%j are refused with what is allowed', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })

  it('filter by the name of a family or of one operation', () => {
    expect(select({ filter: 'EXP' })).toMatchObject([{ name: 'element by element', works: [{ name: 'exp 1M' }] }])
    expect(select({ filter: 'pooling' })[0].works).toHaveLength(4)
    expect(select({ filter: 'LSTM' }).map(({ name }) => name)).toEqual(['recurrent layers', 'LSTM step'])
  })
})

describe('its figures', () => {
  it('are medians, and ratios of the same rounds', () => {
    expect(median([9, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(statistics([5, 1, 3])).toEqual({ median: 3, least: 1, most: 5 })
    // A machine that halves its speed after two rounds changes neither ratio; the medians alone would give 4 / 1.
    expect(pairedRatio([2, 2, 4, 4, 4], [1, 1, 2, 2])).toBe(2)
  })

  it('begin when a task has stopped becoming faster', async () => {
    expect(isSettled([4, 2, 1])).toBe(false) // too few to tell
    expect(isSettled([4, 2, 1, 0.9])).toBe(false)
    expect(isSettled([4, 1, 1, 0.9, 0.89])).toBe(false)
    expect(isSettled([4, 1, 0.99, 1.2])).toBe(true)
    let calls = 0
    expect(await warmUp(() => calls++, { atLeast: 30, atMost: 120 })).toBeLessThan(30)
    expect(calls).toBeGreaterThan(100)
  })

  it('are compared of the same results alone', () => {
    expect(sameNumbers([1, 2.001], [1, 2])).toBe(true)
    expect(sameNumbers([1, 2.1], [1, 2])).toBe(false)
    expect(sameNumbers([Number.NaN], [1])).toBe(false)
  })

  it('are written within 80 columns', () => {
    const cell = { median: 12.34, least: 12, most: 13, rounds: 9, rate: 45.6, share: 0.789 }
    const columns = ['reference', 'plain', 'relaxed', '16 threads', 'webgpu']
    const outcomes = Object.fromEntries(columns.map((column) => [column, cell]))
    const rows: Row[] = families.flatMap(({ operations }) => operations).map(({ name }) => ({ name, flops: 1e6, outcomes }))
    const text = sectionText('convolution: forward, input, weight gradient', rows, columns)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(text).toContain('matmul NN 1024³')
    expect(text).toContain('79%')
  })
})

describe('its work', () => {
  it('computes with the same numbers in every language', () => {
    // By numpy: h = (arange(4) + 0x9e3779b9) in uint32, then the finaliser of MurmurHash3.
    expect([...numbers(4, 1)].map((x) => x.toFixed(6))).toEqual(['0.146795', '0.176788', '0.408267', '0.855526'])
    expect([...labels(6, 10, 2)]).toEqual([9, 6, 9, 4, 4, 6])
    const { 'norm.weight': scale, 'a.weight': weight } = parameters({ 'a.weight': [100, 25], 'norm.weight': [100] })
    expect(Math.max(...weight)).toBeLessThan(1 / 5)
    expect(scale.reduce((a, b) => a + b) / 100).toBeCloseTo(1, 1)
  })

  it('runs as a command, and gives ceilings and shares as JSON', async () => {
    const args = [
      '--import',
      'tsx',
      'bench/index.ts',
      '--json',
      '--quick',
      '--threads',
      '1',
      '--backend',
      'reference,relaxed',
      '--filter',
      '16³',
    ]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    const { machine, ceilings, sections } = JSON.parse(stdout)
    expect(machine.node).toBe(process.versions.node)
    expect(ceilings.relaxed.multiplyAdd[ceilings.relaxed.bestChains]).toBeGreaterThan(0.1)
    expect(sections).toHaveLength(1)
    const [{ name, flops, outcomes }] = sections[0].rows
    expect([name, flops]).toEqual(['matmul 16³', 2 * 16 ** 3])
    expect(outcomes.reference.median).toBeGreaterThan(0)
    const { rate, median, share, rounds } = outcomes.relaxed
    expect(rate).toBeCloseTo(flops / median / 1e6, 6)
    expect(share).toBeGreaterThan(0)
    expect(rounds).toBeGreaterThanOrEqual(5)
  })
})
