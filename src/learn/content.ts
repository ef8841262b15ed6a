import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { solutionOf } from './blank.ts'
import type { LooseChecks } from './check.ts'
import type { Subject } from './judge.ts'
import { manifest } from './manifest.ts'
import { checksFile, shortPath, solutionFile } from './paths.ts'
import type { Solutions } from './role.ts'
import { functionsOf, shippedText } from './source.ts'

/** All that is shipped for a lesson, whatever the learner has made of the lesson file. */
export interface Content {
  readonly name: string
  readonly checks: LooseChecks
  readonly solutions: Solutions
  readonly solutionText: string
  /** The functions to fill in, in the order of the file. */
  readonly blanks: readonly string[]
  /** The lesson file with all its blanks. */
  readonly shipped: string
}

export async function loadContent(name: string): Promise<Content> {
  const [loaded, solutions] = await Promise.all([load(checksFile(name)), loadSolutions(name)])
  if (loaded.default === undefined)
    throw new Error(`${shortPath(checksFile(name))} has no default export: export default checks<typeof lesson>({ … })`)
  const checks = loaded.default as LooseChecks
  const solutionText = readFileSync(solutionFile(name), 'utf8')
  const blanks = Object.keys(checks)
  return { name, checks, solutions, solutionText, blanks, shipped: shippedText(solutionText, blanks) }
}

export async function loadSolutions(name: string): Promise<Solutions> {
  return isCompiled(name) ? (await import('./compile.ts')).compiledSolutions(name) : load(solutionFile(name))
}

/** Whether the functions of a lesson are compiled before they are called. */
export const isCompiled = (name: string): boolean => manifest.find((lesson) => lesson.name === name)?.language === 'assemblyscript'

async function load(file: string): Promise<Solutions> {
  return (await import(pathToFileURL(file).href)) as Solutions
}

/** What is judged: `fn` under the check of the blank `name`. */
export function subjectOf({ checks, solutions, solutionText }: Content, name: string, fn: unknown): Subject {
  const parameters = functionsOf(solutionText).find((f) => f.name === name)?.parameters ?? []
  return { name, parameters, fn, solution: solutionOf(solutions, name), check: checks[name] }
}
