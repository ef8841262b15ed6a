import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { errorText } from './failure.ts'
import { currentRole, type Demo } from './role.ts'

export { blank } from './blank.ts'
export type { Demo, DemoContext, DemoOptions } from './role.ts'

// A mistake outside the functions ends a lesson file before `lesson` is reached: it is reported here, without a stack trace.
if (/[\\/]exercises[\\/]/.test(process.argv[1] ?? '')) {
  process.on('uncaughtException', (error) => {
    console.error(`${process.argv[1].replace(/^.*(?=exercises)/, '')} cannot be run\n  ${errorText(error)}`)
    process.exit(1)
  })
}

/**
 * The last statement of a lesson file. Run by hand (`npx tsx exercises/<name>.ts`) it shows the concept, the demo, the state of the
 * blanks and what to do next. Imported, by a check or a test, it does nothing.
 */
export async function lesson(meta: ImportMeta, demo: Demo): Promise<void> {
  const role = currentRole()
  if (role.kind === 'demo' && role.url === meta.url) return role.start(demo)
  if (role.kind === 'front' && isMain(meta.url)) {
    const { front } = await import('./front.ts')
    process.exitCode = await front(fileURLToPath(meta.url), process.argv.slice(2))
  }
}

function isMain(url: string): boolean {
  const main = process.argv[1]
  if (main === undefined) return false
  const path = fileURLToPath(url)
  return [main, `${main}.ts`].some((candidate) => candidate === path || resolved(candidate) === path)
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
