import { loadContent } from './content.ts'
import { ink, wrap } from './ink.ts'
import type { Lesson } from './manifest.ts'
import { lessonFile } from './paths.ts'
import type { ProgressFile } from './progress.ts'
import { nextToDo, solutionText } from './report.ts'
import { checkLesson } from './run-lesson.ts'
import { UsageError, unknown } from './usage.ts'

const steps = ['A nudge', 'The formula', 'Nearly the code']

/** The next hint for a function, after those that were asked for before. How far one has climbed is remembered. */
export async function hintText(lesson: Lesson, asked: string | undefined, progress: ProgressFile): Promise<string> {
  const { bold, dim } = ink()
  const { checks, blanks } = await loadContent(lesson.name)
  const name = asked === undefined ? await firstToDo(lesson) : blankNamed(asked, blanks)
  if (name === undefined) return `All functions of ${lesson.name} pass: there is nothing to hint at.`
  const { hints } = checks[name]
  const seen = progress.lesson(lesson.name).hints
  const climbed = Math.min(hints.length, (seen[name] ?? 0) + 1)
  progress.update(lesson.name, { hints: { ...seen, [name]: climbed } })
  const lines = [`${bold(name)}   hint ${climbed} of ${hints.length}`]
  for (let i = 0; i < climbed; i++) lines.push('', bold(steps[i]), wrap(indented(hints[i]), '  '))
  const more = climbed < hints.length ? 'Ask again for the next one.' : `That was the last one: --give-up ${name} shows the solution.`
  return [...lines, '', dim(more)].join('\n')
}

const indented = (text: string): string => text.replace(/^/gm, '  ')

/** The solution of one function, for who asks for it in so many words. */
export async function giveUpText(lesson: Lesson, asked: string | undefined): Promise<string> {
  const { blanks } = await loadContent(lesson.name)
  const name = asked === undefined ? await firstToDo(lesson) : blankNamed(asked, blanks)
  return solutionText(lesson.name, name === undefined ? blanks : [name])
}

function blankNamed(name: string, blanks: readonly string[]): string {
  if (!blanks.includes(name)) throw new UsageError(unknown('function', name, blanks))
  return name
}

async function firstToDo(lesson: Lesson): Promise<string | undefined> {
  const { verdicts, broken } = await checkLesson(lesson, lessonFile(lesson.name), { seed: 1, backend: undefined })
  if (broken !== undefined) throw new UsageError(`exercises/${lesson.name}.ts cannot be run: ${broken}`)
  return nextToDo(verdicts)?.name
}
