/** What the content spec and the soak run share: every check of every lesson. */
import { readFileSync } from 'node:fs'
import { type Content, loadContent, subjectOf } from '../src/learn/content.ts'
import { judge, type Verdict } from '../src/learn/judge.ts'
import { manifest } from '../src/learn/manifest.ts'

export const contents: readonly Content[] = await Promise.all(manifest.map(({ name }) => loadContent(name)))

export const functionsToFill: readonly (readonly [lesson: string, fn: string, content: Content])[] = contents.flatMap((content) =>
  content.blanks.map((fn) => [content.name, fn, content] as const),
)

/** The verdict on the solution itself. */
export function judgeSolution(content: Content, fn: string, options?: { seed?: number; runs?: number }): Promise<Verdict> {
  return judge(subjectOf(content, fn, content.solutions[fn]), options)
}

export const read = (path: string): string => readFileSync(path, 'utf8')
