import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadContent } from '../src/learn/content.ts'
import { manifest } from '../src/learn/manifest.ts'
import { root } from '../src/learn/paths.ts'
import { functionsOf } from '../src/learn/source.ts'

/** A copy of the project to learn in: these lessons as shipped, nothing passed yet. What is only read is linked. */
export async function copyOfProject(lessons: readonly string[] = manifest.map(({ name }) => name)): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'gradus-'))
  for (const part of ['src', 'exercises', 'docs', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  for (const part of ['node_modules', 'data', 'gpu']) symlinkSync(join(root, part), join(copy, part))
  for (const name of lessons) writeFileSync(join(copy, 'exercises', `${name}.ts`), (await loadContent(name)).shipped)
  return copy
}

/** A copy's course, cut down to these lessons. */
export function keepLessons(copy: string, lessons: readonly string[]): void {
  const path = join(copy, 'src/learn/manifest.ts')
  writeFileSync(path, `${readFileSync(path, 'utf8').trimEnd()}.filter(({ name }) => ${JSON.stringify(lessons)}.includes(name))\n`)
}

/** A lesson file of a copy with other bodies in some of its functions. */
export function fillIn(copy: string, lesson: string, bodies: Readonly<Record<string, string>>): void {
  const path = join(copy, 'exercises', `${lesson}.ts`)
  let text = readFileSync(path, 'utf8')
  for (const { name, head, body } of functionsOf(text)) {
    if (name in bodies) text = text.replace(`${head}\n${body}\n}`, () => `${head}\n${bodies[name]}\n}`)
  }
  writeFileSync(path, text)
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a TypeScript file of a copy, as `npx tsx` does. */
export function runFile(copy: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return runCommand(process.execPath, ['--import', 'tsx', ...args], copy, env)
}

export function runCommand(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...bareEnvironment(), ...env } })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

/** The environment without what the test runner adds. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR, NO_COLOR, NODE_OPTIONS, ...rest } = process.env
  return rest
}
