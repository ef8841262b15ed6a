import { allPassed, remember } from './front.ts'
import { ink, textWidth, wrap } from './ink.ts'
import { hintText } from './ladder.ts'
import { type Lesson, manifest } from './manifest.ts'
import { lessonFile, shortPath, solutionFile } from './paths.ts'
import { prepareCheck } from './processes.ts'
import type { ProgressFile } from './progress.ts'
import { castText, heading, nextStep, nextToDo, verdictText } from './report.ts'
import { resetLesson } from './reset.ts'
import type { DemoOptions } from './role.ts'
import { runLesson } from './run-lesson.ts'
import type { CheckRun, DemoRun } from './supervise.ts'
import { UsageError } from './usage.ts'
import { FileWatch } from './watch.ts'

/** After the verdict, a demo gets so long to appear together with it; later it is shown when it is done. */
const TOGETHER_MS = 300

interface SessionOptions {
  readonly lesson: Lesson
  readonly options: (lesson: Lesson) => Promise<DemoOptions>
  readonly progress: ProgressFile
  /** Whether keys can be pressed. */
  readonly keys: boolean
  /** Shows a screen in place of the one before. */
  readonly draw: (screen: string) => void
  readonly quit: () => void
}

/** What `npm run learn` does: one lesson is open, and whenever its file is saved it is run and checked. It never moves on by itself. */
export class Session {
  private lesson: Lesson
  private readonly given: SessionOptions
  private watch: FileWatch | undefined
  private running = new AbortController()
  private checks: CheckRun | undefined
  private demo: DemoRun | undefined
  /** What was asked for last: a hint, the list, a question. */
  private extra = ''
  /** What the learner should know of the runner itself. */
  private readonly notices: string[] = []
  private question: 'reset' | undefined

  constructor(given: SessionOptions) {
    this.given = given
    this.lesson = given.lesson
    if (!given.keys) this.notices.push('Keys are off: the input is no terminal. Ctrl-C ends.')
  }

  open(lesson: Lesson): Promise<void> {
    this.lesson = lesson
    this.checks = undefined
    this.demo = undefined
    this.given.progress.setCurrent(lesson.name)
    this.watch?.close()
    this.watch = new FileWatch(lessonFile(lesson.name), {
      changed: () => {
        this.extra = ''
        this.run()
      },
      polling: () => this.notice('File events do not arrive here: the file is looked at four times a second instead.'),
    })
    return this.run()
  }

  close(): void {
    this.running.abort()
    this.watch?.close()
  }

  notice(text: string): void {
    this.notices.push(text)
    this.draw()
  }

  async press(key: string): Promise<void> {
    if (this.question === 'reset') return this.answerReset(key)
    if (key === 'q') return this.given.quit()
    if (key === 'n') return this.move(1)
    if (key === 'p') return this.move(-1)
    if (key === 'h') this.extra = await this.hint()
    else if (key === 'l') this.extra = listText(this.given.progress, this.lesson)
    else if (key === 'r') {
      this.question = 'reset'
      this.extra = `Put ${shortPath(lessonFile(this.lesson.name))} back as it was shipped? Yours is kept in .gradus/backup.   y yes, any other key no`
    } else return
    this.draw()
  }

  private async answerReset(key: string): Promise<void> {
    this.question = undefined
    this.extra = key === 'y' ? await resetLesson(this.lesson.name) : 'Nothing was changed.'
    this.draw()
    if (key === 'y') await this.open(this.lesson)
  }

  private async move(by: number): Promise<void> {
    const next = manifest[manifest.findIndex((entry) => entry.name === this.lesson.name) + by]
    this.extra = next === undefined ? `This is the ${by > 0 ? 'last' : 'first'} lesson.` : ''
    if (next === undefined) this.draw()
    else await this.open(next)
  }

  private async hint(): Promise<string> {
    try {
      return await hintText(this.lesson, nextToDo(this.checks?.verdicts ?? [])?.name, this.given.progress)
    } catch (error) {
      if (error instanceof UsageError) return error.message
      throw error
    }
  }

  private async run(): Promise<void> {
    this.running.abort()
    const running = new AbortController()
    this.running = running
    const { lesson, given } = this
    const file = lessonFile(lesson.name)
    let together: NodeJS.Timeout | undefined
    const run = await runLesson(lesson, {
      file,
      options: await given.options(lesson),
      stdio: 'pipe',
      signal: running.signal,
      checked: (checks) => {
        if (running.signal.aborted) return
        this.checks = checks
        this.demo = undefined
        remember(lesson, checks, given.progress)
        together = setTimeout(() => this.draw(), TOGETHER_MS)
      },
    })
    clearTimeout(together)
    if (running.signal.aborted) return
    this.demo = run.demo
    this.draw()
    prepareCheck(lesson.name)
  }

  private draw(): void {
    const { dim, bold } = ink()
    const parts = [heading(this.lesson), ...this.output(), ...this.verdict()]
    if (this.extra !== '') parts.push(wrap(this.extra, '  '))
    parts.push(progressText(this.given.progress))
    for (const notice of this.notices) parts.push(dim(wrap(notice, '  ')))
    if (this.given.keys)
      parts.push(`${bold('h')} hint  ${bold('n')} next  ${bold('p')} previous  ${bold('l')} list  ${bold('r')} reset  ${bold('q')} quit`)
    this.given.draw(parts.join('\n\n'))
  }

  private output(): string[] {
    const { dim, red } = ink()
    if (this.checks?.broken !== undefined) return []
    if (this.demo === undefined) return [dim('The demo is still running …')]
    const parts = this.demo.output === '' ? [] : [this.demo.output.trimEnd()]
    if (this.demo.failed !== undefined) parts.push(red(wrap(`The demo stopped: ${this.demo.failed}`, '  ')))
    const cast = this.checks && castText(this.checks, this.demo.blanks)
    return cast ? [...parts, cast] : parts
  }

  private verdict(): string[] {
    const { dim } = ink()
    if (this.checks === undefined) return [dim('Checking …')]
    const compare = allPassed(this.checks) ? `\n      Compare with ${shortPath(solutionFile(this.lesson.name))}` : ''
    return [verdictText(lessonFile(this.lesson.name), this.checks), nextStep(this.lesson, this.checks, { watching: true }) + compare]
  }
}

const isDone = (progress: ProgressFile, { name }: Lesson): boolean => {
  const { passed, of } = progress.lesson(name)
  return of > 0 && passed.length === of
}

function progressText(progress: ProgressFile): string {
  const { green, dim, bold } = ink()
  const done = manifest.filter((lesson) => isDone(progress, lesson)).length
  const width = Math.min(40, textWidth() - 40)
  const filled = Math.round((done / manifest.length) * width)
  return `${bold('Progress')}  ${green('█'.repeat(filled))}${dim('░'.repeat(width - filled))}  ${done} of ${manifest.length} lessons`
}

function listText(progress: ProgressFile, current: Lesson): string {
  const { green, dim, bold } = ink()
  const width = Math.max(...manifest.map(({ name }) => name.length))
  return manifest
    .map((lesson) => {
      const { passed, of } = progress.lesson(lesson.name)
      const mark = isDone(progress, lesson) ? green('✓') : '○'
      const name = lesson.name.padEnd(width)
      return `${mark} ${lesson.name === current.name ? bold(name) : name}  ${dim(of > 0 ? `${passed.length}/${of}` : '   ')}  ${lesson.title}`
    })
    .join('\n')
}
