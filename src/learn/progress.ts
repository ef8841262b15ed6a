import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, reason, replaceFile } from '../node.ts'
import { shortPath, stateFolder } from './paths.ts'

/** What is remembered of a lesson. */
export interface LessonProgress {
  /** The functions that passed when they were checked last. */
  readonly passed: readonly string[]
  /** How many functions there are to fill in. */
  readonly of: number
  /** How many hints were asked for, by function. */
  readonly hints: Readonly<Record<string, number>>
}

export interface Progress {
  /** The lesson that `npm run learn` opens. */
  readonly current?: string
  readonly lessons: Readonly<Record<string, LessonProgress>>
}

const EMPTY: Progress = { lessons: {} }
const NOTHING: LessonProgress = { passed: [], of: 0, hints: {} }

/**
 * The learner's progress, kept in .gradus/progress.json by the names of the lessons. The file is read anew for every change and replaced
 * as a whole, so that it is never half written; keys that this version does not know are kept. What goes wrong is told to `tell`, and
 * learning goes on.
 */
export class ProgressFile {
  private readonly path: string
  private readonly folder: string
  private readonly tell: (trouble: string) => void
  /** What could not be saved lives until the process ends. */
  private unsaved: Progress | undefined
  private readonly told = new Set<string>()

  constructor(tell: (trouble: string) => void, folder = stateFolder) {
    this.folder = folder
    this.path = join(folder, 'progress.json')
    this.tell = (trouble) => {
      if (!this.told.has(trouble)) tell(trouble)
      this.told.add(trouble)
    }
  }

  read(): Progress {
    if (this.unsaved !== undefined) return this.unsaved
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') this.tell(`Your progress cannot be read: ${reason(error)}`)
      return EMPTY
    }
    try {
      return parse(text)
    } catch (error) {
      return this.setAside(error)
    }
  }

  lesson(name: string): LessonProgress {
    return { ...NOTHING, ...this.read().lessons[name] }
  }

  /** Changes what is remembered of one lesson. */
  update(name: string, change: Partial<LessonProgress>): void {
    const before = this.read()
    this.write({ ...before, lessons: { ...before.lessons, [name]: { ...NOTHING, ...before.lessons[name], ...change } } })
  }

  setCurrent(name: string): void {
    this.write({ ...this.read(), current: name })
  }

  private write(progress: Progress): void {
    try {
      mkdirSync(this.folder, { recursive: true })
      replaceFile(this.path, [`${JSON.stringify(progress, null, 2)}\n`])
      this.unsaved = undefined
    } catch (error) {
      this.unsaved = progress
      this.tell(
        `Your progress cannot be saved in ${shortPath(this.path)}: ${reason(error)}. Your files in exercises/ are not touched by this.`,
      )
    }
  }

  /** A damaged file is kept under another name: somebody may mend it. */
  private setAside(error: unknown): Progress {
    const kept = `${this.path}.broken-${new Date().toISOString().replaceAll(':', '-')}`
    const what = `${shortPath(this.path)} is damaged (${error instanceof Error ? error.message : String(error)})`
    try {
      renameSync(this.path, kept)
      this.tell(`${what}. It is kept as ${shortPath(kept)}, and a new one is begun; your files in exercises/ are all there.`)
    } catch (failure) {
      this.unsaved = EMPTY
      this.tell(`${what}, and cannot be set aside: ${reason(failure)}. It stays as it is; progress is not saved.`)
    }
    return EMPTY
  }
}

function parse(text: string): Progress {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new Error('not an object')
  const lessons = value.lessons ?? {}
  if (!isRecord(lessons)) throw new Error('lessons is not an object')
  for (const [name, entry] of Object.entries(lessons)) {
    const { passed = [], hints = {} } = isRecord(entry) ? entry : { passed: null }
    if (!Array.isArray(passed) || !isRecord(hints)) throw new Error(`the entry of ${name} is not understood`)
  }
  return { ...value, lessons: lessons as Progress['lessons'] }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
