/** The pages say what is so: their code is the code, their numbers are computed, their commands run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkModule, commandsOf, filled, pages, readPage } from '../scripts/pages.ts'
import { numericDifference, snapshot } from '../src/learn/value.ts'
import { copyOfProject, runCommand } from './project-copy.ts'

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

/** Commands that are run elsewhere, and where. */
const elsewhere: readonly (readonly [command: RegExp, where: string])[] = [
  [/^npm ci$/, 'CI itself'],
  [/^npm test$/, 'CI itself'],
  [/^npm run learn\b/, 'spec/watch.spec.ts, since it does not end by itself'],
]
const isRunHere = (command: string) => !elsewhere.some(([pattern]) => pattern.test(command))

/** `npm run check` says by exit code 1 that blanks are open. */
const exitCode = (command: string) => (/^npm run check( [a-z-]+)?$/.test(command) ? 1 : 0)

describe('the commands of the pages', () => {
  const commands = [...new Set(pages().flatMap((page) => commandsOf(readPage(page))))].filter(isRunHere)
  let project = ''
  beforeAll(async () => {
    project = await copyOfProject()
  })
  afterAll(() => rmSync(project, { recursive: true, force: true }))

  it.concurrent.each(commands)('%s', async (command) => {
    const { code, out, err } = await runCommand('bash', ['-c', command], project)
    expect(code, out + err).toBe(exitCode(command))
  })
})
