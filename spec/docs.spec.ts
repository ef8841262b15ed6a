/** The pages say what is so: their code is the code, their numbers are computed. That their commands run is shown by docs.commands.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkModule, filled, pages, readPage } from '../scripts/pages.ts'
import { numericDifference, snapshot } from '../src/learn/value.ts'

interface Claim {
  readonly source: string
  readonly came: unknown
  readonly value: unknown
  readonly tolerance: number
}

describe.each(pages())('%s', (page) => {
  const text = readPage(page)

  it('includes code as it is (npx tsx scripts/docs.ts brings it up to date)', () => {
    expect(text).toBe(filled(text))
  })

  const source = checkModule(page, text)
  if (source === undefined) return
  it('claims numbers that come out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gradus-docs-'))
    const file = join(folder, 'page.ts')
    writeFileSync(file, source)
    const { default: claims } = (await import(file)) as { default: Claim[] }
    rmSync(folder, { recursive: true })
    expect(claims.length).toBeGreaterThan(0)
    for (const { source, came, value, tolerance } of claims) {
      expect(numericDifference(await snapshot(came), await snapshot(value), tolerance), source).toBeUndefined()
    }
  })
})
