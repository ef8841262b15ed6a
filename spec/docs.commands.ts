/** npm run test:commands: every command of every page, run as it stands there, in a copy of the project. CI runs this beside `npm test`. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandsOf, pages, readPage } from '../scripts/pages.ts'
import { copyOfProject, runCommand } from './project-copy.ts'

/** Commands that are run elsewhere, and where. */
const elsewhere: readonly (readonly [command: RegExp, where: string])[] = [
  [/^npm ci$/, 'CI itself'],
  [/^npm test$/, 'CI itself'],
  [/^npm run learn\b/, 'spec/watch.spec.ts, since it does not end by itself'],
  [/^npm run bench$/, 'spec/bench.spec.ts, on one operation, since all of it takes minutes'],
  [/^npm run gpu:install$/, 'CI itself'],
  [/^npm --prefix bench\/peers ci$|^npm run bench:peers$/, 'by hand: half a gigabyte of other libraries'],
]

/** Commands of the lesson in WGSL, and the one that asks which GPU there is. */
const needsGpu = /^(npx tsx exercises\/|npm run check )webgpu\b|^npx tsx scripts\/gpu\.ts$/
const noGpu = process.env.GRADUS_NO_GPU ?? ''

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

  it.concurrent.for(commands)('%s', async (command, { skip }) => {
    skip(noGpu !== '' && needsGpu.test(command), noGpu)
    const { code, out, err } = await runCommand('bash', ['-c', command], project)
    expect(code, out + err).toBe(exitCode(command))
  })
})
