import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Report } from './loops.child.ts'

const MiB = 2 ** 20

async function run(loop: string): Promise<Report> {
  const child = fileURLToPath(new URL('./loops.child.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child, loop], { maxBuffer: 2 ** 24 })
  return JSON.parse(stdout)
}

describe('memory stays flat without a clean-up call', () => {
  it.each(['newInputs', 'evaluation', 'gan', 'carriedState', 'droppedModels'])('%s', async (loop) => {
    const { samples, peak, alive, checks } = await run(loop)
    const warm = samples.slice(Math.ceil(samples.length / 8)) // 12% are the warm-up: 500 of 20,000 steps are 2.5%
    const after500 = samples.filter(({ step }) => step >= 500)
    const settled = after500.length > 10 ? after500 : warm
    const heaps = settled.map(({ heap }) => heap)
    expect(Math.max(...heaps), 'the heap does not grow').toBe(heaps[0])
    expect(peak, `peak ${(peak / MiB).toFixed(2)} MiB, alive ${(alive / MiB).toFixed(2)} MiB`).toBeLessThanOrEqual(1.3 * alive + MiB / 4)
    const half = settled.length >> 1
    const mean = (part: typeof settled) => part.reduce((sum, { resident }) => sum + resident, 0) / part.length
    expect(mean(settled.slice(half)) - mean(settled.slice(0, half)), 'resident memory of the second half against the first').toBeLessThan(
      24 * MiB,
    )
    for (const [check, passed] of Object.entries(checks)) expect(passed, check).toBe(true)
  })
})
