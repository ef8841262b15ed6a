import { existsSync, readFileSync } from 'node:fs'
import { ink, wrap } from './ink.ts'
import type { Verdict, Wrong } from './judge.ts'
import { type Lesson, manifest } from './manifest.ts'
import { lessonFile, shortPath, solutionFile } from './paths.ts'
import { functionsOf, regionOf } from './source.ts'
import type { CheckRun } from './supervise.ts'

/** The texts that the runner shows, each as one string. */

export function heading({ name, title }: Lesson): string {
  const { bold, dim } = ink()
  const number = manifest.findIndex((entry) => entry.name === name) + 1
  return `${bold(title)}   ${dim(`lesson ${number} of ${manifest.length}: ${name}`)}`
}

const marks = { passed: '✓', wrong: '✗', open: '○' } as const

/** The state of every function, then the first mistake in full. */
export function verdictText(file: string, { verdicts, broken, lacking, printed }: CheckRun): string {
  const { bold, red, dim } = ink()
  if (broken !== undefined)
    return `${red(`${shortPath(file)} cannot be run${lacking ? ' on this machine' : ''}`)}\n${wrap(`  ${broken}`, '  ')}`
  const passed = verdicts.filter((verdict) => verdict.state === 'passed').length
  const lines = [`${bold('Your functions')} in ${shortPath(file)}: ${passed} of ${verdicts.length} pass`]
  const width = Math.max(...verdicts.map((verdict) => verdict.name.length))
  for (const verdict of verdicts) lines.push(stateLine(verdict, width))
  const mistake = verdicts.find((verdict) => verdict.state === 'wrong')
  if (mistake !== undefined) lines.push('', mistakeText(mistake))
  if (printed !== '') lines.push('', dim('What your functions printed while they were checked:'), excerpt(printed))
  return lines.join('\n')
}

function stateLine(verdict: Verdict, width: number): string {
  const { green, red, yellow, dim } = ink()
  const paint = { passed: green, wrong: red, open: yellow }[verdict.state]
  const note = verdict.state === 'passed' ? '' : verdict.state === 'open' ? dim('blank') : (verdict.diagnosis ?? 'wrong')
  return wrap(`  ${paint(marks[verdict.state])} ${verdict.name.padEnd(width)}   ${note}`, ' '.repeat(width + 7)).trimEnd()
}

function mistakeText({ call, expected, came, diagnosis, name }: Wrong): string {
  const { red, bold } = ink()
  const lines = [bold(wrap(`  ${call ?? name}`, '    '))]
  if (expected !== undefined) lines.push(wrap(`    expected   ${expected}`, ' '.repeat(15)))
  lines.push(wrap(`    came       ${came}`, ' '.repeat(15)))
  if (diagnosis !== undefined) lines.push(red(wrap(`    diagnosis  ${diagnosis}`, ' '.repeat(15))))
  return lines.join('\n')
}

const MOST_LINES = 8

function excerpt(printed: string): string {
  const lines = printed.trimEnd().split('\n')
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${line}`)
  if (lines.length > MOST_LINES) shown.push(`  … and ${lines.length - MOST_LINES} lines more`)
  return shown.join('\n')
}

/** What to work on: the first mistake, or else the first blank. */
export const nextToDo = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.find((verdict) => verdict.state === 'wrong') ?? verdicts.find((verdict) => verdict.state === 'open')

/** What to do now; `watching`: in `npm run learn`, where a key gives the hint. */
export function nextStep(lesson: Lesson, { verdicts, broken, lacking }: CheckRun, { watching = false } = {}): string {
  const { bold } = ink()
  const file = lessonFile(lesson.name)
  const say = (text: string) => wrap(`${bold('Next')}  ${text}`, ' '.repeat(6))
  if (lacking) return say(`Read docs/${lesson.name}.md: that can be done without.`)
  if (broken !== undefined) return say(`Mend ${shortPath(file)}${watching ? '' : ', and run it again'}.`)
  const todo = nextToDo(verdicts)
  if (todo === undefined) return say(afterwards(lesson))
  const line = existsSync(file) ? functionsOf(readFileSync(file, 'utf8')).find((f) => f.name === todo.name)?.line : undefined
  const place = `${shortPath(file)}${line === undefined ? '' : `:${line}`}`
  const what = todo.state === 'open' ? `Fill in ${todo.name}: your code in place of blank(…)` : `Correct ${todo.name}`
  if (watching) return say(`${what}   (${place})`)
  return [
    say(`${what}   (${place})`),
    `      npm run learn ${lesson.name}   checks while you edit`,
    `      npx tsx exercises/${lesson.name}.ts --hint   gives a hint`,
  ].join('\n')
}

function afterwards({ name }: Lesson): string {
  const following = manifest[manifest.findIndex((entry) => entry.name === name) + 1]
  const page = `Read docs/${name}.md: it ends with things to try.`
  return following === undefined ? `That was the last lesson. ${page}` : `${page}\n      Then: npx tsx exercises/${following.name}.ts`
}

/** The solution's functions, to compare with. */
export function solutionText(name: string, functions: readonly string[]): string {
  const { bold } = ink()
  const source = readFileSync(solutionFile(name), 'utf8')
  const texts = functions.map((fn) => regionOf(source, fn) ?? '')
  return [bold(`To compare: ${shortPath(solutionFile(name))}`), ...texts].join('\n\n')
}

/** Whose functions drew the demo's picture. */
export function castText({ verdicts, broken }: CheckRun, blanks: readonly string[]): string {
  const { dim, red } = ink()
  if (broken !== undefined || verdicts.length === 0) return ''
  const wrong = verdicts.filter((verdict) => verdict.state === 'wrong').map((verdict) => verdict.name)
  const lines: string[] = []
  if (blanks.length > 0) lines.push(dim(wrap(`This demo ran on the solution's ${list(blanks)}: yours ${be(blanks)} still blank.`)))
  else if (verdicts.every((verdict) => verdict.state !== 'open')) lines.push(dim('This demo ran on your functions.'))
  if (wrong.length > 0) lines.push(red(wrap(`Your ${list(wrong)} ${be(wrong)} not right yet: do not trust what the demo shows.`)))
  return lines.join('\n')
}

const be = (names: readonly string[]): string => (names.length === 1 ? 'is' : 'are')

export const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
