// npm run check [lesson] [-- --hint [function] | --give-up [function]]
import { allPassed, remember, reportingMistakes, usableBackend } from './front.ts'
import { ink, wrap } from './ink.ts'
import { giveUpText, hintText } from './ladder.ts'
import { type Lesson, manifest } from './manifest.ts'
import { lessonFile } from './paths.ts'
import { ProgressFile } from './progress.ts'
import { heading, nextStep, solutionText, verdictText } from './report.ts'
import { checkLesson } from './run-lesson.ts'
import { type Arguments, flagsHelp, lessonNamed, readArguments, UsageError } from './usage.ts'

process.exitCode = await reportingMistakes(main)

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2))
  if (!asked.color) process.env.NO_COLOR = '1'
  const progress = new ProgressFile((trouble) => console.error(wrap(trouble, '  ')))
  const [name, fn, ...more] = asked.words
  if (more.length > 0 || (fn !== undefined && !asked.hint && !asked.giveUp))
    throw new UsageError(`'${more[0] ?? fn}' is not understood here: see --help`)
  const lesson = name === undefined ? undefined : lessonNamed(name)
  if (asked.help) {
    console.log(
      `npm run check [lesson] [-- flags]   checks one lesson, or all\n\nLessons: ${manifest.map((entry) => entry.name).join(', ')}\n\n${flagsHelp}`,
    )
    return 0
  }
  if (asked.hint || asked.giveUp) {
    if (lesson === undefined) throw new UsageError('a hint for which lesson? For instance: npm run check perceptron -- --hint')
    console.log(asked.hint ? await hintText(lesson, fn, progress) : await giveUpText(lesson, fn))
    return 0
  }
  return lesson === undefined ? checkAll(asked, progress) : checkOne(lesson, asked, progress)
}

async function checkOne(lesson: Lesson, asked: Arguments, progress: ProgressFile): Promise<number> {
  const file = lessonFile(lesson.name)
  const backend = await usableBackend(lesson, asked.backend)
  const run = await checkLesson(lesson, file, { seed: asked.seed, backend })
  remember(lesson, run, progress)
  console.log(`${heading(lesson)}\n\n${verdictText(file, run)}`)
  if (allPassed(run))
    console.log(
      `\n${solutionText(
        lesson.name,
        run.verdicts.map((verdict) => verdict.name),
      )}`,
    )
  console.log(`\n${nextStep(lesson, run)}`)
  return allPassed(run) ? 0 : 1
}

async function checkAll(asked: Arguments, progress: ProgressFile): Promise<number> {
  const { bold } = ink()
  let finished = 0
  for (const lesson of manifest) {
    const file = lessonFile(lesson.name)
    const backend = await usableBackend(lesson, asked.backend)
    const run = await checkLesson(lesson, file, { seed: asked.seed, backend })
    remember(lesson, run, progress)
    if (allPassed(run)) finished++
    console.log(`${heading(lesson)}\n${verdictText(file, run)}\n`)
  }
  console.log(`${bold('Lessons')}: ${finished} of ${manifest.length} pass`)
  return finished === manifest.length ? 0 : 1
}
