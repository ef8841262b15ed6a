import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { BackendName } from '../tensor/backend.ts'
import { errorText } from './failure.ts'
import { ink, wrap } from './ink.ts'
import { giveUpText, hintText } from './ladder.ts'
import type { Lesson } from './manifest.ts'
import { lessonFile, solutionFile } from './paths.ts'
import { ProgressFile } from './progress.ts'
import { castText, heading, nextStep, solutionText, verdictText } from './report.ts'
import type { DemoOptions } from './role.ts'
import { runLesson } from './run-lesson.ts'
import { openingComment } from './source.ts'
import type { CheckRun } from './supervise.ts'
import { type Arguments, flagsHelp, lessonNamed, readArguments, UsageError } from './usage.ts'

/** Prints a mistake of the user alone, without a stack trace. Returns the exit code. */
export async function reportingMistakes(run: () => Promise<number>): Promise<number> {
  process.stdout.on('error', () => process.exit()) // nobody reads any more: `| head`
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(wrap(error.message, '  '))
    return 2
  }
}

/** `npx tsx exercises/<name>.ts`: the concept, the demo, the state of the blanks, what to do next. Returns the exit code. */
export function front(file: string, args: readonly string[]): Promise<number> {
  return reportingMistakes(async () => {
    const lesson = lessonNamed(basename(file, '.ts'))
    const asked = readArguments(args)
    if (!asked.color) process.env.NO_COLOR = '1'
    const [word, ...more] = asked.words
    if (more.length > 0 || (word !== undefined && !asked.hint && !asked.giveUp)) {
      throw new UsageError(`'${more[0] ?? word}' is not understood here: see --help`)
    }
    const progress = new ProgressFile((trouble) => console.error(wrap(trouble, '  ')))
    if (asked.help) console.log(helpText(lesson))
    else if (asked.hint) console.log(await hintText(lesson, word, progress))
    else if (asked.giveUp) console.log(await giveUpText(lesson, word))
    else return await show(lesson, file, asked, progress)
    return 0
  })
}

async function show(lesson: Lesson, file: string, asked: Arguments, progress: ProgressFile): Promise<number> {
  const { red, dim } = ink()
  const options = await demoOptions(lesson, asked)
  console.log(`${heading(lesson)}\n\n${wrap(openingComment(readFileSync(solutionFile(lesson.name), 'utf8')))}\n`)
  for (const note of notes(lesson, asked)) console.log(`${dim(wrap(note))}\n`)
  const { checks: run, demo } = await runLesson(lesson, { file, options, svg: asked.svg, stdio: 'inherit' })
  if (demo.failed !== undefined && !demo.broken) console.log(`\n${red(wrap(`The demo stopped: ${demo.failed}`, '  '))}`)
  const cast = castText(run, demo.blanks)
  if (cast !== '') console.log(`\n${cast}`)
  console.log(`\n${verdictText(file, run)}`)
  if (file === lessonFile(lesson.name)) remember(lesson, run, progress)
  if (allPassed(run) && file !== solutionFile(lesson.name)) {
    const names = run.verdicts.map((verdict) => verdict.name)
    console.log(`\n${solutionText(lesson.name, names)}`)
  }
  console.log(`\n${nextStep(lesson, run)}`)
  const wrong = run.broken !== undefined || run.verdicts.some((verdict) => verdict.state === 'wrong')
  return wrong || demo.failed !== undefined ? 1 : 0
}

export const allPassed = ({ verdicts, broken }: CheckRun): boolean =>
  broken === undefined && verdicts.length > 0 && verdicts.every((verdict) => verdict.state === 'passed')

/** Keeps what a check of the learner's file found. */
export function remember({ name }: Lesson, { verdicts, broken }: CheckRun, progress: ProgressFile): void {
  if (broken !== undefined) return
  const passed = verdicts.filter((verdict) => verdict.state === 'passed').map((verdict) => verdict.name)
  progress.update(name, { passed, of: verdicts.length })
}

/** `are digits, or the path of a file`: what `--data` may be. */
function dataText({ data, dataPath }: Lesson): string {
  return `${data.length === 1 ? 'is' : 'are'} ${data.join(', ')}${dataPath ? `, or ${dataPath}` : ''}`
}

/** The options of a demo, of what was asked for. */
export async function demoOptions(lesson: Lesson, asked: Arguments): Promise<DemoOptions> {
  const { seed, epochs, data, quick } = asked
  if (data !== '' && lesson.data.length > 0 && !lesson.data.includes(data) && !(lesson.dataPath && existsSync(data))) {
    const noPath = lesson.dataPath ? ', and there is no such file or folder' : ''
    throw new UsageError(`${lesson.name} does not know the data '${data}'${noPath}: there ${dataText(lesson)}`)
  }
  const backend = await usableBackend(lesson, asked.backend)
  return { seed, epochs, data: lesson.data.length === 0 ? '' : data || lesson.data[0], backend, quick }
}

/** The backend that was asked for, where the lesson has one; a UsageError if it, or the default, does not work here. */
export async function usableBackend(lesson: Lesson, backend: BackendName | undefined): Promise<BackendName | undefined> {
  if (lesson.backend === 'none') return undefined
  const { current, setBackend } = await import('../tensor/backend.ts')
  try {
    if (backend === undefined) current()
    else await setBackend(backend)
    return backend
  } catch (error) {
    throw new UsageError(`${backend === undefined ? 'The backend' : `--backend ${backend}`} cannot be used here. ${errorText(error)}`)
  }
}

/** What a lesson has no use for is accepted, and said. */
function notes({ backend, data, language }: Lesson, asked: Arguments): string[] {
  const found: string[] = []
  if (asked.data !== '' && data.length === 0) found.push('--data: this lesson brings its own data and has no use for another.')
  const what = { assemblyscript: 'plain AssemblyScript, it has no backend', wgsl: 'WGSL, it always runs on the GPU' }
  if (asked.backend !== undefined && backend === 'none')
    found.push(`--backend: this lesson is ${language === undefined ? 'plain TypeScript, it has no backend' : what[language]}.`)
  return found
}

function helpText(lesson: Lesson): string {
  const data = lesson.data.length === 0 ? '' : `\n\nIts data ${dataText(lesson)}.`
  return `${heading(lesson)}\n\n${lesson.description}\n\nnpx tsx exercises/${lesson.name}.ts [flags]\n\n${flagsHelp}${data}`
}
