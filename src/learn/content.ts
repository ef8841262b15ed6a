import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { solutionOf } from './blank.ts'
import type { LooseChecks, LooseFunction } from './check.ts'
import type { Subject } from './judge.ts'
import { languageOf } from './manifest.ts'
import { checksFile, shortPath, solutionFile } from './paths.ts'
import type { Solutions } from './role.ts'
import { functionsOf, shippedText } from './source.ts'
import { callable, type KernelCall, PARAMETERS } from './wgsl.ts'

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
  return languageOf(name) === 'assemblyscript' ? (await import('./compile.ts')).compiledSolutions(name) : load(solutionFile(name))
}

/** Gets ready what compiles the functions of a lesson, so that a save is answered at once. An error says what this machine lacks. */
export async function prepare({ name, blanks, solutions }: Content): Promise<void> {
  const language = languageOf(name)
  if (language === 'assemblyscript') await (await import('./compile.ts')).compiledSolution(name)
  if (language === 'wgsl') for (const blank of blanks) await (callable(solutions[blank]) as KernelCall).compile()
}

async function load(file: string): Promise<Solutions> {
  return (await import(pathToFileURL(file).href)) as Solutions
}

/** What is judged: `fn`, which stands in `file`, under the check of the blank `name`. */
export function subjectOf({ name: lesson, checks, solutions, solutionText }: Content, name: string, fn: unknown, file?: string): Subject {
  const solution = solutionOf(solutions, name)
  if (languageOf(lesson) === 'wgsl')
    return { name, parameters: PARAMETERS, fn: callable(fn, file), solution: callable(solution) as LooseFunction, check: checks[name] }
  const parameters = functionsOf(solutionText).find((f) => f.name === name)?.parameters ?? []
  return { name, parameters, fn, solution, check: checks[name] }
}
