import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Report } from './loops.child.ts'

const MiB = 2 ** 20

async function run(loop: string): Promise<Report> {
  const child = fileURLToPath(new URL('./loops.child.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', child, loop], { maxBuffer: 2 ** 24 })
  return JSON.parse(stdout)
}

/** A backend's heap has some bytes of its own, however little is alive. */
const LEAST = 0.75 * MiB

describe('memory stays flat without a clean-up call', () => {
  it.each(['newInputs', 'largerModel', 'evaluation', 'gan', 'carriedState', 'droppedModels'])('%s', async (loop) => {
    const { samples, held, peak, alive, checks } = await run(loop)
    const at500 = samples.findIndex(({ step }) => step >= 500)
    const warm = samples.slice(at500 > 0 ? at500 : 5) // the larger and the dropped models make fewer steps
    const heaps = warm.map(({ heap }) => heap)
    expect(Math.max(...heaps), 'the heap does not grow').toBe(heaps[0])
    expect(peak, `peak ${(peak / MiB).toFixed(2)} MiB, alive ${(alive / MiB).toFixed(2)} MiB`).toBeLessThanOrEqual(
      Math.max(1.3 * alive, LEAST),
    )
    expect(held[1] - held[0], "what JavaScript's heap holds after a collection").toBeLessThan(MiB)
    const residents = warm.map(({ resident }) => resident)
    expect(Math.max(...residents) - residents[0], "resident memory, with the steps in which JavaScript's heap grows").toBeLessThan(64 * MiB)
    for (const [check, passed] of Object.entries(checks)) expect(passed, check).toBe(true)
  })
})
