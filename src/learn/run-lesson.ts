import { existsSync } from 'node:fs'
import type { Lesson } from './manifest.ts'
import { shortPath } from './paths.ts'
import type { DemoOptions } from './role.ts'
import { type CheckRun, type DemoRun, runChecks, runDemo } from './supervise.ts'

export interface LessonRun {
  readonly checks: CheckRun
  readonly demo: DemoRun
}

export interface Running {
  readonly file: string
  readonly options: DemoOptions
  readonly svg?: string
  readonly stdio: 'inherit' | 'pipe'
  readonly signal?: AbortSignal
  /** Called with the verdicts while the demo may still be running. */
  checked?(checks: CheckRun): void
}

/** A demo that runs on a function which never ends is given so much longer. */
const GRACE_MS = 1_000

/** Runs the demo and the checks of a lesson side by side, each in a process of its own. */
export async function runLesson(lesson: Lesson, { file, options, svg, stdio, signal, checked }: Running): Promise<LessonRun> {
  const stop = new AbortController()
  signal?.addEventListener('abort', () => stop.abort(), { once: true })
  const showing = existsSync(file)
    ? runDemo({ lesson: lesson.name, file, options, svg, stdio, signal: stop.signal })
    : Promise.resolve({ broken: true, blanks: [], output: '' })
  const checks = await checkLesson(lesson, file, options, signal)
  checked?.(checks)
  const endless = checks.verdicts.find((verdict) => verdict.state === 'wrong' && verdict.endless)
  const timer = endless && setTimeout(() => stop.abort(), GRACE_MS)
  const demo = await showing
  clearTimeout(timer)
  const stopped = endless && stop.signal.aborted
  return { checks, demo: stopped ? { ...demo, failed: `${endless.name}, on which it may have been waiting, does not finish` } : demo }
}

/** Checks a lesson file that may be missing. */
export async function checkLesson(
  { name }: Lesson,
  file: string,
  { seed, backend }: CheckOptions,
  signal?: AbortSignal,
): Promise<CheckRun> {
  if (existsSync(file)) return runChecks({ lesson: name, file, seed, backend, signal })
  return { verdicts: [], printed: '', broken: `${shortPath(file)} is missing. \`npm run learn ${name}\`, then the key r, brings it back.` }
}

export type CheckOptions = Pick<DemoOptions, 'seed' | 'backend'>
