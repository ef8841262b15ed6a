/** The benchmark's column of the GPU: it is there where a GPU is, and elsewhere it says why not. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { root } from '../src/learn/paths.ts'

const bench = (args: readonly string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'bench/index.ts', '--quick', '--threads', '1', '--filter', '16³', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  })

describe('the benchmark of the GPU', () => {
  it('gives ceilings, transfers, rates and shares', async () => {
    const { stdout } = await bench(['--json', '--backend', 'reference,webgpu'])
    const { gpu, ceilings, transfers, sections } = JSON.parse(stdout)
    expect(gpu).toMatch(/^webgpu: /)
    expect(ceilings.webgpu.multiplyAdd[ceilings.webgpu.bestChains]).toBeGreaterThan(0.1)
    expect(transfers.upload).toBeGreaterThan(0)
    expect(transfers.read).toBeGreaterThan(transfers.wait)
    const { outcomes, flops } = sections[0].rows[0]
    expect(outcomes.reference.median).toBeGreaterThan(0)
    expect(outcomes.webgpu.rate).toBeCloseTo(flops / outcomes.webgpu.median / 1e6, 6)
    expect(outcomes.webgpu.share).toBeGreaterThan(0)
  })

  it.runIf(process.platform === 'linux')('has no column where there is no adapter, and says so', async () => {
    const { stdout } = await bench(['--backend', 'reference,webgpu'], { VK_ICD_FILENAMES: '/dev/null' })
    expect(stdout).toMatch(/^No column webgpu: no adapter was found/m)
    expect(stdout).not.toMatch(/ms {2}reference {2}webgpu/)
  })
})
